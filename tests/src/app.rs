//! One API per test.

use crate::exchange::{Call, Exchange, exchanged_with};
use crate::recorded;
use crate::world::{endpoint, functions_folder, template};
use aws_sdk_dynamodb::config::{Builder, Credentials, Region};
use local::gateway::{self, Backend, Bytes, Gateway};
use local::http::Client;
use local::lambda::{InvokeError, Lambda, Options};
use local::proxy::{FaultProxy, LogEntry, Rule};
use local::store::Endpoint;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tenancy::domain::Timestamp;
use tenancy::domain::customer::Slug;
use tenancy::domain::principal::{KeyKind, Scopes};
use tenancy::store::{Settings, Store};

/// Where clients find an API that has a mapping.
pub const PUBLIC_HOST: &str = "https://api.example.com";

/// An API of its own: gateway, functions, fault proxy, table. An operator and a key that signs tokens are there from the start.
pub struct App {
    /// The functions' processes.
    pub lambda: Lambda,
    /// Between the functions and the store.
    pub proxy: FaultProxy,
    /// The store itself, past the proxy.
    pub store: Endpoint,
    /// The table's name.
    pub table: String,
    /// A key of the operator `acme` with all scopes.
    pub operator_key: String,
    gateway: Gateway,
    access: Access,
    client: Client,
}

