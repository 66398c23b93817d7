//! The answers that the proxy forges, and bodies that break off.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    HeaderMap, Response, StatusCode,
    body::{Body, Bytes, Frame, SizeHint},
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING},
};
use serde_json::{Value, json};
use tokio::time::{Sleep, sleep};

use super::rule::Action;

/// A body that may end too early.
pub(super) struct Broken {
    bytes: Option<Bytes>,
    breaks: Option<Pin<Box<Sleep>>>,
}

impl Broken {
    pub fn whole(bytes: Bytes) -> Self {
        Self { bytes: Some(bytes), breaks: None }
    }

    fn cut(bytes: Bytes) -> Self {
        // What is before the break must have been sent by then.
        Self { bytes: Some(bytes), breaks: Some(Box::pin(sleep(Duration::from_millis(20)))) }
    }
}

impl Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(bytes) = self.bytes.take()
            && !bytes.is_empty()
        {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match &mut self.breaks {
            None => Poll::Ready(None),
            Some(breaks) => {
                breaks.as_mut().poll(context).map(|()| Some(Err(std::io::ErrorKind::ConnectionAborted.into())))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.breaks, &self.bytes) {
            (None, bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            _ => SizeHint::default(),
        }
    }
}

pub(super) type Answer = Response<Broken>;

/// The engine's answer, as it came.
pub(super) fn pass(status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Answer {
    // hyper writes them, from the body.
    headers.remove(TRANSFER_ENCODING);
    headers.remove(CONTENT_LENGTH);
    let mut response = Response::new(Broken::whole(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The engine's answer, of whose body only the beginning is sent.
pub(super) fn truncate(status: StatusCode, headers: HeaderMap, body: &Bytes, bytes: usize) -> Answer {
    let mut response = pass(status, headers, Bytes::new());
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Broken::cut(body.slice(..bytes.min(body.len())));
    response
}

/// Any answer of the proxy's own.
pub(super) fn own(status: u16, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Broken::whole(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

/// An answer with the headers that an action gives it; what is no header is left out.
pub(super) fn with_headers(mut answer: Answer, action: &Action) -> Answer {
    if let Action::Status { headers, .. } = action {
        let headers = headers.iter().filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)));
        answer.headers_mut().extend(headers.map(|(name, value): (HeaderName, HeaderValue)| (Some(name), value)));
    }
    answer
}

/// The status and body of an answer in DynamoDB's place.
pub(super) type Refusal = (u16, String);

/// The answer of an action that answers in DynamoDB's place; None for the others.
pub(super) fn forged(action: &Action, operation: &str, body: &Value) -> Option<Refusal> {
    Some(match action {
        Action::Status { code, body, .. } => (*code, body.clone()),
        Action::Throttle => error("ThrottlingException", "Rate of requests exceeds the allowed throughput."),
        Action::ThroughputExceeded => error(
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        ),
        Action::InProgress => error(
            "TransactionInProgressException",
            "The transaction with the given request token is already in progress.",
        ),
        Action::Conflict => {
            let parts = body.get("TransactItems").and_then(Value::as_array).map_or(1, Vec::len).max(1);
            conflict(operation, &Vec::from_iter((0..parts).map(|at| at == 0)))
        }
        _ => return None,
    })
}

/// The answer to a write whose parts conflict with other writes, those that are true.
pub(super) fn conflict(operation: &str, parts: &[bool]) -> Refusal {
    const MESSAGE: &str = "Transaction is ongoing for the item";
    if !operation.starts_with("Transact") {
        return error("TransactionConflictException", MESSAGE);
    }
    let codes = parts.iter().map(|conflicts| if *conflicts { "TransactionConflict" } else { "None" });
    let reason = |code| match code {
        "None" => json!({"Code": code}),
        _ => json!({"Code": code, "Message": MESSAGE}),
    };
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": codes.clone().map(reason).collect::<Vec<_>>(),
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.collect::<Vec<_>>().join(", ")
        ),
    });
    (400, body.to_string())
}

fn error(name: &str, message: &str) -> Refusal {
    let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": message});
    (400, body.to_string())
}
