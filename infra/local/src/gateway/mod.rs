//! A local gateway that behaves as an API Gateway HTTP API does (payload format 2.0).
//!
//! Invariant: its own responses have the form `{"message": …}`; a function gets the path decoded exactly once. To a request that breaks
//! HTTP's grammar hyper responds, with 400.
//! Not here: authorizers, CORS, stages, and the contents of a function's responses.

mod access;
mod answer;
mod event;
mod exchange;
mod path;
mod routes;
mod throttle;

use std::{
    future::Future,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    header,
};

pub use hyper::body::Bytes;

use self::{
    access::{Access, Format},
    answer::refusal,
    exchange::Asked,
    routes::Routes,
    throttle::Buckets,
};
pub use self::{exchange::Exchange, routes::best_path, throttle::Throttle};
use crate::{
    Result,
    lambda::{InvokeError, Lambda, MAX_EVENT, new_request_id},
    server::{Ends, Server},
    template::Template,
};

/// The largest body that an HTTP API takes.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// The longest request line and headers together.
const MAX_HEAD: usize = 10_240;
/// How long an HTTP API waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a refused body is read, so that a client that sends the whole body before it reads gets the response.
const MAX_DRAIN: usize = 256 * 1024 * 1024;

/// Invokes functions. Closures `|function: String, event: Bytes| async { … }` are backends too.
pub trait Backend: Send + Sync + 'static {
    /// Invokes a function, by the name of its binary, with an event. `id` is the request id of the invocation.
    fn invoke(&self, function: &str, event: Bytes, id: &str)
    -> impl Future<Output = Result<Bytes, InvokeError>> + Send;

    /// Called after every request, also after one that the gateway itself refused.
    fn answered(&self, _: &Exchange) {}
}

impl<C, F> Backend for C
where
    C: Fn(String, Bytes) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Bytes, InvokeError>> + Send,
{
    fn invoke(&self, function: &str, event: Bytes, _: &str) -> impl Future<Output = Result<Bytes, InvokeError>> + Send {
        self(function.to_owned(), event)
    }
}

impl Backend for Lambda {
    async fn invoke(&self, function: &str, event: Bytes, id: &str) -> Result<Bytes, InvokeError> {
        self.invoke_as(function, event, id).await
    }
}

/// The settings of a gateway.
#[derive(Clone, Debug)]
pub struct Options {
    /// The limit of each route; none by default.
    pub throttle: Option<Throttle>,
    /// How long it waits for a function.
    pub integration_timeout: Duration,
    /// The largest event that it hands to a function.
    pub max_event: usize,
    /// The path of a custom domain's API mapping (`/tenancy`), or empty. A path below it is routed without it, any other path as it is.
    pub mapping: String,
}

impl Default for Options {
    /// An HTTP API's own limits, and no throttle.
    fn default() -> Self {
        Self { throttle: None, integration_timeout: INTEGRATION_TIMEOUT, max_event: MAX_EVENT, mapping: String::new() }
    }
}

/// A running gateway; dropping it closes its connections.
pub struct Gateway {
    server: Server,
    mapping: String,
}

/// Shared by all requests.
struct Shared<B> {
    routes: Routes,
    options: Options,
    buckets: Option<Buckets>,
    access_log: Option<Format>,
    backend: B,
}

impl Gateway {
    /// Listens, and routes as the template says.
    pub async fn start(listen: SocketAddr, template: &Template, backend: impl Backend) -> Result<Self> {
        Self::start_with(listen, template, backend, Options::default()).await
    }

