//! The checkers find what they are there for: planted faults in made-up histories and tables.

use std::collections::BTreeMap;
use tests::history::{Event, Live, Op, Ret, Round, Tenant};
use tests::history::{check_chains, check_history, check_invariants, check_invariants_before_the_sweep, check_order};
use tests::history::{check_records, read_history, write_history};
use tests::{Value, json, repository_root};

fn found(id: &str, version: u64, name: &str) -> Ret {
    Ret::Found { id: id.to_owned(), version, name: Some(name.to_owned()), default: None, suspended: false }
}

fn changed(id: &str, version: u64) -> Ret {
    Ret::Changed { id: id.to_owned(), version }
}

fn rename(id: &str, name: &str) -> Op {
    Op::Rename { id: id.to_owned(), name: name.to_owned(), if_match: None }
}

/// An event of one client, from `began` to its end.
fn event(client: usize, began: u64, op: Op, end: Option<(u64, Ret)>) -> Event {
    let body = match &end {
        Some((_, Ret::Found { version, name, .. })) => Some(json!({ "version": version, "name": name })),
        Some((_, Ret::Changed { version, .. })) => match &op {
            Op::Rename { name, .. } => Some(json!({ "version": version, "name": name })),
            _ => None,
        },
        _ => None,
    };
    Event { client: (client, 0), tenant: 0, op, began, end, body }
}

/// A tenant `x` in its first version, named `a`.
fn tenant() -> Tenant {
    let (id, name) = (Some("x".to_owned()), Some("a".to_owned()));
    let (repositories, default) = Default::default();
    Tenant(Some(Live { id, version: 1, name, repositories, default, suspended: false }))
}

fn suspend(id: &str) -> Op {
    Op::SetStatus { id: id.to_owned(), suspended: true }
}

#[test]
fn an_order_that_exists_is_found_also_around_an_unknown_end() {
    let history = [
        event(0, 1, rename("x", "b"), Some((4, changed("x", 2)))),
        event(1, 2, Op::Read, Some((3, found("x", 1, "a")))),
        event(1, 5, rename("x", "c"), None),
        event(2, 6, Op::Read, Some((7, found("x", 2, "b")))),
        event(2, 8, Op::Read, Some((9, found("x", 3, "c")))),
    ];
    check_order(tenant(), &history).unwrap();
}

#[test]
fn an_order_is_found_among_more_than_can_be_tried() {
    // Each shows a version that only the unknown one before them all explains, and they ended the wrong way round.
    let upserts = 2..20;
    let upsert = |version: u64| {
        let op = Op::Upsert { name: Some(version.to_string()) };
        event(version as usize, 3, op, Some((100 - version, changed("x", version + 1))))
    };
    let history: Vec<Event> = upserts.clone().map(upsert).collect();
    let unknown = event(0, 2, rename("x", "b"), None);
    check_order(tenant(), &[&history[..], &[unknown]].concat()).unwrap();
    let fault = check_order(tenant(), &history).unwrap_err();
    assert!(fault.contains("no order"), "{fault}");
}

#[test]
fn what_no_order_explains_is_told() {
    let stale = [
        event(0, 1, rename("x", "b"), Some((2, changed("x", 2)))),
        event(1, 3, Op::Read, Some((4, found("x", 1, "a")))),
    ];
    let lost = [
        event(0, 1, rename("x", "b"), Some((2, changed("x", 2)))),
        event(0, 3, rename("x", "c"), Some((4, changed("x", 3)))),
        event(1, 5, Op::Read, Some((6, found("x", 4, "b")))),
    ];
    let twice =
        [event(0, 1, Op::Deprovision, Some((3, Ret::Done))), event(1, 2, Op::Deprovision, Some((4, Ret::Done)))];
    let risen =
        [event(0, 1, Op::Deprovision, Some((2, Ret::Done))), event(1, 3, Op::Read, Some((4, found("x", 1, "a"))))];
    let still_active =
        [event(0, 1, suspend("x"), Some((2, changed("x", 2)))), event(1, 3, Op::Read, Some((4, found("x", 2, "a"))))];
    let denied = [event(0, 1, Op::Create { name: "b".to_owned() }, Some((2, Ret::Taken { id: "y".to_owned() })))];
    for history in [&stale[..], &lost, &twice, &risen, &still_active, &denied] {
        let fault = check_order(tenant(), history).unwrap_err();
        assert!(fault.contains("no order"), "{fault}");
    }
}

#[test]
fn a_broken_chain_is_told() {
    let two_writers = [
        event(0, 1, rename("x", "b"), Some((3, changed("x", 2)))),
        event(1, 2, rename("x", "b"), Some((4, changed("x", 2)))),
    ];
    let two_contents = [
        event(0, 1, rename("x", "b"), Some((4, changed("x", 2)))),
        event(1, 2, rename("x", "c"), None),
        event(2, 2, Op::Read, Some((4, found("x", 2, "c")))),
    ];
    let unwritten = [event(0, 1, Op::Read, Some((2, found("x", 1, "z"))))];
    let from_the_future = [
        event(0, 1, Op::Read, Some((2, found("x", 2, "b")))),
        event(1, 3, rename("x", "b"), Some((4, changed("x", 2)))),
    ];
    let backwards = [
        event(0, 1, rename("x", "b"), Some((2, changed("x", 3)))),
        event(1, 3, rename("x", "c"), Some((4, changed("x", 2)))),
    ];
    for (history, words) in [
        (&two_writers[..], "two writers"),
        (&two_contents, "was seen as"),
        (&unwritten, "no operation wrote"),
        (&from_the_future, "has the name"),
        (&backwards, "was at 3 and then at 2"),
    ] {
        let fault = check_chains(history).unwrap_err();
        assert!(fault.contains(words), "{fault}");
    }
}

