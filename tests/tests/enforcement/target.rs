//! What writers write to, how writing ends and begins again, and what is stored of it.

use std::time::Duration;
use tenancy::domain::SigningKeyId;
use tests::{App, Call, Exchange, Value, id_of, json};

const CUSTOMER: &str = "/v1/customers/acme-corp";

/// What ends writing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Suspension,
    Archive,
    OfUser,
    OfSigningKey,
    Deprovision,
}

impl End {
    /// How a write is refused afterwards.
    pub fn refusal(self) -> (u16, &'static str) {
        match self {
            Self::Suspension => (403, "tenant-suspended"),
            Self::Archive | Self::OfSigningKey => (401, "insufficient-scope"),
            Self::OfUser => (403, "insufficient-scope"),
            Self::Deprovision => (404, "not-found"),
        }
    }

    fn is_by_token(self) -> bool {
        matches!(self, Self::OfUser | Self::OfSigningKey)
    }
}

/// A tenant with a user and its conversations, and the credential of its writers.
#[derive(Clone)]
pub struct Target {
    pub credential: String,
    pub tenant: String,
    pub user: String,
    pub external_id: String,
    /// Conversations that take messages, that are changed, and that are archived and activated.
    pub conversations: [Vec<String>; 3],
    kid: Option<SigningKeyId>,
}

/// The API, and its customer.
pub struct World {
    pub app: App,
    pub key: String,
    end: End,
    /// The ULID of the customer.
    root: String,
}

