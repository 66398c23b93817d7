//! What authentication reads of a customer with many keys.

use crate::{issue, start};
use tests::transcript::text;
use tests::{App, Value, json};

/// Bytes of the store's answer to the request by which a key is checked.
async fn bytes_of_check(app: &App, key: &Value) -> usize {
    let call = app.with_key(text(key, "api_key_once"), "POST", "/tenants");
    let (answer, log) = app.requests_of(call.send()).await;
    answer.expect_status(201);
    assert_eq!(log[0].operation, "BatchGetItem");
    let found = app.store.call("BatchGetItem", (*log[0].body).clone()).await.expect("the same request again");
    found["Responses"].to_string().len()
}

#[tokio::test]
async fn a_customer_with_50_keys_is_read_as_one_with_1() {
    let app = start().await;
    let first = issue(&app, json!({ "name": "k0" })).await;
    let alone = bytes_of_check(&app, &first).await;
    for n in 1..50 {
        issue(&app, json!({ "name": format!("k{n}") })).await;
    }
    let among_50 = bytes_of_check(&app, &first).await;
    let root = app.items_of("root").await[0].to_string().len();
    assert!(root > 10 * alone, "{root} bytes of root, {alone} read: the root is small");
    assert!(among_50 * 100 <= alone * 103, "{alone} bytes with 1 key, {among_50} with 50");
}
