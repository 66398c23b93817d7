//! The start of a dev stack on an engine that is already there: its table is finished, and the engine is probed.

use crate::{Table, s};
use local::proxy::FaultProxy;
use local::store::Endpoint;
use tests::{Action, Rule, Value, json, template};

async fn time_to_live(store: &Endpoint, table: &str) -> Value {
    let described = store.call("DescribeTimeToLive", json!({ "TableName": table })).await.unwrap();
    described["TimeToLiveDescription"]["TimeToLiveStatus"].clone()
}

#[tokio::test]
async fn a_table_that_was_left_half_made_gets_its_time_to_live() {
    let store = tests::endpoint();
    let name = format!("engine-half-{}", std::process::id());
    store.call("CreateTable", template().create_table(&name).unwrap()).await.unwrap();
    assert_eq!(time_to_live(&store, &name).await, "DISABLED");
    // Once for the table that is there, and once more where there is nothing to do.
    for _ in 0..2 {
        store.ensure_table(template(), &name).await.unwrap();
        assert!(["ENABLING", "ENABLED"].map(Value::from).contains(&time_to_live(&store, &name).await));
    }
    store.delete_table(&name).await.unwrap();
    store.ensure_table(template(), &name).await.unwrap();
    assert!(store.has_table(&name).await.unwrap());
    store.delete_table(&name).await.unwrap();
}

#[tokio::test]
async fn the_probe_leaves_nothing_behind_and_can_be_repeated() {
    let table = Table::new().await;
    for _ in 0..2 {
        table.store.check_rules(&table.name).await.unwrap();
        assert_eq!(table.store.scan_all(&table.name).await.unwrap(), [] as [Value; 0]);
    }
}

/// One request is answered otherwise, and the sentence names the rule that is broken by it.
#[tokio::test]
async fn an_engine_that_breaks_a_rule_is_refused_in_a_sentence() {
    let table = Table::new().await;
    let proxy = FaultProxy::start(table.store.url(), Vec::new()).await.unwrap();
    let behind = Endpoint::new(proxy.url());
    let error = |name: &str| Action::status(400, json!({ "__type": name, "message": "no" }).to_string());
    let unknown = || error("UnknownOperationException");
    let swallowed = || Action::status(200, "{}");
    for (rule, broken) in [
        (Rule::on("TransactWriteItems", unknown()), "a transaction is applied"),
        (Rule::on("TransactWriteItems", swallowed()), "a transaction is applied"),
        (Rule::on("UpdateItem", error("ValidationException")).nth(1), "an update sees the item as it was"),
        (Rule::on("PutItem", error("ConditionalCheckFailedException")), "the old item comes beside a refusal"),
        (
            Rule::on("TransactWriteItems", error("TransactionCanceledException")).nth(2),
            "a canceled transaction has a reason",
        ),
        (Rule::on("UpdateItem", error("ValidationException")).nth(2), "a condition outranks a document path"),
        (Rule::on("TransactWriteItems", error("TransactionCanceledException")).nth(4), "a token that comes again"),
        (Rule::on("UpdateItem", swallowed()).nth(5), "no parallel update is lost"),
    ] {
        proxy.set_rules(vec![rule]);
        let sentence = behind.check_rules(&table.name).await.unwrap_err().to_string();
        assert!(sentence.contains(broken) && sentence.contains(&proxy.url()), "{broken}: {sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
    }
    proxy.set_rules(Vec::new());
    behind.check_rules(&table.name).await.unwrap();
}

#[tokio::test]
async fn an_error_names_its_operation() {
    let table = Table::new().await;
    let error = table.call("GetItem", json!({ "Key": { "pk": s("a") } })).await.unwrap_err();
    assert_eq!((error.operation.as_str(), error.status), ("GetItem", 400));
    assert!(error.to_string().starts_with("GetItem was answered 400 ValidationException: "), "{error}");
    let none = Endpoint::new("http://127.0.0.1:1").call("ListTables", json!({})).await.unwrap_err().to_string();
    assert!(none.starts_with("ListTables was not answered: "), "{none}");
}
