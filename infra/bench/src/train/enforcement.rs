//! The requests of the training on users, roles, tokens, conversations and messages.

use local::Result;
use serde_json::{Value, json};

use super::requests::{PASSES, Requests};
use crate::api::text;

impl Requests<'_> {
    /// A tenant with users and roles, whose conversations take messages until it is suspended, and which is then deprovisioned.
    pub(super) async fn enforcement(&self, key: &str, repository: &str) -> Result<()> {
        self.expect("", "GET", "/.well-known/jwks.json", &[], Value::Null, &[200]).await?;
        let external = format!("/tenants/by-external-id/enforced-{}", self.round);
        let tenant = self.expect(key, "PUT", &external, &[], Value::Null, &[201]).await?.json();
        let tenant = format!("/tenants/{}", text(&tenant, "/id")?);
        let attached = format!("{tenant}/repositories/{repository}");
        self.expect(key, "PUT", &attached, &[], json!({"is_default": true}), &[201]).await?;
        for pass in 0..PASSES {
            let role = self.role(key, &tenant, pass, repository).await?;
            let user = self.user(key, &tenant, pass, &role).await?;
            let exchange = json!({
                "tenant_external_id": format!("enforced-{}", self.round),
                "user_external_id": format!("user-{pass}"),
            });
            let token = self.expect(key, "POST", "/auth/token-exchange", &[], exchange, &[200]).await?.json();
            let token = text(&token, "/token")?;
            for who in [key, &token] {
                self.conversation(who, &user, pass).await?;
            }
            self.expect(&token, "GET", &tenant, &[], Value::Null, &[403]).await?;
            self.expect(key, "DELETE", &format!("/users/{user}"), &[], Value::Null, &[204]).await?;
            self.expect(&token, "GET", &format!("/conversations?user_id={user}"), &[], Value::Null, &[403]).await?;
            let path = format!("/users/{user}/roles/{role}");
            self.expect(key, "DELETE", &path, &[], Value::Null, &[204]).await?;
            self.expect(key, "DELETE", &format!("/roles/{role}"), &[], Value::Null, &[204]).await?;
        }
        self.expect(key, "DELETE", &tenant, &[], Value::Null, &[409]).await?;
        self.suspension(key, &tenant).await?;
        self.expect(key, "DELETE", &external, &[], Value::Null, &[204]).await.map(drop)
    }

    /// Creates, reads and changes a role; returns its id.
    async fn role(&self, key: &str, tenant: &str, pass: usize, repository: &str) -> Result<String> {
        let roles = format!("{tenant}/roles");
        let name = format!("role-{pass}");
        let again = format!("{tenant} {name}");
        let body = json!({"name": name, "description": "reads and writes", "repository_id": repository});
        let again = [("idempotency-key", again.as_str())];
        let role = self.expect(key, "POST", &roles, &again, body.clone(), &[201]).await?.json();
        self.expect(key, "POST", &roles, &again, body.clone(), &[201]).await?;
        self.expect(key, "POST", &roles, &[], body, &[409]).await?;
        let id = text(&role, "/id")?;
        let path = format!("/roles/{id}");
        self.read(key, &path).await?;
        self.write(key, "PATCH", &path, json!({"description": "writes"})).await?;
        self.expect(key, "PATCH", &path, &[], json!({"repository_id": null}), &[200]).await?;
        for query in [String::new(), format!("?name={name}")] {
            self.expect(key, "GET", &format!("{roles}{query}"), &[], Value::Null, &[200]).await?;
        }
        Ok(id)
    }

    /// Creates, reads and changes a user, who then holds the role; returns its id.
    async fn user(&self, key: &str, tenant: &str, pass: usize, role: &str) -> Result<String> {
        let external = format!("{tenant}/users/by-external-id/user-{pass}");
        let body =
            json!({"email": format!("user-{pass}@example.com"), "display_name": "Jane Doe", "metadata": {"team": "a"}});
        let user = self.expect(key, "PUT", &external, &[], body.clone(), &[201]).await?.json();
        for _ in 0..PASSES {
            self.expect(key, "PUT", &external, &[], body.clone(), &[200]).await?;
        }
        let id = text(&user, "/id")?;
        let path = format!("/users/{id}");
        self.read(key, &external).await?;
        self.read(key, &path).await?;
        self.write(key, "PATCH", &path, json!({"display_name": "Jane"})).await?;
        self.expect(key, "PUT", &format!("{path}/roles/{role}"), &[], Value::Null, &[204]).await?;
        let id_of_tenant = tenant.trim_start_matches("/tenants/");
        for query in [String::new(), format!("?tenant_id={id_of_tenant}"), "?status=active".to_owned()] {
            self.expect(key, "GET", &format!("/users{query}"), &[], Value::Null, &[200]).await?;
        }
        Ok(id)
    }

    /// A conversation with messages, by an integration or by its user.
    async fn conversation(&self, who: &str, user: &str, pass: usize) -> Result<()> {
        let again = format!("{user} {} {pass}", who.len());
        let again = [("idempotency-key", again.as_str())];
        let body = json!({"user_id": user, "title": "Plan the week", "metadata": {"channel": "web"}});
        for _ in 0..2 {
            self.expect(who, "POST", "/conversations", &again, body.clone(), &[201]).await?;
        }
        let sticky = json!({"user_id": user, "runtime": {"mode": "sticky", "sticky_ttl_seconds": 60}});
        let made = self.expect(who, "POST", "/conversations", &[], sticky, &[201, 429]).await?;
        let made = match made.status {
            201 => made,
            _ => self.expect(who, "POST", "/conversations", &[], json!({"user_id": user}), &[201]).await?,
        };
        let path = format!("/conversations/{}", text(&made.json(), "/id")?);
        let messages = format!("{path}/messages");
        for turn in 0..PASSES {
            let body =
                json!({"content": format!("What is next, {turn}? \u{1F600}"), "metadata": {"turn": turn.to_string()}});
            self.expect(who, "POST", &messages, &[], body, &[201]).await?;
            self.read(who, &path).await?;
        }
        self.expect(who, "POST", &messages, &[], json!({"content": ""}), &[422]).await?;
        self.write(who, "PATCH", &path, json!({"title": "Plan the month"})).await?;
        for query in ["", "?order=desc&limit=3"] {
            self.expect(who, "GET", &format!("{messages}{query}"), &[], Value::Null, &[200]).await?;
        }
        self.expect(who, "GET", &format!("/conversations?user_id={user}"), &[], Value::Null, &[200]).await?;
        self.expect(who, "DELETE", &path, &[], Value::Null, &[204]).await?;
        self.expect(who, "POST", &messages, &[], json!({"content": "late"}), &[409]).await.map(drop)
    }

    /// Writes that a suspended tenant refuses.
    async fn suspension(&self, key: &str, tenant: &str) -> Result<()> {
        let path = format!("{tenant}/users/by-external-id/suspended");
        let user = self.expect(key, "PUT", &path, &[], Value::Null, &[201]).await?.json();
        let user = text(&user, "/id")?;
        let body = json!({"user_id": user});
        let made = self.expect(key, "POST", "/conversations", &[], body.clone(), &[201]).await?.json();
        let messages = format!("/conversations/{}/messages", text(&made, "/id")?);
        self.expect(key, "PATCH", tenant, &[], json!({"status": "suspended"}), &[200]).await?;
        self.expect(key, "POST", "/conversations", &[], body, &[403]).await?;
        self.expect(key, "POST", &messages, &[], json!({"content": "no"}), &[403]).await?;
        self.expect(key, "GET", &messages, &[], Value::Null, &[200]).await?;
        self.expect(key, "PATCH", tenant, &[], json!({"status": "active"}), &[200]).await.map(drop)
    }
}
