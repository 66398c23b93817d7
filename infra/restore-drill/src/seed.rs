//! Fills a table through the API: up to two operators, their customers, and everything below them, in every state that an answer shows.
//!
//! Invariant: all items are written by the functions and the two key programs, as in production.

use std::sync::Arc;

use local::{Error, Result, store::Endpoint};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::stack::{Place, Stack, operator_key, signing_key, text};

const OPERATORS: [&str; 2] = ["north", "south"];

/// Messages of a long conversation: more than a page.
const MESSAGES: usize = 45;

/// A customer, and who may read it.
#[derive(Clone, Debug)]
pub struct Customer {
    pub slug: String,
    /// The key of its operator.
    pub operator: String,
    pub key: String,
    /// A token of one of its users, and that user's id.
    pub token: String,
    pub user: String,
    /// The repositories that its tenants get.
    repositories: Vec<String>,
}

impl Customer {
    /// Ids that only this customer may see.
    pub fn ids(&self) -> impl Iterator<Item = &String> {
        self.repositories.iter()
    }
}

/// What was made: the keys with which all of it can be read.
#[derive(Clone, Debug)]
pub struct World {
    pub operators: Vec<String>,
    pub customers: Vec<Customer>,
}

/// Fills the table of a stack with about `items` items, and at least the first tenants of each customer.
pub async fn fill(place: &Place, stack: &Arc<Stack>, customers: usize, items: usize) -> Result<World> {
    signing_key(place, &stack.table).await?;
    let mut operators = Vec::new();
    for name in OPERATORS.into_iter().take(customers) {
        operators.push(operator_key(place, &stack.table, name).await?);
    }
    let mut made = Vec::new();
    for (number, operator) in (0..customers).zip(operators.iter().cycle()) {
        made.push(customer(stack, operator, &format!("customer-{number}")).await?);
    }
    let before = count(&place.store, &stack.table).await?;
    round(stack, &mut made, 0..1).await?;
    let first = count(&place.store, &stack.table).await?;
    let more = items.saturating_sub(first).div_ceil(first.saturating_sub(before).max(1));
    round(stack, &mut made, 1..1 + more).await?;
    archived(stack, &operators).await?;
    Ok(World { operators, customers: made })
}

/// The number of items.
async fn count(store: &Endpoint, table: &str) -> Result<usize> {
    let (mut count, mut body) = (0, json!({"TableName": table, "Select": "COUNT"}));
    loop {
        let mut page = store.call("Scan", body.clone()).await?;
        count +=
            page.get("Count").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
        match (page.get_mut("LastEvaluatedKey").map(Value::take), body.as_object_mut()) {
            (Some(last), Some(body)) => body.insert("ExclusiveStartKey".to_owned(), last),
            _ => return Ok(count),
        };
    }
}

/// A customer with three keys, of which one is revoked and one was rotated, and with repositories.
async fn customer(stack: &Stack, operator: &str, slug: &str) -> Result<Customer> {
    let body = json!({"customer_id": slug, "display_name": format!("Customer {slug}"), "labels": {"tier": "gold"}});
    stack.call(operator, "POST", "/v1/customers", body).await?;
    let keys = format!("/v1/customers/{slug}/keys");
    let key = async |name: &str| stack.call(operator, "POST", &keys, json!({ "name": name })).await;
    // A request that was repeated is not answered with the secret.
    let adapter = loop {
        let made = key("adapter").await?;
        if made.get("api_key_once").is_some_and(Value::is_string) {
            break made;
        }
    };
    let (old, lost) = (key("old").await?, key("lost").await?);
    let path = format!("{keys}/{}/rotate", text(&old, "key_id")?);
    stack.call(operator, "POST", &path, json!({"overlap_seconds": 3600})).await?;
    stack.call(operator, "DELETE", &format!("{keys}/{}", text(&lost, "key_id")?), Value::Null).await?;
    let key = text(&adapter, "api_key_once")?;
    let mut repositories = Vec::new();
    for number in 0..3 {
        let body = json!({"name": format!("repository-{number}"), "repo_url": "https://git.example.com/r.git"});
        repositories.push(text(&stack.call(&key, "POST", "/repositories", body).await?, "id")?);
    }
    Ok(Customer {
        slug: slug.to_owned(),
        operator: operator.to_owned(),
        key,
        token: String::new(),
        user: String::new(),
        repositories,
    })
}

