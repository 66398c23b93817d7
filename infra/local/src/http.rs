//! A small HTTP client: whole requests and whole responses, and raw bytes for requests that no client library sends.
//!
//! Invariant: any response is a success; an error means that there was none.

use std::{net::SocketAddr, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request, StatusCode, body::Bytes};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

use crate::{Error, Result, error::Context};

/// A response as a whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// All headers, repeated ones too; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// The first header of a name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A client with its pool of connections. Clones share the pool; it must not be shared between tokio runtimes.
#[derive(Clone)]
pub struct Client(legacy::Client<HttpConnector, Full<Bytes>>);

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client without connections yet.
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(legacy::Client::builder(TokioExecutor::new()).pool_max_idle_per_host(256).build(connector))
    }

    /// Sends a request and reads the whole response.
    pub async fn request(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Response> {
        let what = || format!("cannot send {method} {url}");
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).context(what)?).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).context(what)?;
        let (status, headers, body) =
            self.send(request).await.map_err(|error| Error::new(format!("{method} {url}: {error}")))?;
        let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Ok(Response { status: status.as_u16(), headers, body })
    }

    /// The same in hyper's own types.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, HeaderMap, Bytes)> {
        let response = self.0.request(request).await.context(|| "no answer".to_owned())?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.context(|| "the answer broke off".to_owned())?;
        Ok((head.status, head.headers, body.to_bytes()))
    }
}

/// Sends one request by a connection of its own. For many requests, a [`Client`] is faster.
pub async fn request(method: &str, url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Result<Response> {
    Client::new().request(method, url, headers, body).await
}

/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends bytes as they are and reads one response: by its Content-Length, else until the server closes.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> Result<Response> {
    let what = || format!("raw request to {address}");
    let mut stream = TcpStream::connect(address).await.context(what)?;
    // A server that refuses early may close before it has read all; its response counts.
    let sent = stream.write_all(bytes).await;
    let head = bytes.starts_with(b"HEAD ");
    let mut answer = Vec::new();
    loop {
        if let Some(response) = parse(&answer, head, false) {
            return Ok(response);
        }
        let mut chunk = [0; 16 * 1024];
        let read = time::timeout(PATIENCE, stream.read(&mut chunk)).await.context(what)?;
        match read {
            Ok(count) if count > 0 => answer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            closed => {
                let nothing = || Error::new(format!("{}: closed without an answer ({closed:?}, {sent:?})", what()));
                return parse(&answer, head, true).ok_or_else(nothing);
            }
        }
    }
}

/// A response, if it is complete; that to a HEAD has no body.
fn parse(bytes: &[u8], to_head: bool, closed: bool) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let mut response = Response { status, headers: lines.filter_map(header).collect(), body: Bytes::new() };
    let body = bytes.get(end + 4..)?;
    if (100..200).contains(&response.status) {
        // "100 Continue" is not the answer yet.
        return parse(body, to_head, closed);
    }
    let length = response.header("content-length").and_then(|length| length.parse::<usize>().ok());
    let body = match length {
        _ if to_head => &[],
        Some(length) if body.len() >= length => body.get(..length)?,
        None if closed || status == 204 || status == 304 => body,
        _ => return None,
    };
    response.body = Bytes::copy_from_slice(body);
    Some(response)
}
