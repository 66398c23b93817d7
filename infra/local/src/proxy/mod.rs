//! The fault proxy between functions and DynamoDB: by its rules it forwards, delays, drops or forges, and it logs every request.
//!
//! Invariant: a request that matches no rule and is within DynamoDB's limits is forwarded unchanged but for `ReturnConsumedCapacity`, and
//! its response is not changed.
//! Not here: checks of the log, and faults that only an engine can make.

mod answer;
mod connection;
mod contention;
mod limits;
mod log;
mod request;
mod rule;
mod unprocessed;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::watch;

pub use self::{
    log::{LogEntry, conflicts},
    request::{Part, parts},
    rule::{Action, Rule},
};
use crate::{Result, error::lock, http::Client, server::Server};

/// A running proxy; dropping it closes its connections.
pub struct FaultProxy {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    client: Client,
    rules: Mutex<rule::Rules>,
    log: Mutex<Vec<LogEntry>>,
    items: Arc<contention::Items>,
    /// Closes the connections that are open when a value is sent; later ones subscribe to another sender.
    connections: Mutex<watch::Sender<()>>,
}

impl FaultProxy {
    /// Listens on a free port in front of the engine at this URL.
    pub async fn start(upstream: &str, rules: Vec<Rule>) -> Result<Self> {
        let shared = Arc::new(Shared {
            upstream: format!("{}/", upstream.trim_end_matches('/')),
            client: Client::new(),
            rules: Mutex::new(rule::Rules::new(rules)),
            log: Mutex::default(),
            items: Arc::default(),
            connections: Mutex::default(),
        });
        let serving = shared.clone();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server =
            Server::with_connections(listen, move |stream, _| connection::serve(serving.clone(), stream)).await?;
        Ok(Self { server, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where it listens, as `AWS_ENDPOINT_URL_DYNAMODB`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Replaces the rules; all counts begin anew.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        *lock(&self.shared.rules) = rule::Rules::new(rules);
    }

    /// All requests so far, in the order of arrival.
    pub fn log(&self) -> Vec<LogEntry> {
        self.log_from(0)
    }

    /// How many requests there were; with `log_from`, what came after a moment.
    pub fn log_len(&self) -> usize {
        lock(&self.shared.log).len()
    }

    /// The requests from a number on.
    pub fn log_from(&self, number: usize) -> Vec<LogEntry> {
        lock(&self.shared.log).get(number..).unwrap_or_default().to_vec()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        lock(&self.shared.connections).receiver_count()
    }

    /// Closes every connection, as after a long idle time; a busy one after its answer. Returns how many there were.
    pub async fn drop_connections(&self) -> usize {
        let connections = std::mem::take(&mut *lock(&self.shared.connections));
        let count = connections.receiver_count();
        connections.send_replace(());
        connections.closed().await;
        count
    }

    /// Waits until no request is under way, late arrivals included; an error after `patience`.
    pub async fn quiet(&self, patience: Duration) -> Result<()> {
        let started = Instant::now();
        while lock(&self.shared.log).iter().any(|entry| entry.finished.is_none()) {
            if started.elapsed() > patience {
                return Err(crate::Error::new("requests to DynamoDB are still under way"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Shared {
    /// Logs a request and decides its action. A request over a limit is refused, whatever the rules say; so is one in a conflict.
    fn begin(
        &self,
        function: String,
        session: String,
        operation: &str,
        body: Arc<Value>,
    ) -> (usize, Action, std::result::Result<Option<contention::Held>, answer::Refusal>) {
        let parts = request::parts(operation, &body);
        let checked = limits::check_request(operation, &body, &parts);
        let keys: Vec<String> = parts.iter().map(Part::key).collect();
        // Under one lock, so that the log's order is the order in which rules counted.
        let mut log = lock(&self.log);
        let action = lock(&self.rules).decide(operation, &function, &keys);
        let held = match (&checked, &action) {
            (Err(message), _) => Err(limits::refusal(message)),
            (Ok(()), Action::Contention { .. }) => {
                self.items.hold(operation, &parts).map_err(|conflicts| answer::conflict(operation, &conflicts))
            }
            _ => Ok(None),
        };
        let number = log.len();
        log.push(LogEntry {
            number,
            started: Instant::now(),
            finished: None,
            function,
            session,
            operation: operation.to_owned(),
            table: parts.into_iter().next().map(|part| part.table),
            body,
            action: action.clone(),
            status: None,
            forwarded: false,
            error: None,
            over_limit: checked.err(),
            capacity: Value::Null,
        });
        (number, action, held)
    }

    fn change(&self, number: usize, change: impl FnOnce(&mut LogEntry)) {
        if let Some(entry) = lock(&self.log).get_mut(number) {
            change(entry);
        }
    }
}

#[cfg(test)]
mod tests;