/// A table at rest: one tenant that holds one repository.
fn table() -> Vec<Value> {
    let s = |text: &str| json!({ "S": text });
    vec![
        json!({ "type": s("tenant"), "id": s("tnt_x"), "external_id": s("a"), "status": s("active"),
            "repos": { "M": { "r": { "M": {} } } }, "default_repository_id": s("rep_r") }),
        json!({ "type": s("external_id"), "pk": s("I#i#X#a"), "id": s("tnt_x") }),
        json!({ "type": s("repository"), "sk": s("r"), "n": { "N": "1" } }),
        json!({ "type": s("attachment"), "pk": s("I#i#A#r"), "sk": s("x") }),
    ]
}

#[test]
fn a_table_that_is_not_consistent_is_told() {
    check_invariants(&table()).unwrap();
    let without = |at: usize| {
        let mut items = table();
        items.remove(at);
        check_invariants(&items).unwrap_err()
    };
    assert!(without(0).contains("which is not there"));
    assert!(without(1).contains("has no marker"));
    assert!(without(3).contains("back reference"));
    let with = |at: usize, member: &str, value: Value| {
        let mut items = table();
        items[at][member] = value;
        check_invariants(&items).unwrap_err()
    };
    assert!(with(2, "n", json!({ "N": "2" })).contains("holders"));
    assert!(with(0, "status", json!({ "S": "suspended" })).contains("in the index"));
    assert!(with(0, "default_repository_id", json!({ "S": "rep_q" })).contains("is not attached"));
    assert!(with(1, "type", json!({ "S": "sweep_job" })).contains("has no marker"));
}

#[test]
fn what_a_job_has_not_released_yet_counts() {
    let mut items = table();
    let s = |text: &str| json!({ "S": text });
    items[2]["n"] = json!({ "N": "2" });
    items.push(json!({ "type": s("attachment"), "pk": s("I#i#A#r"), "sk": s("y") }));
    assert!(check_invariants_before_the_sweep(&items).unwrap_err().contains("back reference"));
    // `q` was released by it.
    items.push(json!({ "type": s("sweep_job"), "sk": s("y"), "repositories": { "L": [s("q"), s("r")] } }));
    check_invariants_before_the_sweep(&items).unwrap();
    assert!(check_invariants(&items).unwrap_err().contains("a job is left"));
    items[2]["n"] = json!({ "N": "1" });
    assert!(check_invariants_before_the_sweep(&items).unwrap_err().contains("holders"));
}

#[test]
fn a_record_without_its_effect_is_told_and_the_other_way_round() {
    let s = |text: &str| json!({ "S": text });
    let items = vec![
        json!({ "type": s("tenant"), "external_id": s("t"), "id": s("tnt_x") }),
        json!({ "type": s("repository"), "name": s("r"), "id": s("rep_x") }),
        json!({ "type": s("record"), "id": s("tnt_x") }),
        json!({ "type": s("record"), "id": s("rep_x") }),
    ];
    let made = |tenant: Option<&str>| {
        let answered = [("t", tenant), ("r", Some("rep_x")), ("lost", None)];
        answered.map(|(name, id)| (name.to_owned(), id.map(str::to_owned))).into_iter().collect::<BTreeMap<_, _>>()
    };
    check_records(&items, &made(Some("tnt_x"))).unwrap();
    check_records(&items, &made(None)).unwrap();
    assert!(check_records(&items, &made(Some("tnt_y"))).unwrap_err().contains("was answered as"));
    for (without, words) in [(0, "not there"), (1, "was answered as"), (2, "t has no record"), (3, "r has no record")] {
        let mut items = items.clone();
        items.remove(without);
        let fault = check_records(&items, &made(None)).unwrap_err();
        assert!(fault.contains(words), "{fault}");
    }
    let twice = [&items[..], &items[3..]].concat();
    assert!(check_records(&twice, &made(None)).unwrap_err().contains("another record"));
}

#[test]
fn a_recorded_history_is_judged_again_as_it_was() {
    let round = |events: Vec<Event>, state: Tenant| Round {
        events,
        states: BTreeMap::from([(0, state)]),
        made: BTreeMap::new(),
        items: table(),
    };
    let made = event(0, 1, Op::Create { name: "a".to_owned() }, Some((2, Ret::Made { id: "x".to_owned() })));
    let right = event(1, 3, Op::Read, Some((4, found("x", 1, "a"))));
    let wrong = event(1, 3, Op::Read, Some((4, found("x", 7, "a"))));
    let open = event(1, 5, Op::Deprovision, None);
    let file = repository_root().join(format!("target/chaos/made-up-{}.jsonl", std::process::id()));
    for (last, fault) in [(right, None), (wrong, Some("round 1: no order"))] {
        let history = [round(vec![made.clone()], tenant()), round(vec![last, open.clone()], Tenant(None))];
        write_history(&file, &history);
        let again = read_history(&file);
        assert_eq!(again, history);
        let judged = check_history(&again);
        assert_eq!(judged, check_history(&history));
        match fault {
            None => judged.unwrap(),
            Some(fault) => assert!(judged.unwrap_err().contains(fault)),
        }
    }
    std::fs::remove_file(file).unwrap();
}
