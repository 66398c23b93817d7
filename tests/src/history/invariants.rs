//! What holds of the whole table when nothing is under way.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}

fn of<'a>(items: &'a [Value], entity: &'a str) -> impl Iterator<Item = &'a Value> {
    items.iter().filter(move |item| item["type"]["S"] == entity)
}

fn repositories(tenant: &Value) -> impl Iterator<Item = String> + '_ {
    tenant["repos"]["M"].as_object().into_iter().flatten().map(|(ulid, _)| ulid.clone())
}

/// Checks the items of a table at rest, its sweep done.
pub fn check_invariants(items: &[Value]) -> Result<(), String> {
    let tenants: BTreeMap<&str, &Value> = of(items, "tenant").map(|tenant| (text(tenant, "id"), tenant)).collect();
    markers(items, &tenants)?;
    attachments(items, &tenants)?;
    for (id, tenant) in &tenants {
        let default = text(tenant, "default_repository_id").strip_prefix("rep_");
        if default.is_some_and(|default| !repositories(tenant).any(|ulid| ulid == default)) {
            return Err(format!("the default of {id} is not attached"));
        }
        if tenant["g1pk"].is_object() != (text(tenant, "status") == "suspended") {
            return Err(format!("{id} is {} and in the index: {}", text(tenant, "status"), tenant["g1pk"]));
        }
    }
    match of(items, "sweep_job").next() {
        Some(job) => Err(format!("a job is left: {job}")),
        None => Ok(()),
    }
}

/// Markers and what they mark are one to one.
fn markers(items: &[Value], tenants: &BTreeMap<&str, &Value>) -> Result<(), String> {
    let mut marked = BTreeSet::new();
    for marker in of(items, "external_id") {
        let (id, pk) = (text(marker, "id"), text(marker, "pk"));
        let tenant = tenants.get(id).ok_or(format!("the marker {pk} is of {id}, which is not there"))?;
        if pk.split_once("#X#").map(|(_, external_id)| external_id) != Some(text(tenant, "external_id")) {
            return Err(format!("the marker {pk} is of {id}, which has another external id"));
        }
        marked.insert(id);
    }
    let named = tenants.iter().filter(|(_, tenant)| tenant.get("external_id").is_some());
    match named.clone().find(|(id, _)| !marked.contains(**id)) {
        Some((id, _)) => Err(format!("{id} has no marker")),
        None => Ok(()),
    }
}

/// A repository's count, the tenants that hold it, and its back references are the same.
fn attachments(items: &[Value], tenants: &BTreeMap<&str, &Value>) -> Result<(), String> {
    let held: BTreeSet<(String, String)> = tenants
        .iter()
        .flat_map(|(id, tenant)| repositories(tenant).map(|ulid| (ulid, id.trim_start_matches("tnt_").to_owned())))
        .collect();
    let back: BTreeSet<(String, String)> = of(items, "attachment")
        .map(|back| (text(back, "pk").rsplit('#').next().unwrap_or_default().to_owned(), text(back, "sk").to_owned()))
        .collect();
    if held != back {
        return Err(format!(
            "attachments without a back reference or the other way round: {:?}",
            held.symmetric_difference(&back)
        ));
    }
    for repository in of(items, "repository") {
        let ulid = text(repository, "sk");
        let holders = held.iter().filter(|(held, _)| held == ulid).count();
        if repository["n"]["N"].as_str() != Some(&holders.to_string()) {
            return Err(format!("{ulid} counts {} and has {holders} holders", repository["n"]["N"]));
        }
    }
    Ok(())
}

/// Each record of a keyed creation stands for one tenant and the other way round. `made`: the external ids of
/// keyed creations, and the id where it was answered.
pub fn check_records(items: &[Value], made: &BTreeMap<String, Option<String>>) -> Result<(), String> {
    let records: BTreeSet<&str> = of(items, "record").map(|record| text(record, "id")).collect();
    for (external_id, answered) in made {
        let tenant = of(items, "tenant")
            .find(|tenant| text(tenant, "external_id") == external_id)
            .map(|tenant| text(tenant, "id"));
        if answered.is_some() && tenant != answered.as_deref() {
            return Err(format!("{external_id} was answered as {answered:?} and is {tenant:?}"));
        }
        if tenant.is_some_and(|id| !records.contains(id)) {
            return Err(format!("{external_id} has no record"));
        }
    }
    let keyed = |id: &&str| {
        of(items, "tenant").any(|tenant| text(tenant, "id") == *id && made.contains_key(text(tenant, "external_id")))
    };
    match records.iter().find(|id| !keyed(id)) {
        Some(id) => Err(format!("a record is of {id}, which is not there")),
        None => Ok(()),
    }
}
