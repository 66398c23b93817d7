//! The functions of a dev stack, by the Lambda of the crate `local`: processes start when they are needed, several of each.
//!
//! Invariant: a reload loses no request. Those under way end with the processes that took them, new ones go to new processes.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use hyper::body::Bytes;
use local::{
    gateway::{Backend, Exchange},
    lambda::{InvokeError, Lambda, Options, Output},
};

use super::{landing, log::Log};
use crate::{Result, progress::note};

/// One function as this machine runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The binary's name.
    pub name: String,
    /// When it was built: another time is another program.
    pub built: SystemTime,
    /// What the template and this machine add to Lambda's own environment.
    pub environment: BTreeMap<String, String>,
}

/// What the gateway and the clock invoke. Clones are the same.
#[derive(Clone)]
pub struct Host {
    running: Arc<Mutex<Option<Lambda>>>,
    log: Log,
    /// The function that answers what no route takes.
    unmatched: Option<String>,
}

impl Host {
    /// Nothing runs yet: whatever is invoked fails.
    pub fn new(log: Log, unmatched: Option<String>) -> Self {
        Self { running: Arc::default(), log, unmatched }
    }

    /// Runs these functions from now on. The processes of before end when they have answered.
    pub async fn run(&self, binaries: PathBuf, functions: &[Function], concurrency: usize) -> Result<()> {
        let mut options = Options::new(binaries);
        options.concurrency = concurrency;
        let environments = functions.iter().map(|function| (function.name.clone(), function.environment.clone()));
        options.environment = environments.collect();
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
        let starting = || InvokeError::Failed("the stack is starting".to_owned());
        self.running().ok_or_else(starting)?.invoke(function, event).await
    }
}

impl Backend for Host {
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, InvokeError> {
        let answer = Self::invoke(self, function, event.clone()).await.inspect_err(|error| {
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