impl App {
    /// Starts an API with at most 8 processes per function.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts an API whose functions run as `change` says.
    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        Self::launch("", change).await.with_signing_key().await
    }

    /// Starts an API that its clients call as `https://api.example.com` and this path (`/tenancy`): a custom domain with an
    /// API mapping. [`App::url`] and all calls include the path.
    pub async fn start_mapped(mapping: &str) -> Self {
        Self::launch(mapping, |_| {}).await.with_signing_key().await
    }

    /// Starts an API that cannot sign tokens yet.
    pub async fn without_signing_key() -> Self {
        Self::launch("", |_| {}).await
    }

    async fn with_signing_key(self) -> Self {
        self.direct_store().create_signing_key().await.expect("the key can be made");
        self
    }

    async fn launch(mapping: &str, change: impl FnOnce(&mut Options)) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // The operating system gives the id of a process that ended to a later one, and an engine outlives both.
        let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let table = format!("test-{}-{count}-{started}", std::process::id());
        let store = endpoint();
        store.create_table(template(), &table).await.expect("the table can be made");
        let proxy = FaultProxy::start(store.url(), Vec::new()).await.expect("the proxy starts");

        let mut options = functions(&table, &proxy.url(), mapping);
        change(&mut options);
        let lambda = Lambda::start(options).await.expect("the Runtime API starts");
        let mapping = mapping.to_owned();
        let access = Access::default();
        let gateway =
            gateway_before(&lambda, &access, gateway::Options { mapping, ..gateway::Options::default() }).await;
        let (operator_key, client) = (String::new(), Client::new());
        let mut app = Self { lambda, proxy, store, table, operator_key, gateway, access, client };
        app.operator_key = app.new_operator_key("acme").await;
        app
    }

    /// The base URL with the mapping, without a slash at the end.
    pub fn url(&self) -> String {
        self.gateway.url()
    }

    /// One more gateway in front of the same functions.
    pub async fn another_gateway(&self, options: gateway::Options) -> Gateway {
        gateway_before(&self.lambda, &self.access, options).await
    }

    /// One more gateway, in front of functions that find the table at this endpoint: another proxy, say.
    pub async fn another_store(&self, endpoint: &str) -> Gateway {
        let lambda = Lambda::start(functions(&self.table, endpoint, "")).await.expect("the Runtime API starts");
        gateway_before(&lambda, &self.access, gateway::Options::default()).await
    }

    /// A request by way of another gateway.
    pub fn by(&self, gateway: &Gateway, method: &str, path: &str) -> Call<'_> {
        Call::new(&self.client, gateway.url(), method, path)
    }

    /// Where the gateway listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.gateway.address()
    }

    /// The line that a function logged of a request.
    pub async fn line_of(&self, answer: &Exchange) -> Value {
        let id = answer.header("x-request-id").expect("an answer of a function");
        let member = format!("\"request_id\":\"{id}\"");
        let log = self.lambda.log_with(&member).await.expect("the request is in the log");
        let line = log.lines().find(|line| line.contains(&member)).expect("the request's line is whole");
        serde_json::from_str(line).expect("a line is JSON")
    }

    /// The lines of the gateway's access log. That of a request is there before its answer.
    pub fn access_log(&self) -> Vec<String> {
        self.access.lines()
    }

    /// A store handle past the proxy, as the operator-key command has it.
    pub fn direct_store(&self) -> Store {
        self.store_by(self.store.url())
    }

    /// The same with a clock of its own: what it makes is as old as that says.
    pub fn direct_store_at(&self, now: Timestamp) -> Store {
        self.make_store(self.store.url(), now)
    }

    /// A store handle by way of this endpoint: another proxy, say.
    pub fn store_by(&self, endpoint: impl Into<String>) -> Store {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis();
        let now = Timestamp::from_milliseconds(i64::try_from(now).expect("the clock is before the year 9999"));
        self.make_store(endpoint, now)
    }

    fn make_store(&self, endpoint: impl Into<String>, now: Timestamp) -> Store {
        let config = Builder::new()
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(endpoint);
        Store::new(Settings::new(config, self.table.clone()), now)
    }

    /// A key with all scopes of an operator, which is made where it is new.
    pub async fn new_operator_key(&self, operator: &str) -> String {
        self.new_operator_key_with(operator, Scopes::all(KeyKind::Operator)).await
    }

    /// A key with these scopes.
    pub async fn new_operator_key_with(&self, operator: &str, scopes: Scopes) -> String {
        let slug = Slug::parse(operator).expect("an operator's name");
        let secret = self.direct_store().create_operator_key(slug, None, scopes).await.expect("the key can be made");
        secret.reveal().to_owned()
    }

    /// A request without a credential.
    pub fn anonymous(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(&self.client, self.url(), method, path)
    }

    /// A request with this bearer token.
    pub fn with_key(&self, key: &str, method: &str, path: &str) -> Call<'_> {
        self.anonymous(method, path).header("authorization", &format!("Bearer {key}"))
    }

    /// A request of the operator `acme`.
    pub fn operator(&self, method: &str, path: &str) -> Call<'_> {
        self.with_key(&self.operator_key, method, path)
    }

    /// Makes a customer and returns it as it was answered.
    pub async fn new_customer(&self, slug: &str) -> Value {
        self.operator("POST", "/v1/customers")
            .json(json!({ "customer_id": slug }))
            .send()
            .await
            .expect_status(201)
            .json()
    }

    /// Makes a customer of `acme` and an integration key with all scopes for it.
    pub async fn new_integration(&self, slug: &str) -> String {
        self.new_customer(slug).await;
        self.new_integration_key(slug).await
    }

    /// An integration key with all scopes of a customer of `acme`.
    pub async fn new_integration_key(&self, slug: &str) -> String {
        let path = format!("/v1/customers/{slug}/keys");
        let issued =
            self.operator("POST", &path).json(json!({ "name": "test" })).send().await.expect_status(201).json();
        issued["api_key_once"].as_str().expect("a new key is shown").to_owned()
    }

    /// Makes a tenant by upsert and returns it as it was answered.
    pub async fn new_tenant(&self, key: &str, external_id: &str) -> Value {
        let path = format!("/tenants/by-external-id/{external_id}");
        self.with_key(key, "PUT", &path).json(json!({})).send().await.expect_status(201).json()
    }

    /// Registers a repository and returns it as it was answered.
    pub async fn new_repository(&self, key: &str, name: &str) -> Value {
        let body = json!({ "name": name, "repo_url": "https://example.com/repository.git" });
        self.with_key(key, "POST", "/repositories").json(body).send().await.expect_status(201).json()
    }

    /// Makes a user of a tenant by upsert and returns it as it was answered.
    pub async fn new_user(&self, key: &str, tenant: &str, external_id: &str) -> Value {
        let path = format!("/tenants/{tenant}/users/by-external-id/{external_id}");
        self.with_key(key, "PUT", &path).send().await.expect_status(201).json()
    }

    /// Makes a role of a tenant and returns it as it was answered.
    pub async fn new_role(&self, key: &str, tenant: &str, name: &str) -> Value {
        let path = format!("/tenants/{tenant}/roles");
        self.with_key(key, "POST", &path).json(json!({ "name": name })).send().await.expect_status(201).json()
    }

    /// Runs the scheduled sweep once with the schedule's event.
    pub async fn sweep(&self) -> Result<(), String> {
        let event =
            json!({ "version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": {} });
        let sweep = self.lambda.invoke("sweep-deprovisioned-tenants", event.to_string()).await;
        sweep.map(drop).map_err(|error| error.to_string())
    }

    /// What the proxy does from now on.
    pub fn faults(&self, rules: impl IntoIterator<Item = Rule>) {
        self.proxy.set_rules(rules.into_iter().collect());
    }

    /// The requests to the store that `work` causes, those that open connections left out.
    pub async fn requests_of<T>(&self, work: impl Future<Output = T>) -> (T, Vec<LogEntry>) {
        let before = self.proxy.log_len();
        let value = work.await;
        self.proxy.quiet(std::time::Duration::from_secs(10)).await.expect("the store becomes quiet");
        let log = self.proxy.log_from(before).into_iter().filter(|entry| !is_priming(entry)).collect();
        (value, log)
    }

    /// Every item of the table, in DynamoDB's JSON.
    pub async fn items(&self) -> Vec<Value> {
        self.store.scan_all(&self.table).await.expect("the table can be read")
    }

    /// The items of an entity: `type`.
    pub async fn items_of(&self, entity: &str) -> Vec<Value> {
        self.items().await.into_iter().filter(|item| item["type"]["S"] == entity).collect()
    }
}

