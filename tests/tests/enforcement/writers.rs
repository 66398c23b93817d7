//! 64 writers that send one write after the other, each when it is its turn.

use super::target::{End, Target, World};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tests::{Call, Exchange, Value, json};
use tokio::sync::{Notify, Semaphore};

pub const WRITERS: usize = 64;

/// What the rounds and the writers share.
pub struct Shared {
    pub world: World,
    end: End,
    target: Mutex<Arc<Target>>,
    /// How often writing has ended and begun again: odd from the answer that ended it until it is about to begin again.
    phase: AtomicU64,
    /// A write for each permit. The writers queue for them.
    turns: Semaphore,
    /// How many permits there were, and how many of these writes have been answered.
    given: AtomicUsize,
    answers: AtomicUsize,
    /// Writes that were applied, and that were refused as they must be after the end.
    pub applied: AtomicUsize,
    pub refused: AtomicUsize,
    /// Refused requests that were sent after the answer.
    pub refused_after: AtomicUsize,
    pub unavailable: AtomicUsize,
    answered: Notify,
    /// The ids of the messages that were acknowledged, and how many of each conversation have an unknown end.
    pub messages: Mutex<BTreeMap<String, Vec<String>>>,
    pub in_doubt: Mutex<BTreeMap<String, usize>>,
    /// The conversations that were acknowledged.
    pub begun: Mutex<Vec<String>>,
}

impl Shared {
    pub fn new(world: World, end: End, target: Target) -> Self {
        Self {
            world,
            end,
            target: Mutex::new(Arc::new(target)),
            phase: AtomicU64::new(0),
            turns: Semaphore::new(0),
            given: AtomicUsize::new(0),
            answers: AtomicUsize::new(0),
            applied: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            refused_after: AtomicUsize::new(0),
            unavailable: AtomicUsize::new(0),
            answered: Notify::new(),
            messages: Mutex::default(),
            in_doubt: Mutex::default(),
            begun: Mutex::default(),
        }
    }

    pub fn target(&self) -> Arc<Target> {
        self.target.lock().unwrap().clone()
    }

    /// The end was answered.
    pub fn ended(&self) {
        self.phase.fetch_add(1, Ordering::SeqCst);
    }

    /// Writing is about to begin again, now or with this target.
    pub fn begins(&self) {
        self.phase.fetch_add(1, Ordering::SeqCst);
    }

    pub fn retarget(&self, target: Target) {
        *self.target.lock().unwrap() = Arc::new(target);
    }

    /// Lets the writers write, so many writes at a time, until their answers have made this true. The writes of a time may all fail: no
    /// place for a lease, or 503.
    pub async fn write_until(&self, writes: usize, is_so: impl Fn(&Self) -> bool) {
        loop {
            self.given.fetch_add(writes, Ordering::SeqCst);
            self.turns.add_permits(writes);
            loop {
                let answered = self.answered.notified();
                if is_so(self) {
                    return;
                }
                if self.answers.load(Ordering::SeqCst) == self.given.load(Ordering::SeqCst) {
                    break;
                }
                answered.await;
            }
        }
    }

    /// There are no more turns.
    pub fn close(&self) {
        self.turns.close();
    }

    /// The writes of a writer, one after the other, until there are no more turns.
    pub async fn write(&self, number: usize) {
        let mut count = 0;
        while let Ok(turn) = self.turns.acquire().await {
            turn.forget();
            let phase = self.phase.load(Ordering::SeqCst);
            let target = self.target();
            let write = Write::of(number, count, &target);
            let answer = write.call(&self.world, &target).send_unchecked().await;
            // A request that was sent after an answer, and answered before writing began again.
            let is_after = phase % 2 == 1 && phase == self.phase.load(Ordering::SeqCst);
            self.judge(&write, &answer, is_after);
            self.answers.fetch_add(1, Ordering::SeqCst);
            self.answered.notify_waiters();
            count += 1;
        }
    }

