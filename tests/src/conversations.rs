//! Conversations, messages and tokens of the users of [`Members`], and leases that end when a test says so.

use crate::checks::next_millisecond;
use crate::members::{Members, id_of};
use crate::{Action, Call, Exchange, Rule, Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tenancy::domain::Timestamp;

/// The time, so many milliseconds from now.
pub fn from_now(milliseconds: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis();
    Timestamp::from_milliseconds(i64::try_from(now).expect("the clock is before the year 9999") + milliseconds)
}

/// A time as it was answered, in milliseconds.
#[track_caller]
pub fn milliseconds(time: &Value) -> i64 {
    let time = time.as_str().and_then(Timestamp::parse);
    time.unwrap_or_else(|| panic!("not a time")).milliseconds()
}

/// What holds a request to the store up.
pub const HELD: Action = Action::Delay { ms: 600 };

impl Members {
    /// Begins a conversation.
    pub async fn begin(&self, body: Value) -> Exchange {
        self.send("POST", "/conversations", body).await
    }

    /// Begins a conversation of a user with the defaults.
    pub async fn conversation(&self, user: &str) -> Value {
        self.begin(json!({ "user_id": user })).await.expect_status(201).json()
    }

    /// Begins a conversation with a lease; its id.
    pub async fn sticky(&self, user: &str) -> String {
        let body = json!({ "user_id": user, "runtime": { "mode": "sticky" } });
        id_of(&self.begin(body).await.expect_status(201).json())
    }

    /// Reads a conversation.
    pub async fn shown(&self, conversation: &str) -> Exchange {
        self.get(&format!("/conversations/{conversation}")).await
    }

    /// Changes a conversation.
    pub async fn change(&self, conversation: &str, body: Value) -> Exchange {
        self.send("PATCH", &format!("/conversations/{conversation}"), body).await
    }

    /// Archives a conversation.
    pub async fn archive(&self, conversation: &str) -> Exchange {
        self.call("DELETE", &format!("/conversations/{conversation}")).send().await
    }

    /// Adds a message.
    pub async fn say(&self, conversation: &str, body: Value) -> Exchange {
        self.send("POST", &format!("/conversations/{conversation}/messages"), body).await
    }

    /// Changes the tenant.
    pub async fn tenant(&self, body: Value) -> Value {
        self.send("PATCH", &format!("/tenants/{}", self.tenant), body).await.expect_status(200).json()
    }

    /// A token of a user of the tenant, by the user's external id.
    pub async fn token(&self, external_id: &str) -> String {
        let body = json!({ "tenant_external_id": "one", "user_external_id": external_id });
        let answer = self.send("POST", "/auth/token-exchange", body).await.expect_status(200).json();
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// A request with a token.
    pub fn by(&self, token: &str, method: &str, path: &str) -> Call<'_> {
        self.app.with_key(token, method, path)
    }

    /// Moves the end of a lease to so many milliseconds from now, where it is stored.
    pub async fn move_lease(&self, conversation: &str, end: i64) {
        let end = json!({ ":end": { "S": from_now(end) } });
        let update = async |item: &Value, expression: &str, names: Value| {
            let key = json!({ "pk": item["pk"], "sk": item["sk"] });
            self.app.store.update(&self.app.table, key, expression, names, end.clone()).await.expect("it is stored");
        };
        let items = self.app.items().await;
        let of = |entity: &'static str| items.iter().filter(move |item| item["type"]["S"] == entity);
        let stored = of("conversation").find(|item| item["id"]["S"] == conversation).expect("the conversation");
        update(stored, "SET lease_expires_at = :end", json!({})).await;
        let ulid = &conversation[4..];
        let leases = of("leases").find(|item| !item["leases"]["M"][ulid].is_null()).expect("its lease");
        update(leases, "SET leases.#ulid = :end", json!({ "#ulid": ulid })).await;
    }

    /// Ends a lease by the clock: its end is in the past.
    pub async fn end_lease(&self, conversation: &str) {
        self.move_lease(conversation, -1).await;
        next_millisecond().await;
    }

    /// The conversations that the tenant's leases are stored for.
    pub async fn leased(&self) -> Vec<String> {
        let items = self.app.items_of("leases").await;
        let ulids = items.iter().filter_map(|item| item["leases"]["M"].as_object()).flatten();
        let mut ids: Vec<String> = ulids.map(|(ulid, _)| format!("con_{ulid}")).collect();
        ids.sort_unstable();
        ids
    }

    /// What a call is answered whose transaction is held up while `others` is done.
    pub async fn while_held(&self, call: Call<'_>, function: &str, others: impl Future<Output = ()>) -> Exchange {
        self.while_waiting(call, Rule::on("TransactWriteItems", HELD).function(function).nth(1), others).await
    }

    /// What a call is answered, one of whose requests to the store is held up by a rule with [`HELD`] while `others` is done.
    pub async fn while_waiting(&self, call: Call<'_>, rule: Rule, others: impl Future<Output = ()>) -> Exchange {
        self.app.faults([rule]);
        let begun = self.app.proxy.log_len();
        let others = async {
            for _ in 0..5_000 {
                if self.app.proxy.log_from(begun).iter().any(|entry| entry.action == HELD) {
                    return others.await;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            panic!("nothing was held up");
        };
        let (answer, ()) = tokio::join!(call.send(), others);
        self.app.faults([]);
        answer
    }
}
