//! The Lambda Runtime API: processes ask it for events and send their responses to it.
//!
//! The first segment of a request's path is the environment's id, so each request names its process.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
};

use super::{
    Deadline, InvokeError, MAX_EVENT,
    environment::{Environment, Phase},
    registry::Registry,
};
use crate::{Result, error::lock, server::Server};

/// The API's server.
pub(super) struct Runtime(Server);

impl Runtime {
    pub async fn start(registry: Arc<Registry>, deadline: Arc<Mutex<Deadline>>) -> Result<Self> {
        let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), move |request, _| {
            let (registry, deadline) = (registry.clone(), deadline.clone());
            async move { serve(&registry, &deadline, request).await }
        });
        Ok(Self(server.await?))
    }

    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Closes all connections.
    pub fn close(&self) {
        self.0.close();
    }
}

type Answer = Response<Full<Bytes>>;

async fn serve(registry: &Registry, deadline: &Mutex<Deadline>, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    let mut path = path.trim_start_matches('/').splitn(2, '/');
    let environment = path.next().and_then(|id| registry.get(id));
    let (Some(environment), Some(call)) = (environment, path.next()) else {
        return plain(StatusCode::NOT_FOUND);
    };
    match call.strip_prefix("2018-06-01/runtime/").map(|call| call.split('/').collect::<Vec<_>>()).as_deref() {
        Some(["invocation", "next"]) => next(registry, &environment, deadline).await,
        Some(["invocation", id, "response"]) => {
            let Ok(body) = request.into_body().collect().await else { return plain(StatusCode::BAD_REQUEST) };
            match body.to_bytes() {
                body if body.len() > MAX_EVENT => {
                    finish(&environment, id, Err(InvokeError::TooLarge));
                    plain(StatusCode::PAYLOAD_TOO_LARGE)
                }
                body => plain(finish(&environment, id, Ok(body))),
            }
        }
        Some(["invocation", id, "error"]) => {
            let error = text(request).await;
            plain(finish(&environment, id, Err(InvokeError::Function(error))))
        }
        // The process ends by itself; the reason is in its log.
        Some(["init", "error"]) => plain(StatusCode::ACCEPTED),
        _ => plain(StatusCode::NOT_FOUND),
    }
}

/// Waits for an event.
async fn next(registry: &Registry, environment: &Environment, deadline: &Mutex<Deadline>) -> Answer {
    let mut queue = environment.queue.lock().await;
    let starts = |phase: &mut Phase| match phase {
        Phase::Starting => {
            *phase = Phase::Ready;
            true
        }
        _ => false,
    };
    environment.phase.send_if_modified(starts);
    let Some(invocation) = queue.recv().await else { return plain(StatusCode::GONE) };
    // Lets hyper notice a closed connection first: if the process has died, this future is dropped, and the event with it.
    tokio::task::yield_now().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let deadline = match *lock(deadline) {
        Deadline::Timeout => milliseconds(now + environment.timeout),
        Deadline::In(time) => milliseconds(now + time),
        Deadline::Fixed(time) => time,
    };
    let arn = format!("arn:aws:lambda:eu-central-1:000000000000:function:{}", environment.function);
    registry.keep(environment, &invocation.payload);
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", invocation.id.as_str())
        .header("lambda-runtime-deadline-ms", deadline)
        .header("lambda-runtime-invoked-function-arn", arn)
        .header("lambda-runtime-trace-id", format!("Root=1-{:08x}-000000000000000000000000;Sampled=0", now.as_secs()))
        .body(Full::new(invocation.payload));
    *lock(&environment.current) = Some((invocation.id, invocation.done));
    // An error is ignored: the caller may have given up.
    let _ = invocation.taken.send(());
    response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Gives the outcome of the current event to its caller.
fn finish(environment: &Environment, id: &str, outcome: Result<Bytes, InvokeError>) -> StatusCode {
    match lock(&environment.current).take_if(|(current, _)| current == id) {
        Some((_, done)) => {
            let _ = done.send(outcome);
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}

async fn text(request: Request<Incoming>) -> String {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&body).into_owned()
}

fn plain(status: StatusCode) -> Answer {
    let mut response = Response::new(Full::from("{\"status\":\"OK\"}"));
    *response.status_mut() = status;
    response
}
