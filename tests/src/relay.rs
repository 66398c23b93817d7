//! A relay between a client and the gateway that injects faults: what a client meets when connections break, answers are late, or the
//! gateway, a function or the store refuses.
//!
//! A client uses `<url>/<action>/<times>/<name>` as its base URL. The first `times` requests below that prefix meet the fault; later ones
//! are forwarded, their path and query byte by byte. A prefix counts for itself, so that a test takes a name of its own.
//! `GET <url>/<action>/<times>/<name>` answers `{"requests": N}`: how many requests there were below the prefix.

use crate::app::App;
use crate::refusing::Refusing;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use local::gateway::Gateway;
use local::http::Client;
use local::proxy::{Action, FaultProxy, Rule};
use local::server::{Server, http};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How long the delays are.
const DELAY: Duration = Duration::from_millis(1_500);

/// A running relay; dropping it closes its connections.
pub struct Relay {
    server: Server,
    _without_store: (FaultProxy, Gateway),
}

/// What a fault does to a request.
enum Fault {
    /// Closes the connection, forwards nothing.
    DropBefore,
    /// Forwards, then closes the connection without an answer.
    DropAfter,
    /// Waits, then forwards.
    Delay,
    /// Forwards, and waits with the answer.
    DelayAfter,
    /// Forwards to this gateway.
    AnswerOf(String),
}

/// Makes hyper close the connection without an answer.
#[derive(Debug)]
struct Close;

impl std::fmt::Display for Close {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("closed on purpose")
    }
}

impl std::error::Error for Close {}

/// Shared by all connections.
struct Shared {
    client: Client,
    /// The gateway's base URL, with its mapping.
    upstream: String,
    /// The base URLs of gateways, by the action that answers as they do.
    answers: HashMap<&'static str, String>,
    requests: Mutex<HashMap<String, u32>>,
}

impl Relay {
    /// Starts a relay in front of the gateway with this base URL. The action `429` and those of the gateway answer as `refusing` does;
    /// `503` is the answer of functions whose store throttles every request.
    pub async fn start(app: &App, upstream: String, refusing: &Refusing) -> Self {
        let throttling = [Rule::always(Action::Throttle)].into();
        let proxy = FaultProxy::start(app.store.url(), throttling).await.expect("the proxy starts");
        let without_store = app.another_store(&proxy.url()).await;
        let mut answers = HashMap::from([("503", without_store.url())]);
        for (status, gateway) in refusing.gateways() {
            let action = match status {
                429 => "429",
                500 => "gateway_500",
                503 => "gateway_503",
                _ => continue,
            };
            answers.insert(action, gateway.url());
        }
        let shared = Arc::new(Shared { client: Client::new(), upstream, answers, requests: Mutex::default() });
        let listen = ([127, 0, 0, 1], 0).into();
        let server = Server::with_connections(listen, move |stream, _| serve(shared.clone(), stream));
        Self { server: server.await.expect("the relay starts"), _without_store: (proxy, without_store) }
    }

    /// Where it listens, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let shared = shared.clone();
        // In a task of its own: the request goes on if the client disconnects.
        let work = tokio::spawn(async move { shared.answer(request).await });
        async move { work.await.map_err(|_| Close)? }
    });
    // Errors are ignored: a client may disconnect, and a fault may close the connection.
    let _ = http().serve_connection(TokioIo::new(stream), service).await;
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Close> {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str()).to_owned();
        let Some((prefix, rest)) = split(&target) else {
            return Ok(own(404, &json!({ "message": "the base URL is /<action>/<times>/<name>" })));
        };
        let Some((fault, times)) = self.fault(prefix) else {
            return Ok(own(404, &json!({ "message": "there is no such action, or no number of times" })));
        };
        if rest.is_empty() {
            return Ok(own(200, &json!({ "requests": self.count(prefix, 0) })));
        }
        if self.count(prefix, 1) > times {
            return self.forward(&self.upstream, rest, request).await;
        }
        match fault {
            Fault::DropBefore => Err(Close),
            Fault::DropAfter => self.forward(&self.upstream, rest, request).await.and(Err(Close)),
            Fault::Delay => {
                sleep(DELAY).await;
                self.forward(&self.upstream, rest, request).await
            }
            Fault::DelayAfter => {
                let answer = self.forward(&self.upstream, rest, request).await;
                sleep(DELAY).await;
                answer
            }
            Fault::AnswerOf(gateway) => self.forward(&gateway, rest, request).await,
        }
    }

    /// The fault that a prefix names, and how often it happens.
    fn fault(&self, prefix: &str) -> Option<(Fault, u32)> {
        let mut segments = prefix.trim_start_matches('/').split('/');
        let fault = match segments.next()? {
            "drop_before" => Fault::DropBefore,
            "drop_after" => Fault::DropAfter,
            "delay" => Fault::Delay,
            "delay_after" => Fault::DelayAfter,
            action => Fault::AnswerOf(self.answers.get(action)?.clone()),
        };
        Some((fault, segments.next()?.parse().ok()?))
    }

    /// Counts so many more requests below a prefix; how many there are now.
    fn count(&self, prefix: &str, more: u32) -> u32 {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = requests.entry(prefix.to_owned()).or_default();
        *count += more;
        *count
    }

    /// Sends a request to a gateway, with this path and query.
    async fn forward(
        &self,
        gateway: &str,
        target: &str,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Close> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Close)?.to_bytes();
        head.uri = format!("{gateway}{target}").parse().map_err(|_| Close)?;
        for header in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            head.headers.remove(header);
        }
        let sent = self.client.send(Request::from_parts(head, Full::new(body))).await;
        let (status, headers, body) = sent.map_err(|_| Close)?;
        let mut answer = Response::new(Full::new(body));
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        for header in [CONTENT_LENGTH, TRANSFER_ENCODING] {
            answer.headers_mut().remove(header);
        }
        Ok(answer)
    }
}

/// A target's `/<action>/<times>/<name>`, and what follows.
fn split(target: &str) -> Option<(&str, &str)> {
    let path = target.split('?').next().unwrap_or(target);
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    let end = match (slashes.nth(2), slashes.next()) {
        (Some(_), end) => end.unwrap_or(path.len()),
        (None, _) => return None,
    };
    target.split_at_checked(end)
}

/// An answer of the relay itself.
fn own(status: u16, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    response
}
