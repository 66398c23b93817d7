//! What is made with an idempotency key, under faults and once more without them.

use crate::{App, Exchange};
use serde_json::{Value, json};

/// Something to be made once.
#[derive(Clone, Debug)]
pub(super) struct Keyed {
    /// Its external id, or its name; also the key.
    pub name: String,
    path: &'static str,
    body: Value,
}

impl Keyed {
    /// What a round makes: tenants and repositories.
    pub fn of_round(round: usize) -> Vec<Self> {
        let tenant = |step: usize| {
            let name = format!("keyed-tenant-{round}-{step}");
            Self { path: "/tenants", body: json!({ "external_id": name }), name }
        };
        let repository = |step: usize| {
            let name = format!("keyed-repository-{round}-{step}");
            let body = json!({ "name": name, "repo_url": "https://example.com/repository.git" });
            Self { path: "/repositories", body, name }
        };
        vec![tenant(0), repository(0), tenant(1), repository(1)]
    }

    async fn send(&self, app: &App, key: &str) -> Result<Exchange, String> {
        let answer = app.with_key(key, "POST", self.path).json(self.body.clone()).once(&self.name).send().await;
        match answer.status {
            201 | 503 => Ok(answer),
            _ => Err(format!("a keyed creation was answered so: {answer}")),
        }
    }

    /// The same creation twice at the same time, both with one key, until one is answered. The id of what was made.
    pub async fn make(&self, app: &App, key: &str) -> Result<Option<String>, String> {
        for _ in 0..3 {
            let (one, other) = tokio::try_join!(self.send(app, key), self.send(app, key))?;
            let made: Vec<&Exchange> = [&one, &other].into_iter().filter(|answer| answer.status == 201).collect();
            if let [one, other] = made[..]
                && one.body != other.body
            {
                return Err(format!("one key, two answers: {one} {other}"));
            }
            if let Some(made) = made.first() {
                return Ok(made.json()["id"].as_str().map(str::to_owned));
            }
        }
        Ok(None)
    }

    /// Once more, with no fault in the way: a replay if there is such a thing in the table, and now it is made if not.
    pub async fn make_again(&self, app: &App, key: &str, items: &[Value]) -> Result<String, String> {
        let is_it = |item: &&Value| {
            let name = if item["type"]["S"] == "tenant" { "external_id" } else { "name" };
            ["tenant", "repository"].map(Value::from).contains(&item["type"]["S"]) && item[name]["S"] == self.name
        };
        let before = items.iter().find(is_it).and_then(|item| item["id"]["S"].as_str());
        let answer = self.send(app, key).await?;
        let id = answer.json()["id"].as_str().unwrap_or_default().to_owned();
        let is_replay = answer.header("idempotency-replayed") == Some("true");
        if answer.status != 201 || is_replay != before.is_some() || before.is_some_and(|before| before != id) {
            return Err(format!("{} is {before:?}, and was answered so: {answer}", self.name));
        }
        Ok(id)
    }
}
