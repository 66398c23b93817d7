//! The checkers of conversations find what they are there for: planted faults in made-up histories and tables.

use std::collections::BTreeMap;
use tests::history::conversations::{Conversation, Event, Op, Ret, Tenant, check_conversations, check_order};
use tests::{Value, json};

/// A tenant with a conversation `a` and one place for a lease.
fn tenant() -> Tenant {
    let conversations = BTreeMap::from([("a".to_owned(), Conversation::default())]);
    Tenant { is_gone: false, is_suspended: false, most: 1, conversations }
}

fn event(op: Op, began: u64, end: Option<(u64, Ret)>) -> Event {
    Event { op, marker: String::new(), began, end }
}

fn done(op: Op, began: u64, end: u64) -> Event {
    event(op, began, Some((end, Ret::Done)))
}

fn say() -> Op {
    Op::Say { conversation: "a".to_owned() }
}

/// A conversation with a lease is begun, from `began` to `began + 1`.
fn sticky(number: usize, began: u64, id: &str) -> Event {
    event(Op::Begin { number, is_sticky: true }, began, Some((began + 1, Ret::Made(id.to_owned()))))
}

fn read(began: u64, messages: u64) -> Event {
    let shown = Conversation { messages, ..Conversation::default() };
    event(Op::Read { conversation: "a".to_owned() }, began, Some((began + 1, Ret::Shown(shown))))
}

fn pooled(began: u64, id: &str) -> Event {
    let op = Op::Change { conversation: id.to_owned(), is_sticky: Some(false) };
    event(op, began, Some((began + 1, Ret::Shown(Conversation::default()))))
}

fn full(number: usize, began: u64) -> Event {
    event(Op::Begin { number, is_sticky: true }, began, Some((began + 1, Ret::Full)))
}

#[test]
fn orders_that_exist_are_found() {
    let histories: [&[Event]; 7] = [
        &[done(say(), 1, 4), done(say(), 2, 3), read(5, 2)],
        // Written by one whose answer was lost, or not.
        &[event(say(), 1, None), read(2, 0), read(4, 1)],
        &[event(say(), 1, None), read(2, 0), read(4, 0)],
        &[sticky(1, 1, "b"), full(2, 3), pooled(5, "b"), sticky(3, 7, "c")],
        // Settings and leases may be read before and after they change.
        &[sticky(1, 1, "b"), done(Op::SetMost(2), 3, 8), full(2, 4), sticky(3, 6, "c")],
        // A write that is under way during the suspension was before it.
        &[done(Op::SetSuspended(true), 2, 3), done(say(), 1, 6), read(4, 1)],
        &[event(Op::Begin { number: 1, is_sticky: true }, 1, None), full(2, 2)],
    ];
    for history in histories {
        check_order(&tenant(), history).unwrap();
    }
}

#[test]
fn what_no_order_explains_is_found() {
    let suspended = event(say(), 4, Some((5, Ret::Suspended)));
    let active = Event { began: 1, end: Some((2, Ret::Suspended)), ..suspended.clone() };
    let stored = |messages: u64| {
        let conversation = Conversation { messages, ..Conversation::default() };
        let conversations = BTreeMap::from([("a".to_owned(), conversation)]);
        event(Op::Rest, 8, Some((9, Ret::AtRest(Tenant { conversations, ..tenant() }))))
    };
    let archive = || done(Op::Archive { conversation: "a".to_owned() }, 1, 2);
    let histories: [(&str, &[Event]); 11] = [
        ("a message that counts twice", &[done(say(), 1, 2), read(3, 2)]),
        ("a message that does not count", &[done(say(), 1, 2), done(say(), 3, 4), stored(1)]),
        ("a message of an unknown end that counts twice", &[event(say(), 1, None), stored(2)]),
        ("a message that is taken back", &[event(say(), 1, None), read(2, 1), read(4, 0)]),
        ("a lease too many", &[sticky(1, 1, "b"), sticky(2, 3, "c")]),
        ("a lease by settings of before", &[done(Op::SetMost(0), 1, 2), sticky(1, 3, "b")]),
        ("a refusal with a place", &[full(1, 1)]),
        ("a write after the suspension", &[done(Op::SetSuspended(true), 1, 2), done(say(), 3, 4)]),
        ("a refusal of an active tenant", &[active]),
        ("a message to an archived conversation", &[archive(), done(say(), 3, 4)]),
        ("a write after the deprovision", &[done(Op::Deprovision, 1, 2), done(say(), 3, 4)]),
    ];
    for (what, history) in histories {
        let fault = check_order(&tenant(), history).expect_err(what);
        assert!(fault.contains("no order"), "{fault}");
    }
    check_order(&tenant(), &[done(Op::SetSuspended(true), 1, 2), suspended]).unwrap();
}