    /// Checks an answer, and notes what was acknowledged.
    pub fn judge(&self, write: &Write, answer: &Exchange, is_after: bool) {
        let (status, slug) = self.end.refusal();
        let count = |counter: &AtomicUsize| {
            counter.fetch_add(1, Ordering::SeqCst);
        };
        let id = || answer.json()["id"].as_str().expect("an id").to_owned();
        match answer.status {
            503 => {
                count(&self.unavailable);
                if let Write::Message(conversation) = write {
                    *self.in_doubt.lock().unwrap().entry(conversation.clone()).or_default() += 1;
                }
                return;
            }
            _ if answer.status == status && answer.json()["slug"] == slug => {
                count(&self.refused);
                if is_after {
                    count(&self.refused_after);
                }
                return;
            }
            _ => assert!(!is_after, "{:?}: {write:?} was sent after the answer: {answer}", self.end),
        }
        match (write, answer.status) {
            (Write::Message(conversation), 201) => {
                self.messages.lock().unwrap().entry(conversation.clone()).or_default().push(id());
            }
            (Write::Begin { .. }, 201) => self.begun.lock().unwrap().push(id()),
            (Write::Change { .. } | Write::Activate(_), 200) | (Write::Archive(_), 204) => {}
            // No place for another lease.
            (Write::Begin { is_sticky: true } | Write::Change { is_sticky: true, .. }, 429) => return,
            _ => panic!("{:?}: {write:?}: {answer}", self.end),
        }
        count(&self.applied);
    }
}

/// A guarded write.
#[derive(Debug)]
pub enum Write {
    Message(String),
    Begin { is_sticky: bool },
    Change { conversation: String, is_sticky: bool },
    Archive(String),
    Activate(String),
}

impl Write {
    /// What a writer writes next: most writers write messages.
    fn of(number: usize, count: usize, target: &Target) -> Self {
        let [spoken, changed, archived] = &target.conversations;
        let one_of = |conversations: &Vec<String>| conversations[number % conversations.len()].clone();
        match number {
            0..50 => Self::Message(one_of(spoken)),
            50..56 => Self::Begin { is_sticky: number == 50 },
            56..60 => {
                Self::Change { conversation: one_of(changed), is_sticky: number == 56 && count.is_multiple_of(2) }
            }
            _ if (number + count).is_multiple_of(2) => Self::Archive(one_of(archived)),
            _ => Self::Activate(one_of(archived)),
        }
    }

    /// One of each kind.
    pub fn all(target: &Target) -> [Self; 5] {
        let [spoken, changed, archived] = target.conversations.each_ref().map(|conversations| conversations[0].clone());
        [
            Self::Message(spoken),
            Self::Begin { is_sticky: true },
            Self::Change { conversation: changed, is_sticky: true },
            Self::Archive(archived.clone()),
            Self::Activate(archived),
        ]
    }

    pub fn call<'a>(&self, world: &'a World, target: &Target) -> Call<'a> {
        let call = |method: &str, path: &str| world.app.with_key(&target.credential, method, path);
        let of = |conversation: &String| format!("/conversations/{conversation}");
        let with_lease = |mut body: Value, is_sticky: &bool| {
            if *is_sticky {
                body["runtime"] = json!({ "mode": "sticky" });
            }
            body
        };
        match self {
            Self::Message(conversation) => {
                call("POST", &format!("{}/messages", of(conversation))).json(json!({ "content": "c" }))
            }
            Self::Begin { is_sticky } => {
                call("POST", "/conversations").json(with_lease(json!({ "user_id": target.user }), is_sticky))
            }
            Self::Change { conversation, is_sticky } => {
                // A title of now, so that there is something to change.
                let title = format!("{:?}", std::time::Instant::now());
                call("PATCH", &of(conversation)).json(with_lease(json!({ "title": title }), is_sticky))
            }
            Self::Archive(conversation) => call("DELETE", &of(conversation)),
            Self::Activate(conversation) => call("PATCH", &of(conversation)).json(json!({ "status": "active" })),
        }
    }
}
