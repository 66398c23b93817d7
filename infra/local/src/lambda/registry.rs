//! The environments that run, by id, and the events that they have taken.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};

use hyper::body::Bytes;

use super::{Options, environment::Environment, log::Log};
use crate::{Result, error::lock};

/// The environments whose process runs, and the events that were taken.
pub(super) struct Registry {
    running: Mutex<HashMap<String, Arc<Environment>>>,
    taken: Mutex<Vec<Taken>>,
    /// Whether events are kept.
    keeps: bool,
}

/// An event that a process took. It works on it until it takes the next.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The process's session token, which no other has, unless the options set one.
    pub session: String,
    /// When.
    pub at: Instant,
    /// The event.
    pub event: Bytes,
}

impl Registry {
    pub fn new(keeps: bool) -> Self {
        Self { running: Mutex::default(), taken: Mutex::default(), keeps }
    }

    /// Starts a process, which then asks the Runtime API for events. It is removed when it ends.
    pub fn start(
        self: &Arc<Self>,
        function: &str,
        options: &Options,
        runtime: SocketAddr,
        log: &Log,
    ) -> Result<Arc<Environment>> {
        // Held until the environment is registered: its process may ask for an event at once.
        let mut running = lock(&self.running);
        let (environment, process) = Environment::spawn(function, options, runtime, log)?;
        running.insert(environment.id.clone(), environment.clone());
        drop(running);
        let (registry, ended) = (self.clone(), environment.clone());
        tokio::spawn(async move {
            let how = ended.wait(process).await;
            lock(&registry.running).remove(&ended.id);
            ended.exit(how);
        });
        Ok(environment)
    }

    pub fn of(&self, function: &str) -> Vec<Arc<Environment>> {
        lock(&self.running).values().filter(|environment| environment.function == function).cloned().collect()
    }

    pub fn any(&self) -> bool {
        !lock(&self.running).is_empty()
    }

    pub fn kill_all(&self) {
        lock(&self.running).values().for_each(|environment| environment.kill());
    }

    pub fn get(&self, id: &str) -> Option<Arc<Environment>> {
        lock(&self.running).get(id).cloned()
    }

    /// Remembers that this environment takes this event.
    pub fn keep(&self, environment: &Environment, event: &Bytes) {
        if self.keeps {
            let taken = Taken { session: environment.id.clone(), at: Instant::now(), event: event.clone() };
            lock(&self.taken).push(taken);
        }
    }

    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.taken).clone()
    }
}
