//! Reads everything that a world's keys can read, from two stacks at once, and compares the answers.
//!
//! Compared are status, headers and body, to the byte; only the request id and the date differ. Nothing is written.
//! Invariant: a walk that leaves out a function with a GET route fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use local::{Error, Result, http::Response, template::Template};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    seed::{Customer, World},
    stack::{Stack, text},
};

/// Differences that are reported in full; the others are counted.
const REPORTED: usize = 10;

/// Headers that differ from request to request.
const PASSING: [&str; 3] = ["date", "x-request-id", "apigw-requestid"];

/// Ids of the right form that nothing has.
const ABSENT: &str = "01arz3ndektsv4rrffq69g5fav";

/// How two answers to one request are compared: an explanation of the difference, if there is one.
pub type Compare = fn(&Answer, &Answer) -> Option<String>;

/// A response without what differs from request to request.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    fn new(response: &Response) -> Self {
        let headers = response.headers.iter().filter(|(name, _)| !PASSING.contains(&name.as_str()));
        let mut body = response.text();
        if let Some(id) = response.header("x-request-id") {
            body = body.replace(id, "REQUEST");
        }
        Self { status: response.status, headers: headers.cloned().collect(), body }
    }
}

/// Both answers must be the same.
pub fn equal(one: &Answer, other: &Answer) -> Option<String> {
    (one != other).then(|| format!("{one:?}\nis not\n{other:?}"))
}

/// What a newer release may answer: the same status and headers, and a body with all that the older one's has. It may have more members.
pub fn compatible(older: &Answer, newer: &Answer) -> Option<String> {
    let body =
        |answer: &Answer| serde_json::from_str(&answer.body).unwrap_or_else(|_| Value::from(answer.body.clone()));
    let (old, new): (Value, Value) = (body(older), body(newer));
    // The description of the API is of its release, and so is its entity tag.
    if older.status == newer.status && old.get("openapi").is_some() && new.get("openapi").is_some() {
        return None;
    }
    let header = |(name, value): (&String, &String)| name == "content-length" || newer.headers.get(name) == Some(value);
    let same = older.status == newer.status && older.headers.iter().all(header) && includes(&new, &old);
    (!same).then(|| format!("{older:?}\nbecomes\n{newer:?}"))
}

/// Whether a value has all that another has: more members, but no other values, and no more or fewer rows.
fn includes(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            // What a problem type says to people is of its release.
            let is_problem = old.get("object").is_some_and(|object| object == "problem_type");
            let mut members = old.iter().filter(|(name, _)| !is_problem || !matches!(name.as_str(), "when" | "action"));
            members.all(|(name, old)| new.get(name).is_some_and(|new| includes(new, old)))
        }
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| includes(new, old))
        }
        (new, old) => new == old,
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Report {
    /// Answers of each stack.
    pub answers: usize,
    /// The same by status.
    pub statuses: BTreeMap<u16, usize>,
    pub differences: usize,
    /// The first differences.
    pub first: Vec<String>,
    /// The routes that answered 200.
    routes: BTreeSet<String>,
}

/// A walk in progress.
struct Walk {
    one: Arc<Stack>,
    other: Arc<Stack>,
    compare: Compare,
    /// Rows per page.
    page: usize,
    differences: AtomicUsize,
    report: Mutex<Report>,
}

/// Reads all that the world's keys can read. An error means that a list or an item could not be read from the first stack.
pub async fn walk(
    template: &Template,
    world: &World,
    (one, other): (&Arc<Stack>, &Arc<Stack>),
    page: usize,
    compare: Compare,
) -> Result<Report> {
    let (one, other) = (one.clone(), other.clone());
    let walk = Walk { one, other, compare, page, differences: AtomicUsize::new(0), report: Mutex::default() };
    let walk = Arc::new(walk);
    walk.public().await?;
    let mut foreign = None;
    for operator in &world.operators {
        walk.operator(operator).await?;
    }
    let mut tasks = JoinSet::new();
    for customer in &world.customers {
        let (walk, customer, before) = (walk.clone(), customer.clone(), foreign.replace(customer.clone()));
        tasks.spawn(async move { walk.customer(&customer, before.as_ref()).await });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(|error| Error::new(error.to_string()))??;
    }
    let mut report = std::mem::take(&mut *walk.report.lock().unwrap_or_else(PoisonError::into_inner));
    report.differences = walk.differences.load(Ordering::Relaxed);
    let is_read = |function: &&local::template::Function| {
        let mut gets = function.routes.iter().filter(|route| route.method == "GET").peekable();
        gets.peek().is_none() || gets.any(|route| report.routes.contains(&route.path))
    };
    match template.functions.iter().find(|function| !is_read(function)) {
        Some(function) => Err(Error::new(format!("the walk leaves out {}", function.name))),
        None => Ok(report),
    }
}

