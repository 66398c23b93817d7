//! Parallel duplicates under one Idempotency-Key get the one answer, also where the first of them took the last room or
//! ended the key that both rotate.

use crate::{KEYS, create, issue, list, revoke, start};
use tests::transcript::text;
use tests::{Action, App, Call, Exchange, LogEntry, Rule, Value, json};

/// Sends the same request twice. The first is held at its look at the customer's root until both have seen that there is no
/// room, the second until the first is through.
async fn twice(app: &App, function: &str, name: &str, call: Call<'_>) -> [Exchange; 2] {
    app.lambda.warm(name, 2).await.unwrap();
    let look = |nth, ms| Rule::on("BatchGetItem", Action::Delay { ms }).key("I#").function(function).nth(nth);
    app.faults([look(1, 400), look(2, 1200)]);
    let ((one, other), log) = app.requests_of(async { tokio::join!(call.clone().send(), call.send()) }).await;
    app.faults([]);
    let looks: Vec<&LogEntry> = log.iter().filter(|entry| matches!(entry.action, Action::Delay { .. })).collect();
    let first_write = log.iter().find(|entry| entry.is_write()).expect("one of them writes");
    let has_met = looks.len() == 2 && looks[1].started < first_write.started && looks[1].overlaps(first_write);
    assert!(has_met, "the second did not look before the first was through: {log:?}");
    [one, other]
}

fn expect_one_answer(answers: &[Exchange; 2]) {
    let mut replays: Vec<_> = answers.iter().map(|answer| answer.header("idempotency-replayed")).collect();
    replays.sort_unstable();
    assert_eq!(replays, [None, Some("true")], "{answers:?}");
    let ids = answers.each_ref().map(|answer| (answer.status, text(&answer.json(), "key_id").to_owned()));
    assert_eq!((ids[0].0, &ids[0]), (201, &ids[1]));
}

/// Makes as many keys as are kept; the last of them.
async fn fill(app: &App) -> Value {
    let mut last = Value::Null;
    for n in 0..50 {
        last = issue(app, json!({ "name": format!("k{n}") })).await;
    }
    last
}

#[tokio::test]
async fn the_last_room_is_taken_once() {
    let app = start().await;
    let last = fill(&app).await;
    revoke(&app, &last).send().await.expect_status(204);
    let call = create(&app, json!({ "name": "new" })).once("k");
    expect_one_answer(&twice(&app, "CreateKeyFunction", "create-key", call).await);
    assert_eq!(list(&app).await.len(), 50);
}

#[tokio::test]
async fn a_key_is_rotated_once() {
    let app = start().await;
    let last = fill(&app).await;
    let call = app.operator("POST", &format!("{KEYS}/{}/rotate", text(&last, "key_id"))).once("k");
    expect_one_answer(&twice(&app, "RotateKeyFunction", "rotate-key", call).await);
    assert_eq!(list(&app).await.len(), 50);
}
