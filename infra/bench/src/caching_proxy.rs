//! A caching proxy before a real engine, used as the store of measured functions: repeated reads are answered from memory, over TLS like
//! DynamoDB's.
//!
//! Invariant: a write is forwarded to the engine and clears the cache, so an answer is never stale. The proxy records the time during which
//! at least one request waits for its answer, because that time is the store's, not the function's.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    net::Ipv4Addr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use local::{Error, Result, http::Client};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer, version::TLS13};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;

/// Read operations, which may be answered from the cache.
const READS: [&str; 4] = ["GetItem", "Query", "BatchGetItem", "TransactGetItems"];

/// The forwarded headers of requests and answers.
const REQUEST_HEADERS: [&str; 4] = ["content-type", "x-amz-target", "x-amz-date", "authorization"];
const ANSWER_HEADERS: [&str; 4] = ["content-type", "x-amz-crc32", "x-amzn-requestid", "server"];

/// A running proxy; dropping it closes the listener.
pub struct CachingProxy {
    environment: Vec<(String, String)>,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    upstream: String,
    client: Client,
    state: Mutex<State>,
}

type Answer = (u16, Vec<(String, String)>, Bytes);

#[derive(Default)]
struct State {
    cache: HashMap<(String, String), Answer>,
    waiting: usize,
    waiting_since: Option<Instant>,
    busy: Duration,
    requests: usize,
}

impl CachingProxy {
    /// Starts a proxy before the engine; `tls` is the folder for the certificates, `None` means plain HTTP.
    pub async fn start(upstream: &str, tls: Option<&Path>) -> Result<Self> {
        let failed = |error: std::io::Error| Error::new(format!("the caching proxy: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (acceptor, scheme, roots) = match tls {
            Some(folder) => {
                let (acceptor, roots) = certificates(folder)?;
                (Some(acceptor), "https", vec![("SSL_CERT_FILE".to_owned(), roots)])
            }
            None => (None, "http", Vec::new()),
        };
        let state = Mutex::default();
        let shared = Arc::new(Shared { upstream: format!("{upstream}/"), client: Client::new(), state });
        let serving = shared.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, acceptor) = (serving.clone(), acceptor.clone());
                let _ = stream.set_nodelay(true);
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(shared, stream).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(shared, stream).await;
                            }
                        }
                    }
                });
            }
        });
        let url = ("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), format!("{scheme}://localhost:{port}"));
        let environment = roots.into_iter().chain([url]).collect();
        Ok(Self { environment, shared, accepting: accepting.abort_handle() })
    }

    /// The environment variables of a function that uses the proxy.
    pub fn environment(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.environment.iter().cloned()
    }

    /// Returns how long it was busy and how many requests it received since the last call.
    pub fn take(&self) -> (Duration, usize) {
        let mut state = self.shared.state();
        (std::mem::take(&mut state.busy), std::mem::take(&mut state.requests))
    }
}

impl Drop for CachingProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(shared: Arc<Shared>, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let service = service_fn(|request| shared.answer(request));
    // A connection error is ignored: a function may be killed at any time.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|error| Error::new(error.to_string()))?.to_bytes();
        {
            let mut state = self.state();
            state.requests += 1;
            state.waiting += 1;
            state.waiting_since.get_or_insert_with(Instant::now);
        }
        let answer = self.look_up(&head, body).await;
        {
            let mut state = self.state();
            state.waiting -= 1;
            if state.waiting == 0 {
                let busy = state.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
                state.busy += busy;
            }
        }
        let (status, headers, body) = answer?;
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(Full::new(body)).map_err(|error| Error::new(error.to_string()))
    }

    async fn look_up(&self, head: &hyper::http::request::Parts, body: Bytes) -> Result<Answer> {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let operation = header("x-amz-target").rsplit('.').next().unwrap_or_default().to_owned();
        let is_read = READS.contains(&operation.as_str());
        let request_key = (operation, canonical(&body));
        match is_read {
            true => {
                if let Some(answer) = self.state().cache.get(&request_key) {
                    return Ok(answer.clone());
                }
            }
            // Cleared before and after the write, because its answer may be lost.
            false => self.state().cache.clear(),
        }
        let headers = REQUEST_HEADERS.map(|name| (name, header(name)));
        let answer = self.client.request("POST", &self.upstream, &headers, body).await?;
        let wanted = |(name, _): &(String, String)| ANSWER_HEADERS.contains(&name.as_str());
        let headers = answer.headers.into_iter().filter(wanted).collect();
        let answer = (answer.status, headers, answer.body);
        let mut state = self.state();
        if !is_read {
            state.cache.clear();
        } else if answer.0 == 200 {
            state.cache.insert(request_key, answer.clone());
        }
        Ok(answer)
    }
}