/// Adds these tenants to each customer, all customers at once.
async fn round(stack: &Arc<Stack>, customers: &mut [Customer], numbers: std::ops::Range<usize>) -> Result<()> {
    let mut tasks = JoinSet::new();
    for (index, customer) in customers.iter().cloned().enumerate() {
        let (stack, numbers) = (stack.clone(), numbers.clone());
        tasks.spawn(async move {
            let mut last = None;
            for number in numbers {
                for small in 0..3 {
                    tenant(&stack, &customer, &format!("small-{number}-{small}")).await?;
                }
                last = Some(large_tenant(&stack, &customer, &format!("large-{number}")).await?);
            }
            Ok::<_, Error>((index, last))
        });
    }
    while let Some(done) = tasks.join_next().await {
        let (index, last) = done.map_err(|error| Error::new(error.to_string()))??;
        if let (Some(customer), Some((token, user))) = (customers.get_mut(index), last) {
            (customer.token, customer.user) = (token, user);
        }
    }
    Ok(())
}

/// A tenant with an external id, a repository and a user; returns the ids of tenant and user.
async fn tenant(stack: &Stack, customer: &Customer, external: &str) -> Result<(String, String)> {
    let key = customer.key.as_str();
    let body = json!({"external_id": external, "name": format!("Tenant {external}"), "metadata": {"plan": "pro"}});
    let made = stack.send(key, "POST", "/tenants", &[("idempotency-key", external)], &body).await?;
    let tenant = text(&made.json(), "id")?;
    if let Some(repository) = customer.repositories.first() {
        let body = json!({"is_default": true});
        stack.call(key, "PUT", &format!("/tenants/{tenant}/repositories/{repository}"), body).await?;
    }
    let user = format!("/tenants/{tenant}/users/by-external-id/{external}-first");
    let user = text(&stack.call(key, "PUT", &user, json!({"email": "first@example.com"})).await?, "id")?;
    Ok((tenant, user))
}

/// A tenant with users, roles, conversations and messages in several states; returns a token of its first user, and the user.
async fn large_tenant(stack: &Stack, customer: &Customer, external: &str) -> Result<(String, String)> {
    let (tenant, first) = tenant(stack, customer, external).await?;
    let call = async |method: &str, path: &str, body: Value| stack.call(&customer.key, method, path, body).await;
    let role = json!({"name": "reviewer", "repository_id": customer.repositories.first()});
    let role = text(&call("POST", &format!("/tenants/{tenant}/roles"), role).await?, "id")?;
    call("POST", &format!("/tenants/{tenant}/roles"), json!({"name": "admin"})).await?;
    for (number, status) in ["active", "suspended", "active"].into_iter().enumerate() {
        let path = format!("/tenants/{tenant}/users/by-external-id/{external}-{number}");
        let user = text(&call("PUT", &path, json!({"display_name": format!("User {number}")})).await?, "id")?;
        call("PATCH", &format!("/users/{user}"), json!({"role_ids": [role], "status": status})).await?;
    }
    for (number, runtime) in ["sticky", "ephemeral"].into_iter().enumerate() {
        let mut body = json!({"user_id": first, "title": format!("Conversation {number}")});
        if let (true, Some(body)) = (runtime == "sticky", body.as_object_mut()) {
            body.insert("runtime".to_owned(), json!({"mode": "sticky"}));
        }
        let conversation = format!("/conversations/{}", text(&call("POST", "/conversations", body).await?, "id")?);
        for message in 0..(if number == 0 { MESSAGES } else { 2 }) {
            let body = json!({"content": format!("Message {message}: what is due this week?"), "metadata": {"channel": "web"}});
            call("POST", &format!("{conversation}/messages"), body).await?;
        }
        if number == 1 {
            call("DELETE", &conversation, Value::Null).await?;
        }
    }
    let body = json!({
        "tenant_external_id": external, "user_external_id": format!("{external}-first"), "ttl_seconds": 3600,
    });
    let token = text(&call("POST", "/auth/token-exchange", body).await?, "token")?;
    let suspended = text(&call("POST", "/tenants", json!({"name": "suspended"})).await?, "id")?;
    call("PATCH", &format!("/tenants/{suspended}"), json!({"status": "suspended"})).await?;
    Ok((token, first))
}

/// Each operator gets an archived customer, and one that was archived and restored.
async fn archived(stack: &Stack, operators: &[String]) -> Result<()> {
    for operator in operators {
        for slug in ["archived", "restored"] {
            stack.call(operator, "POST", "/v1/customers", json!({"customer_id": slug})).await?;
            stack.call(operator, "DELETE", &format!("/v1/customers/{slug}"), Value::Null).await?;
        }
        stack.call(operator, "POST", "/v1/customers/restored/restore", Value::Null).await?;
    }
    Ok(())
}
