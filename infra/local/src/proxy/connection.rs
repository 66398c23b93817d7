//! One connection of a function: its requests, and the faults that rules inject.

use std::{
    fmt, io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, StatusCode,
    body::{Bytes, Incoming},
    header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
    http::request::Parts,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::sleep,
};

use super::{
    Shared,
    answer::{self, Answer},
    contention::Held,
    limits,
    rule::Action,
    unprocessed,
};
use crate::{Error, error::lock, server};

/// Makes hyper close the connection without an answer.
#[derive(Debug)]
struct Close;

impl fmt::Display for Close {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("closed on purpose")
    }
}

impl std::error::Error for Close {}

/// Serves a connection until the caller ends it, or [`super::FaultProxy::drop_connections`] does.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let reset = Arc::new(AtomicBool::new(false));
    let stream = Resettable { stream, reset: reset.clone() };
    let mut dropped = lock(&shared.connections).subscribe();
    let service = service_fn(move |request| answer(shared.clone(), request, reset.clone()));
    let mut connection = pin!(server::http().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = &mut connection => {}
        _ = dropped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>, reset: Arc<AtomicBool>) -> Result<Answer, Close> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Close)?.to_bytes();
    let operation = operation(&head.headers);
    let json: Arc<Value> = Arc::new(serde_json::from_slice(&body).unwrap_or_default());
    let forwarded = with_capacity(&operation, &body, &json);
    let (number, action, held) = shared.begin(signer(&head.headers), session(&head.headers), &operation, json.clone());
    let (forged, held) = match held {
        Ok(held) => (answer::forged(&action, &operation, &json), held),
        Err(refusal) => (Some(refusal), None),
    };
    let exchange = Exchange { shared, number, head, body: forwarded, held };
    // In a task of its own: the request goes on if the function disconnects.
    let work = tokio::spawn(async move {
        if let Some((status, body)) = forged {
            let error = serde_json::from_str(&body).ok().map(Arc::new);
            exchange.shared.change(number, |entry| (entry.status, entry.error) = (Some(status), error));
            exchange.finish();
            return Ok(answer::with_headers(answer::own(status, body), &action));
        }
        exchange.act(action, &reset).await
    });
    work.await.map_err(|_| Close)?
}

/// A request on its way to the engine.
struct Exchange {
    shared: Arc<Shared>,
    number: usize,
    head: Parts,
    body: Bytes,
    /// The items that it uses under [`Action::Contention`].
    held: Option<Held>,
}

impl Exchange {
    async fn act(mut self, action: Action, reset: &AtomicBool) -> Result<Answer, Close> {
        let left = match &action {
            Action::Unprocessed { key } => unprocessed::leave(&mut self.body, key),
            _ => unprocessed::Left::default(),
        };
        if left.is_all {
            self.shared.change(self.number, |entry| entry.status = Some(200));
            self.finish();
            return Ok(answer::own(200, unprocessed::nothing(left)));
        }
        match action {
            Action::Delay { ms } => sleep(Duration::from_millis(ms)).await,
            Action::Contention { ms } if self.held.is_some() => sleep(Duration::from_millis(ms)).await,
            Action::Reset => reset.store(true, Ordering::Relaxed),
            _ => {}
        }
        match action {
            Action::DropBefore | Action::Reset => {
                self.finish();
                return Err(Close);
            }
            Action::LateArrival { ms } => {
                tokio::spawn(async move {
                    sleep(Duration::from_millis(ms)).await;
                    let _ = self.forward().await;
                    self.finish();
                });
                return Err(Close);
            }
            _ => {}
        }
        let engine = self.forward().await;
        self.held = None;
        if let Action::DelayAfter { ms } = action {
            sleep(Duration::from_millis(ms)).await;
        }
        self.finish();
        let (status, headers, body) = match engine {
            Ok(answer) => answer,
            // Looks like a DynamoDB that cannot be reached.
            Err(error) => return Ok(answer::own(502, error.to_string())),
        };
        match action {
            Action::DropAfter => Err(Close),
            Action::Truncate { bytes } => Ok(answer::truncate(status, headers, &body, bytes)),
            Action::Garbage => Ok(answer::own(200, "<html>not what you asked for</html>")),
            Action::Unprocessed { .. } => {
                let mut headers = headers;
                // It is the checksum of another body.
                headers.remove("x-amz-crc32");
                Ok(answer::pass(status, headers, unprocessed::add(body, left)))
            }
            _ => Ok(answer::pass(status, headers, body)),
        }
    }

    /// Sends the request to the engine and logs what that answers.
    async fn forward(&self) -> Result<(StatusCode, HeaderMap, Bytes), Error> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.head.method.clone();
        *request.headers_mut() = self.head.headers.clone();
        for header in [HOST, CONTENT_LENGTH, TRANSFER_ENCODING] {
            request.headers_mut().remove(header);
        }
        *request.uri_mut() = self.shared.upstream.parse().map_err(|_| Error::new("the engine's address is no URL"))?;
        self.shared.change(self.number, |entry| entry.forwarded = true);
        let (status, headers, body) = self.shared.client.send(request).await?;
        let mut json: Value = serde_json::from_slice(&body).unwrap_or_default();
        let capacity = json.get_mut("ConsumedCapacity").map(Value::take).unwrap_or_default();
        let checked = if status.is_success() { limits::check_answer(&json) } else { Ok(()) };
        let (status, headers, body) = match &checked {
            Ok(()) => (status, headers, body),
            Err(message) => {
                let (_, refusal) = limits::refusal(message);
                json = serde_json::from_str(&refusal).unwrap_or_default();
                (StatusCode::BAD_REQUEST, HeaderMap::new(), Bytes::from(refusal))
            }
        };
        let error = (!status.is_success()).then(|| Arc::new(json));
        self.shared.change(self.number, |entry| {
            (entry.status, entry.capacity, entry.error) = (Some(status.as_u16()), capacity, error);
            entry.over_limit = checked.err();
        });
        Ok((status, headers, body))
    }

    fn finish(&self) {
        self.shared.change(self.number, |entry| entry.finished = Some(Instant::now()));
    }
}

/// `PutItem` of `DynamoDB_20120810.PutItem`.
fn operation(headers: &HeaderMap) -> String {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}

/// The access key id of `AWS4-HMAC-SHA256 Credential=<id>/…`.
fn signer(headers: &HeaderMap) -> String {
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).unwrap_or_default();
    let credential = header.split_once("Credential=").map_or("", |(_, credential)| credential);
    credential.split('/').next().unwrap_or_default().to_owned()
}

/// The session token, if there is one.
fn session(headers: &HeaderMap) -> String {
    let header = headers.get("x-amz-security-token").and_then(|header| header.to_str().ok());
    header.unwrap_or_default().to_owned()
}

/// Asks for the capacity that a request consumes, by a member in front of the others, unless the request does so itself.
fn with_capacity(operation: &str, body: &Bytes, json: &Value) -> Bytes {
    let asks = json.get("ReturnConsumedCapacity").is_some();
    let items = operation.ends_with("Item") || operation.ends_with("Items") || ["Query", "Scan"].contains(&operation);
    match (json.as_object(), body.iter().position(|byte| *byte == b'{')) {
        (Some(members), Some(start)) if items && !asks && !members.is_empty() => {
            let (before, after) = body.split_at(start + 1);
            [before, b"\"ReturnConsumedCapacity\":\"TOTAL\",", after].concat().into()
        }
        _ => body.clone(),
    }
}

/// A stream that can end by a reset.
struct Resettable {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            // No FIN before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
