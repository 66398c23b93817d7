//! One client: chooses an operation, sends it, and notes what became of it.

use super::{Event, Op, Random, Ret};
use crate::{App, Exchange, tenant_tag};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// A client of one round.
pub(super) struct Client<'a> {
    pub app: &'a App,
    pub key: &'a str,
    pub repositories: &'a [String],
    pub clock: &'a AtomicU64,
    pub number: usize,
    /// How many of its operations nobody knows the end of.
    pub open: usize,
    pub random: Random,
    /// What it knows of tenants: id and version.
    pub known: BTreeMap<usize, (String, u64)>,
}

impl Client<'_> {
    /// One operation on a tenant; `None`: a read that was not answered.
    pub async fn step(&mut self, tenant: usize, name: String) -> Result<Option<Event>, String> {
        let op = self.choose(tenant, name);
        let began = self.clock.fetch_add(1, Ordering::SeqCst);
        let exchange = self.send(tenant, &op).await;
        let ended = self.clock.fetch_add(1, Ordering::SeqCst);
        let ret = self.ret(&op, &exchange)?;
        let client = (self.number, self.open);
        if ret.is_none() {
            if op == Op::Read {
                return Ok(None);
            }
            self.open += 1;
        }
        let body =
            matches!(ret, Some(Ret::Found { .. } | Ret::Made { .. } | Ret::Changed { .. })).then(|| exchange.json());
        match &ret {
            Some(Ret::Found { id, version, .. } | Ret::Changed { id, version }) => {
                self.known.insert(tenant, (id.clone(), *version));
            }
            Some(Ret::Made { id }) => drop(self.known.insert(tenant, (id.clone(), 1))),
            Some(Ret::Taken { id }) => drop(self.known.insert(tenant, (id.clone(), 0))),
            _ => {}
        }
        Ok(Some(Event { client, tenant, op, began, end: ret.map(|ret| (ended, ret)), body }))
    }

    fn choose(&mut self, tenant: usize, name: String) -> Op {
        let Some((id, version)) = self.known.get(&tenant).cloned() else {
            return match self.random.below(3) {
                0 => Op::Read,
                1 => Op::Create { name },
                _ => Op::Upsert { name: Some(name) },
            };
        };
        let repository = self.random.below(self.repositories.len());
        match self.random.below(100) {
            0..25 => Op::Read,
            25..33 => Op::Create { name },
            33..43 => Op::Upsert { name: Some(name) },
            43..48 => Op::Upsert { name: None },
            48..56 => Op::Rename { id, name, if_match: None },
            56..66 => Op::Rename { id, name, if_match: Some(version) },
            66..74 => Op::SetDefault { id, repository: (!self.random.percent(40)).then_some(repository) },
            74..84 => {
                let is_default = [None, Some(true), Some(false)][self.random.below(3)];
                Op::Attach { id, repository, is_default }
            }
            84..91 => Op::Detach { id, repository },
            91..95 => Op::Delete { id },
            _ => Op::Deprovision,
        }
    }

    async fn send(&self, tenant: usize, op: &Op) -> Exchange {
        let by_external_id = format!("/tenants/by-external-id/t{tenant}");
        let attachment =
            |id: &String, repository: &usize| format!("/tenants/{id}/repositories/{}", self.repositories[*repository]);
        let call = |method: &str, path: &str| self.app.with_key(self.key, method, path);
        let call = match op {
            Op::Read | Op::Show { .. } => call("GET", &by_external_id),
            Op::Create { name } => {
                call("POST", "/tenants").json(json!({ "external_id": format!("t{tenant}"), "name": name }))
            }
            Op::Upsert { name: Some(name) } => call("PUT", &by_external_id).json(json!({ "name": name })),
            Op::Upsert { name: None } => call("PUT", &by_external_id),
            Op::Deprovision => call("DELETE", &by_external_id),
            Op::Delete { id } => call("DELETE", &format!("/tenants/{id}")),
            Op::Rename { id, name, if_match } => {
                let call = call("PATCH", &format!("/tenants/{id}")).json(json!({ "name": name }));
                if_match.iter().fold(call, |call, version| call.header("if-match", &tenant_tag(id, *version)))
            }
            Op::SetDefault { id, repository } => {
                let default = repository.map(|repository| &self.repositories[repository]);
                call("PATCH", &format!("/tenants/{id}")).json(json!({ "default_repository_id": default }))
            }
            Op::Attach { id, repository, is_default } => {
                let body = is_default.map_or(json!({}), |is_default| json!({ "is_default": is_default }));
                call("PUT", &attachment(id, repository)).json(body)
            }
            Op::Detach { id, repository } => call("DELETE", &attachment(id, repository)),
        };
        call.send().await
    }

    /// What an answer says; `None`: not whether it happened.
    fn ret(&self, op: &Op, exchange: &Exchange) -> Result<Option<Ret>, String> {
        let body = exchange.json();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let id = || text("id").unwrap_or_default();
        let version = || exchange.header("etag").map(|_| exchange.version()).unwrap_or_default();
        Ok(Some(match (op, exchange.status) {
            (_, 503) => return Ok(None),
            (_, 404) => Ret::Missing,
            (Op::Read, 200) => {
                let default = |id: &str| self.repositories.iter().position(|known| known == id);
                let default = body["default_repository_id"].as_str().and_then(default);
                Ret::Found { id: id(), version: version(), name: text("name"), default }
            }
            (Op::Attach { .. }, 200 | 201) => Ret::Attached { is_new: exchange.status == 201 },
            (Op::Create { .. } | Op::Upsert { .. }, 201) => Ret::Made { id: id() },
            (Op::Upsert { .. } | Op::Rename { .. } | Op::SetDefault { .. }, 200) => {
                Ret::Changed { id: id(), version: version() }
            }
            (Op::Create { .. }, 409) => Ret::Taken { id: text("conflicting_resource_id").unwrap_or_default() },
            (Op::Delete { .. } | Op::Detach { .. }, 409) => Ret::InUse,
            (Op::Deprovision | Op::Delete { .. } | Op::Detach { .. }, 204) => Ret::Done,
            (Op::Rename { .. }, 412) => Ret::Stale,
            (Op::SetDefault { .. }, 422) => Ret::NotAttached,
            _ => return Err(format!("{op:?} on t{} was answered so: {exchange}", self.number)),
        }))
    }

    /// The same creation twice at the same time, both with one key, until one is answered. What was made.
    pub async fn create_once(&mut self, external_id: &str) -> Result<Option<String>, String> {
        let body = json!({ "external_id": external_id, "name": external_id });
        let call = || self.app.with_key(self.key, "POST", "/tenants").json(body.clone()).once(external_id);
        for _ in 0..3 {
            let (one, other) = tokio::join!(call().send(), call().send());
            let made: Vec<&Exchange> = [&one, &other].into_iter().filter(|answer| answer.status == 201).collect();
            if let Some(odd) = [&one, &other].into_iter().find(|answer| ![201, 503].contains(&answer.status)) {
                return Err(format!("a keyed creation was answered so: {odd}"));
            }
            if let [one, other] = made[..]
                && one.body != other.body
            {
                return Err(format!("one key, two answers: {one} {other}"));
            }
            if let Some(made) = made.first() {
                return Ok(made.json()["id"].as_str().map(str::to_owned));
            }
        }
        Ok(None)
    }
}

/// The tenant of an external id at rest, with its attachments, and as it was read.
pub(super) async fn observe(app: &App, key: &str, repositories: &[String], tenant: usize) -> (super::Tenant, Exchange) {
    let read = app.with_key(key, "GET", &format!("/tenants/by-external-id/t{tenant}")).send().await;
    if read.status == 404 {
        return (super::Tenant(None), read);
    }
    let body = read.json();
    let position = |id: &Value| repositories.iter().position(|known| id.as_str() == Some(known));
    let path = format!("/tenants/{}/repositories?limit=100", body["id"].as_str().unwrap_or_default());
    let attached = app.with_key(key, "GET", &path).send().await.expect_status(200).json();
    let attached = attached["data"].as_array().into_iter().flatten();
    let live = super::Live {
        id: body["id"].as_str().map(str::to_owned),
        version: read.version(),
        name: body["name"].as_str().map(str::to_owned),
        repositories: attached.filter_map(|attachment| position(&attachment["repository_id"])).collect(),
        default: position(&body["default_repository_id"]),
    };
    (super::Tenant(Some(live)), read)
}
