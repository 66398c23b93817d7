//! The table of operations that other suites are made of: every operation has requests that succeed, as the document says.

use std::collections::BTreeSet;
use tests::operations::{Caller, Fixture, examples, operations, protected, read};
use tests::{App, Value, json, openapi};

#[tokio::test]
async fn every_example_succeeds_and_every_2xx_status_has_one() {
    let app = App::start().await;
    let mut count = 0;
    for operation in operations() {
        let mut seen = BTreeSet::new();
        for example in examples(&operation.id).unwrap() {
            count += 1;
            let fixture = Fixture::new(&app, &format!("c{count}")).await;
            fixture.prepare(&app, &example).await;
            let answer = fixture.call(&app, operation, &example).send().await;
            assert_eq!(answer.status, example.status, "{}: {answer}", operation.id);
            seen.insert(answer.status);
        }
        let documented: BTreeSet<u16> = operation.success.iter().copied().collect();
        assert_eq!(seen, documented, "the 2xx statuses of {}", operation.id);
    }
}

#[test]
fn every_write_with_a_credential_needs_a_scope_and_so_do_reads_that_users_may_do() {
    let count = protected().filter(|operation| operation.is_write()).count();
    assert!(count >= 17, "{count} writes");
    for operation in protected() {
        let scope = operation.scope.as_deref();
        let is_right = match (operation.is_write(), operation.takes_user_token) {
            (true, _) => scope.is_some_and(|scope| scope.ends_with(":write")),
            (false, true) => scope == Some("conversations:read_all"),
            (false, false) => scope.is_none(),
        };
        assert!(is_right, "{}: its description says \"Needs scope\" of {scope:?}", operation.id);
    }
    assert_eq!(protected().filter(|operation| operation.takes_user_token).count(), 7);
}

#[test]
fn a_document_that_lacks_something_is_refused_in_words_that_name_it() {
    let fault = |change: fn(&mut Value)| {
        let mut document = openapi::document().clone();
        change(&mut document["paths"]["/tenants"]["post"]);
        read(&document).unwrap_err()
    };
    let no_id = fault(|operation| drop(operation.as_object_mut().unwrap().remove("operationId")));
    assert_eq!(no_id, "infra/openapi.yaml: post /tenants has no operationId");
    let no_caller = fault(|operation| drop(operation.as_object_mut().unwrap().remove("security")));
    assert_eq!(no_caller, "infra/openapi.yaml: createTenant has no `security`");
    let odd = fault(|operation| operation["security"] = json!([{ "basic": [] }]));
    assert!(odd.contains("createTenant has a `security`"), "{odd}");
    let mixed = fault(|operation| operation["security"] = json!([{ "operatorKey": [] }, { "userToken": [] }]));
    assert!(mixed.contains("createTenant has a `security`"), "{mixed}");
    assert_eq!(operations().iter().filter(|operation| operation.caller == Caller::Anyone).count(), 5);
}
