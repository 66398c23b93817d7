//! What runs a handler: configuration, client, request id, the catch-all, the log. Every request that
//! reaches a function is answered by this service: API Gateway never has to invent a body.

use super::event::Event;
use super::log::{self, Line};
use super::request::Request;
use super::response::{NO_STORE, REVALIDATED, Response};
use super::uri;
use crate::domain::{Error, RequestId, Result, Timestamp};
use crate::store::{Settings, Store};
use futures_util::FutureExt;
use lambda_runtime::{Context, LambdaEvent, Runtime, Service, service_fn};
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, panic, process};

/// Runs a function that works on the table.
pub fn serve(handler: impl AsyncFn(Request, &Store) -> Result<Response>) {
    let settings = Settings::from_environment().unwrap_or_else(|missing| fail(&missing));
    let process = Process::new(REVALIDATED);
    run(async {
        let store = Store::new(settings, now());
        store.connect(1).await.unwrap_or_else(|missing| fail(&missing));
        let (store, process, handler) = (&store, &process, &handler);
        poll(service_fn(move |event: LambdaEvent<Event>| async move {
            let store = store.for_request(now(), remaining(&event.context));
            process.answer(event, async |request| handler(request, &store).await).await
        }))
        .await;
    });
}

/// Runs a function that needs neither the table nor a credential.
pub fn serve_public(handler: impl Fn(&Request) -> Result<Response>) {
    let process = Process::new(NO_STORE);
    run(async {
        let (process, handler) = (&process, &handler);
        poll(service_fn(move |event: LambdaEvent<Event>| process.answer(event, async |request| handler(&request))))
            .await;
    });
}

/// Runs a function that a schedule starts; its failure is the invocation's, so that it is tried again.
pub fn serve_scheduled(handler: impl AsyncFn(&Store) -> Result<()>) {
    let settings = Settings::from_environment().unwrap_or_else(|missing| fail(&missing));
    run(async {
        let store = Store::new(settings, now());
        let (store, handler) = (&store, &handler);
        let work = move |event: LambdaEvent<serde::de::IgnoredAny>| async move {
            let store = store.for_request(now(), remaining(&event.context));
            handler(&store).await.map_err(|error| {
                let cause = log::cause(&error).unwrap_or_else(|| format!("{error:?}"));
                log::write(&serde_json::json!({ "level": "error", "cause": cause }));
                "the work failed; the log has the cause"
            })
        };
        if let Err(error) = Runtime::new(service_fn(work)).run().await {
            fail(&error.to_string());
        }
    });
}

fn run(work: impl Future<Output = ()>) {
    let shows_message = env::var_os("SHOW_PANIC_MESSAGES").is_some();
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        log::write(&panic_line(place, panic.payload_as_str().filter(|_| shows_message)));
    }));
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => fail(&error.to_string()),
    }
}

/// A panic in the log: one line of JSON, as everything there. On AWS the place alone: the message may quote a request. `cargo xtask
/// dev` asks for the message.
fn panic_line(place: Option<String>, message: Option<&str>) -> serde_json::Value {
    match message {
        None => serde_json::json!({ "level": "error", "cause": "a panic", "place": place }),
        Some(message) => {
            serde_json::json!({ "level": "error", "cause": "a panic", "place": place, "message": message })
        }
    }
}

async fn poll<S, F>(service: S)
where
    S: Service<LambdaEvent<Event>, Response = Response, Error = Infallible, Future = F>,
    F: Future<Output = std::result::Result<Response, Infallible>>,
{
    if let Err(error) = Runtime::new(service).run().await {
        fail(&error.to_string());
    }
}

/// Ends a process that cannot start, with one clear line.
fn fail(cause: &str) -> ! {
    log::write(&serde_json::json!({ "level": "fatal", "cause": cause }));
    process::exit(1)
}

/// The time by the function's clock.
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// What is left of the function's time. cargo-lambda says 1970: no limit is known then.
fn remaining(context: &Context) -> Option<Duration> {
    const LONGEST_FUNCTION: u64 = 900_000;
    let now = u64::try_from(now().milliseconds()).unwrap_or_default();
    match context.deadline {
        deadline if deadline + LONGEST_FUNCTION < now => None,
        deadline => Some(Duration::from_millis(deadline.saturating_sub(now))),
    }
}

/// What does not change from request to request.
struct Process {
    operation: String,
    public_url: Option<String>,
    /// `Cache-Control` of the answers that say nothing of it themselves.
    cache_control: &'static str,
}

impl Process {
    fn new(cache_control: &'static str) -> Self {
        Self {
            operation: env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
            public_url: env::var("PUBLIC_URL").ok().filter(|url| !url.is_empty()),
            cache_control,
        }
    }

    /// Answers one request, whatever becomes of the handler.
    async fn answer(
        &self,
        event: LambdaEvent<Event>,
        handler: impl AsyncFnOnce(Request) -> Result<Response>,
    ) -> std::result::Result<Response, Infallible> {
        let started = Instant::now();
        let mut random = [0; 16];
        // Without entropy the id has its time alone; the answer matters more.
        let _ = getrandom::fill(&mut random);
        let id = RequestId::new(now(), u128::from_be_bytes(random));
        let request = Request::new(event.payload, id, self.public_url.as_deref());
        let place = request.place.clone();
        let caller_request_id = log::caller_request_id(request.header("x-request-id")).map(str::to_owned);

        let result = match AssertUnwindSafe(handler(request)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => Err(Error::internal("the handler panicked")),
        };
        let cause = result.as_ref().err().and_then(log::cause);
        let response = result.unwrap_or_else(|error| Response::of_error(&error, &place));
        log::write(&Line {
            request_id: &place.request_id,
            operation: &self.operation,
            status: response.status(),
            milliseconds: log::milliseconds(started.elapsed()),
            caller_request_id: caller_request_id.as_deref(),
            cause,
        });
        let response = response.cached(self.cache_control).under(uri::base_path(&place.base_url));
        Ok(response.with("x-request-id", place.request_id))
    }
}

#[cfg(test)]
mod tests {
    use super::panic_line;
    use serde_json::json;

    #[test]
    fn a_panics_message_is_in_the_log_only_where_it_is_asked_for() {
        let place = || Some("a.rs:1:2".to_owned());
        let line = json!({ "level": "error", "cause": "a panic", "place": "a.rs:1:2" });
        assert_eq!(panic_line(place(), None), line);
        assert_eq!(panic_line(place(), Some("at index 3"))["message"], "at index 3");
    }
}
