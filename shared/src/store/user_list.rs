//! Lists of users, of a tenant from the table and of a customer from the index.

use super::client::Store;
use super::keys;
use super::snapshot::{Entity, Snapshot};
use crate::domain::attachment::TenantWithAttachments;
use crate::domain::id_list::{IdList, IdPage};
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::user::{User, UserStatus};
use crate::domain::{Result, TenantTag, id};
use std::collections::HashSet;

impl Store {
    /// A page of a tenant's users, newest first. An unknown tenant has none.
    pub async fn tenant_users(
        &self,
        integration: &Integration,
        tenant: Option<Snapshot<TenantWithAttachments>>,
        list: &IdList<id::User>,
        filter: &UserFilter,
    ) -> Result<IdPage<User>> {
        let Some(tag) = tenant.and_then(|tenant| tenant.entity.tag) else {
            return Ok(IdPage::new(Vec::new(), None));
        };
        let partition = keys::users_of_tenant(integration.root(), tag);
        self.id_page(&partition, list, filter.is_given(), User::from_item, |user| filter.matches(user)).await
    }

    /// A page of a customer's users, newest first. It may have users of deprovisioned tenants ([`Store::existing_users`]).
    pub async fn users(
        &self,
        root: &CustomerRoot,
        list: &IdList<id::User>,
        filter: &UserFilter,
    ) -> Result<IdPage<User>> {
        self.id_page(&keys::users(root), list, filter.is_given(), User::from_item, |user| filter.matches(user)).await
    }

    /// The page without users of deprovisioned tenants.
    pub async fn existing_users(&self, integration: &Integration, page: IdPage<User>) -> Result<IdPage<User>> {
        let tags: HashSet<TenantTag> = page.data().iter().map(|user| user.id.tenant_tag()).collect();
        if tags.is_empty() {
            return Ok(page);
        }
        let gate = |tag: TenantTag| keys::gate(integration.root(), tag, self.gate_number);
        let gates = self.get_all(tags.iter().copied().map(gate).collect(), Some(&["type"])).await?;
        Ok(page.filtered(|user| gates.iter().any(|item| gate(user.id.tenant_tag()).is_of(item))))
    }
}

/// The filters of a list of users.
#[derive(Debug, Default)]
pub struct UserFilter {
    /// The email, compared as it was sent.
    pub email: Option<String>,
    /// The status.
    pub status: Option<UserStatus>,
}

impl UserFilter {
    fn is_given(&self) -> bool {
        self.email.is_some() || self.status.is_some()
    }

    fn matches(&self, user: &User) -> bool {
        self.email.as_ref().is_none_or(|email| user.email.as_ref() == Some(email))
            && self.status.is_none_or(|status| user.status == status)
    }
}