/// A table at rest: a user with a conversation that has a lease and a message.
fn table() -> Vec<Value> {
    let s = |text: &str| json!({ "S": text });
    let (created, last) = (s("2026-01-01T00:00:00.000Z"), s("2026-01-01T00:00:01.000Z"));
    let (user, conversation) = ("0000000000ttttttuuuuuu0000", "0000000001ttttttuuuuuu0000");
    let end = s("9999-01-01T00:00:00.000Z");
    vec![
        json!({ "type": s("user"), "id": s(&format!("usr_{user}")), "tenant_id": s("tnt_t") }),
        json!({
            "type": s("conversation"), "pk": s("I#i#C#ttttttuuuuuu"), "sk": s(conversation),
            "id": s(&format!("con_{conversation}")), "tenant_id": s("tnt_t"), "user_id": s(&format!("usr_{user}")),
            "status": s("active"), "message_count": { "N": "1" }, "created_at": created, "last_message_at": last,
            "lease_expires_at": end, "g2pk": s(&format!("I#i#V#U#{user}")), "g3pk": s("I#i#V#T#t"),
            "g2sk": s(&format!("2026-01-01T00:00:01.000Z#{conversation}")),
        }),
        json!({
            "type": s("message"), "pk": s(&format!("I#i#M#ttttttuuuuuu#{conversation}")), "sk": s("m"), "id": s("msg_m"),
            "conversation_id": s(&format!("con_{conversation}")), "created_at": last,
        }),
        json!({ "type": s("leases"), "leases": { "M": { conversation: end } } }),
    ]
}

#[test]
fn conversations_that_are_not_consistent_are_found() {
    check_conversations(&table()).unwrap();
    let fault = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut items = table();
        change(&mut items);
        check_conversations(&items).unwrap_err()
    };
    let with = |at: usize, member: &str, value: Value| fault(&|items| items[at][member] = value.clone());
    let s = |text: &str| json!({ "S": text });
    for (without, words) in [
        (0, "no user of its tenant"),
        (1, "is of con_0000000001ttttttuuuuuu0000, which is not there"),
        (2, "and has 0 messages"),
        (3, "counted until None"),
    ] {
        let fault = fault(&|items| drop(items.remove(without)));
        assert!(fault.contains(words), "{fault}");
    }
    for (at, member, value, words) in [
        (0, "tenant_id", s("tnt_u"), "no user of its tenant"),
        (1, "message_count", json!({ "N": "2" }), "and has 1 messages"),
        (1, "last_message_at", s("2026-01-01T00:00:02.000Z"), "the last message"),
        (1, "g2sk", s("2026-01-01T00:00:00.000Z#0000000001ttttttuuuuuu0000"), "another g2sk"),
        (1, "g2pk", s("I#i#V#U#u"), "another g2pk"),
        (1, "g3pk", s("I#i#V#T#u"), "another g3pk"),
        (1, "status", s("archived"), "is archived"),
        (1, "lease_expires_at", s("9998-01-01T00:00:00.000Z"), "counted until"),
        (2, "pk", s("I#i#M#ttttttuuuuuu#0000000002ttttttuuuuuu0000"), "is at"),
        (3, "leases", json!({ "M": { "x": s("9999-01-01T00:00:00.000Z") } }), "counted until None"),
    ] {
        let fault = with(at, member, value);
        assert!(fault.contains(words), "{fault}");
    }
    let other = fault(&|items| items[3]["leases"]["M"]["x"] = s("9999-01-01T00:00:00.000Z"));
    assert!(other.contains("a lease is of con_x"), "{other}");
    // An ended lease may be counted no more.
    let mut ended = table();
    ended[1]["lease_expires_at"] = s("2026-01-01T01:00:00.000Z");
    ended[3]["leases"] = json!({ "M": {} });
    check_conversations(&ended).unwrap();
}
