//! Writers of one tenant who check its gates, where the store conflicts as DynamoDB does
//! (docs/decisions/0013-gates.md): the fault proxy cancels a transaction that uses an item of another one that is under way.

use futures_util::future::join_all;
use std::time::{Duration, Instant};
use tests::{App, Exchange, Value, json};
use tokio::time::sleep_until;

/// How long a transaction holds its items besides the engine's own time.
const SERVICE_TIME: Duration = Duration::from_millis(5);
const PER_SECOND: u32 = 100;
const SECONDS: u32 = 8;
/// Users of the tenant, each with a conversation: two messages of one conversation conflict whatever the gates do.
const CONVERSATIONS: usize = 50;

/// A tenant with conversations.
struct Busy {
    app: App,
    key: String,
    tenant: String,
    conversations: Vec<String>,
}

impl Busy {
    async fn new() -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let tenant = app.new_tenant(&key, "busy").await["id"].as_str().unwrap().to_owned();
        let mut conversations = Vec::new();
        for number in 0..CONVERSATIONS {
            let user = app.new_user(&key, &tenant, &format!("user-{number}")).await;
            let begun =
                app.with_key(&key, "POST", "/conversations").json(json!({ "user_id": user["id"] })).send().await;
            conversations.push(begun.expect_status(201).json()["id"].as_str().unwrap().to_owned());
        }
        app.lambda.warm("create-message", 8).await.unwrap();
        app.proxy.set_contention(SERVICE_TIME);
        Self { app, key, tenant, conversations }
    }

    /// Sends a message and measures how long that takes.
    async fn message(&self, number: usize) -> (Exchange, Duration) {
        let conversation = &self.conversations[number % self.conversations.len()];
        let path = format!("/conversations/{conversation}/messages");
        let call = self.app.with_key(&self.key, "POST", &path).json(json!({ "content": number.to_string() }));
        let started = Instant::now();
        (call.send().await, started.elapsed())
    }

    /// Sends messages at a steady rate, whatever the answers do.
    async fn steadily(&self, count: u32) -> Vec<(Exchange, Duration)> {
        let begun = tokio::time::Instant::now();
        join_all((0..count).map(|number| async move {
            sleep_until(begun + Duration::from_secs(1) * number / PER_SECOND).await;
            self.message(number as usize).await
        }))
        .await
    }

    async fn set_status(&self, status: &str) -> Exchange {
        let path = format!("/tenants/{}", self.tenant);
        self.app.with_key(&self.key, "PATCH", &path).json(json!({ "status": status })).send().await
    }

    /// The messages that all conversations count.
    async fn counted(&self) -> u64 {
        let path = format!("/conversations?tenant_id={}&limit=100", self.tenant);
        let list = self.app.with_key(&self.key, "GET", &path).send().await.expect_status(200).json();
        list["data"].as_array().unwrap().iter().map(|shown| shown["message_count"].as_u64().unwrap()).sum()
    }
}

/// The 99th percentile.
fn p99(times: impl IntoIterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.into_iter().collect();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

#[tokio::test]
async fn a_hundred_messages_a_second_on_one_tenant_pass_and_are_not_much_slower_than_alone() {
    let busy = Busy::new().await;
    // The machine has other work, too: the best of three measurements counts.
    let mut measured = Vec::new();
    for _ in 0..3 {
        let mut alone = Vec::new();
        for number in 0..300 {
            let (answer, time) = busy.message(number).await;
            answer.expect_status(201);
            alone.push(time);
        }
        let (conflicts, count) = (busy.app.proxy.conflicts(), PER_SECOND * SECONDS);
        let sent = busy.steadily(count).await;
        let conflicts = busy.app.proxy.conflicts() - conflicts;
        assert!(
            sent.iter().all(|(answer, _)| answer.status == 201),
            "{:?}",
            sent.iter().find(|(a, _)| a.status != 201)
        );
        let (alone, together) = (p99(alone), p99(sent.into_iter().map(|(_, time)| time)));
        println!("p99 alone {alone:?}, with 100 a second {together:?}; {conflicts} conflicts of {count} writes");
        assert!(conflicts > 0, "nothing was contended");
        measured.push((alone, together));
        if together <= 3 * alone {
            break;
        }
    }
    assert!(measured.iter().any(|(alone, together)| *together <= 3 * *alone), "{measured:?}");
    let stored = busy.app.items_of("message").await.len();
    assert_eq!(busy.counted().await, stored as u64);
}

#[tokio::test]
async fn a_suspension_gets_through_to_a_busy_tenant_and_nothing_is_written_after_it() {
    let busy = Busy::new().await;
    busy.app.lambda.warm("update-tenant", 1).await.unwrap();
    let suspension = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        busy.set_status("suspended").await.expect_status(200);
        busy.app.items_of("message").await.len()
    };
    let (sent, stored) = tokio::join!(busy.steadily(PER_SECOND * 2), suspension);
    let refused = sent.iter().filter(|(answer, _)| answer.status == 403).count();
    assert!(sent.iter().all(|(answer, _)| [201, 403].contains(&answer.status)) && refused > 50, "{refused}");
    assert_eq!(busy.app.items_of("message").await.len(), stored, "a message was written after the answer");
    let slug = |answer: &Exchange| answer.json()["slug"].clone();
    let others =
        sent.iter().filter(|(answer, _)| answer.status == 403 && slug(answer) != Value::from("tenant-suspended"));
    assert_eq!(others.count(), 0);
}