/// The id of a row: an attachment has that of its repository.
pub fn row_id(row: &Value) -> Result<String> {
    text(row, "id").or_else(|error| text(row.get("repository").ok_or(error)?, "id"))
}

/// The answer to a read. What is answered 5xx again and again is an error of the stack.
async fn answered(stack: &Stack, key: &str, path: &str) -> Result<Response> {
    let answer = stack.send(key, "GET", path, &[], &Value::Null).await?;
    if answer.status < 500 {
        return Ok(answer);
    }
    Err(Error::new(format!("GET {path} answered {} {}\n{}", answer.status, answer.text(), stack.log())))
}

impl Walk {
    /// One read from both stacks; `route` is the template's path. Returns the body, `null` unless it was answered 200.
    async fn read(&self, key: &str, route: &str, path: &str) -> Result<Value> {
        let (one, other) = tokio::join!(answered(&self.one, key, path), answered(&self.other, key, path));
        let (one, other) = (one?, other?);
        let difference = (self.compare)(&Answer::new(&one), &Answer::new(&other));
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.answers += 1;
        *report.statuses.entry(one.status).or_default() += 1;
        if one.status == 200 {
            report.routes.insert(route.to_owned());
        }
        if let Some(difference) = difference {
            self.differences.fetch_add(1, Ordering::Relaxed);
            if report.first.len() < REPORTED {
                report.first.push(format!("GET {path}: {difference}"));
            }
        }
        Ok(if one.status == 200 { one.json() } else { Value::Null })
    }

    /// One item, of a route whose only parameter is its id.
    async fn item(&self, key: &str, route: &str, id: &str) -> Result<Value> {
        let (before, after) = route.split_once('{').ok_or_else(|| Error::new(format!("{route} has no parameter")))?;
        let after = after.split_once('}').map_or("", |(_, after)| after);
        self.read(key, route, &format!("{before}{id}{after}")).await
    }

    /// All pages of a list; returns the rows.
    async fn list(&self, key: &str, route: &str, path: &str) -> Result<Vec<Value>> {
        let (mut rows, mut after) = (Vec::new(), String::new());
        let join = if path.contains('?') { '&' } else { '?' };
        loop {
            let mut page = self.read(key, route, &format!("{path}{join}limit={}{after}", self.page)).await?;
            let more = page.get("has_more").and_then(Value::as_bool).unwrap_or_default();
            if let Some(Value::Array(page)) = page.get_mut("data").map(Value::take) {
                rows.extend(page);
            }
            match rows.last() {
                Some(last) if more => after = format!("&starting_after={}", row_id(last)?),
                _ => return Ok(rows),
            }
        }
    }

    async fn public(&self) -> Result<()> {
        for route in ["/openapi.json", "/.well-known/jwks.json"] {
            self.read("", route, route).await?;
        }
        // The time is in it.
        for stack in [&self.one, &self.other] {
            stack.call("", "GET", "/health", Value::Null).await?;
        }
        self.report.lock().unwrap_or_else(PoisonError::into_inner).routes.insert("/health".to_owned());
        let problems = self.read("", "/problems", "/problems").await?;
        for problem in problems.get("data").and_then(Value::as_array).into_iter().flatten() {
            self.item("", "/problems/{slug}", &text(problem, "slug")?).await?;
        }
        for (key, path) in [("", "/integration/self"), ("sk_int_unknown", "/tenants"), ("", "/no/such/path")] {
            self.read(key, "", path).await?;
        }
        Ok(())
    }

