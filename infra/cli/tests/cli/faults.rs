//! Lost connections, throttles and answers that never come: what is repeated, what is not, and what a person reads.

use tests::operations::Fixture;
use tests::{Refusing, Relay, Value, json};

use super::process::Set;

struct Faults {
    set: Set,
    relay: Relay,
    refusing: Refusing,
}

impl Faults {
    async fn new() -> Self {
        let set = Set::new().await;
        let refusing = Refusing::start(&set.app).await;
        let relay = Relay::start(&set.app, set.app.url(), &refusing).await;
        Self { set, relay, refusing }
    }

    /// A base URL below which the first requests meet a fault.
    fn url(&self, fault: &str) -> String {
        format!("{}/{fault}", self.relay.url())
    }

    /// How many requests there were below it.
    async fn requests(&self, fault: &str) -> u64 {
        let answer = local_client().request("GET", &self.url(fault), &[], String::new()).await.unwrap();
        answer.json()["requests"].as_u64().expect("a number")
    }
}

fn local_client() -> local::http::Client {
    local::http::Client::new()
}

#[tokio::test]
async fn what_has_no_answer_is_sent_again_with_its_idempotency_key() {
    let faults = Faults::new().await;
    let Faults { set, .. } = &faults;
    for (fault, slug) in [
        ("drop_before/2/a", "a"),
        ("drop_after/2/b", "b"),
        ("503/2/c", "c"),
        ("429/2/d", "d"),
        ("gateway_503/1/e", "e"),
    ] {
        let words = ["api", "customers", "create", "--customer-id", slug];
        let said = set.at(&faults.url(fault), &set.app.operator_key, &words).await.expect(0);
        assert_eq!(said.json()["customer_id"], *slug, "{fault}");
        let times: u64 = fault.split('/').nth(1).unwrap().parse().unwrap();
        assert_eq!(faults.requests(fault).await, times + 1, "{fault}");
        assert_eq!(said.err.matches("trying again in").count() as u64, times, "{said:?}");
        let replayed = said.err.contains("answered again");
        assert_eq!(replayed, fault.starts_with("drop_after"), "one customer, made by the first attempt: {said:?}");
    }
    let all = set.operator(&["api", "customers", "list", "--output=ids", "--query=[].customer_id"]).await.expect(0);
    assert_eq!(all.out, "a\nb\nc\nd\ne\ndemo\n".replace("e\ndemo", "demo\ne"), "each once");
}

#[tokio::test]
async fn a_secret_that_was_lost_with_its_answer_is_not_passed_over() {
    let faults = Faults::new().await;
    let words = ["api", "keys", "create", "--customer-id=demo", "--name=lost"];
    let said = faults.set.at(&faults.url("drop_after/1/k"), &faults.set.app.operator_key, &words).await.expect(0);
    assert_eq!(said.json()["api_key_once"], Value::Null);
    assert!(said.err.contains("revoke this key and create another"), "{said:?}");
}

#[tokio::test]
async fn a_delete_that_was_done_by_a_lost_attempt_succeeds() {
    let faults = Faults::new().await;
    let Faults { set, .. } = &faults;
    set.app.new_customer("gone").await;
    let words = ["api", "customers", "archive", "--customer-id=gone"];
    let said = set.at(&faults.url("drop_after/1/x"), &set.app.operator_key, &words).await.expect(0);
    assert!(said.err.contains("it is gone"), "{said:?}");
    set.operator(&words).await.expect(1);
}

#[tokio::test]
async fn a_stale_etag_after_a_lost_attempt_is_explained() {
    let faults = Faults::new().await;
    let Faults { set, .. } = &faults;
    let tag = set.app.operator("GET", "/v1/customers/demo").send().await.header("etag").unwrap().to_owned();
    let words = ["api", "customers", "update", "--customer-id=demo", "--display-name=Demo", "--if-match", &tag];
    let said = set.at(&faults.url("drop_after/1/p"), &set.app.operator_key, &words).await.expect(1);
    assert!(said.err.contains("precondition-failed") && said.err.contains("may have been applied"), "{said:?}");
}

#[tokio::test]
async fn what_stays_wrong_ends_with_the_code_for_it() {
    let faults = Faults::new().await;
    let Faults { set, refusing, .. } = &faults;
    let words = ["api", "customers", "list", "--retries=1"];
    for (status, gateway) in refusing.gateways() {
        let said = set.at(&gateway.url(), &set.app.operator_key, &words).await.expect(1);
        assert!(said.err.contains(&format!("({status})")) && said.err.contains("the gateway answered"), "{said:?}");
        let repeats = usize::from([429, 503].contains(status));
        assert_eq!(said.err.matches("trying again").count(), repeats, "{status}: {said:?}");
    }
    let said = set.at(&faults.url("drop_before/99/n"), &set.app.operator_key, &words).await.expect(3);
    assert!(said.err.contains("no answer from") && said.out.is_empty(), "{said:?}");
    assert_eq!(faults.requests("drop_before/99/n").await, 2);
    let said = set.at("http://127.0.0.1:1", &set.app.operator_key, &words).await.expect(3);
    assert!(said.err.contains("tare doctor"), "{said:?}");
    let slow = ["api", "customers", "list", "--retries=0", "--timeout=1"];
    let said = set.at(&faults.url("delay/9/t"), &set.app.operator_key, &slow).await.expect(3);
    assert!(said.err.contains("timeout"), "{said:?}");
}

/// A person at a prompt does not want to wait until a lease ends.
#[tokio::test]
async fn a_long_retry_after_is_reported_and_not_waited_for() {
    let set = Set::new().await;
    let fixture = Fixture::new(&set.app, "leases").await;
    let settings = json!({ "settings": { "max_concurrent_sticky": 0 } });
    let tenant = set.app.with_key(&fixture.key, "PUT", "/tenants/by-external-id/of-leases-members").json(settings);
    tenant.send().await.expect_status(200);
    let words = ["api", "conversations", "create", "--user-id", fixture.names.get("user_id"), "--runtime-mode=sticky"];
    let said = set.with_key(&fixture.key, &words).await.expect(1);
    assert!(said.err.contains("capacity-exhausted") && said.err.contains("retry after: 60 s"), "{said:?}");
    assert!(!said.err.contains("trying again"), "{said:?}");
}