impl World {
    pub async fn new(end: End) -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let me = app.with_key(&key, "GET", "/integration/self").send().await.expect_status(200).json();
        let root = me["root_tenant_id"].as_str().unwrap()[4..].to_owned();
        Self { app, key, end, root }
    }

    fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.app.with_key(&self.key, method, path)
    }

    /// Sends a call until it is answered otherwise than with 503. What a 503 has left under way has ended before the next one.
    async fn insist(&self, call: Call<'_>) -> (Exchange, bool) {
        for attempt in 0..20 {
            let begun = self.app.proxy.log_len();
            let answer = call.clone().send_unchecked().await;
            if answer.status != 503 {
                return (answer, attempt > 0);
            }
            self.settled(begun).await;
        }
        panic!("always 503");
    }

    /// Waits until the requests to the store that began since then, and before now, have ended.
    pub async fn settled(&self, begun: usize) {
        let count = self.app.proxy.log_len() - begun;
        for _ in 0..10_000 {
            let log = self.app.proxy.log_from(begun);
            if log.iter().take(count).all(|entry| entry.finished.is_some()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("a request does not end");
    }

    async fn made(&self, call: Call<'_>) -> Value {
        self.insist(call).await.0.expect_status(201).json()
    }

    /// A tenant, a user, and conversations of each kind.
    pub async fn target(&self, external_id: &str, counts: [usize; 3]) -> Target {
        let upsert = |path: String| self.call("PUT", &path).json(json!({}));
        // Its answer may be lost: then it is there.
        let (tenant, _) = self.insist(upsert(format!("/tenants/by-external-id/{external_id}"))).await;
        let tenant = id_of(&tenant.json());
        let (user, _) = self.insist(upsert(format!("/tenants/{tenant}/users/by-external-id/u"))).await;
        let user = id_of(&user.json());
        let mut conversations = [const { Vec::new() }; 3];
        for (of_kind, count) in conversations.iter_mut().zip(counts) {
            for _ in 0..count {
                let begin = self.call("POST", "/conversations").json(json!({ "user_id": user }));
                of_kind.push(id_of(&self.made(begin).await));
            }
        }
        let kid = self.app.direct_store().signing_keys().await.unwrap().first().map(|key| key.kid());
        let (credential, external_id) = (self.key.clone(), external_id.to_owned());
        let mut target = Target { credential, tenant, user, external_id, conversations, kid };
        if self.end.is_by_token() {
            target.credential = self.token(&target).await;
        }
        target
    }

    /// The call that makes a token.
    pub fn exchange(&self, target: &Target) -> Call<'_> {
        let body = json!({ "tenant_external_id": target.external_id, "user_external_id": "u", "ttl_seconds": 3600 });
        self.call("POST", "/auth/token-exchange").json(body)
    }

    async fn token(&self, target: &Target) -> String {
        let answer = self.insist(self.exchange(target)).await.0.expect_status(200).json();
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Ends writing; returns when it is answered.
    pub async fn close(&self, target: &Target) {
        let call = match self.end {
            End::Suspension => {
                self.call("PATCH", &format!("/tenants/{}", target.tenant)).json(json!({ "status": "suspended" }))
            }
            End::Archive => self.app.operator("DELETE", CUSTOMER),
            End::OfUser => self.call("DELETE", &format!("/users/{}", target.user)),
            End::Deprovision => self.call("DELETE", &format!("/tenants/by-external-id/{}", target.external_id)),
            End::OfSigningKey => {
                let retired = self.app.direct_store().retire_signing_key(target.kid.expect("a key")).await;
                return retired.expect("the key can be retired");
            }
        };
        let (answer, is_repeated) = self.insist(call).await;
        let is_done = matches!(answer.status, 200 | 204) || is_repeated && answer.status == 404;
        assert!(is_done, "{answer}");
    }

    /// Begins writing again; the target, where it is another one.
    pub async fn open(&self, target: &Target, round: usize) -> Option<Target> {
        let active = json!({ "status": "active" });
        let call = match self.end {
            End::Suspension => self.call("PATCH", &format!("/tenants/{}", target.tenant)).json(active),
            End::Archive => self.app.operator("POST", &format!("{CUSTOMER}/restore")),
            End::OfUser => self.call("PATCH", &format!("/users/{}", target.user)).json(active),
            End::Deprovision => return Some(self.target(&format!("t{round}"), [1; 3]).await),
            End::OfSigningKey => {
                let kid = self.app.direct_store().create_signing_key().await.expect("the key can be made").kid();
                let credential = self.token(target).await;
                return Some(Target { credential, kid: Some(kid), ..target.clone() });
            }
        };
        self.insist(call).await.0.expect_status(200);
        None
    }

    /// What is stored that the writers of a target may change: its conversations, the newest ones of its user, its leases.
    pub async fn stored(&self, target: &Target) -> Vec<Value> {
        let (root, user) = (&self.root, &target.user[4..]);
        let (tag, tags) = (&user[10..16], &user[10..22]);
        let conversation = |id: &String| json!({ "pk": { "S": format!("I#{root}#C#{tags}") }, "sk": { "S": id[4..] } });
        let mut keys: Vec<Value> = target.conversations.iter().flatten().map(conversation).collect();
        keys.push(json!({ "pk": { "S": format!("I#{root}#L") }, "sk": { "S": tag } }));
        let request = json!({ &self.app.table: { "Keys": keys, "ConsistentRead": true } });
        let newest = json!({
            "TableName": self.app.table, "ConsistentRead": true, "ScanIndexForward": false, "Limit": 10,
            "KeyConditionExpression": "pk = :pk", "ProjectionExpression": "sk, w",
            "ExpressionAttributeValues": { ":pk": { "S": format!("I#{root}#C#{tags}") } },
        });
        let (items, newest) = tokio::join!(
            self.app.store.call("BatchGetItem", json!({ "RequestItems": request })),
            self.app.store.call("Query", newest),
        );
        let (items, newest) = (items.expect("the items can be read"), newest.expect("the user's can be read"));
        let mut stored = items["Responses"][&self.app.table].as_array().expect("a list").clone();
        stored.sort_by_key(|item| item["sk"]["S"].to_string());
        stored.push(newest["Items"].clone());
        stored
    }
}
