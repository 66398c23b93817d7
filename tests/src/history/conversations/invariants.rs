//! What holds of conversations, messages and leases whenever nothing is under way and no sweep is due.

use crate::{Value, from_now};
use std::collections::BTreeMap;

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}

fn of<'a>(items: &'a [Value], entity: &'a str) -> impl Iterator<Item = &'a Value> {
    items.iter().filter(move |item| item["type"]["S"] == entity)
}

/// The root of a key: `I#<ulid>`.
fn root(item: &Value) -> &str {
    let pk = text(item, "pk");
    pk.match_indices('#').nth(1).map_or(pk, |(at, _)| &pk[..at])
}

/// The ULID of an id with a prefix.
fn ulid(id: &str) -> &str {
    id.get(4..).unwrap_or_default()
}

/// Checks the items of a table: each conversation is of a user of its tenant, is in both indexes at the time of its last activity, and counts its
/// messages; each message is of a conversation; each lease is of a conversation that has it, and the other way round until it has ended.
pub fn check_conversations(items: &[Value]) -> Result<(), String> {
    let users: BTreeMap<&str, &Value> = of(items, "user").map(|user| (text(user, "id"), user)).collect();
    let conversations: BTreeMap<&str, &Value> =
        of(items, "conversation").map(|conversation| (text(conversation, "id"), conversation)).collect();
    let mut messages: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for message in of(items, "message") {
        let (id, conversation) = (text(message, "id"), text(message, "conversation_id"));
        let place = format!("{}#M#{}#{}", root(message), &ulid(conversation)[10..22], ulid(conversation));
        if text(message, "pk") != place || text(message, "sk") != ulid(id) {
            return Err(format!("{id} of {conversation} is at {} {}", text(message, "pk"), text(message, "sk")));
        }
        if !conversations.contains_key(conversation) {
            return Err(format!("{id} is of {conversation}, which is not there"));
        }
        messages.entry(conversation).or_default().push((id, text(message, "created_at")));
    }
    let mut leases: BTreeMap<&str, &str> = BTreeMap::new();
    for (ulid, end) in of(items, "leases").filter_map(|leases| leases["leases"]["M"].as_object()).flatten() {
        leases.insert(ulid, end["S"].as_str().unwrap_or_default());
    }
    let now = from_now(0).to_string();
    for (id, conversation) in &conversations {
        let (user, root) = (text(conversation, "user_id"), root(conversation));
        let is_of = |user: &Value| text(user, "tenant_id") == text(conversation, "tenant_id");
        if !users.get(user).is_some_and(|user| is_of(user)) {
            return Err(format!("{id} is of {user}, which is no user of its tenant"));
        }
        let mut own = messages.remove(id).unwrap_or_default();
        own.sort_unstable();
        let counted = own.len().to_string();
        if conversation["message_count"]["N"] != counted {
            return Err(format!("{id} counts {} and has {counted} messages", conversation["message_count"]["N"]));
        }
        let last = own.last().map_or("", |(_, created_at)| created_at);
        if text(conversation, "last_message_at") != last {
            return Err(format!("the last message of {id} is of {last}: {conversation}"));
        }
        let activity = if last.is_empty() { text(conversation, "created_at") } else { last };
        let index = [
            ("g2pk", format!("{root}#V#U#{}", ulid(user))),
            ("g3pk", format!("{root}#V#T#{}", ulid(text(conversation, "tenant_id")))),
            ("g2sk", format!("{activity}#{}", ulid(id))),
        ];
        if let Some((name, value)) = index.iter().find(|(name, value)| text(conversation, name) != value) {
            return Err(format!("{id} has another {name} than {value}: {conversation}"));
        }
        let lease = text(conversation, "lease_expires_at");
        match leases.remove(ulid(id)) {
            Some(end) if end == lease => {}
            None if lease.is_empty() || lease <= &*now => {}
            end => return Err(format!("{id} has a lease until {lease:?}, which is counted until {end:?}")),
        }
        if text(conversation, "status") == "archived" && !lease.is_empty() {
            return Err(format!("{id} is archived and has a lease"));
        }
    }
    match leases.first_key_value() {
        Some((ulid, _)) => Err(format!("a lease is of con_{ulid}, which is not there")),
        None => Ok(()),
    }
}
