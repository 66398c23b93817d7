//! The rule for upgrades (docs/runbooks.md): the previous release and this one work on one table, whichever of them wrote what is there.
//!
//! Run by `cargo xtask test upgrade`, which builds the previous release.

use std::path::PathBuf;
use std::sync::Arc;

use local::template::Template;
use restore_drill::seed::{self, World};
use restore_drill::stack::{Place, Stack, text};
use restore_drill::walk::{compatible, row_id, walk};
use tests::{Value, endpoint, functions_folder, json, template};

/// A variable that the stage sets.
fn given(name: &str) -> PathBuf {
    std::env::var_os(name)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask test upgrade`"))
}

/// Both releases on one table.
struct Releases {
    places: [Place; 2],
    stacks: [Arc<Stack>; 2],
    table: String,
}

/// The only exception to the rule: the previous release does not read the 16 partitions in which this one keeps its jobs, so after a rollback
/// they wait for the next upgrade. No release of the form before was deployed. It is 0 for a later release in infra/previous-release.tar.gz.
const LEFT_BY_PREVIOUS: usize = 1;

const PREVIOUS: usize = 0;
const CURRENT: usize = 1;

impl Releases {
    async fn start(name: &str) -> Self {
        let mut previous = Template::read(given("PREVIOUS_TEMPLATE")).unwrap();
        // The gateway is the emulator of this tree, which knows the variables of this tree's access log.
        let log = "/Resources/Api/Properties/AccessLogSettings";
        *previous.document.pointer_mut(log).unwrap() = template().document.pointer(log).unwrap().clone();
        let place = |template: Template, programs| Place { template, store: endpoint(), programs };
        // The key programs are in the folder of this release alone; they are no part of a deployment.
        let places = [place(previous, given("PREVIOUS_FUNCTIONS_DIR")), place(template().clone(), functions_folder())];
        let table = format!("upgrade-{name}-{}", std::process::id());
        endpoint().create_table(template(), &table).await.unwrap();
        let start = async |place: &Place| Arc::new(Stack::start(place, &table).await.unwrap());
        let stacks = [start(&places[PREVIOUS]).await, start(&places[CURRENT]).await];
        Self { places, stacks, table }
    }

    /// Fills the table by one release.
    async fn fill(&self, writer: usize) -> World {
        seed::fill(&self.places[CURRENT], &self.stacks[writer], 1, 0).await.unwrap()
    }

    /// Both answer alike, this release perhaps with more members.
    async fn agree(&self, world: &World) {
        let stacks = (&self.stacks[PREVIOUS], &self.stacks[CURRENT]);
        let report = walk(&self.places[PREVIOUS].template, world, stacks, 20, compatible).await.unwrap();
        assert!(report.answers > 100, "{report:?}");
        assert_eq!(report.differences, 0, "{}", report.first.join("\n"));
    }

    async fn end(self) {
        endpoint().delete_table(&self.table).await.unwrap();
    }
}

/// The first row of a list.
async fn first(stack: &Stack, key: &str, path: &str) -> String {
    let list = stack.call(key, "GET", path, Value::Null).await.unwrap();
    row_id(&list["data"][0]).unwrap()
}

/// A change of every kind to what the other release has written.
async fn change(stack: &Stack, world: &World) {
    let customer = &world.customers[0];
    let (key, operator) = (customer.key.as_str(), customer.operator.as_str());
    let integration = async |method: &str, path: &str, body: Value| {
        stack.call(key, method, path, body).await.unwrap_or_else(|error| panic!("{error}"))
    };
    let of_operator = async |method: &str, path: &str, body: Value| {
        stack.call(operator, method, path, body).await.unwrap_or_else(|error| panic!("{error}"))
    };
    let path = format!("/v1/customers/{}", customer.slug);
    of_operator("PATCH", &path, json!({"display_name": "changed"})).await;
    let issued = of_operator("POST", &format!("{path}/keys"), json!({"name": "other"})).await;
    of_operator("POST", &format!("{path}/keys/{}/rotate", text(&issued, "key_id").unwrap()), Value::Null).await;
    of_operator("POST", "/v1/customers/archived/restore", Value::Null).await;
    of_operator("DELETE", "/v1/customers/restored", Value::Null).await;

    let large = integration("PUT", "/tenants/by-external-id/large-0", json!({"name": "changed"})).await;
    let tenant = text(&large, "id").unwrap();
    integration("PATCH", &format!("/tenants/{tenant}"), json!({"metadata": {"plan": "other"}})).await;
    integration("PATCH", &format!("/tenants/{tenant}"), json!({"status": "suspended"})).await;
    integration("PATCH", &format!("/tenants/{tenant}"), json!({"status": "active"})).await;
    let repository = first(stack, key, &format!("/tenants/{tenant}/repositories")).await;
    let other = first(stack, key, "/repositories?name=repository-2").await;
    integration("PUT", &format!("/tenants/{tenant}/repositories/{other}"), json!({"is_default": true})).await;
    integration("PATCH", &format!("/repositories/{repository}"), json!({"branch": "changed"})).await;

    let role = first(stack, key, &format!("/tenants/{tenant}/roles?name=reviewer")).await;
    integration("PATCH", &format!("/roles/{role}"), json!({"name": "changed"})).await;
    let users = format!("/tenants/{tenant}/users/by-external-id/large-0");
    integration("PUT", &format!("{users}-1"), json!({"display_name": "changed"})).await;
    integration("PATCH", &format!("/users/{}", customer.user), json!({"role_ids": [role]})).await;
    let gone = text(&integration("GET", &format!("{users}-2"), Value::Null).await, "id").unwrap();
    integration("DELETE", &format!("/users/{gone}"), Value::Null).await;

    // With the token that the other release has signed.
    let token = async |method: &str, path: &str, body: Value| {
        stack.call(&customer.token, method, path, body).await.unwrap_or_else(|error| panic!("{error}"))
    };
    let active = format!("/conversations?user_id={}&status=active", customer.user);
    let conversation = format!("/conversations/{}", first(stack, &customer.token, &active).await);
    token("POST", &format!("{conversation}/messages"), json!({"content": "changed"})).await;
    token("PATCH", &conversation, json!({"title": "changed", "runtime": {"mode": "pooled"}})).await;

    // A repeated request that the other release has answered.
    let body = json!({"external_id": "small-0-0", "name": "Tenant small-0-0", "metadata": {"plan": "pro"}});
    let again = stack.send(key, "POST", "/tenants", &[("idempotency-key", "small-0-0")], &body).await.unwrap();
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")), "{}", again.text());
}

/// The jobs of the sweep that are left.
async fn jobs(table: &str) -> usize {
    let items = endpoint().scan_all(table).await.unwrap();
    items.iter().filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#J"))).count()
}

async fn works_on_the_data_of(writer: usize, name: &str) {
    let releases = Releases::start(name).await;
    let world = releases.fill(writer).await;
    releases.agree(&world).await;
    change(&releases.stacks[1 - writer], &world).await;
    releases.agree(&world).await;
    let key = &world.customers[0].key;
    let delete = "/tenants/by-external-id/small-0-1";
    releases.stacks[writer].call(key, "DELETE", delete, Value::Null).await.unwrap();
    assert_eq!(jobs(&releases.table).await, 1, "deprovisioning leaves a job");
    releases.stacks[1 - writer].invoke("sweep-deprovisioned-tenants", json!({})).await.unwrap();
    let left = if writer == CURRENT { LEFT_BY_PREVIOUS } else { 0 };
    assert_eq!(jobs(&releases.table).await, left, "jobs that the sweep of the other release leaves");
    releases.stacks[writer].invoke("sweep-deprovisioned-tenants", json!({})).await.unwrap();
    assert_eq!(jobs(&releases.table).await, 0, "a job is lost for both");
    releases.agree(&world).await;
    releases.end().await;
}

#[tokio::test]
async fn this_release_works_on_the_data_of_the_previous_one() {
    works_on_the_data_of(PREVIOUS, "forth").await;
}

#[tokio::test]
async fn the_previous_release_works_on_the_data_of_this_one() {
    works_on_the_data_of(CURRENT, "back").await;
}
