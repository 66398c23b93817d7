//! The version chain of every tenant: each version has one writer and one content, and time does not run back.

use super::{Event, Op, Ret};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A version of a tenant that an answer showed.
struct Seen<'a> {
    began: u64,
    ended: u64,
    id: &'a str,
    version: u64,
    is_write: bool,
    body: &'a Value,
}

fn seen(event: &Event) -> Option<Seen<'_>> {
    let (ended, ret) = event.end.as_ref()?;
    let (id, version) = match ret {
        Ret::Found { id, version, .. } | Ret::Changed { id, version } => (id, *version),
        Ret::Made { id } => (id, 1),
        _ => return None,
    };
    // What an upsert shows may be later than what it wrote.
    let is_write = !matches!(event.op, Op::Read | Op::Upsert { .. }) || matches!(ret, Ret::Made { .. });
    Some(Seen { began: event.began, ended: *ended, id, version, is_write, body: event.body.as_ref()? })
}

/// The name that an operation writes.
fn written(op: &Op) -> Option<&str> {
    match op {
        Op::Create { name } | Op::Rename { name, .. } | Op::Upsert { name: Some(name) } => Some(name),
        _ => None,
    }
}

/// Checks the chains of all tenants in a history.
pub fn check_chains(events: &[Event]) -> Result<(), String> {
    let mut contents: BTreeMap<(&str, u64), &Value> = BTreeMap::new();
    let mut writers: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    let names: BTreeMap<&str, &Event> = events.iter().filter_map(|event| Some((written(&event.op)?, event))).collect();
    for event in events {
        let Some(seen) = seen(event) else { continue };
        let place = (seen.id, seen.version);
        if *owners.entry(seen.id).or_insert(event.tenant) != event.tenant {
            return Err(format!("{} is the tenant of two external ids", seen.id));
        }
        if *contents.entry(place).or_insert(seen.body) != seen.body {
            return Err(format!("{place:?} was seen as {} and as {}", contents[&place], seen.body));
        }
        if seen.is_write && writers.insert(place, seen.began).is_some() {
            return Err(format!("{place:?} has two writers"));
        }
        if let Some(name) = seen.body["name"].as_str() {
            let writer = names.get(name).ok_or(format!("{place:?} has the name {name}, which no operation wrote"))?;
            let refused =
                matches!(&writer.end, Some((_, Ret::Missing | Ret::Stale | Ret::Taken { .. } | Ret::NotAttached)));
            if refused || writer.began > seen.ended {
                return Err(format!("{place:?} has the name {name} of {writer:?}"));
            }
        }
    }
    let all: Vec<Seen> = events.iter().filter_map(seen).collect();
    let ids: BTreeSet<&str> = all.iter().map(|seen| seen.id).collect();
    ids.into_iter().try_for_each(|id| in_time(all.iter().filter(|seen| seen.id == id).collect()))
}

/// What began after something ended is not older, and newer where it wrote.
fn in_time(mut seen: Vec<&Seen>) -> Result<(), String> {
    let mut ended = seen.clone();
    seen.sort_by_key(|seen| seen.began);
    ended.sort_by_key(|seen| seen.ended);
    let mut ended = ended.into_iter().peekable();
    let mut least = 0;
    for now in seen {
        while let Some(before) = ended.next_if(|before| before.ended < now.began) {
            least = least.max(before.version);
        }
        if now.version < least + u64::from(now.is_write && least > 0) {
            return Err(format!("{} was at {least} and then at {} (a write: {})", now.id, now.version, now.is_write));
        }
    }
    Ok(())
}
