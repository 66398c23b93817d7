//! Gates keep writes out at once, without an item that all writers use.
//!
//! A tenant with users or roles has 16 equal gates. They have the tenant's status and a generation that changes with everything that
//! guarded writes depend on: the status, the settings, the default repository, a detached repository and the repository of a role. A change
//! of these updates all gates in its own transaction; a guarded write checks one of them in its transaction, by chance, so that writers of
//! a tenant rarely use the same item. The gates of a deprovisioned tenant are deleted in the transaction of that delete: a user, a role or
//! a conversation without a gate does not exist.
//!
//! The gates of a customer and of a signing key only exist while the customer is archived or after the key was retired.

use super::client::{Store, random};
use super::first_read::FirstRead;
use super::gate_number::GateNumber;
use super::item::{self, Item, get_text, new_item, number, read_row, text};
use super::keys::{self, Key};
use super::leases::LEASES;
use super::snapshot::Snapshot;
use super::write::Write;
use crate::domain::attachment::TenantWithAttachments;
use crate::domain::principal::CustomerRoot;
use crate::domain::tenant::TenantStatus;
use crate::domain::{CredentialError, Error, Result, TenantId, TenantTag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// A gate of a tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gate {
    /// The tenant.
    pub tenant: TenantId,
    /// The tenant's status.
    pub status: TenantStatus,
    /// Changes with everything that guarded writes depend on.
    #[serde(rename = "g")]
    generation: u64,
}

impl Gate {
    /// Reads an item.
    pub(super) fn from_item(item: Item) -> Result<Self> {
        read_row(item)
    }

    /// Fails if the tenant is suspended.
    pub fn check_active(&self) -> Result<()> {
        match self.status {
            TenantStatus::Active => Ok(()),
            TenantStatus::Suspended => Err(Error::TenantSuspended),
        }
    }
}

/// What a guarded write depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependency {
    /// The status of the tenant.
    Status,
    /// Everything that changes the generation, too.
    Generation,
}

/// The check that a tenant is active and, if the write depends on it, that its gates did not change since one was read.
/// `absent` is the error for a tenant that does not exist.
pub(super) fn check<'a>(key: Key, read: &Gate, dependency: Dependency, absent: fn() -> Error) -> Write<'a> {
    let check = match dependency {
        Dependency::Status => {
            Write::check_item(key).with_condition("{status} = ?", [text(TenantStatus::Active.as_str())])
        }
        Dependency::Generation => Write::check_item(key)
            .with_condition("{status} = ? AND {g} = ?", [text(TenantStatus::Active.as_str()), number(read.generation)]),
    };
    check.on_condition_failed_if(move |gate| match gate {
        None => Some(absent()),
        Some(gate) if get_text(gate, "status") == Some(TenantStatus::Suspended.as_str()) => {
            Some(Error::TenantSuspended)
        }
        Some(_) => None,
    })
}

/// The check that a gate does not exist that only exists after access has ended.
pub(super) fn check_absent<'a>(key: Key) -> Write<'a> {
    Write::check_item(key)
        .with_condition("attribute_not_exists({pk})", [])
        .on_condition_failed(|_| Error::Unauthorized(CredentialError::NotLive))
}

/// The writes that change the generation of a tenant's gates, and their status.
pub(super) fn change_all<'a>(root: &CustomerRoot, tag: TenantTag, status: Option<TenantStatus>) -> Vec<Write<'a>> {
    let change = |number| {
        let write = Write::upsert_item(keys::gate(root, tag, number))
            .with_condition("attribute_exists({pk})", [])
            .increase("g", 1);
        match status {
            Some(status) => write.set("status", text(status.as_str())),
            None => write,
        }
    };
    GateNumber::all().map(change).collect()
}

/// The writes of gates that keep writes out.
pub(super) fn put_all<'a>(key: impl Fn(GateNumber) -> Key) -> Result<Vec<Write<'a>>> {
    let item = new_item("gate", &BTreeMap::<&str, &str>::new())?;
    Ok(GateNumber::all().map(|number| Write::put_new(key(number), item.clone())).collect())
}

/// The writes that delete gates.
pub(super) fn delete_all<'a>(key: impl Fn(GateNumber) -> Key) -> Vec<Write<'a>> {
    let delete = |number| Write::delete_item(key(number)).with_condition("attribute_exists({pk})", []);
    GateNumber::all().map(delete).collect()
}

impl Store {
    /// Reads the gate of this request.
    pub(super) fn gate(&self, root: &CustomerRoot, tag: TenantTag) -> FirstRead<Option<Gate>> {
        const ATTRIBUTES: Option<&[&str]> = Some(&["tenant", "status", "g"]);
        FirstRead::item(keys::gate(root, tag, self.gate_number), ATTRIBUTES)
            .map(|item| item.map(Gate::from_item).transpose())
    }

    /// The tenant with its tag. The tag, the gates and the leases of a tenant are created before its first user or role.
    pub(super) async fn with_gates(
        &self,
        root: &CustomerRoot,
        tenant: Snapshot<TenantWithAttachments>,
    ) -> Result<(Snapshot<TenantWithAttachments>, TenantTag)> {
        self.retry(Some(tenant), async |tenant| {
            let tenant = tenant.ok_or(Error::NotFound)?;
            if let Some(tag) = tenant.entity.tag {
                return Ok(ControlFlow::Break((tenant, tag)));
            }
            let tag = TenantTag::new(u32::from_be_bytes(random()?));
            let Some(failed) = self.commit(first_gates(root, &tenant, tag)?).await?.failed_conditions()? else {
                return Ok(ControlFlow::Continue(self.snapshot(&tenant.key).await?));
            };
            Ok(ControlFlow::Continue(self.reread(&tenant.key, failed).await?))
        })
        .await
    }
}

/// The writes of the tag, the gates and the leases of a tenant. If another tenant of the customer has the tag, the condition of a gate fails.
fn first_gates(
    root: &CustomerRoot,
    tenant: &Snapshot<TenantWithAttachments>,
    tag: TenantTag,
) -> Result<Vec<Write<'static>>> {
    let Snapshot { key, entity, .. } = tenant;
    let tagged = Write::update_item(key.clone()).unchanged_since(tenant).set("tag", text(tag.to_string()));
    let gate = Gate { tenant: entity.tenant.id, status: entity.tenant.status, generation: 0 };
    let gate = new_item("gate", &gate)?;
    let mut leases = new_item("leases", &BTreeMap::<&str, &str>::new())?;
    leases.insert(LEASES.to_owned(), item::value(&BTreeMap::<&str, &str>::new())?);
    let mut writes = vec![tagged];
    writes.extend(GateNumber::all().map(|number| Write::put_new(keys::gate(root, tag, number), gate.clone())));
    writes.push(Write::put_new(keys::leases(root, tag), leases).with_history());
    Ok(writes)
}
