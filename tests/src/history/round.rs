//! A run and its rounds: who does what at the same time, under which faults, and what is checked afterwards.

use super::client::{Client, observe};
use super::keyed::Keyed;
use super::recorded::check_last;
use super::{Event, Op, Ret, Round, Tenant, check_invariants, percent, random};
use crate::{Action, App, Rule};
use fastrand::Rng;
use futures_util::future::join_all;
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
    rounds: Vec<Round>,
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
        Self { app, key, seed, repositories, clock: AtomicU64::new(1), rounds: Vec::new() }
    }

    /// What happened so far.
    pub fn history(&self) -> &[Round] {
        &self.rounds
    }

    /// How many operations there were, and how many of them have an unknown end.
    pub fn counts(&self) -> (usize, usize) {
        let events = || self.rounds.iter().flat_map(|round| &round.events);
        (events().count(), events().filter(|event| event.end.is_none()).count())
    }

    /// One round; an error describes what no order explains.
    pub async fn round(&mut self) -> Result<(), String> {
        let number = self.rounds.len();
        let mut rng = random(self.seed, &[number]);
        let first = rng.usize(..TENANTS);
        let active: Vec<usize> = (0..ACTIVE).map(|step| (first + step) % TENANTS).collect();
        let sweeps = percent(&mut rng, 30);
        self.app.faults(fault_profile(&mut rng));
        let keyed = Keyed::of_round(number);
        let clients = (0..CLIENTS).map(|client| self.client(number, client, &active));
        let making = join_all(keyed.iter().map(|keyed| keyed.make(&self.app, &self.key)));
        let (clients, made, ()) = tokio::join!(join_all(clients), making, async {
            if sweeps {
                // One that fails is for the next.
                let _ = self.app.sweep().await;
            }
        });
        self.app.faults([]);
        self.app.proxy.quiet(Duration::from_secs(30)).await.map_err(|error| error.to_string())?;

        let mut round = Round::default();
        let mut odd = Ok(());
        for (events, ended) in clients {
            round.events.extend(events);
            odd = odd.and(ended);
        }
        let names = keyed.iter().map(|keyed| keyed.name.clone());
        for (name, ended) in names.zip(made) {
            match ended {
                Ok(id) => drop(round.made.insert(name, id)),
                Err(fault) => odd = odd.and(Err(fault)),
            }
        }
        for tenant in active {
            let (state, last) = self.observe(number, tenant).await;
            round.events.push(last);
            round.states.insert(tenant, state);
        }
        round.items = self.app.items().await;
        round.made.extend(self.rounds.last().map(|last| last.made.clone()).unwrap_or_default());
        self.rounds.push(round);
        odd?;
        check_last(&self.rounds)?;
        self.make_again(&keyed).await
    }

    /// What must hold when the sweep has done its work, too.
    pub async fn check_swept(&self) -> Result<(), String> {
        // A sweep that failed has left its lease behind.
        for job in self.app.items_of("sweep_job").await {
            let key = json!({ "pk": job["pk"], "sk": job["sk"] });
            let released = self.app.store.update(&self.app.table, key, "REMOVE lease_until", json!({}), json!({}));
            released.await.map_err(|error| error.to_string())?;
        }
        self.app.sweep().await?;
        check_invariants(&self.app.items().await)
    }

    /// What a client did, and whether every answer was one that may be.
    async fn client(&self, round: usize, number: usize, active: &[usize]) -> (Vec<Event>, Result<(), String>) {
        let rng = random(self.seed, &[round, number]);
        let (app, key, repositories, clock) = (&self.app, &*self.key, &*self.repositories, &self.clock);
        let mut client = Client { app, key, repositories, clock, number, open: 0, rng, known: BTreeMap::new() };
        let mut events = Vec::new();
        for step in 0..STEPS {
            let tenant = active[client.rng.usize(..ACTIVE)];
            match client.step(tenant, format!("{round}-{number}-{step}")).await {
                Ok(event) => events.extend(event),
                Err(odd) => return (events, Err(odd)),
            }
        }
        (events, Ok(()))
    }

    /// Each of these once more, without faults.
    async fn make_again(&mut self, keyed: &[Keyed]) -> Result<(), String> {
        let Some(round) = self.rounds.last_mut() else { return Ok(()) };
        for keyed in keyed {
            let id = keyed.make_again(&self.app, &self.key, &round.items).await?;
            round.made.insert(keyed.name.clone(), Some(id));
        }
        // The table is not what it was.
        round.items.clear();
        Ok(())
    }

    /// The last event of a round on a tenant: what it is at rest.
    async fn observe(&self, round: usize, tenant: usize) -> (Tenant, Event) {
        let began = self.clock.fetch_add(1, Ordering::SeqCst);
        let (state, read) = observe(&self.app, &self.key, &self.repositories, tenant).await;
        let ended = self.clock.fetch_add(1, Ordering::SeqCst);
        let (ret, body) = match &state.0 {
            None => (Ret::Missing, None),
            Some(live) => (live.found(), Some(read.json())),
        };
        (state, Event { client: (CLIENTS, round), tenant, op: Op::Read, began, end: Some((ended, ret)), body })
    }
}

/// What goes wrong in a round, each with its own probability.
pub(super) fn fault_profile(rng: &mut Rng) -> Vec<Rule> {
    let status = Action::status(500, r#"{"__type":"InternalServerError"}"#);
    let late_arrival = Action::LateArrival { ms: 20 + rng.u64(..130) };
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
    let writes = [(late_arrival, 40), (Action::Conflict, 40), (Action::InProgress, 5)];
    // One of them may be five times as frequent.
    let frequent = rng.usize(..3 * everywhere.len());
    let mut rules = Vec::new();
    for (at, (action, per_mille)) in everywhere.into_iter().enumerate() {
        let per_mille = if at == frequent { per_mille * 5 } else { per_mille };
        rules.push(Rule::always(action).probability(f64::from(per_mille) / 1000.0, rng.u64(..)));
    }
    for (action, per_mille) in writes {
        for op in ["UpdateItem", "TransactWriteItems"] {
            let rule = Rule::on(op, action.clone());
            rules.push(rule.probability(f64::from(per_mille) / 1000.0, rng.u64(..)));
        }
    }
    // The caller's root and the tenant, each left unprocessed for itself.
    for key in ["I#* #", "*#T *"] {
        rules.push(Rule::on("BatchGetItem", Action::unprocessed(key)).probability(0.03, rng.u64(..)));
    }
    rules
}
