//! A small HTTP/1.1 server on hyper, for the gateway, the Lambda Runtime API, the fault proxy and the relay of the tests.
//!
//! Invariant: dropping it closes the listener and every connection.

use std::{convert::Infallible, future::Future, net::SocketAddr, time::Duration};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

use crate::{Result, error::Context};

/// The addresses of a connection.
#[derive(Clone, Copy)]
pub struct Ends {
    /// The server's own address.
    pub listener: SocketAddr,
    /// The caller's.
    pub peer: SocketAddr,
}

/// A listener with all its connections.
pub struct Server {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Server {
    /// Listens and gives every request, with the connection it came by, to `handle`.
    pub async fn start<H, F>(listen: SocketAddr, handle: H) -> Result<Self>
    where
        H: Fn(Request<Incoming>, Ends) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        Self::with_connections(listen, move |stream, ends| {
            let handle = handle.clone();
            async move {
                let service = service_fn(move |request| {
                    let answer = handle(request, ends);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                // Errors are ignored: a client may disconnect.
                let _ = http().serve_connection(TokioIo::new(stream), service).await;
            }
        })
        .await
    }

    /// Listens and gives every connection to `serve`.
    pub async fn with_connections<S, F>(listen: SocketAddr, serve: S) -> Result<Self>
    where
        S: Fn(TcpStream, Ends) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(listen).await.context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr().context(|| format!("cannot listen on {listen}"))?;
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and every connection with it.
            let mut connections = JoinSet::new();
            loop {
                match listener.accept().await {
                    Ok((stream, peer)) => {
                        // Without it, small answers wait for the caller's delayed acknowledgement.
                        let _ = stream.set_nodelay(true);
                        let listener = stream.local_addr().unwrap_or(address);
                        connections.spawn(serve(stream, Ends { listener, peer }));
                    }
                    // Most likely out of file descriptors, for a moment.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, accepting: accepting.abort_handle() })
    }

    /// Where it listens; the port is known now.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and every connection.
    pub fn close(&self) {
        self.accepting.abort();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

/// hyper's settings, the same for all servers here.
pub fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    // Many short headers are within the limits of AWS, which count bytes.
    http.timer(TokioTimer::new()).max_headers(2000);
    http
}
