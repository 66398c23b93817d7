//! Runs a handler: configuration, client, request id, errors and panics, log. Every request that reaches a function gets a response of
//! this service, never one that API Gateway generates.

use super::log::{self, Costs, RequestEvent};
use super::problem::problem;
use super::request::Request;
use super::response::{NO_STORE, REVALIDATED, Response};
use super::uri;
use crate::domain::{Error, RequestId, Result, Timestamp};
use crate::store::{Settings, Store, Swept};
use futures_util::FutureExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_runtime::{Context, LambdaEvent, Runtime, Service, service_fn};
use serde_json::value::RawValue;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, panic, process};

/// Runs a function that uses the table, with one connection.
pub fn serve(handler: impl AsyncFn(Request, &Store) -> Result<Response>) {
    serve_over(1, REVALIDATED, handler);
}

/// Runs a function that queries the table in parallel with authentication, with two connections.
pub fn serve_querying(handler: impl AsyncFn(Request, &Store) -> Result<Response>) {
    serve_over(2, REVALIDATED, handler);
}

/// Runs a function that uses the table and needs no credential.
pub fn serve_public_reading(handler: impl AsyncFn(Request, &Store) -> Result<Response>) {
    serve_over(1, NO_STORE, handler);
}

fn serve_over(
    connections: usize,
    cache_control: &'static str,
    handler: impl AsyncFn(Request, &Store) -> Result<Response>,
) {
    log::start();
    let settings = Settings::from_environment().unwrap_or_else(|missing| fail(&missing));
    let process = Process::new(cache_control);
    run(async {
        let store = Store::new(settings, now());
        store.connect(connections).await.unwrap_or_else(|missing| fail(&missing));
        let (store, process, handler) = (&store, &process, &handler);
        poll(service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
            let store = store.for_request(now(), remaining(&event.context));
            process.answer(event, Some(&store), async |request| handler(request, &store).await).await
        }))
        .await;
    });
}

/// Runs a function that needs neither the table nor a credential.
pub fn serve_public(handler: impl Fn(&Request) -> Result<Response>) {
    log::start();
    let process = Process::new(NO_STORE);
    run(async {
        let (process, handler) = (&process, &handler);
        poll(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
            process.answer(event, None, async |request| handler(&request))
        }))
        .await;
    });
}

/// Runs the function that a schedule invokes. If the work fails, the invocation fails, so that Lambda reports it.
pub fn serve_sweep(sweep: impl AsyncFn(&Store, &mut Swept) -> Result<()>) {
    log::start();
    let settings = Settings::from_environment().unwrap_or_else(|missing| fail(&missing));
    run(async {
        let (store, is_new) = (Store::new(settings, now()), Cell::new(true));
        let (store, sweep, is_new) = (&store, &sweep, &is_new);
        let work = move |event: LambdaEvent<serde::de::IgnoredAny>| async move {
            let started = Instant::now();
            log::begin(&event.context.request_id);
            let store = store.for_sweep(now(), remaining(&event.context));
            let mut swept = Swept::default();
            let done = sweep(&store, &mut swept).await;
            let cause = done.as_ref().err().map(|error| log::cause(error).unwrap_or_else(|| format!("{error:?}")));
            log::sweep(&swept, &costs(started, Some(&store), is_new.replace(false)), cause.as_deref());
            done.map_err(|_| "the work failed; the log has the cause")
        };
        if let Err(error) = Runtime::new(service_fn(work)).run().await {
            fail(&error.to_string());
        }
    });
}

fn run(work: impl Future<Output = ()>) {
    let shows_message = env::var_os("SHOW_PANIC_MESSAGES").is_some();
    panic::set_hook(Box::new(move |panic| log::panicked(panic, shows_message)));
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => fail(&error.to_string()),
    }
}

async fn poll<S, F>(service: S)
where
    S: Service<LambdaEvent<Box<RawValue>>, Response = ApiGatewayV2httpResponse, Error = Infallible, Future = F>,
    F: Future<Output = std::result::Result<ApiGatewayV2httpResponse, Infallible>>,
{
    if let Err(error) = Runtime::new(service).run().await {
        fail(&error.to_string());
    }
}