/// A text that is equal for equivalent requests: SDKs write the members of a key, and the names of a projection, in any order.
fn canonical(body: &[u8]) -> String {
    fn sorted(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let members: BTreeMap<&String, String> =
                    members.iter().map(|(name, value)| (name, sorted(value))).collect();
                format!("{members:?}")
            }
            Value::Array(values) => format!("{:?}", values.iter().map(sorted).collect::<Vec<_>>()),
            plain => plain.to_string(),
        }
    }
    serde_json::from_slice(body).map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |value| sorted(&value))
}

/// Writes a new root certificate to a file and creates a certificate for localhost. A function on AWS also trusts only a few roots: those
/// compiled in.
fn certificates(folder: &Path) -> Result<(TlsAcceptor, String)> {
    let failed = |error: rcgen::Error| Error::new(format!("cannot make a certificate: {error}"));
    let mut root = rcgen::CertificateParams::new(Vec::new()).map_err(failed)?;
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_key = rcgen::KeyPair::generate().map_err(failed)?;
    let root_pem = root.self_signed(&root_key).map_err(failed)?.pem();
    let key = rcgen::KeyPair::generate().map_err(failed)?;
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).map_err(failed)?;
    let leaf = leaf.signed_by(&key, &rcgen::Issuer::new(root, root_key)).map_err(failed)?;

    let roots = folder.join("root.pem");
    fs::write(&roots, &root_pem).map_err(|error| Error::new(format!("cannot write {}: {error}", roots.display())))?;
    let failed = |error: rustls::Error| Error::new(format!("TLS: {error}"));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .map_err(failed)?;
    Ok((TlsAcceptor::from(Arc::new(config)), roots.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_read_is_the_same_whatever_the_order_of_its_members_but_not_of_its_keys() {
        let batch = |keys: &str, names: &str| {
            let body = format!(
                r##"{{"RequestItems": {{"t": {{"Keys": [{keys}], "ProjectionExpression": "#k.#1", "ExpressionAttributeNames": {{{names}}}}}}}}}"##
            );
            canonical(body.as_bytes())
        };
        let (root, tenant) =
            (r##"{"pk": {"S": "I#1"}, "sk": {"S": "#"}}"##, r#"{"pk": {"S": "I#1"}, "sk": {"S": "t"}}"#);
        let root_turned = r##"{"sk": {"S": "#"}, "pk": {"S": "I#1"}}"##;
        let names = r##""#k": "keys", "#1": "a""##;
        let asked = batch(&format!("{root}, {tenant}"), names);
        assert_eq!(asked, batch(&format!("{root_turned}, {tenant}"), r##""#1": "a", "#k": "keys""##));
        assert_ne!(asked, batch(&format!("{tenant}, {root}"), names));
        assert_ne!(asked, batch(&format!("{root}, {tenant}"), r##""#k": "keys", "#1": "b""##));
        assert_ne!(canonical(b"{}"), canonical(b"[]"));
        assert_eq!(canonical(b"no JSON"), "no JSON");
    }
}
