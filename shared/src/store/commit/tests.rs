//! The outcome of failed conditions.

use super::*;
use crate::store::write::Write;

fn key() -> Key {
    crate::store::keys::priming()
}

fn item(writes: &[&str]) -> Item {
    let mut item = history::item_after(writes);
    item.extend(key().into_attributes());
    item
}

fn bound_to(w: &str) -> Write<'static> {
    Write::update_item(key()).unchanged_since(&Snapshot { key: key(), w: w.to_owned(), entity: () })
}

/// The outcome of a failed condition of the write "ours", which is bound to "read".
fn settled(writes: &[&str], answers_lost: bool) -> &'static str {
    name(outcome_of_failed_conditions(&[bound_to("read")], vec![(0, Some(item(writes)))], "ours", answers_lost))
}

fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied(_) => "applied",
        Outcome::ConditionFailed(_) => "refused",
        Outcome::Unknown(_) => "unknown",
    }
}

#[test]
fn a_failed_condition_is_believed_where_the_item_or_its_one_answer_proves_it() {
    for (writes, alone, after_a_lost_answer) in [
        (vec!["ours", "read"], "applied", "applied"),
        (vec!["other", "ours", "read"], "applied", "applied"),
        (vec!["other", "read"], "refused", "refused"),
        (vec!["other"], "refused", "unknown"),
        (vec![], "refused", "unknown"),
    ] {
        assert_eq!((settled(&writes, false), settled(&writes, true)), (alone, after_a_lost_answer), "{writes:?}");
    }
    let gone =
        |answers_lost| name(outcome_of_failed_conditions(&[bound_to("read")], vec![(0, None)], "ours", answers_lost));
    assert_eq!((gone(false), gone(true)), ("refused", "unknown"));
}

#[test]
fn one_item_of_a_transaction_proves_it_for_all() {
    let writes = || [Write::update_existing(key()), bound_to("read")];
    let items = |second: &[&str]| vec![(0, Some(item(&["other"]))), (1, Some(item(second)))];
    assert_eq!(name(outcome_of_failed_conditions(&writes(), items(&["a", "read"]), "ours", true)), "refused");
    assert_eq!(name(outcome_of_failed_conditions(&writes(), items(&["a", "ours"]), "ours", true)), "applied");
    assert_eq!(name(outcome_of_failed_conditions(&writes(), items(&["a"]), "ours", true)), "unknown");
}

#[test]
fn the_first_refusal_has_the_meaning() {
    let named = || Write::update_existing(key()).on_condition_failed(|_| Error::NotFound);
    let error = |writes: &[Write<'_>], at: &[usize]| match outcome_of_failed_conditions(
        writes,
        at.iter().map(|at| (*at, None)).collect(),
        "ours",
        false,
    ) {
        Outcome::ConditionFailed(failed) => failed.error,
        _ => panic!("not refused"),
    };
    assert!(error(&[bound_to("read"), named()], &[0, 1]).is_none());
    assert!(matches!(error(&[bound_to("read"), named()], &[1]), Some(Error::NotFound)));
}
