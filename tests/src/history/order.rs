//! The search for an order of events that explains them all, each between its beginning and its end.

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};
use std::collections::HashSet;
use std::fmt::{Debug, Display};
use std::hash::Hash;

/// An event of a history, and the specification that it is held against.
pub trait Step: Display {
    /// What there is, with what may be done to it.
    type State: SequentialSpec<Op: Clone + Debug, Ret: Clone + Debug + PartialEq> + Clone + Debug + Eq + Hash;

    /// When it began.
    fn began(&self) -> u64;

    /// What was asked for.
    fn op(&self) -> &<Self::State as SequentialSpec>::Op;

    /// When it ended, and with what; `None`: whether it happened is unknown.
    fn end(&self) -> Option<(u64, &<Self::State as SequentialSpec>::Ret)>;

    /// Whether it cannot come any more, since it shows what is past.
    fn is_too_late(&self, _now: &Self::State) -> bool {
        false
    }
}

/// Whether some order of the events explains them all. stateright judges; since its search tries threads by their number and remembers no dead
/// end, it is shown an order that fits.
pub fn order<E: Step>(initial: &E::State, mut events: Vec<E>) -> Result<(), String> {
    // Most happened in the order in which they ended. What has an unknown end comes last.
    events.sort_by_key(|event| (event.end().map_or(u64::MAX, |(end, _)| end), event.began()));
    assert!(events.len() <= MOST, "{} events are no short window", events.len());
    let mut search = Search { events: &events, order: Vec::new(), dead_ends: HashSet::new() };
    if search.explains(initial, 0) {
        let left_out = (0..events.len()).filter(|at| !search.order.contains(at));
        let order: Vec<usize> = search.order.iter().copied().chain(left_out).collect();
        if is_linearizable(initial, order.iter().map(|at| &events[*at])) {
            return Ok(());
        }
    }
    events.sort_by_key(Step::began);
    let events: Vec<String> = events.iter().map(ToString::to_string).collect();
    Err(format!("no order explains these events, from {initial:?}:\n{}", events.join("\n")))
}

/// stateright's judgement; each event has a thread of its own.
fn is_linearizable<'a, E: Step + 'a>(initial: &E::State, events: impl Iterator<Item = &'a E>) -> bool {
    let mut moments = Vec::new();
    for (thread, event) in events.enumerate() {
        moments.push((event.began(), thread, event, None));
        moments.extend(event.end().map(|(end, ret)| (end, thread, event, Some(ret))));
    }
    moments.sort_by_key(|(moment, thread, ..)| (*moment, *thread));
    let mut tester = LinearizabilityTester::new(initial.clone());
    for (_, thread, event, ret) in moments {
        let noted = match ret {
            None => tester.on_invoke(thread, event.op().clone()),
            Some(ret) => tester.on_return(thread, ret.clone()),
        };
        noted.expect("each thread begins once and then ends once");
    }
    tester.is_consistent()
}

/// So many events can be ordered at most.
const MOST: usize = 128;

struct Search<'a, E: Step> {
    events: &'a [E],
    /// The beginning of the order.
    order: Vec<usize>,
    /// What was placed, and what had come of it, where no end of an order fits.
    dead_ends: HashSet<(u128, E::State)>,
}

impl<E: Step> Search<'_, E> {
    /// Whether the events that are not `placed` yet can follow, all of which the end is known.
    fn explains(&mut self, state: &E::State, placed: u128) -> bool {
        let events = self.events;
        let left = || events.iter().enumerate().filter(|(at, _)| placed & 1 << at == 0);
        let Some(first_end) = left().filter_map(|(_, event)| Some(event.end()?.0)).min() else { return true };
        if left().any(|(_, event)| event.is_too_late(state)) || self.dead_ends.contains(&(placed, state.clone())) {
            return false;
        }
        for (at, event) in left().filter(|(_, event)| event.began() < first_end) {
            let mut next = state.clone();
            let fits = match event.end() {
                Some((_, ret)) => next.is_valid_step(event.op(), ret),
                None => {
                    next.invoke(event.op());
                    next != *state
                }
            };
            self.order.push(at);
            if fits && self.explains(&next, placed | 1 << at) {
                return true;
            }
            self.order.pop();
        }
        self.dead_ends.insert((placed, state.clone()));
        false
    }
}
