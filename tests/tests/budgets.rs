//! What each operation costs: the budgets of docs/access-patterns.md. One test for each operation, named like its function.
//!
//! The first request is one strongly consistent batch: the caller's root, and what the operation reads first by key.

mod budgets {
    mod attachments;
    mod conversations;
    mod customers;
    mod keys;
    mod others;
    mod repositories;
    mod roles;
    mod tenants;
    mod users;

    use tests::operations::{Caller, Fixture, operation, operations, snake, with_body};
    use tests::{Action, App, Call, Counting, LogEntry, Rule, Value, id_of, json, repository_root};

    /// An API with a customer of one of everything.
    pub struct World {
        pub app: App,
        pub fixture: Fixture,
        /// How the engine counts.
        pub counting: Counting,
    }

    impl World {
        pub async fn new() -> Self {
            let app = App::start().await;
            let fixture = Fixture::new(&app, "acme-corp").await;
            let counting = Counting::of(&app.store, &app.table).await;
            // Reads that are sent side by side take long enough to overlap.
            app.faults([Rule::on("BatchGetItem", Action::Delay { ms: 20 })]);
            Self { app, fixture, counting }
        }

        /// An operation on what is there.
        pub fn call(&self, id: &str, body: Value) -> Call<'_> {
            with_body(self.fixture.bare(&self.app, operation(id)), self.fixture.filled_body(&body))
        }

        /// A list with a query.
        pub fn list(&self, id: &str, query: &str) -> Call<'_> {
            let operation = operation(id);
            let path = format!("{}{}", self.fixture.path(operation), self.fixture.filled(query));
            self.app.with_key(self.fixture.key_of(operation.caller), "GET", &path)
        }

        /// Calls an operation whose cost does not matter.
        pub async fn done(&self, id: &str, body: Value) -> Value {
            let answer = self.call(id, body).send().await;
            assert!((200..300).contains(&answer.status), "{answer}");
            answer.json()
        }

        /// Attaches one more repository to the tenant.
        pub async fn attach_another(&self) {
            let repository = self.app.new_repository(&self.fixture.key, "two").await;
            let attachments = self.fixture.names.fill("/tenants/{tenant_id}/repositories").unwrap();
            let path = format!("{attachments}/{}", repository["id"].as_str().unwrap());
            self.app.with_key(&self.fixture.key, "PUT", &path).send().await.expect_status(201);
        }

        /// The id of the tenant of the user and the role.
        pub async fn tenant_of_members(&self) -> String {
            let path = self.fixture.filled("/tenants/by-external-id/{external_id}-members");
            let tenant = self.app.with_key(&self.fixture.key, "GET", &path).send().await.expect_status(200).json();
            id_of(&tenant)
        }

        /// What a call is answered and costs.
        pub async fn cost(&self, call: Call<'_>) -> String {
            let (answer, log) = self.app.requests_of(call.send()).await;
            let line = self.app.line_of(&answer).await;
            assert_eq!(logged_units(&line), reported_units(&log), "{line}");
            format!("{}: {}", answer.status, cost(&log))
        }

        /// What an operation is answered and costs.
        pub async fn cost_of(&self, id: &str, body: Value) -> String {
            self.cost(self.call(id, body)).await
        }
    }

    /// The requests in order, with the number of their items, and the units read and written. Requests side by side are one round trip:
    /// `+` joins them, `,` parts round trips.
    pub fn cost(log: &[LogEntry]) -> String {
        if log.is_empty() {
            return "no request".to_owned();
        }
        let mut shape = String::new();
        for (at, entry) in log.iter().enumerate() {
            let is_beside = at > 0 && entry.overlaps(&log[at - 1]);
            shape += match at {
                0 => "",
                _ if is_beside => " + ",
                _ => ", ",
            };
            shape += &match &*entry.operation {
                "BatchGetItem" => format!("Batch{}", entry.parts().len()),
                "TransactWriteItems" => format!("Transact{}", entry.parts().len()),
                operation => operation.trim_end_matches("Item").to_owned(),
            };
        }
        let units = |of: fn(&LogEntry) -> f64| log.iter().map(of).sum::<f64>();
        format!("{shape}; {} read, {} written", units(LogEntry::read_units), units(LogEntry::write_units))
    }

    /// The units of a request's line; none is no member.
    fn logged_units(line: &Value) -> (f64, f64) {
        let units = |name: &str| match &line[name] {
            Value::Null => 0.0,
            units => units.as_f64().filter(|units| *units > 0.0).unwrap_or_else(|| panic!("{line}")),
        };
        (units("read"), units("write"))
    }

    /// The units that the store reported for requests.
    fn reported_units(log: &[LogEntry]) -> (f64, f64) {
        let (writes, reads): (Vec<_>, Vec<_>) = log.iter().partition(|entry| entry.is_write());
        let sum = |entries: Vec<&LogEntry>| entries.into_iter().map(LogEntry::reported_units).sum();
        (sum(reads), sum(writes))
    }

    #[test]
    fn every_operation_has_a_budget() {
        let folder = repository_root().join("tests/tests/budgets");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let sources: String = files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
        let documented = std::fs::read_to_string(repository_root().join("docs/access-patterns.md")).unwrap();
        for operation in operations() {
            let name = snake(&operation.id);
            let test = format!("#[tokio::test]\nasync fn {name}() {{");
            assert!(sources.contains(&test), "tests/tests/budgets/ has no test {name}");
            let row = format!("\n| {}", operation.id);
            let is_free = operation.caller == Caller::Anyone;
            assert!(is_free || documented.contains(&row), "docs/access-patterns.md has no row of {}", operation.id);
        }
    }

    #[tokio::test]
    async fn what_is_refused_early_costs_no_more_than_its_credential() {
        let world = World::new().await;
        let call = world.app.anonymous("GET", "/tenants").header("authorization", "Bearer sk_int_x");
        assert_eq!(world.cost(call).await, "401: no request");
        let ill_formed = world.cost_of("createTenant", json!({ "name": 1 })).await;
        assert_eq!(ill_formed, "422: Batch1; 1 read, 0 written");
        assert_eq!(world.cost(world.list("listTenants", "?limit=0")).await, "422: Batch1; 1 read, 0 written");
        let no_id = world.app.with_key(&world.fixture.key, "GET", "/tenants/x");
        assert_eq!(world.cost(no_id).await, "404: Batch1; 1 read, 0 written");
    }
}