/// The functions on this table of this store, behind a mapping or none.
fn functions(table: &str, store: &str, mapping: &str) -> Options {
    let mut values = BTreeMap::from([("Table".to_owned(), table.to_owned())]);
    // Without a mapping functions need no base URL: it is the gateway's own name.
    if !mapping.is_empty() {
        values.insert("PublicUrl".to_owned(), format!("{PUBLIC_HOST}{mapping}"));
    }
    let mut options = Options::new(functions_folder());
    options.timeouts = template().timeouts();
    for function in &template().functions {
        let mut environment = template().environment(&function.name, &values).expect("the environment is plain");
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), store.to_owned());
        options.environment.insert(function.name.clone(), environment);
    }
    options
}

async fn gateway_before(lambda: &Lambda, access: &Access, options: gateway::Options) -> Gateway {
    let listen = ([127, 0, 0, 1], 0).into();
    let backend = Functions { lambda: lambda.clone(), access: access.clone() };
    Gateway::start_with(listen, template(), backend, options).await.expect("the gateway starts")
}

/// The access log of an app's gateways.
#[derive(Clone, Default)]
struct Access(Arc<Mutex<Vec<String>>>);

impl Access {
    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no thread panicked with the lock").clone()
    }
}

/// The functions behind a gateway, and its access log.
struct Functions {
    lambda: Lambda,
    access: Access,
}

impl Backend for Functions {
    async fn invoke(&self, function: &str, event: Bytes, id: &str) -> Result<Bytes, InvokeError> {
        self.lambda.invoke_as(function, event, id).await
    }

    fn answered(&self, exchange: &gateway::Exchange) {
        self.access.0.lock().expect("no thread panicked with the lock").extend(exchange.access.clone());
    }
}

/// Whether a request only opened a connection.
pub fn is_priming(entry: &LogEntry) -> bool {
    entry.parts().first().is_some_and(|part| part.partition.as_deref() == Some("prime"))
}

impl Drop for App {
    fn drop(&mut self) {
        recorded::keep(&self.table, &self.proxy, &self.lambda, &self.access.lines(), &exchanged_with(&self.url()));
        let over = self.proxy.log().into_iter().filter_map(|entry| Some((entry.function, entry.over_limit?)));
        let over: Vec<_> = over.collect();
        assert!(over.is_empty() || std::thread::panicking(), "requests were over limits of DynamoDB: {over:?}");
    }
}
