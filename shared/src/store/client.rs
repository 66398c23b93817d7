//! The handle of the store: client, table and deadline of the current request.

use super::gate_number::GateNumber;
use super::usage::{CallerIds, Usage};
use super::{keys, tls};
use crate::domain::{Error, Id, Kind, Result, Timestamp};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Config, Credentials, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::LocalBoxFuture;
use std::{env, sync::Arc, time::Duration};
use tokio::time::Instant;

/// The maximum time that a request may use the store. A transaction may take up to 7 s if its coordinator has to finish an earlier
/// attempt; the gateway waits 30 s.
const MAX_REQUEST_TIME: Duration = Duration::from_secs(7);
/// The maximum time that a run of the sweep may use the store. Its function has 60 s.
const MAX_SWEEP_TIME: Duration = Duration::from_secs(50);
/// The time before the deadline of the function that is reserved for the response.
const RESPONSE_TIME: Duration = Duration::from_millis(500);

/// The configuration of the client, and the table.
pub struct Settings {
    config: Config,
    table: String,
}

impl Settings {
    /// Reads the environment of Lambda. Configuration files and the credential chain are not used. The error names the missing variable.
    pub fn from_environment() -> std::result::Result<Self, String> {
        let required = |name: &str| {
            env::var(name)
                .ok()
                .filter(|value| !value.is_empty())
                .ok_or(format!("the environment variable {name} is missing"))
        };
        let credentials = Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            env::var("AWS_SESSION_TOKEN").ok(),
            None,
            "environment",
        );
        let mut config =
            Config::builder().region(Region::new(required("AWS_REGION")?)).credentials_provider(credentials);
        if let Ok(url) = env::var("AWS_ENDPOINT_URL_DYNAMODB") {
            config = config.endpoint_url(url);
        }
        Ok(Self::with_client(config, tls::function_client(), required("TABLE_NAME")?))
    }

    /// The settings of a command line tool.
    pub fn new(config: aws_sdk_dynamodb::config::Builder, table: String) -> Self {
        Self::with_client(config, tls::http_client(), table)
    }

    /// Sets timeouts and retries for functions and tools.
    fn with_client(config: aws_sdk_dynamodb::config::Builder, client: SharedHttpClient, table: String) -> Self {
        let config = config
            .http_client(client)
            .behavior_version(BehaviorVersion::latest())
            .timeout_config(timeouts(Duration::from_millis(800), Duration::from_millis(2500)))
            // The attempt timeout includes the body of the response.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(4)
                    .with_initial_backoff(Duration::from_millis(25))
                    .with_max_backoff(Duration::from_millis(400)),
            )
            .retry_partition(RetryPartition::custom("tenancy").token_bucket(retry_budget()).build())
            .build();
        Self { config, table }
    }
}

/// Limits the retries of a process, so that they do not overload a failing store: 40 in a burst, and one more for every five requests
/// that succeed. Without an explicit success reward, the SDK refunds the full cost of a retry after the next request that succeeds,
/// even another one: successful reads would pay for unlimited retries of failing writes.
fn retry_budget() -> TokenBucket {
    const RETRY_COST: u32 = 5;
    const MAX_BURST: usize = 40;
    TokenBucket::builder()
        .capacity(MAX_BURST * RETRY_COST as usize)
        .retry_cost(RETRY_COST)
        .timeout_retry_cost(RETRY_COST)
        .throttling_retry_cost(RETRY_COST)
        .success_reward(1.0)
        .build()
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(500))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// The timeouts of a transaction: its attempts may take longer, and may be retried until the coordinator has finished an earlier one.
pub(super) fn transaction_timeouts() -> aws_sdk_dynamodb::config::Builder {
    Config::builder().timeout_config(timeouts(Duration::from_millis(1500), MAX_REQUEST_TIME))
}

/// One attempt of 200 ms, for what a request can do without.
pub(super) fn one_short_attempt() -> aws_sdk_dynamodb::config::Builder {
    let time = Duration::from_millis(200);
    Config::builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts(time, time))
}

/// The table, with the time and the deadline of one request.
#[derive(Clone)]
pub struct Store {
    pub(super) client: Client,
    pub(super) table: Arc<str>,
    pub(super) now: Timestamp,
    /// The gate that this request reads and checks.
    pub(super) gate_number: GateNumber,
    pub(super) usage: Arc<Usage>,
    deadline: Instant,
}

impl Store {
    /// A handle to the table.
    pub fn new(settings: Settings, now: Timestamp) -> Self {
        Self {
            client: Client::from_conf(settings.config),
            table: settings.table.into(),
            now,
            gate_number: GateNumber::new(0),
            usage: Arc::default(),
            deadline: Instant::now() + MAX_REQUEST_TIME,
        }
    }

    /// The handle for one request at `now`. `remaining` is the remaining time of the invocation, if it is known.
    #[must_use]
    pub fn for_request(&self, now: Timestamp, remaining: Option<Duration>) -> Self {
        self.within(MAX_REQUEST_TIME, now, remaining)
    }

    /// The handle for one run of the sweep.
    #[must_use]
    pub fn for_sweep(&self, now: Timestamp, remaining: Option<Duration>) -> Self {
        self.within(MAX_SWEEP_TIME, now, remaining)
    }

    fn within(&self, max: Duration, now: Timestamp, remaining: Option<Duration>) -> Self {
        let left = remaining.map_or(max, |remaining| remaining.saturating_sub(RESPONSE_TIME).min(max));
        let gate_number = GateNumber::new(random().map_or(0, u8::from_be_bytes));
        Self { now, gate_number, usage: Arc::default(), deadline: Instant::now() + left, ..self.clone() }
    }

    /// The capacity units that the request has read and written.
    pub fn units(&self) -> (f64, f64) {
        self.usage.units()
    }

    /// The caller of the request, once its credential was accepted.
    pub fn caller(&self) -> CallerIds {
        self.usage.caller()
    }

    /// Opens the connections for parallel reads during the init phase, in which Lambda gives a process a full core. It reads an item that
    /// does not exist. Only a missing table is an error; other failures may be temporary and are ignored.
    pub async fn connect(&self, connections: usize) -> std::result::Result<(), String> {
        let read = || async {
            let wanted = KeysAndAttributes::builder().keys(keys::priming().into_attributes()).build().ok()?;
            let sent = self.client.batch_get_item().request_items(&*self.table, wanted).send().await;
            Some(sent.err()?.as_service_error().is_some_and(BatchGetItemError::is_resource_not_found_exception))
        };
        let is_missing = futures_util::future::join_all((0..connections).map(|_| read())).await;
        if is_missing.contains(&Some(true)) { Err(format!("the table {} is missing", self.table)) } else { Ok(()) }
    }

    /// The time of the request, by the clock of the function.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id.
    pub fn new_id<K: Kind>(&self) -> Result<Id<K>> {
        Ok(Id::new(self.now, u128::from_be_bytes(random()?)))
    }

    /// The time until the deadline of the request.
    pub(super) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Awaits `work` until the deadline of the request.
    ///
    /// The futures of the SDK are large and deeply nested types. Boxed, they are not moved, and compile faster.
    pub(super) async fn in_time<T>(&self, work: LocalBoxFuture<'_, T>) -> Result<T> {
        // A write is not sent without time for its response.
        if self.time_left().is_zero() {
            return Err(Error::unavailable("no time is left"));
        }
        tokio::time::timeout_at(self.deadline, work).await.map_err(|_| Error::unavailable("the time ran out"))
    }
}

/// Random bytes from the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}