    /// An operator's customers by page, archived ones too, each customer by id and slug, and its keys.
    async fn operator(&self, key: &str) -> Result<()> {
        const CUSTOMERS: &str = "/v1/customers";
        let mut token = String::new();
        loop {
            let path = format!("{CUSTOMERS}?page.page_size=3&page.show_archived=true&page.page_token={token}");
            let page = self.read(key, CUSTOMERS, &path).await?;
            for customer in page.get("customers").and_then(Value::as_array).into_iter().flatten() {
                for id in [text(customer, "id")?, text(customer, "customer_id")?] {
                    self.item(key, "/v1/customers/{customer_id}", &id).await?;
                    self.item(key, "/v1/customers/{customer_id}/keys", &id).await?;
                }
            }
            match page.pointer("/page/next_page_token").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => token = next.to_owned(),
                _ => break,
            }
        }
        self.item(key, "/v1/customers/{customer_id}", "no-such-customer").await?;
        self.item(key, "/v1/customers/{customer_id}/keys", &format!("cust_{ABSENT}")).await.map(drop)
    }

    /// All of a customer, and that of another one, which it must not see.
    async fn customer(&self, customer: &Customer, foreign: Option<&Customer>) -> Result<()> {
        let key = customer.key.as_str();
        self.read(key, "/integration/self", "/integration/self").await?;
        // The wrong kind of credential.
        self.read(key, "", "/v1/customers").await?;
        self.read(&customer.operator, "", "/tenants").await?;
        for repository in self.list(key, "/repositories", "/repositories").await? {
            self.item(key, "/repositories/{repository_id}", &text(&repository, "id")?).await?;
        }
        self.list(key, "/tenants", "/tenants?status=suspended").await?;
        for tenant in self.list(key, "/tenants", "/tenants").await? {
            self.tenant(key, &tenant).await?;
        }
        self.list(key, "/users", "/users").await?;
        for (route, prefix) in [
            ("/tenants/{tenant_id}", "tnt"),
            ("/repositories/{repository_id}", "rep"),
            ("/users/{user_id}", "usr"),
            ("/roles/{role_id}", "rol"),
            ("/conversations/{conversation_id}", "con"),
            ("/conversations/{conversation_id}/messages", "con"),
        ] {
            self.item(key, route, &format!("{prefix}_{ABSENT}")).await?;
        }
        if let Some(foreign) = foreign {
            for id in foreign.ids() {
                self.item(key, "/repositories/{repository_id}", id).await?;
            }
        }
        self.token(&customer.token, &customer.user).await
    }

    /// A tenant and all that it has.
    async fn tenant(&self, key: &str, tenant: &Value) -> Result<()> {
        let id = text(tenant, "id")?;
        self.item(key, "/tenants/{tenant_id}", &id).await?;
        if let Some(external) = tenant.get("external_id").and_then(Value::as_str) {
            self.item(key, "/tenants/by-external-id/{external_id+}", external).await?;
        }
        self.list(key, "/tenants/{tenant_id}/repositories", &format!("/tenants/{id}/repositories")).await?;
        for role in self.list(key, "/tenants/{tenant_id}/roles", &format!("/tenants/{id}/roles")).await? {
            self.item(key, "/roles/{role_id}", &text(&role, "id")?).await?;
        }
        for user in self.list(key, "/users", &format!("/users?tenant_id={id}")).await? {
            let user_id = text(&user, "id")?;
            self.item(key, "/users/{user_id}", &user_id).await?;
            if let Some(external) = user.get("external_id").and_then(Value::as_str) {
                let path = format!("/tenants/{id}/users/by-external-id/{external}");
                self.read(key, "/tenants/{tenant_id}/users/by-external-id/{external_id+}", &path).await?;
            }
            self.list(key, "/conversations", &format!("/conversations?user_id={user_id}")).await?;
        }
        for conversation in self.list(key, "/conversations", &format!("/conversations?tenant_id={id}")).await? {
            self.conversation(key, &text(&conversation, "id")?).await?;
        }
        Ok(())
    }

    async fn conversation(&self, key: &str, id: &str) -> Result<()> {
        self.item(key, "/conversations/{conversation_id}", id).await?;
        let messages = format!("/conversations/{id}/messages");
        self.list(key, "/conversations/{conversation_id}/messages", &messages).await.map(drop)
    }

    /// What an end user sees with a token that the first stack signed.
    async fn token(&self, token: &str, user: &str) -> Result<()> {
        for conversation in self.list(token, "/conversations", &format!("/conversations?user_id={user}")).await? {
            self.conversation(token, &text(&conversation, "id")?).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, etag: &str, body: &str) -> Answer {
        Answer { status, headers: BTreeMap::from([("etag".to_owned(), etag.to_owned())]), body: body.to_owned() }
    }

    #[test]
    fn a_newer_release_may_add_members_and_nothing_else() {
        let older = answer(200, "1", r#"{"a": 1, "rows": [{"b": null}]}"#);
        for body in [r#"{"a": 1, "rows": [{"b": null}]}"#, r#"{"a": 1, "c": 2, "rows": [{"b": null, "d": 3}]}"#] {
            assert_eq!(compatible(&older, &answer(200, "1", body)), None);
        }
        for newer in [
            answer(404, "1", &older.body),
            answer(200, "2", &older.body),
            answer(200, "1", r#"{"a": 2, "rows": [{"b": null}]}"#),
            answer(200, "1", r#"{"a": 1, "rows": [{}]}"#),
            answer(200, "1", r#"{"a": 1, "rows": [{"b": null}, {"b": null}]}"#),
            answer(200, "1", "no JSON"),
        ] {
            assert!(compatible(&older, &newer).is_some(), "{newer:?}");
        }
        let problem = |when: u32, slug: u32| {
            answer(200, "1", &format!(r#"{{"object": "problem_type", "when": {when}, "slug": {slug}}}"#))
        };
        assert_eq!(compatible(&problem(1, 1), &problem(2, 1)), None);
        assert!(compatible(&problem(1, 1), &problem(1, 2)).is_some());
        assert_eq!(compatible(&answer(200, "1", "{\"openapi\": 1}"), &answer(200, "2", "{\"openapi\": 2}")), None);
    }
}
