//! A run and its rounds: who does what at the same time, in which weather, and what is checked afterwards.

use super::client::{Client, observe};
use super::{Event, Op, Random, Ret, Tenant, check_chains, check_invariants, check_order, check_records};
use crate::{Action, App, Rule};
use futures_util::future::try_join_all;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const CLIENTS: usize = 8;
const TENANTS: usize = 20;
/// How many tenants a round is about: few, so that clients meet.
const ACTIVE: usize = 4;
/// Operations of a client in a round: about 16 on each tenant.
const STEPS: usize = 8;

/// An API, its tenants, and what happened to them.
pub struct Run {
    app: App,
    key: String,
    seed: u64,
    repositories: Vec<String>,
    clock: AtomicU64,
    states: BTreeMap<usize, Tenant>,
    events: Vec<Event>,
    made: BTreeMap<String, Option<String>>,
}

impl Run {
    /// A fresh API.
    pub async fn start(seed: u64) -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let mut repositories = Vec::new();
        for name in ["one", "two", "three"] {
            let repository = app.new_repository(&key, name).await;
            repositories.push(repository["id"].as_str().expect("an id").to_owned());
        }
        let (clock, states) = (AtomicU64::new(1), BTreeMap::new());
        Self { app, key, seed, repositories, clock, states, events: Vec::new(), made: BTreeMap::new() }
    }

    /// How many operations there were, and how many of them nobody knows the end of.
    pub fn counts(&self) -> (usize, usize) {
        (self.events.len(), self.events.iter().filter(|event| event.end.is_none()).count())
    }

    /// One round; an error tells what no order explains.
    pub async fn round(&mut self, round: usize) -> Result<(), String> {
        let mut random = Random::new(self.seed, &[round]);
        let first = random.below(TENANTS);
        let active: Vec<usize> = (0..ACTIVE).map(|step| (first + step) % TENANTS).collect();
        self.app.faults(weather(&mut random));
        let clients = (0..CLIENTS).map(|number| self.client(round, number, &active));
        let (clients, keyed, ()) = tokio::join!(try_join_all(clients), self.keyed(round), async {
            if random.percent(30) {
                // One that fails is for the next.
                let _ = self.app.sweep().await;
            }
        });
        self.app.faults([]);
        self.app.proxy.quiet(Duration::from_secs(30)).await.map_err(|error| error.to_string())?;
        self.made.extend(keyed?);
        let mut events: Vec<Event> = clients?.into_iter().flatten().collect();
        let mut histories = Vec::new();
        for tenant in active {
            let (state, last) = self.observe(round, tenant).await;
            events.push(last);
            let of_tenant: Vec<Event> = events.iter().filter(|event| event.tenant == tenant).cloned().collect();
            histories.push((self.states.insert(tenant, state).unwrap_or_default(), of_tenant));
        }
        self.events.append(&mut events);
        // The quick check first: it tells most faults in fewer words.
        check_chains(&self.events)?;
        histories.into_iter().try_for_each(|(initial, events)| check_order(initial, &events))
    }

    /// What must hold at rest, over all rounds so far.
    pub async fn check_at_rest(&self) -> Result<(), String> {
        // A sweep that failed has left its lease behind.
        for job in self.app.items_of("sweep_job").await {
            let key = json!({ "pk": job["pk"], "sk": job["sk"] });
            let released = self.app.store.update(&self.app.table, key, "REMOVE lease_until", json!({}), json!({}));
            released.await.map_err(|error| error.to_string())?;
        }
        self.app.sweep().await?;
        let items = self.app.items().await;
        check_invariants(&items)?;
        check_records(&items, &self.made)
    }

    async fn client(&self, round: usize, number: usize, active: &[usize]) -> Result<Vec<Event>, String> {
        let random = Random::new(self.seed, &[round, number]);
        let (app, key, repositories, clock) = (&self.app, &*self.key, &*self.repositories, &self.clock);
        let mut client = Client { app, key, repositories, clock, number, open: 0, random, known: BTreeMap::new() };
        let mut events = Vec::new();
        for step in 0..STEPS {
            let tenant = active[client.random.below(ACTIVE)];
            events.extend(client.step(tenant, format!("{round}-{number}-{step}")).await?);
        }
        Ok(events)
    }

    /// Creations with a key, each sent twice at once.
    async fn keyed(&self, round: usize) -> Result<Vec<(String, Option<String>)>, String> {
        let random = Random::new(self.seed, &[round, CLIENTS]);
        let (app, key, repositories, clock) = (&self.app, &*self.key, &*self.repositories, &self.clock);
        let mut client =
            Client { app, key, repositories, clock, number: CLIENTS, open: 0, random, known: BTreeMap::new() };
        let mut made = Vec::new();
        for step in 0..2 {
            let external_id = format!("keyed-{round}-{step}");
            let id = client.create_once(&external_id).await?;
            made.push((external_id, id));
        }
        Ok(made)
    }

    /// The last event of a round on a tenant: what it is at rest.
    async fn observe(&self, round: usize, tenant: usize) -> (Tenant, Event) {
        let began = self.clock.fetch_add(1, Ordering::SeqCst);
        let (state, read) = observe(&self.app, &self.key, &self.repositories, tenant).await;
        let ended = self.clock.fetch_add(1, Ordering::SeqCst);
        let (ret, body) = match &state.0 {
            None => (Ret::Missing, None),
            Some(live) => {
                let id = live.id.clone().unwrap_or_default();
                let found = Ret::Found { id, version: live.version, name: live.name.clone(), default: live.default };
                (found, Some(read.json()))
            }
        };
        (state, Event { client: (CLIENTS, round), tenant, op: Op::Read, began, end: Some((ended, ret)), body })
    }
}

/// What goes wrong in a round, each with its own probability.
fn weather(random: &mut Random) -> Vec<Rule> {
    let status = Action::status(500, r#"{"__type":"InternalServerError"}"#);
    let zombie = Action::Zombie { ms: 20 + random.next() % 130 };
    let everywhere = [
        (Action::DropBefore, 20),
        (Action::DropAfter, 40),
        (Action::Reset, 10),
        (Action::Throttle, 20),
        (status, 20),
        (Action::Truncate { bytes: 20 }, 10),
        (Action::Garbage, 4),
        (Action::DelayAfter { ms: 900 }, 1),
    ];
    let writes = [(zombie, 40), (Action::Conflict, 40), (Action::InProgress, 5)];
    // One of them may be a storm.
    let storm = random.below(3 * everywhere.len());
    let mut rules = Vec::new();
    for (at, (action, per_mille)) in everywhere.into_iter().enumerate() {
        let per_mille = if at == storm { per_mille * 5 } else { per_mille };
        rules.push(Rule::always(action).probability(f64::from(per_mille) / 1000.0, random.next()));
    }
    for (action, per_mille) in writes {
        for op in ["UpdateItem", "TransactWriteItems"] {
            let rule = Rule::on(op, action.clone());
            rules.push(rule.probability(f64::from(per_mille) / 1000.0, random.next()));
        }
    }
    rules
}
