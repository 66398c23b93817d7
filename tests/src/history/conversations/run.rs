//! A run and its rounds: each has a tenant of its own, clients that work on it at the same time, and faults.

use super::client::World;
use super::{Conversation, Event, Op, Ret, Tenant, check_order};
use crate::checks::{check_at_rest, sweep_all};
use crate::history::random;
use crate::history::round::fault_profile;
use crate::{Action, App, LogEntry, Rule, Value, id_of, json};
use fastrand::Rng;
use futures_util::future::try_join_all;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;
/// Operations of a client in a round.
const STEPS: usize = 5;

/// An API with a customer.
pub struct Run {
    app: App,
    key: String,
    seed: u64,
    rounds: usize,
    start: Instant,
    operations: AtomicUsize,
    in_doubt: usize,
}

impl Run {
    /// A fresh API.
    pub async fn start(seed: u64) -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let (start, operations) = (Instant::now(), AtomicUsize::new(0));
        Self { app, key, seed, rounds: 0, start, operations, in_doubt: 0 }
    }

    /// How many operations of an unknown end there were.
    pub fn in_doubt(&self) -> usize {
        self.in_doubt
    }

    /// One round: how many operations there were. An error describes what no order explains.
    pub async fn round(&mut self) -> Result<usize, String> {
        let (app, key, number) = (&self.app, &*self.key, self.rounds);
        let mut rng = random(self.seed, &[number]);
        let external_id = format!("t{number}");
        let tenant = id_of(&app.new_tenant(key, &external_id).await);
        let user = id_of(&app.new_user(key, &tenant, "u").await);
        let most = rng.usize(1..4);
        let settings = json!({ "settings": { "max_concurrent_sticky": most } });
        let path = format!("/tenants/{tenant}");
        app.with_key(key, "PATCH", &path).json(settings).send().await.expect_status(200);
        let mut initial = Tenant { is_gone: false, is_suspended: false, most, conversations: [].into() };
        for is_sticky in [true, false] {
            let mode = if is_sticky { "sticky" } else { "pooled" };
            let body = json!({ "user_id": user, "runtime": { "mode": mode } });
            let made = app.with_key(key, "POST", "/conversations").json(body).send().await.expect_status(201).json();
            initial.conversations.insert(id_of(&made), Conversation { is_sticky, ..Conversation::default() });
        }
        let known = Mutex::new(initial.conversations.keys().cloned().collect());
        let (start, operations) = (self.start, &self.operations);
        let world = World { app, key, tenant, external_id, user, known, start, operations };
        let begun = app.proxy.log_len();
        app.faults(faults(&mut rng));
        let clients = (0..CLIENTS).map(|client| world.client(random(self.seed, &[number, client]), STEPS));
        let done = try_join_all(clients).await;
        app.faults([]);
        app.proxy.quiet(Duration::from_secs(30)).await.map_err(|error| error.to_string())?;
        let mut events = done?.concat();
        let log = app.proxy.log_from(begun);
        events.iter_mut().for_each(|event| event.began = event.began.max(applied_from(event, &log, start)));
        let began = nanoseconds(start.elapsed());
        let end = Some((began + 1, Ret::AtRest(stored(app, &world.tenant).await)));
        events.push(Event { op: Op::Rest, marker: String::new(), began, end });
        self.rounds += 1;
        self.in_doubt += events.iter().filter(|event| event.end.is_none()).count();
        check_order(&initial, &events)?;
        Ok(events.len())
    }

    /// What must hold when the sweep has done its work; panics where it does not.
    pub async fn check_swept(&self) {
        sweep_all(&self.app).await;
        check_at_rest(&self.app).await;
    }
}

/// What goes wrong in a round. Some guarded writes wait, so that more happens between their decision and their end.
fn faults(rng: &mut Rng) -> Vec<Rule> {
    let mut rules = fault_profile(rng);
    for function in ["CreateConversationFunction", "UpdateConversationFunction", "CreateMessageFunction"] {
        let waits = Rule::on("TransactWriteItems", Action::Delay { ms: 20 + rng.u64(..40) }).function(function);
        rules.push(waits.probability(0.2, rng.u64(..)));
    }
    rules
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("a run is short")
}

/// When the request that applied an event's write reached the store, at the earliest; 0 where there is none.
fn applied_from(event: &Event, log: &[LogEntry], start: Instant) -> u64 {
    let marker = json!({ "S": event.marker });
    let has_marker = |entry: &&LogEntry| {
        entry.is_write() && entry.status == Some(200) && entry.forwarded && has(&entry.body, &marker)
    };
    let waited = |entry: &LogEntry| match entry.action {
        Action::Delay { ms } | Action::LateArrival { ms } => Duration::from_millis(ms),
        _ => Duration::ZERO,
    };
    let arrivals = log.iter().filter(has_marker).map(|entry| entry.started.duration_since(start) + waited(entry));
    arrivals.min().map_or(0, nanoseconds)
}

/// Whether a value is somewhere within another one.
fn has(value: &Value, part: &Value) -> bool {
    match value {
        _ if value == part => true,
        Value::Object(members) => members.values().any(|member| has(member, part)),
        Value::Array(items) => items.iter().any(|item| has(item, part)),
        _ => false,
    }
}

/// A tenant as it is stored.
async fn stored(app: &App, id: &str) -> Tenant {
    let items = app.items().await;
    let of = |entity: &'static str| items.iter().filter(move |item| item["type"]["S"] == entity);
    let Some(tenant) = of("tenant").find(|tenant| tenant["id"]["S"] == id) else {
        return Tenant { is_gone: true, is_suspended: false, most: 0, conversations: [].into() };
    };
    let number = |item: &Value| item["N"].as_str().and_then(|number| number.parse().ok()).expect("a number");
    let conversation = |item: &Value| {
        let conversation = Conversation {
            messages: number(&item["message_count"]) as u64,
            is_sticky: !item["lease_expires_at"].is_null(),
            is_archived: item["status"]["S"] == "archived",
        };
        (item["id"]["S"].as_str().expect("an id").to_owned(), conversation)
    };
    Tenant {
        is_gone: false,
        is_suspended: tenant["status"]["S"] == "suspended",
        most: number(&tenant["settings"]["M"]["max_concurrent_sticky"]),
        conversations: of("conversation").filter(|item| item["tenant_id"]["S"] == id).map(conversation).collect(),
    }
}
