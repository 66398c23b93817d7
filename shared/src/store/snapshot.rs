//! Entities as they were read. Every change is bound to a snapshot.

use super::item::{Item, get_text};
use super::keys::Key;
use crate::domain::Result;

/// A type that is stored as an item.
pub trait Entity: Sized {
    /// The attributes that [`Entity::from_item`] needs; `None` if their names are not fixed.
    const ATTRIBUTES: Option<&'static [&'static str]>;

    /// Reads an item.
    fn from_item(item: Item) -> Result<Self>;
}

/// An entity and the id of its last write.
#[derive(Clone, Debug)]
pub struct Snapshot<E> {
    pub(super) key: Key,
    /// The write id of the item. A change is only applied if the item still has it.
    pub(super) w: String,
    /// The entity.
    pub entity: E,
}

impl<E: Entity> Snapshot<E> {
    /// The snapshot of the item at `key`.
    pub(super) fn new(key: Key, item: Item) -> Result<Self> {
        let w = get_text(&item, "w").unwrap_or_default().to_owned();
        Ok(Self { key, w, entity: E::from_item(item)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::customer::{Customer, Labels, NewCustomer, Slug};
    use crate::domain::rate_limit::RateLimit;
    use crate::domain::repository::{NewRepository, Repository};
    use crate::domain::tenant::{ExternalId, Metadata, NewTenant, Tenant};
    use crate::domain::{CustomerId, RepositoryId, TenantId, Timestamp};
    use crate::store::item::row;
    use crate::store::{customers::CustomerRow, repositories::RepositoryRow, tenants::TenantRow};

    /// Checks that `ATTRIBUTES` are the attributes of a complete row.
    fn check<E: Entity>(full: &impl serde::Serialize) {
        let mut names: Vec<String> = row(full).unwrap().into_keys().collect();
        names.sort_unstable();
        let mut requested = E::ATTRIBUTES.unwrap().to_vec();
        requested.sort_unstable();
        assert_eq!(requested, names);
    }

    #[test]
    fn a_projection_has_every_attribute_of_its_row() {
        let text = || Some("text".to_owned());
        let new = NewCustomer {
            customer_id: Slug::parse("acme").unwrap(),
            display_name: text(),
            description: text(),
            labels: Labels::new(),
            limits: Some(RateLimit { requests_per_second: 1, burst: 1 }),
        };
        let archived_at = Some(Timestamp::from_milliseconds(0));
        let customer = Customer { archived_at, ..new.into_customer(CustomerId::NIL) };
        check::<Customer>(&CustomerRow::from(customer));
        let new = NewTenant { name: text(), external_id: ExternalId::parse("a"), ..NewTenant::default() };
        let default_repository_id = Some(RepositoryId::NIL);
        let tenant = Tenant { default_repository_id, ..new.into_tenant(TenantId::NIL) };
        check::<Tenant>(&TenantRow::from(tenant));
        let new = NewRepository {
            name: "n".to_owned(),
            repo_url: "https://example.com/a".to_owned(),
            branch: "main".to_owned(),
            provider: Default::default(),
            credential_id: text(),
            metadata: Metadata::new(),
        };
        check::<Repository>(&RepositoryRow::from(new.into_repository(RepositoryId::NIL)));
    }
}
