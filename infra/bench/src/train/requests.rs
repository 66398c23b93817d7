//! The requests of the training: every operation as a correct client uses it and, less often, requests that fail.
//!
//! Requests that are frequent in production are frequent here, because the optimiser weights code by how often it ran.

use local::{
    Error, Result,
    http::Response,
    proxy::{Action, FaultProxy, Rule},
};
use serde_json::{Value, json};

use crate::api::{Api, text};

/// How many times the successful requests are sent in each round.
pub(super) const PASSES: usize = 8;

/// Keys that were never issued, one of each kind.
const UNKNOWN_KEYS: [&str; 2] = ["sk_op_bench_unknown", "sk_int_unknown"];

/// Faults of the store that are injected into every kind of write.
fn faults() -> [Action; 4] {
    [Action::DropAfter, Action::DropBefore, Action::Throttle, Action::Conflict]
}

const WRITES: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];

/// One round of requests.
pub struct Requests<'a> {
    pub api: &'a Api,
    pub proxy: &'a FaultProxy,
    pub operator: &'a str,
    pub round: usize,
}

type Headers<'a> = &'a [(&'a str, &'a str)];

impl Requests<'_> {
    pub async fn all(&self) -> Result<()> {
        self.public().await?;
        let slug = format!("customer-{}", self.round);
        self.customers(&slug).await?;
        let key = self.keys(&slug).await?;
        let repositories = self.repositories(&key).await?;
        for pass in 0..PASSES {
            self.tenant(&key, pass, &repositories).await?;
        }
        let repository = repositories.first().ok_or_else(|| Error::new("no repository remains"))?;
        self.enforcement(&key, repository).await?;
        self.refused(&key).await?;
        for (number, fault) in faults().into_iter().enumerate() {
            self.under_fault(&key, &slug, number, fault).await?;
        }
        self.archive(&slug, &key).await
    }

    async fn public(&self) -> Result<()> {
        for path in ["/health", "/openapi.json", "/problems", "/problems/not-found"] {
            for _ in 0..PASSES {
                self.expect("", "GET", path, &[], Value::Null, &[200]).await?;
            }
            self.expect("", "HEAD", path, &[], Value::Null, &[200, 404]).await?;
        }
        self.expect("", "GET", "/problems/unknown", &[], Value::Null, &[404]).await?;
        self.expect("", "GET", "/nowhere", &[], Value::Null, &[404]).await?;
        self.expect("", "POST", "/health", &[], Value::Null, &[405]).await.map(drop)
    }

    /// The operations of an operator on customers.
    async fn customers(&self, slug: &str) -> Result<()> {
        let operator = self.operator;
        let again = [("idempotency-key", slug)];
        let body =
            json!({"customer_id": slug, "display_name": "Acme Industries", "labels": {"tier": "gold", "region": "eu"}});
        self.expect(operator, "POST", "/v1/customers", &again, body.clone(), &[201]).await?;
        self.expect(operator, "POST", "/v1/customers", &again, body.clone(), &[201]).await?;
        self.expect(operator, "POST", "/v1/customers", &[], body, &[409]).await?;
        let path = format!("/v1/customers/{slug}");
        for pass in 0..PASSES {
            let other = json!({"customer_id": format!("{slug}-{pass}"), "description": "one of many"});
            self.expect(operator, "POST", "/v1/customers", &[], other, &[201]).await?;
            self.read(operator, &path).await?;
            let body = json!({"description": format!("pass {pass}"), "labels": {"pass": pass.to_string()}});
            self.write(operator, "PATCH", &path, body).await?;
            for query in
                ["", "?page.page_size=5&page.filter=labels.tier%20%3D%20%22gold%22", "?page.order_by=created_at%20desc"]
            {
                self.expect(operator, "GET", &format!("/v1/customers{query}"), &[], Value::Null, &[200]).await?;
            }
        }
        self.expect(operator, "GET", "/v1/customers?page.filter=x", &[], Value::Null, &[422]).await.map(drop)
    }

    /// The operations on the customer's keys; returns the secret of the last key.
    async fn keys(&self, slug: &str) -> Result<String> {
        let (operator, path) = (self.operator, format!("/v1/customers/{slug}/keys"));
        let mut secret = String::new();
        for pass in 0..PASSES {
            let name = format!("{slug} adapter {pass}");
            let again = [("idempotency-key", name.as_str())];
            let issued = self.expect(operator, "POST", &path, &again, json!({"name": name}), &[201]).await?.json();
            self.expect(operator, "GET", &path, &[], Value::Null, &[200]).await?;
            let key = format!("{path}/{}", text(&issued, "/key_id")?);
            let rotated =
                self.expect(operator, "POST", &format!("{key}/rotate"), &[], Value::Null, &[201]).await?.json();
            self.expect(operator, "DELETE", &key, &[], Value::Null, &[204]).await?;
            secret = text(&rotated, "/api_key_once")?;
            self.expect(&secret, "GET", "/integration/self", &[], Value::Null, &[200]).await?;
        }
        Ok(secret)
    }

    /// Registers, changes and deletes repositories; returns three that remain.
    async fn repositories(&self, key: &str) -> Result<Vec<String>> {
        let mut remaining = Vec::new();
        for pass in 0..PASSES {
            let name = format!("plant-{pass}");
            let again = [("idempotency-key", name.as_str())];
            let body = json!({"name": name, "repo_url": "https://github.com/acme/plant.git"});
            let made = self.expect(key, "POST", "/repositories", &again, body, &[201]).await?.json();
            let id = text(&made, "/id")?;
            let path = format!("/repositories/{id}");
            self.read(key, &path).await?;
            self.write(key, "PATCH", &path, json!({"branch": format!("release-{pass}")})).await?;
            self.write(key, "PATCH", &path, json!({"name": format!("works-{pass}")})).await?;
            for query in ["".to_owned(), "?limit=3".to_owned(), format!("?name=works-{pass}")] {
                self.expect(key, "GET", &format!("/repositories{query}"), &[], Value::Null, &[200]).await?;
            }
            match pass {
                0..3 => remaining.push(id),
                _ => drop(self.expect(key, "DELETE", &path, &[], Value::Null, &[204]).await?),
            }
        }
        Ok(remaining)
    }

    /// The operations of an integration on a tenant: the most frequent requests.
    async fn tenant(&self, key: &str, pass: usize, repositories: &[String]) -> Result<()> {
        let external = format!("/tenants/by-external-id/acme:tenant:{pass}");
        let body = |name: &str| {
            json!({
                "name": name,
                "settings": {"filler_enabled": true, "default_agent_type": "claude-agent-sdk", "max_concurrent_sticky": 5},
                "metadata": {"plan": name, "region": "eu-central-1", "owner": "Jane \"JD\" Doe", "cost_center": "4711"},
            })
        };
        let made = self.expect(key, "PUT", &external, &[], body("Acme"), &[201]).await?.json();
        let id = text(&made, "/id")?;
        let path = format!("/tenants/{id}");
        self.expect(key, "PUT", &external, &[("if-none-match", "*")], body("Acme"), &[412]).await?;
        for repository in repositories {
            let path = format!("{path}/repositories/{repository}");
            self.expect(key, "PUT", &path, &[], json!({"is_default": true}), &[201]).await?;
            self.expect(key, "PUT", &path, &[], Value::Null, &[200]).await?;
        }
        for turn in 0..PASSES {
            self.read(key, &path).await?;
            self.read(key, &external).await?;
            self.write(
                key,
                "PATCH",
                &path,
                json!({"name": format!("Acme {turn}"), "metadata": {"turn": turn.to_string()}}),
            )
            .await?;
            self.expect(key, "PUT", &external, &[], body(&format!("Düsseldorf {turn}")), &[200]).await?;
            self.expect(key, "PUT", &external, &[], body(&format!("Düsseldorf {turn}")), &[200]).await?;
            self.expect(key, "GET", "/integration/self", &[], Value::Null, &[200]).await?;
        }
        for query in ["", "?limit=3", "?status=active", "?limit=101"] {
            let status = if query == "?limit=101" { 422 } else { 200 };
            self.expect(key, "GET", &format!("/tenants{query}"), &[], Value::Null, &[status]).await?;
        }
        self.expect(key, "GET", &format!("{path}/repositories"), &[], Value::Null, &[200]).await?;
        self.expect(key, "PATCH", &path, &[], json!({"default_repository_id": null}), &[200]).await?;
        // Every second tenant is deleted with its attachments, which the sweep then releases.
        match pass.is_multiple_of(2) {
            true => drop(self.expect(key, "DELETE", &external, &[], Value::Null, &[204]).await?),
            false => {
                self.expect(key, "DELETE", &path, &[], Value::Null, &[409]).await?;
                for repository in repositories {
                    let path = format!("{path}/repositories/{repository}");
                    self.expect(key, "DELETE", &path, &[], Value::Null, &[204]).await?;
                }
                self.expect(key, "DELETE", &path, &[], Value::Null, &[204]).await?;
            }
        }
        let again = format!("tenant {pass}");
        let body = json!({"external_id": format!("acme:other:{pass}"), "name": "Other"});
        for _ in 0..2 {
            self.expect(key, "POST", "/tenants", &[("idempotency-key", &again)], body.clone(), &[201]).await?;
        }
        self.expect(key, "POST", "/tenants", &[], body, &[409]).await?;
        let other = format!("/tenants/by-external-id/acme:other:{pass}");
        self.expect(key, "DELETE", &other, &[], Value::Null, &[204]).await.map(drop)
    }

    /// Refused requests of every kind.
    async fn refused(&self, key: &str) -> Result<()> {
        let tenant = "/tenants/tnt_01hzzzzzzzzzzzzzzzzzzzzzzz";
        let repository = "/repositories/rep_01hzzzzzzzzzzzzzzzzzzzzzzz";
        let operations = [
            ("GET", "/v1/customers/unknown".to_owned()),
            ("GET", tenant.to_owned()),
            ("GET", "/tenants/by-external-id/unknown".to_owned()),
            ("GET", repository.to_owned()),
            ("PATCH", tenant.to_owned()),
            ("DELETE", tenant.to_owned()),
            ("GET", format!("{tenant}/repositories")),
            ("PUT", format!("{tenant}{repository}")),
            ("DELETE", format!("{tenant}{repository}")),
        ];
        for (method, path) in &operations {
            let who = if path.starts_with("/v1") { self.operator } else { key };
            let body = if *method == "PATCH" { json!({"name": "x"}) } else { Value::Null };
            self.expect(who, method, path, &[], body, &[404]).await?;
            for unknown in UNKNOWN_KEYS {
                self.expect(unknown, method, path, &[], Value::Null, &[401]).await?;
            }
            // A key of the other kind of caller.
            let other = if path.starts_with("/v1") { key } else { self.operator };
            self.expect(other, method, path, &[], Value::Null, &[401, 403]).await?;
        }
        for (method, path) in [("POST", "/tenants"), ("POST", "/repositories"), ("PUT", "/tenants/by-external-id/x")] {
            self.expect(key, method, path, &[], json!({"name": 1, "surprise": [{}]}), &[422]).await?;
            self.expect(key, method, path, &[], json!([1, 2]), &[400, 422]).await?;
        }
        Ok(())
    }

    /// Every kind of write, and reads, while the store fails once: with a lost answer, a lost request or an error.
    async fn under_fault(&self, key: &str, slug: &str, number: usize, fault: Action) -> Result<()> {
        let external = format!("/tenants/by-external-id/fault-{number}");
        let body = json!({"name": "before"});
        let tenant = self.expect(key, "PUT", &external, &[], body, &[200, 201]).await?.json();
        let tenant = format!("/tenants/{}", text(&tenant, "/id")?);
        let named = json!({"name": format!("fault-{number}"), "repo_url": "https://github.com/acme/plant.git"});
        let repository = self.expect(key, "POST", "/repositories", &[], named, &[201]).await?.json();
        let attached = format!("{tenant}/repositories/{}", text(&repository, "/id")?);
        let customer = format!("/v1/customers/{slug}");
        let again = format!("{slug} fault {number}");
        let again = [("idempotency-key", again.as_str())];
        let other = json!({"external_id": format!("fault:{number}"), "name": "Other"});
        let calls: [(&str, &str, &str, Headers<'_>, Value); 11] = [
            (key, "PATCH", &tenant, &[], json!({"name": "after"})),
            (key, "PUT", &external, &[], json!({"name": "again"})),
            (key, "PUT", &attached, &[], json!({"is_default": true})),
            (key, "PATCH", &tenant, &[], json!({"default_repository_id": null})),
            (key, "DELETE", &attached, &[], Value::Null),
            (key, "POST", "/tenants", &again, other),
            (self.operator, "PATCH", &customer, &[], json!({"description": "after"})),
            (self.operator, "POST", &format!("{customer}/keys"), &again, json!({"name": "faulty"})),
            (key, "DELETE", &external, &[], Value::Null),
            (key, "GET", &tenant, &[], Value::Null),
            (key, "GET", "/tenants", &[], Value::Null),
        ];
        for (who, method, path, headers, body) in calls {
            let operations = if method == "GET" { &["GetItem", "BatchGetItem", "Query"][..] } else { &WRITES };
            let rules = operations.iter().map(|operation| Rule::on(operation, fault.clone()).nth(1)).collect();
            self.proxy.set_rules(rules);
            // The outcome is not checked here; the reliability tests assert it.
            let statuses = [200, 201, 202, 204, 404, 409, 500, 503];
            self.expect(who, method, path, headers, body, &statuses).await?;
        }
        self.proxy.set_rules(Vec::new());
        Ok(())
    }

    async fn archive(&self, slug: &str, key: &str) -> Result<()> {
        let path = format!("/v1/customers/{slug}");
        for _ in 0..2 {
            self.expect(self.operator, "DELETE", &path, &[], Value::Null, &[200, 204]).await?;
            self.expect(key, "GET", "/tenants", &[], Value::Null, &[401, 403]).await?;
            self.expect(self.operator, "POST", &format!("{path}/restore"), &[], Value::Null, &[200]).await?;
        }
        Ok(())
    }

    /// A read, and the same as a conditional request with the current ETag.
    pub(super) async fn read(&self, who: &str, path: &str) -> Result<()> {
        let found = self.expect(who, "GET", path, &[], Value::Null, &[200]).await?;
        let tag = found.header("etag").unwrap_or("\"0\"");
        self.expect(who, "GET", path, &[("if-none-match", tag)], Value::Null, &[304]).await.map(drop)
    }

    /// A write: unconditional, with the current ETag, with a stale ETag, and with an invalid body.
    pub(super) async fn write(&self, who: &str, method: &str, path: &str, body: Value) -> Result<()> {
        let written = self.expect(who, method, path, &[], body.clone(), &[200]).await?;
        let tag = written.header("etag").unwrap_or("\"0\"");
        self.expect(who, method, path, &[("if-match", tag)], body.clone(), &[200]).await?;
        self.expect(who, method, path, &[("if-match", "\"stale\"")], body, &[412]).await?;
        self.expect(who, method, path, &[], json!({"name": 1, "unknown": true}), &[422]).await.map(drop)
    }

    pub(super) async fn expect(
        &self,
        who: &str,
        method: &str,
        path: &str,
        headers: Headers<'_>,
        body: Value,
        statuses: &[u16],
    ) -> Result<Response> {
        let answer = self.api.send(who, method, path, headers, &body).await?;
        match statuses.contains(&answer.status) {
            true => Ok(answer),
            false => Err(Error::new(format!(
                "training: {method} {path} answered {}, expected one of {statuses:?}: {}",
                answer.status,
                answer.text()
            ))),
        }
    }
}
