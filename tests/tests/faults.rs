//! What a caller sees when the store, the network or Lambda fails (reliability.md, groups A, B17, E8, I, J):
//! a write happens once or not at all, and an answer never claims what is not so.

mod faults {
    mod dropped;
    mod idempotency;
    mod in_process;
    mod joined;
    mod lambda;
    mod limits;
    mod log_variables;
    mod lost_answers;
    mod overload;
    mod overtaken;
    mod relay;
    mod set_up;
    mod store_limits;
    mod unprocessed;

    use std::collections::BTreeMap;
    use std::time::{Duration, Instant};
    use tenancy::domain::credential::Credential;
    use tenancy::domain::precondition::IfMatch;
    use tenancy::domain::principal::Integration;
    use tenancy::domain::tenant::{Tenant, TenantPatch};
    use tenancy::domain::{Result, TenantId};
    use tenancy::store::{FirstRead, Principal, Store};
    use tests::{Action, App, Exchange, LogEntry, Rule, Value, json};

    /// An API with one customer, and an integration's key.
    pub async fn app() -> (App, String) {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        (app, key)
    }

    /// The same fault for the first write, whatever its operation.
    pub fn first_write(action: &Action) -> Vec<Rule> {
        ["PutItem", "UpdateItem", "TransactWriteItems"].map(|op| Rule::on(op, action.clone()).nth(1)).into()
    }

    /// The requests of one operation.
    pub fn of<'a>(log: &'a [LogEntry], operation: &str) -> Vec<&'a LogEntry> {
        log.iter().filter(|entry| entry.operation == operation).collect()
    }

    /// All tenants of an integration.
    pub async fn tenants(app: &App, key: &str) -> Vec<Value> {
        let list = app.with_key(key, "GET", "/tenants?limit=100").send().await.expect_status(200).json();
        list["data"].as_array().expect("a list").clone()
    }

    /// The problem that means: not now, or not known; try again.
    #[track_caller]
    pub fn expect_unavailable(exchange: Exchange) {
        let exchange = exchange.expect_problem(503, "unavailable");
        assert_eq!(exchange.header("retry-after"), Some("1"), "{exchange}");
    }

    /// A POST of a tenant by an external id, with an idempotency key.
    pub async fn post_once(app: &App, key: &str, external_id: &str) -> Exchange {
        let body = json!({ "external_id": external_id, "name": external_id });
        app.with_key(key, "POST", "/tenants").json(body).once(&format!("once-{external_id}")).send().await
    }

    /// Markers and live tenants are one to one, and there are so many.
    pub async fn expect_tenants(app: &App, count: usize) {
        let (tenants, markers) = (app.items_of("tenant").await, app.items_of("external_id").await);
        let mut held: Vec<&Value> = tenants.iter().map(|tenant| &tenant["id"]["S"]).collect();
        let mut marked: Vec<&Value> = markers.iter().map(|marker| &marker["id"]["S"]).collect();
        held.sort_by_key(|id| id.to_string());
        marked.sort_by_key(|id| id.to_string());
        assert_eq!((held.len(), &held), (count, &marked));
    }

    /// Who has a key, as a handler knows it.
    pub async fn integration(store: &Store, key: &str) -> Integration {
        match store.authenticate(&Credential::parse(key, "").expect("a key")).await {
            Ok(Principal::Integration(integration)) => integration,
            other => panic!("not an integration: {other:?}"),
        }
    }

    /// What a handler reads first, with the proof of its caller.
    pub async fn first_read<T: 'static>(store: &Store, key: &str, first: FirstRead<T>) -> Result<T> {
        store.authenticate_and(&Credential::parse(key, "").expect("a key"), first).await?.1
    }

    /// Changes a tenant as a handler does.
    pub async fn update_tenant(
        store: &Store,
        key: &str,
        id: TenantId,
        patch: &TenantPatch,
        if_match: &IfMatch,
    ) -> Result<Tenant> {
        let caller = integration(store, key).await;
        let read = first_read(store, key, FirstRead::tenant_with_attachments(caller.root(), id)).await?;
        store.update_tenant(&caller, read, patch, if_match).await
    }

    /// Others change the tenant's metadata to `{"by": "B<n>"}`, past the proxy, as fast as they can.
    pub async fn others_change(app: &App, key: &str, tenant: &str, times: usize) {
        let store = app.direct_store();
        let id = TenantId::parse(tenant).expect("an id");
        for time in 0..times {
            let metadata = BTreeMap::from([("by".to_owned(), format!("B{time}"))]);
            let patch = TenantPatch { metadata: Some(metadata), ..TenantPatch::default() };
            update_tenant(&store, key, id, &patch, &IfMatch::default()).await.expect("it is changed");
        }
    }

    /// Waits until `ready`, at most ten seconds.
    pub async fn until(what: &str, ready: impl Fn() -> bool) {
        let started = Instant::now();
        while !ready() {
            assert!(started.elapsed().as_secs() < 10, "never: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Does work until it takes no longer than this, at most three times: what else the machine does is not meant.
    pub async fn expect_within(bound: Duration, mut work: impl AsyncFnMut()) {
        let mut quickest = Duration::MAX;
        for _ in 0..3 {
            let started = Instant::now();
            work().await;
            quickest = quickest.min(started.elapsed());
            if quickest < bound {
                return;
            }
        }
        panic!("{quickest:?} at best, and not within {bound:?}");
    }
}
