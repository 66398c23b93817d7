//! A stack on one table: the template's gateway and functions as processes.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use local::{
    Error, Result,
    gateway::Gateway,
    http::{Client, Response},
    keys,
    lambda::{Lambda, Options},
    store::Endpoint,
    template::Template,
};
use serde_json::Value;

/// Processes per function: the drill is about answers, not about load.
const CONCURRENCY: usize = 2;

/// How often a request is sent that is answered 5xx. A busy machine may answer so, and clients repeat it.
const ATTEMPTS: u32 = 5;

/// Where clients find the API, before and after: a restored stack takes over the domain name. With another one, the tokens of end users
/// would end with the old stack, because they name the API that issued them.
const PUBLIC_URL: &str = "https://api.example.com";

/// What all stacks of a drill have in common.
#[derive(Clone)]
pub struct Place {
    pub template: Template,
    pub store: Endpoint,
    /// The programs: functions, operator-key and signing-key.
    pub programs: PathBuf,
}

/// A running stack; dropping it ends it.
pub struct Stack {
    pub table: String,
    gateway: Gateway,
    lambda: Lambda,
    client: Client,
    /// The number of POST requests.
    posts: AtomicUsize,
}

impl Stack {
    /// Starts one on a table that exists.
    pub async fn start(place: &Place, table: &str) -> Result<Self> {
        let mut options = Options::new(&place.programs);
        options.concurrency = CONCURRENCY;
        options.timeouts = place.template.timeouts();
        let values = [("Table", table), ("PublicUrl", PUBLIC_URL)];
        let values = BTreeMap::from(values.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for function in &place.template.functions {
            let mut environment = place.template.environment(&function.name, &values)?;
            environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), place.store.url().to_owned());
            options.environment.insert(function.name.clone(), environment);
        }
        let lambda = Lambda::start(options).await?;
        let gateway = Gateway::start(([127, 0, 0, 1], 0).into(), &place.template, lambda.clone()).await?;
        Ok(Self { table: table.to_owned(), gateway, lambda, client: Client::new(), posts: AtomicUsize::new(0) })
    }

    pub fn url(&self) -> String {
        self.gateway.url()
    }

    /// The errors that the functions logged last.
    pub fn log(&self) -> String {
        let text = self.lambda.log_text();
        let errors: Vec<&str> = text.lines().filter(|line| line.contains("\"level\":")).collect();
        errors.get(errors.len().saturating_sub(5)..).unwrap_or_default().join("\n")
    }

    /// Invokes a function that has no route.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<()> {
        let answer = self.lambda.invoke(function, event.to_string()).await;
        answer.map(drop).map_err(|error| Error::new(format!("{function}: {error}\n{}", self.log())))
    }

    /// Sends a request, again if it is answered 5xx; `null` is no body.
    pub async fn send(
        &self,
        key: &str,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &Value,
    ) -> Result<Response> {
        let authorization = format!("Bearer {key}");
        let mut headers = vec![("authorization", authorization.as_str())];
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !text.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        headers.extend(more);
        let url = format!("{}{path}", self.url());
        let mut attempt = 1;
        loop {
            let answer = self.client.request(method, &url, &headers, text.clone()).await?;
            if answer.status < 500 || attempt == ATTEMPTS {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_secs(1) * attempt).await;
            attempt += 1;
        }
    }

    /// Sends a request that must be answered 2xx; returns the body. A POST has an Idempotency-Key, so that nothing is done twice.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: Value) -> Result<Value> {
        // Not that of another stack on the same table.
        let own = format!("{}-{}", self.url(), self.posts.fetch_add(1, Ordering::Relaxed));
        let more: &[_] = if method == "POST" { &[("idempotency-key", own.as_str())] } else { &[] };
        let answer = self.send(key, method, path, more, &body).await?;
        match answer.status {
            200..300 => Ok(answer.json()),
            status => Err(Error::new(format!("{method} {path} answered {status}: {}\n{}", answer.text(), self.log()))),
        }
    }
}

/// A text member of an answer.
pub fn text(answer: &Value, member: &str) -> Result<String> {
    let text = answer.get(member).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Error::new(format!("no {member} in {answer}")))
}

/// Makes a key of an operator.
pub async fn operator_key(place: &Place, table: &str, operator: &str) -> Result<String> {
    keys::operator_key(&place.programs, place.store.url(), table, operator).await
}

/// Makes a key that signs tokens.
pub async fn signing_key(place: &Place, table: &str) -> Result<String> {
    keys::signing_key(&place.programs, place.store.url(), table).await
}
