//! The HTTP response to a function's response, and the gateway's own responses.

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use super::{Answer, access::Refused};

/// An answer of the gateway itself.
pub(super) fn refusal(status: u16, message: &str) -> Answer {
    let mut response = Response::new(Full::from(json!({"message": message}).to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.extensions_mut().insert(Refused);
    response
}

/// The response of a function; None if it is malformed. An object without `statusCode` counts as malformed: AWS would make it the
/// body of a 200, and no function here relies on that.
pub(super) fn build(bytes: &[u8]) -> Option<Answer> {
    let answer: Value = serde_json::from_slice(bytes).ok()?;
    let status = u16::try_from(answer.get("statusCode")?.as_u64()?).ok()?;
    // A 1xx is not a final response.
    let status = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational())?;
    let body = match answer.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(body)) if answer.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            STANDARD.decode(body).ok()?.into()
        }
        Some(Value::String(body)) => body.clone().into(),
        Some(_) => return None,
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return None,
        };
        // The gateway itself sets the headers about the body's length and transfer.
        if ![header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION].contains(&name) {
            response.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        let cookie = HeaderValue::from_bytes(cookie.as_str()?.as_bytes()).ok()?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Some(response)
}

/// Removes the body of a 204 or 304. hyper removes the body of a response to HEAD.
pub(super) fn fit(mut response: Answer) -> Answer {
    if [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status()) {
        *response.body_mut() = Full::default();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// Adds the gateway's id of the request.
pub(super) fn with_id(mut response: Answer, id: &str) -> Answer {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}
