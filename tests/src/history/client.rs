//! One client: chooses an operation, sends it, and notes what became of it.

use super::{Event, Op, Ret};
use crate::{App, Exchange, tenant_tag};
use fastrand::Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The metadata of every tenant: nothing of it may be in a log or a problem, whatever goes wrong.
const PRIVATE: &str = "of one customer alone";

/// A client of one round.
pub(super) struct Client<'a> {
    pub app: &'a App,
    pub key: &'a str,
    pub repositories: &'a [String],
    pub clock: &'a AtomicU64,
    pub number: usize,
    /// How many of its operations have an unknown end.
    pub open: usize,
    pub rng: Rng,
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

    /// What comes next. All that is random is drawn whatever the client knows, so that it wants the same with the same seed;
    /// who does not know the tenant that is meant looks for it, or makes it.
    fn choose(&mut self, tenant: usize, name: String) -> Op {
        let [kind, repository, variant] = [100, self.repositories.len(), 6].map(|end| self.rng.usize(..end));
        let is_default = [None, Some(true), Some(false)][variant / 2];
        let is_first = variant % 2 == 0;
        let known = self.known.get(&tenant).cloned();
        let known = || known.clone().ok_or(if is_first { Op::Read } else { Op::Upsert { name: Some(name.clone()) } });
        let id = || known().map(|(id, _)| id);
        let op = match kind {
            0..22 => Ok(Op::Read),
            22..31 => Ok(Op::Create { name: name.clone() }),
            31..40 => Ok(Op::Upsert { name: Some(name.clone()) }),
            40..45 => Ok(Op::Upsert { name: None }),
            45..52 => id().map(|id| Op::Rename { id, name: name.clone(), if_match: None }),
            52..61 => known().map(|(id, version)| Op::Rename { id, name: name.clone(), if_match: Some(version) }),
            61..68 => id().map(|id| Op::SetDefault { id, repository: is_first.then_some(repository) }),
            68..76 => id().map(|id| Op::SetStatus { id, suspended: variant < 4 }),
            76..85 => id().map(|id| Op::Attach { id, repository, is_default }),
            85..91 => id().map(|id| Op::Detach { id, repository }),
            91..95 => id().map(|id| Op::Delete { id }),
            _ => Ok(Op::Deprovision),
        };
        op.unwrap_or_else(|instead| instead)
    }

    async fn send(&self, tenant: usize, op: &Op) -> Exchange {
        let by_external_id = format!("/tenants/by-external-id/t{tenant}");
        let attachment =
            |id: &String, repository: &usize| format!("/tenants/{id}/repositories/{}", self.repositories[*repository]);
        let call = |method: &str, path: &str| self.app.with_key(self.key, method, path);
        let call = match op {
            Op::Read | Op::Show { .. } => call("GET", &by_external_id),
            Op::Create { name } => {
                let (external_id, metadata) = (format!("t{tenant}"), json!({ "note": PRIVATE }));
                call("POST", "/tenants").json(json!({ "external_id": external_id, "name": name, "metadata": metadata }))
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
            Op::SetStatus { id, suspended } => {
                let status = if *suspended { "suspended" } else { "active" };
                call("PATCH", &format!("/tenants/{id}")).json(json!({ "status": status }))
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
                let suspended = body["status"] == "suspended";
                Ret::Found { id: id(), version: version(), name: text("name"), default, suspended }
            }
            (Op::Attach { .. }, 200 | 201) => Ret::Attached { is_new: exchange.status == 201 },
            (Op::Create { .. } | Op::Upsert { .. }, 201) => Ret::Made { id: id() },
            (Op::Upsert { .. } | Op::Rename { .. } | Op::SetDefault { .. } | Op::SetStatus { .. }, 200) => {
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
        suspended: body["status"] == "suspended",
    };
    (super::Tenant(Some(live)), read)
}