    /// The same with other options.
    pub async fn start_with(
        listen: SocketAddr,
        template: &Template,
        backend: impl Backend,
        options: Options,
    ) -> Result<Self> {
        let (routes, buckets) = (Routes::of(template)?.mapped(&options.mapping), options.throttle.map(Buckets::new));
        let mapping = options.mapping.clone();
        let access_log = template.access_log_format().map(Format::parse).transpose()?;
        let shared = Arc::new(Shared { routes, options, buckets, access_log, backend });
        let server = Server::start(listen, move |request, ends| {
            let shared = shared.clone();
            async move {
                let asked = Asked::new(&request);
                let mut access = Access::new(ends.peer.ip().to_string());
                let response = match serve(shared.clone(), request, ends, &mut access).await {
                    Ok(response) | Err(response) => response,
                };
                let response = answer::with_id(answer::fit(response), &access.id);
                let line = shared.access_log.as_ref().map(|format| format.line(&access, &response));
                shared.backend.answered(&asked.answered(&response, line).await);
                response
            }
        })
        .await?;
        Ok(Self { server, mapping })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where it listens, as a base URL without a slash at the end; with the mapping.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address(), self.mapping)
    }
}

type Answer = Response<Full<Bytes>>;

/// Serves one request; an error is the gateway's own response.
async fn serve<B: Backend>(
    shared: Arc<Shared<B>>,
    request: Request<Incoming>,
    ends: Ends,
    access: &mut Access,
) -> Result<Answer, Answer> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let line = head.method.as_str().len() + target.len() + " HTTP/1.1".len() + 1;
    let headers: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if line > MAX_HEAD {
        return Err(refusal(414, "Request URI Too Long"));
    }
    if line + headers > MAX_HEAD {
        return Err(refusal(431, "Request Header Fields Too Large"));
    }
    let path = path::decode(head.uri.path()).ok_or_else(|| refusal(400, "Bad Request"))?;
    let body = read(&head.headers, body).await?;
    let found = shared.routes.find(head.method.as_str(), &path);
    let found = found.ok_or_else(|| refusal(404, "Not Found"))?;
    access.route = Some(found.key.clone());
    if shared.buckets.as_ref().is_some_and(|buckets| !buckets.take(&found.key, Instant::now())) {
        return Err(refusal(429, "Too Many Requests"));
    }
    let event =
        event::build(&head, &path, &found, &body, ends, &access.id).ok_or_else(|| refusal(400, "Bad Request"))?;
    if event.len() > shared.options.max_event {
        return Err(refusal(413, "Request Entity Too Large"));
    }
    let function = found.function.to_owned();
    // In a task of its own: the function goes on if the caller disconnects.
    let integration_timeout = shared.options.integration_timeout;
    let (id, started) = (new_request_id(), Instant::now());
    let of_invocation = id.clone();
    let invocation = tokio::spawn(async move { shared.backend.invoke(&function, event, &of_invocation).await });
    let answer = tokio::time::timeout(integration_timeout, invocation).await;
    // Without an answer of Lambda its id of the request is not known.
    access.integration = answer.is_ok().then(|| (id, started.elapsed()));
    match answer {
        Ok(Ok(Ok(response))) => Ok(answer::build(&response).unwrap_or_else(|| refusal(500, "Internal Server Error"))),
        Ok(_) => Err(refusal(500, "Internal Server Error")),
        Err(_) => Err(refusal(503, "Service Unavailable")),
    }
}

/// Reads the whole body, unless it is too large.
async fn read(headers: &hyper::HeaderMap, mut body: Incoming) -> Result<Bytes, Answer> {
    let mut bytes = Vec::new();
    let mut too_large = body.size_hint().lower() > MAX_BODY as u64;
    while !too_large && let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| refusal(400, "Bad Request"))?;
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
        too_large = bytes.len() > MAX_BODY;
    }
    if !too_large {
        return Ok(bytes.into());
    }
    // A client that expects a 100 sends no body after this.
    if !headers.contains_key(header::EXPECT) {
        tokio::spawn(async move {
            let mut drained = 0;
            while drained < MAX_DRAIN
                && let Some(Ok(frame)) = body.frame().await
            {
                drained += frame.data_ref().map_or(0, Bytes::len);
            }
        });
    }
    let mut refusal = refusal(413, "Request Entity Too Large");
    refusal.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    Err(refusal)
}

#[cfg(test)]
mod tests;