/// Exits a process that cannot start, with one line in the log.
fn fail(cause: &str) -> ! {
    log::fatal(cause);
    process::exit(1)
}

/// The current time of the system clock.
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// The remaining time of the invocation. `None` if the deadline is not known: cargo-lambda sets it to 1970.
fn remaining(context: &Context) -> Option<Duration> {
    const MAX_FUNCTION_MILLISECONDS: u64 = 900_000;
    let now = u64::try_from(now().milliseconds()).unwrap_or_default();
    match context.deadline {
        deadline if deadline + MAX_FUNCTION_MILLISECONDS < now => None,
        deadline => Some(Duration::from_millis(deadline.saturating_sub(now))),
    }
}

/// The state that all requests of a process share.
struct Process {
    public_url: Option<String>,
    /// The default `Cache-Control` of responses.
    cache_control: &'static str,
    /// Whether it has had no request yet.
    is_new: Cell<bool>,
}

fn costs(started: Instant, store: Option<&Store>, is_cold: bool) -> Costs {
    let (read, written) = store.map_or((0.0, 0.0), Store::units);
    Costs { milliseconds: log::milliseconds(started.elapsed()), read, written, is_cold }
}

impl Process {
    fn new(cache_control: &'static str) -> Self {
        Self {
            public_url: env::var("PUBLIC_URL").ok().filter(|url| !url.is_empty()),
            cache_control,
            is_new: Cell::new(true),
        }
    }

    /// Answers one request, also if the handler fails or panics. `store` is the one that the handler uses.
    async fn answer(
        &self,
        event: LambdaEvent<Box<RawValue>>,
        store: Option<&Store>,
        handler: impl AsyncFnOnce(Request) -> Result<Response>,
    ) -> std::result::Result<ApiGatewayV2httpResponse, Infallible> {
        let started = Instant::now();
        log::begin(&event.context.request_id);
        let mut random = [0; 16];
        // If this fails, the id has no random part. The request is answered anyway.
        let _ = getrandom::fill(&mut random);
        let id = RequestId::new(now(), u128::from_be_bytes(random));
        let request = Request::read(event.payload.get(), id, self.public_url.as_deref());
        drop(event);
        let (context, labels, caller_request_id, result) = match request {
            Ok(mut request) => {
                let (context, labels) = (request.context.clone(), request.take_labels());
                let caller_request_id = log::caller_request_id(request.header("x-request-id")).map(str::to_owned);
                let result = AssertUnwindSafe(handler(request)).catch_unwind().await;
                let panicked = |_| Err(Error::internal("the handler panicked"));
                (context, labels, caller_request_id, result.unwrap_or_else(panicked))
            }
            Err(unreadable) => {
                let (context, labels) = *unreadable;
                (context, labels, None, Err(Error::Malformed(UNREADABLE.to_owned())))
            }
        };

        let cause = result.as_ref().err().and_then(log::cause);
        let cause = cause.or_else(|| store.and_then(Store::uncounted).and_then(log::cause));
        let response = result.unwrap_or_else(|error| problem(&error, &context));
        log::request(&RequestEvent {
            labels: &labels,
            status: response.status().as_u16(),
            request_id: &context.request_id,
            caller: store.map(Store::caller).unwrap_or_default(),
            costs: costs(started, store, self.is_new.replace(false)),
            caller_request_id: caller_request_id.as_deref(),
            cause: cause.as_deref(),
        });
        let response = match store.and_then(Store::rate_limit) {
            Some(status) => response.with_rate_limit(&status),
            None => response,
        };
        let response =
            response.with_default_cache_control(self.cache_control).with_base_path(uri::base_path(&context.base_url));
        Ok(response.with_header("x-request-id", context.request_id).into_api_gateway())
    }
}

/// The detail for an event that is not one of an HTTP API.
const UNREADABLE: &str = "The request cannot be read: it has no method, or headers that HTTP does not allow.";
