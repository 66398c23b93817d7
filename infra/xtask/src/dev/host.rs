//! The functions of a dev stack, on the Lambda emulator of the crate `local`, which the tests use as well.
//!
//! Invariant: a reload loses no request. Requests in progress end in the old processes, new requests go to new ones.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use hyper::body::Bytes;
use local::{
    gateway::{Backend, Exchange},
    lambda::{InvokeError, Lambda, Options, Output, new_request_id},
};

use super::{landing, log::Log};
use crate::{Result, progress::note};

/// A function and its local environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The binary's name.
    pub name: String,
    /// When its binary was built: a new time means a new binary.
    pub built: SystemTime,
    /// The variables besides Lambda's own: the template's, and the store's address.
    pub environment: BTreeMap<String, String>,
    /// How long it may work on an event.
    pub timeout: Duration,
}

/// The functions that run now. Clones share them.
#[derive(Clone)]
pub struct Host {
    running: Arc<Mutex<Option<Lambda>>>,
    log: Log,
    /// The function of the `$default` route.
    unmatched: Option<String>,
}

impl Host {
    /// Nothing runs yet: every invocation fails.
    pub fn new(log: Log, unmatched: Option<String>) -> Self {
        Self { running: Arc::default(), log, unmatched }
    }

    /// Runs these functions from now on. The old processes end when they have answered.
    pub async fn run(&self, binaries: PathBuf, functions: &[Function], concurrency: usize) -> Result<()> {
        let mut options = Options::new(binaries);
        options.concurrency = concurrency;
        let environments = functions.iter().map(|function| (function.name.clone(), function.environment.clone()));
        options.environment = environments.collect();
        options.timeouts = functions.iter().map(|function| (function.name.clone(), function.timeout)).collect();
        let log = self.log.clone();
        options.output = Some(Output::new(move |function, line| log.of_function(function, line)));
        let lambda = Lambda::start(options).await?;
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(lambda);
        Ok(())
    }

    fn running(&self) -> Option<Lambda> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Invokes a function and waits for its answer.
    pub async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, InvokeError> {
        self.invoke_as(function, event, &new_request_id()).await
    }

    async fn invoke_as(&self, function: &str, event: Bytes, id: &str) -> Result<Bytes, InvokeError> {
        let starting = || InvokeError::Failed("the stack is starting".to_owned());
        self.running().ok_or_else(starting)?.invoke_as(function, event, id).await
    }
}

impl Backend for Host {
    async fn invoke(&self, function: &str, event: Bytes, id: &str) -> Result<Bytes, InvokeError> {
        let answer = self.invoke_as(function, event.clone(), id).await.inspect_err(|error| {
            note(&format!("{function}: {error}"));
        })?;
        match self.unmatched.as_deref() == Some(function) {
            true => Ok(landing::instead(&event, answer)),
            false => Ok(answer),
        }
    }

    fn answered(&self, exchange: &Exchange) {
        self.log.of_request(exchange);
    }
}
