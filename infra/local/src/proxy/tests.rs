//! Every action, between a raw client and a tiny engine that counts what it got.

use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt, Full};
use hyper::{Response, body::Bytes};
use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::*;
use crate::{http, store::Endpoint};

/// An engine that answers everything with one unit of capacity.
async fn engine() -> (Server, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), move |request, _| {
        let counter = counter.clone();
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["ReturnConsumedCapacity"], "TOTAL", "{body}");
            counter.fetch_add(1, Ordering::SeqCst);
            let body = json!({"Item": {}, "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 1.0}}).to_string();
            Response::builder().header("x-amz-crc32", "123").body(Full::new(Bytes::from(body))).unwrap()
        }
    });
    (server.await.unwrap(), count)
}

async fn proxy(engine: &Server, action: Action) -> FaultProxy {
    FaultProxy::start(&format!("http://{}", engine.address()), vec![Rule::always(action)]).await.unwrap()
}

const BODY: &str = r#"{"TableName":"t","Item":{"pk":{"S":"I#1#T"},"sk":{"S":"x"}}}"#;

/// A put, over a connection of its own.
async fn put(proxy: &FaultProxy) -> Result<http::Response> {
    let request = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=CreateTenantFunction/20260101/r/dynamodb/aws4_request\r\n\
         X-Amz-Security-Token: create-tenant-1\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    http::raw(proxy.address(), request.as_bytes()).await
}

#[tokio::test]
async fn what_no_rule_touches_is_passed_and_logged() {
    let (engine, count) = engine().await;
    let proxy = proxy(&engine, Action::Pass).await;
    let response = put(&proxy).await.unwrap();
    assert_eq!((response.status, response.header("x-amz-crc32")), (200, Some("123")));
    assert_eq!(response.json()["ConsumedCapacity"]["CapacityUnits"], 1.0);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let [entry] = proxy.log().try_into().unwrap();
    assert_eq!((entry.function.as_str(), entry.operation.as_str()), ("CreateTenantFunction", "PutItem"));
    assert_eq!(entry.session, "create-tenant-1");
    assert_eq!((entry.table.as_deref(), entry.status, entry.forwarded), (Some("t"), Some(200), true));
    assert_eq!((entry.write_units(), entry.read_units()), (1.0, 0.0));
    assert_eq!(*entry.body, serde_json::from_str::<Value>(BODY).unwrap());
    assert_eq!(entry.parts()[0].partition.as_deref(), Some("I#1#T"));
    assert!(entry.finished.unwrap() >= entry.started);
}

#[tokio::test]
async fn dropped_requests_have_no_answer() {
    for (action, forwarded) in [(Action::DropBefore, 0), (Action::DropAfter, 1), (Action::Reset, 0)] {
        let (engine, count) = engine().await;
        let proxy = proxy(&engine, action.clone()).await;
        let error = put(&proxy).await.unwrap_err().to_string();
        assert_eq!(error.contains("reset"), action == Action::Reset, "{action:?}: {error}");
        assert_eq!(count.load(Ordering::SeqCst), forwarded, "{action:?}");
        assert_eq!(proxy.log()[0].forwarded, forwarded == 1);
        assert!(proxy.log()[0].finished.is_some());
    }
}

#[tokio::test]
async fn a_late_arrival_is_forwarded_after_the_connection_is_closed() {
    let (engine, count) = engine().await;
    let proxy = proxy(&engine, Action::LateArrival { ms: 100 }).await;
    assert!(put(&proxy).await.is_err());
    assert_eq!((count.load(Ordering::SeqCst), proxy.log()[0].finished), (0, None));
    proxy.quiet(Duration::from_secs(5)).await.unwrap();
    assert_eq!((count.load(Ordering::SeqCst), proxy.log()[0].status), (1, Some(200)));
}

#[tokio::test]
async fn delays_come_before_or_after() {
    for (action, early) in [(Action::Delay { ms: 150 }, 0), (Action::DelayAfter { ms: 150 }, 1)] {
        let (engine, count) = engine().await;
        let proxy = proxy(&engine, action).await;
        let started = Instant::now();
        let peek = async {
            tokio::time::sleep(Duration::from_millis(75)).await;
            count.load(Ordering::SeqCst)
        };
        let (response, peeked) = tokio::join!(put(&proxy), peek);
        assert_eq!((response.unwrap().status, peeked), (200, early));
        assert!(started.elapsed() >= Duration::from_millis(150));
    }
}

