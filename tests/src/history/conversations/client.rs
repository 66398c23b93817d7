//! One client: chooses an operation, sends it, and notes what became of it.

use super::{Conversation, Event, Op, Ret};
use crate::{App, Call, Exchange, Value, json};
use fastrand::Rng;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How often a write with an idempotency key is sent while it is answered with 503.
const ATTEMPTS: usize = 3;

/// The tenant of a round.
pub(super) struct World<'a> {
    pub app: &'a App,
    pub key: &'a str,
    pub tenant: String,
    pub external_id: String,
    pub user: String,
    /// The conversations that clients know.
    pub known: Mutex<Vec<String>>,
    /// When the run began.
    pub start: Instant,
    pub operations: &'a AtomicUsize,
}

impl World<'_> {
    /// What a client does in a round. An error describes an answer that may not be.
    pub async fn client(&self, mut rng: Rng, steps: usize) -> Result<Vec<Event>, String> {
        let mut events = Vec::new();
        for _ in 0..steps {
            let op = self.choose(&mut rng);
            events.extend(self.step(op, &mut rng).await?);
        }
        Ok(events)
    }

    fn choose(&self, rng: &mut Rng) -> Op {
        let [kind, which, most] = [100, 1_000, 4].map(|end| rng.usize(..end));
        let known = self.known.lock().expect("no holder panics");
        let conversation = known[which % known.len()].clone();
        match kind {
            0..14 => Op::Begin { number: self.operations.fetch_add(1, Ordering::SeqCst), is_sticky: kind < 10 },
            14..42 => Op::Say { conversation },
            42..58 => Op::Change { conversation, is_sticky: Some(kind < 52) },
            58..62 => Op::Change { conversation, is_sticky: None },
            62..67 => Op::Archive { conversation },
            67..72 => Op::Activate { conversation },
            72..84 => Op::Read { conversation },
            84..90 => Op::SetMost(most),
            90..99 => Op::SetSuspended(kind < 94),
            _ => Op::Deprovision,
        }
    }

    /// One operation; `None`: a read that was not answered.
    async fn step(&self, op: Op, rng: &mut Rng) -> Result<Option<Event>, String> {
        let is_keyed = matches!(op, Op::Begin { .. } | Op::Say { .. });
        let once = format!("{:032x}", rng.u128(..));
        let marker = format!("marker {}", self.operations.fetch_add(1, Ordering::SeqCst));
        let call = self.call(&op, &marker);
        let call = if is_keyed { call.once(&once) } else { call };
        let now = || u64::try_from(self.start.elapsed().as_nanos()).expect("a run is short");
        let began = now();
        let mut answer = call.clone().send().await;
        let mut is_repeated = false;
        for _ in 1..ATTEMPTS {
            if is_keyed && answer.status == 503 {
                answer = call.clone().send().await;
                is_repeated = true;
            }
        }
        let ended = now();
        let ret = ret(&op, &answer)?;
        if let Some(Ret::Made(id)) = &ret {
            self.known.lock().expect("no holder panics").push(id.clone());
        }
        // What refuses a repetition says nothing of the attempts before it, which may still arrive.
        let is_known = |ret: &Ret| !is_repeated || matches!(ret, Ret::Made(_) | Ret::Done);
        let end = ret.filter(is_known).map(|ret| (ended, ret));
        Ok((end.is_some() || !matches!(op, Op::Read { .. })).then_some(Event { op, marker, began, end }))
    }

    fn call(&self, op: &Op, marker: &str) -> Call<'_> {
        let call = |method: &str, path: &str| self.app.with_key(self.key, method, path);
        let of = |conversation: &String| format!("/conversations/{conversation}");
        let with_mode = |is_sticky: Option<bool>, mut body: Value| {
            if let Some(is_sticky) = is_sticky {
                body["runtime"] = json!({ "mode": if is_sticky { "sticky" } else { "pooled" } });
            }
            body
        };
        let tenant = |body: Value| call("PATCH", &format!("/tenants/{}", self.tenant)).json(body);
        match op {
            Op::Begin { is_sticky, .. } => {
                let body = json!({ "user_id": self.user, "title": marker });
                call("POST", "/conversations").json(with_mode(Some(*is_sticky), body))
            }
            Op::Say { conversation } => {
                call("POST", &format!("{}/messages", of(conversation))).json(json!({ "content": marker }))
            }
            Op::Change { conversation, is_sticky } => {
                call("PATCH", &of(conversation)).json(with_mode(*is_sticky, json!({ "title": marker })))
            }
            Op::Archive { conversation } => call("DELETE", &of(conversation)),
            Op::Activate { conversation } => call("PATCH", &of(conversation)).json(json!({ "status": "active" })),
            Op::Read { conversation } => call("GET", &of(conversation)),
            Op::SetMost(most) => tenant(json!({ "settings": { "max_concurrent_sticky": most } })),
            Op::SetSuspended(true) => tenant(json!({ "status": "suspended" })),
            Op::SetSuspended(false) | Op::Rest => tenant(json!({ "status": "active" })),
            Op::Deprovision => call("DELETE", &format!("/tenants/by-external-id/{}", self.external_id)),
        }
    }
}

/// What an answer says; `None`: not whether it happened.
fn ret(op: &Op, answer: &Exchange) -> Result<Option<Ret>, String> {
    let body = answer.json();
    Ok(Some(match (op, answer.status, body["slug"].as_str()) {
        (_, 503, _) => return Ok(None),
        (_, 404, _) => Ret::Missing,
        (_, 403, Some("tenant-suspended")) => Ret::Suspended,
        (Op::Say { .. } | Op::Change { .. }, 409, Some("conversation-archived")) => Ret::Archived,
        (Op::Begin { is_sticky: true, .. } | Op::Change { is_sticky: Some(true), .. }, 429, _) => Ret::Full,
        (Op::Begin { .. }, 201, _) => Ret::Made(body["id"].as_str().unwrap_or_default().to_owned()),
        (Op::Say { .. }, 201, _) | (Op::Archive { .. } | Op::Deprovision, 204, _) => Ret::Done,
        (Op::SetMost(_) | Op::SetSuspended(_), 200, _) => Ret::Done,
        (Op::Change { .. } | Op::Activate { .. } | Op::Read { .. }, 200, _) => Ret::Shown(Conversation {
            messages: body["message_count"].as_u64().unwrap_or(u64::MAX),
            is_sticky: body["runtime"]["mode"] == "sticky",
            is_archived: body["status"] == "archived",
        }),
        _ => return Err(format!("{op:?} was answered so: {answer}")),
    }))
}
