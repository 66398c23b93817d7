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
    check_invariants_before_the_sweep(items)?;
    match of(items, "sweep_job").next() {
        Some(job) => Err(format!("a job is left: {job}")),
        None => Ok(()),
    }
}

/// Checks the items of a table at rest, in which there may be jobs for the sweep.
pub fn check_invariants_before_the_sweep(items: &[Value]) -> Result<(), String> {
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
    Ok(())
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

/// A repository's count and its back references are the same: those of the tenants that hold it, and of the jobs of
/// deprovisioned ones that have not released it yet.
fn attachments(items: &[Value], tenants: &BTreeMap<&str, &Value>) -> Result<(), String> {
    let held: BTreeSet<(String, String)> = tenants
        .iter()
        .flat_map(|(id, tenant)| repositories(tenant).map(|ulid| (ulid, id.trim_start_matches("tnt_").to_owned())))
        .collect();
    let back: BTreeSet<(String, String)> = of(items, "attachment")
        .map(|back| (text(back, "pk").rsplit('#').next().unwrap_or_default().to_owned(), text(back, "sk").to_owned()))
        .collect();
    let in_job = |job: &Value| -> Vec<(String, String)> {
        let ulids = job["repositories"]["L"].as_array().into_iter().flatten().filter_map(|ulid| ulid["S"].as_str());
        ulids.map(|ulid| (ulid.to_owned(), text(job, "sk").to_owned())).collect()
    };
    let in_jobs: BTreeSet<(String, String)> = of(items, "sweep_job").flat_map(in_job).collect();
    let odd: Vec<_> =
        held.difference(&back).chain(back.difference(&held).filter(|pair| !in_jobs.contains(*pair))).collect();
    if !odd.is_empty() {
        return Err(format!("attachments without a back reference or the other way round: {odd:?}"));
    }
    for repository in of(items, "repository") {
        let ulid = text(repository, "sk");
        let holders = back.iter().filter(|(back, _)| back == ulid).count();
        if repository["n"]["N"].as_str() != Some(&holders.to_string()) {
            return Err(format!("{ulid} counts {} and has {holders} holders", repository["n"]["N"]));
        }
    }
    Ok(())
}

/// Each record of a keyed creation belongs to one tenant or repository, and the other way round. `made`: the names under
/// which there were keyed creations, and the id where it was answered.
pub fn check_records(items: &[Value], made: &BTreeMap<String, Option<String>>) -> Result<(), String> {
    let tenants = of(items, "tenant").map(|tenant| (text(tenant, "external_id"), text(tenant, "id")));
    let repositories = of(items, "repository").map(|repository| (text(repository, "name"), text(repository, "id")));
    let found: BTreeMap<&str, &str> =
        tenants.chain(repositories).filter(|(name, _)| made.contains_key(*name)).collect();
    let mut records: Vec<&str> = of(items, "record").map(|record| text(record, "id")).collect();
    for (name, answered) in made {
        let id = found.get(&**name).copied();
        if answered.is_some() && id != answered.as_deref() {
            return Err(format!("{name} was answered as {answered:?} and is {id:?}"));
        }
        if let Some(id) = id {
            let record = records.iter().position(|record| *record == id);
            records.swap_remove(record.ok_or_else(|| format!("{name} has no record"))?);
        }
    }
    match records.first() {
        Some(id) => Err(format!("a record is of {id}, which is not there or has another record")),
        None => Ok(()),
    }
}