#[tokio::test]
async fn a_request_is_forwarded_even_if_its_caller_has_gone() {
    let (engine, count) = engine().await;
    let proxy = proxy(&engine, Action::Delay { ms: 100 }).await;
    assert!(tokio::time::timeout(Duration::from_millis(30), put(&proxy)).await.is_err());
    proxy.quiet(Duration::from_secs(5)).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn answers_can_be_cut_or_garbage() {
    let (engine, _) = engine().await;
    let cut = proxy(&engine, Action::Truncate { bytes: 5 }).await;
    let error = put(&cut).await.unwrap_err().to_string();
    assert!(error.contains("closed without an answer"), "{error}");
    let garbage = proxy(&engine, Action::Garbage).await;
    let response = put(&garbage).await.unwrap();
    assert_eq!((response.status, response.json()), (200, Value::Null));
}

#[tokio::test]
async fn forged_errors_look_like_the_engines_own() {
    let (engine, count) = engine().await;
    let proxy = proxy(&engine, Action::Conflict).await;
    let endpoint = Endpoint::new(proxy.url());
    let items = json!([{"Put": {"TableName": "t"}}, {"Put": {"TableName": "t"}}]);
    let error = endpoint.call("TransactWriteItems", json!({"TransactItems": items})).await.unwrap_err();
    assert_eq!((error.status, error.type_.as_str()), (400, "TransactionCanceledException"));
    assert!(error.message.ends_with("[TransactionConflict, None]"), "{}", error.message);
    assert_eq!(proxy.log()[0].error.as_ref().unwrap()["CancellationReasons"][1], json!({"Code": "None"}));
    for (action, name) in [
        (Action::Conflict, "TransactionConflictException"),
        (Action::Throttle, "ThrottlingException"),
        (Action::ThroughputExceeded, "ProvisionedThroughputExceededException"),
        (Action::InProgress, "TransactionInProgressException"),
        (Action::status(500, r#"{"__type":"InternalServerError"}"#), "InternalServerError"),
    ] {
        proxy.set_rules(vec![Rule::on("PutItem", action)]);
        let error = endpoint.call("PutItem", serde_json::from_str(BODY).unwrap()).await.unwrap_err();
        assert_eq!(error.type_, name);
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_forged_answer_has_the_headers_of_its_rule() {
    let (engine, _) = engine().await;
    let rule = r#"{"action": {"status": {"code": 400, "headers": {"x-amz-retry-after": "250", "no header": "x"}}}}"#;
    let proxy = proxy(&engine, Action::Pass).await;
    proxy.set_rules(vec![serde_json::from_str(rule).unwrap()]);
    let response = put(&proxy).await.unwrap();
    assert_eq!((response.status, response.header("x-amz-retry-after")), (400, Some("250")));
    assert_eq!(response.header("content-type"), Some("application/x-amz-json-1.0"));
}

#[tokio::test]
async fn dropped_connections_are_closed_when_they_rest() {
    let (engine, count) = engine().await;
    let proxy = proxy(&engine, Action::Delay { ms: 100 }).await;
    let mut idle = TcpStream::connect(proxy.address()).await.unwrap();
    let busy = async { put(&proxy).await.unwrap().status };
    let drop_both = async {
        while proxy.log_len() == 0 || proxy.connections() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        proxy.drop_connections().await
    };
    assert_eq!(tokio::join!(busy, drop_both), (200, 2));
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "it is closed");
    assert_eq!((count.load(Ordering::SeqCst), proxy.connections()), (1, 0));
    // A new one is not meant.
    assert_eq!(put(&proxy).await.unwrap().status, 200);
}

/// A transaction of parts, each a kind and a partition key.
fn transaction(parts: &[(&str, &str)]) -> Value {
    let part = |(kind, pk): &(&str, &str)| {
        let member = if *kind == "Put" { "Item" } else { "Key" };
        json!({ *kind: {"TableName": "t", member: {"pk": {"S": pk}, "sk": {"S": "#"}}} })
    };
    json!({"TransactItems": parts.iter().map(part).collect::<Vec<_>>()})
}

/// A single write of an item.
fn single(table: &str, member: &str, pk: &str) -> Value {
    json!({"TableName": table, member: {"pk": {"S": pk}, "sk": {"S": "#"}}})
}

/// Sends a request, and returns when it is under way.
async fn begin(proxy: &FaultProxy, operation: &'static str, body: Value) -> tokio::task::JoinHandle<bool> {
    let (before, endpoint) = (proxy.log_len(), Endpoint::new(proxy.url()));
    let sent = tokio::spawn(async move { endpoint.call(operation, body).await.is_ok() });
    while proxy.log_len() == before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    sent
}

/// Under way until all else in a test is done.
const LONG: Action = Action::Contention { ms: 2_000 };

#[tokio::test]
async fn a_transaction_conflicts_exactly_at_the_items_in_use() {
    let (engine, count) = engine().await;
    let proxy = proxy(&engine, LONG).await;
    let endpoint = Endpoint::new(proxy.url());
    let held = transaction(&[("Put", "I#1#C#c"), ("ConditionCheck", "I#1#G#g#0"), ("Delete", "I#1#T")]);
    let held = begin(&proxy, "TransactWriteItems", held).await;
    // What conflicts uses no item, so the next one has the same conflicts.
    for _ in 0..2 {
        let parts = [("Put", "I#1#C#d"), ("ConditionCheck", "I#1#G#g#0"), ("Update", "I#1#G#g#1"), ("Update", "I#1#T")];
        let error = endpoint.call("TransactWriteItems", transaction(&parts)).await.unwrap_err();
        assert_eq!((error.status, error.type_.as_str()), (400, "TransactionCanceledException"));
        assert!(error.message.ends_with("[None, TransactionConflict, None, TransactionConflict]"), "{}", error.message);
    }
    let keys: Vec<String> = proxy.log()[1].conflicts().iter().map(Part::key).collect();
    assert_eq!(keys, ["I#1#G#g#0 #", "I#1#T #"]);
    for (operation, member, pk) in
        [("PutItem", "Item", "I#1#C#c"), ("UpdateItem", "Key", "I#1#G#g#0"), ("DeleteItem", "Key", "I#1#T")]
    {
        let error = endpoint.call(operation, single("t", member, pk)).await.unwrap_err();
        assert_eq!((error.status, error.type_.as_str()), (400, "TransactionConflictException"));
    }
    let expected = [("I#C", 1), ("I#G", 3), ("I#T", 3)].map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(conflicts(&proxy.log()), expected.into());
    assert_eq!((count.load(Ordering::SeqCst), held.is_finished()), (0, false), "nothing but the first is under way");
    assert!(held.await.unwrap());
}

#[tokio::test]
async fn reads_and_other_items_do_not_conflict() {
    let (engine, count) = engine().await;
    let proxy = proxy(&engine, LONG).await;
    let endpoint = Endpoint::new(proxy.url());
    let held = begin(&proxy, "TransactWriteItems", transaction(&[("Put", "I#1#T")])).await;
    let batch = json!({"RequestItems": {"t": {"Keys": [single("t", "Key", "I#1#T")["Key"]]}}});
    let query = json!({"TableName": "t", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "I#1#T"}}});
    for (operation, body) in [("GetItem", single("t", "Key", "I#1#T")), ("BatchGetItem", batch), ("Query", query)] {
        endpoint.call(operation, body).await.unwrap();
    }
    assert_eq!((count.load(Ordering::SeqCst), held.is_finished()), (3, false), "reads do not wait");
    let others = [
        begin(&proxy, "TransactWriteItems", transaction(&[("Put", "I#1#U")])).await,
        begin(&proxy, "PutItem", single("u", "Item", "I#1#T")).await,
    ];
    for sent in others.into_iter().chain([held]) {
        assert!(sent.await.unwrap());
    }
    assert_eq!(conflicts(&proxy.log()), [].into());
}

#[tokio::test]
async fn a_single_write_conflicts_with_transactions_only() {
    let (engine, _) = engine().await;
    let proxy = proxy(&engine, Action::Contention { ms: 500 }).await;
    let endpoint = Endpoint::new(proxy.url());
    let first = begin(&proxy, "PutItem", single("t", "Item", "I#1#T")).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    let second = begin(&proxy, "UpdateItem", single("t", "Key", "I#1#T")).await;
    let check = transaction(&[("ConditionCheck", "I#1#T")]);
    endpoint.call("TransactWriteItems", check.clone()).await.unwrap_err();
    assert!(first.await.unwrap());
    endpoint.call("TransactWriteItems", check.clone()).await.unwrap_err();
    assert!(second.await.unwrap());
    endpoint.call("TransactWriteItems", check).await.unwrap();
    assert_eq!(conflicts(&proxy.log()), [("I#T".to_owned(), 2)].into());
}

#[tokio::test]
async fn items_are_free_when_their_write_is_over_whatever_its_end() {
    let (engine, count) = engine().await;
    let proxy = proxy(&engine, Action::Contention { ms: 100 }).await;
    let endpoint = Endpoint::new(proxy.url());
    let body = || transaction(&[("Put", "I#1#T"), ("Put", "I#1#U")]);
    endpoint.call("TransactWriteItems", body()).await.unwrap();
    let left = begin(&proxy, "TransactWriteItems", body()).await;
    left.abort();
    assert!(left.await.unwrap_err().is_cancelled());
    endpoint.call("TransactWriteItems", body()).await.unwrap_err();
    proxy.quiet(Duration::from_secs(5)).await.unwrap();
    endpoint.call("TransactWriteItems", body()).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 3);
    drop(engine);
    for _ in 0..2 {
        assert_eq!(endpoint.call("TransactWriteItems", body()).await.unwrap_err().status, 502);
    }
}

#[tokio::test]
async fn only_the_requests_of_its_rule_use_items() {
    let (engine, _) = engine().await;
    let proxy = proxy(&engine, Action::Pass).await;
    proxy.set_rules(vec![Rule::always(LONG).key("#G#")]);
    let endpoint = Endpoint::new(proxy.url());
    let held =
        begin(&proxy, "TransactWriteItems", transaction(&[("ConditionCheck", "I#1#G#g#0"), ("Put", "I#1#T")])).await;
    endpoint.call("TransactWriteItems", transaction(&[("Put", "I#1#T")])).await.unwrap();
    assert!(!held.is_finished());
}

/// The page that documents the rules.
const PAGE: &str = include_str!("../../../../docs/faults.md");

/// The code spans in the first cells of the page's tables.
fn first_cells() -> impl Iterator<Item = &'static str> {
    PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |")).map(|(cell, _)| cell)
}

#[test]
fn every_action_is_read_as_the_page_writes_it() {
    let written: Vec<&str> = first_cells().filter(|cell| cell.starts_with(['"', '{'])).collect();
    let actions: Vec<Action> = written
        .iter()
        .map(|json| serde_json::from_str(json).unwrap_or_else(|error| panic!("{json} in docs/faults.md: {error}")))
        .collect();
    // serde's error for an unknown variant lists the known ones.
    let refusal = serde_json::from_str::<Action>("\"?\"").unwrap_err().to_string();
    let known: Vec<&str> = refusal.split('`').skip(3).step_by(2).collect();
    assert!(known.contains(&"pass") && known.contains(&"garbage"), "{refusal}");
    assert_eq!(actions.len(), known.len());
    for name in known {
        let named = |json: &&str| json.split('"').nth(1) == Some(name);
        assert!(written.iter().any(named), "docs/faults.md has no row for {name}");
    }
}

#[test]
fn every_member_of_a_rule_is_on_the_page() {
    let refusal = serde_json::from_str::<Rule>(r#"{"?": 1}"#).unwrap_err().to_string();
    let known: Vec<&str> = refusal.split('`').skip(3).step_by(2).collect();
    assert!(known.contains(&"op") && known.contains(&"action"), "{refusal}");
    let documented: Vec<&str> = first_cells().filter(|cell| !cell.starts_with(['"', '{'])).collect();
    assert_eq!(documented, known);
}

#[test]
fn the_example_file_is_read() {
    let rules: Vec<Rule> = serde_json::from_str(include_str!("../../faults.example.json")).unwrap();
    assert!(rules.len() > 2);
    assert!(PAGE.contains("infra/local/faults.example.json"));
}

#[tokio::test]
async fn a_transaction_costs_two_units_per_item() {
    let (engine, _) = engine().await;
    let proxy = proxy(&engine, Action::Pass).await;
    let items = json!([{"Put": {"TableName": "t"}}, {"Put": {"TableName": "t"}}]);
    Endpoint::new(proxy.url()).call("TransactWriteItems", json!({"TransactItems": items})).await.unwrap();
    assert_eq!(proxy.log()[0].write_units(), 4.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_requests_pass() {
    let (engine, _) = engine().await;
    let proxy = proxy(&engine, Action::Pass).await;
    let endpoint = Endpoint::new(proxy.url());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let endpoint = endpoint.clone();
        tasks.spawn(async move {
            for _ in 0..100 {
                endpoint.call("PutItem", serde_json::from_str(BODY).unwrap()).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(proxy.log_len(), 3200);
}
