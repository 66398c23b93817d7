//! All keys of the table. A key is built from an authenticated root, so that nothing outside the caller's subtree can be addressed. It
//! cannot be built from a string.
//!
//! Free text is at the end of a key, no prefix is the beginning of another, and different entities have different keys (property tests
//! below). The table of entities is in docs/access-patterns.md.

use super::item::{Item, text};
use crate::domain::customer::Slug;
use crate::domain::principal::{CustomerRoot, OperatorRoot};
use crate::domain::tenant::ExternalId;
use crate::domain::text::hex;
use crate::domain::{CustomerId, Id, Kind, RepositoryId, TenantId};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// The sort key of the only item of a partition.
const SINGLETON: &str = "#";

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    pub(super) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([("pk".to_owned(), text(self.pk)), ("sk".to_owned(), text(self.sk))])
    }

    /// Whether `item` has this key.
    pub(super) fn is_of(&self, item: &Item) -> bool {
        let has = |name, value: &String| item.get(name).and_then(|found| found.as_s().ok()) == Some(value);
        has("pk", &self.pk) && has("sk", &self.sk)
    }
}

/// A partition of the table or of its index.
#[derive(Clone, Debug)]
pub struct Partition {
    /// `None` for the table.
    pub(super) index: Option<&'static str>,
    pub(super) pk: String,
}

impl Partition {
    /// The names of the partition key and the sort key.
    pub(super) fn attributes(&self) -> (&'static str, &'static str) {
        if self.index.is_some() { ("g1pk", "g1sk") } else { ("pk", "sk") }
    }

    /// The attributes that put an item into this partition of the sparse index.
    pub(super) fn index_attributes(&self, sk: String) -> [(&'static str, AttributeValue); 2] {
        [("g1pk", text(self.pk.clone())), ("g1sk", text(sk))]
    }
}

const INDEX: Option<&str> = Some("gs1");

fn singleton(pk: String) -> Key {
    Key { pk, sk: SINGLETON.to_owned() }
}

/// The key of no entity. It is read to open a connection.
pub(super) fn priming() -> Key {
    singleton("prime".to_owned())
}

/// An operator: its keys, and the key of its page tokens.
pub fn operator(root: &OperatorRoot) -> Key {
    singleton(format!("O#{}", root.operator()))
}

/// A customer.
pub fn customer(root: &OperatorRoot, slug: &Slug) -> Key {
    Key { pk: customers(root).pk, sk: slug.to_string() }
}

/// An operator's customers by slug.
pub fn customers(root: &OperatorRoot) -> Partition {
    Partition { index: None, pk: format!("O#{}#C", root.operator()) }
}

/// An operator's customers by time of creation.
pub fn customers_by_creation(root: &OperatorRoot) -> Partition {
    Partition { index: INDEX, ..customers(root) }
}

/// The details of a customer's keys.
pub fn key_details(root: &OperatorRoot, slug: &Slug) -> Key {
    Key { pk: format!("O#{}#K", root.operator()), sk: slug.to_string() }
}

/// The root of a customer, for authentication.
pub fn customer_root(root: &CustomerRoot) -> Key {
    singleton(in_customer(root, ""))
}

/// An idempotency record; `digest` is the hash of the operation and the client's key.
pub fn record(root: &crate::domain::secret::Root, digest: &[u8; 32]) -> Key {
    use crate::domain::secret::Root;
    let hex = hex(digest);
    singleton(match root {
        Root::Operator(root) => format!("O#{}#Q#{hex}", root.operator()),
        Root::Customer(root) => in_customer(root, &format!("#Q#{hex}")),
    })
}

/// A tenant, with its attachments.
pub fn tenant(root: &CustomerRoot, id: TenantId) -> Key {
    Key { pk: tenants(root).pk, sk: id_sort_key(id) }
}

/// A customer's tenants by id.
pub fn tenants(root: &CustomerRoot) -> Partition {
    Partition { index: None, pk: in_customer(root, "#T") }
}

/// A customer's suspended tenants by id.
pub fn suspended_tenants(root: &CustomerRoot) -> Partition {
    Partition { index: INDEX, pk: in_customer(root, "#T#S") }
}

/// The marker of an external id.
pub fn external_id(root: &CustomerRoot, external_id: &ExternalId) -> Key {
    // 255 characters of 4 bytes fit a partition key, not a sort key.
    singleton(in_customer(root, &format!("#X#{}", external_id.as_str())))
}

/// A repository.
pub fn repository(root: &CustomerRoot, id: RepositoryId) -> Key {
    Key { pk: repositories(root).pk, sk: id_sort_key(id) }
}

/// A customer's repositories by id.
pub fn repositories(root: &CustomerRoot) -> Partition {
    Partition { index: None, pk: in_customer(root, "#R") }
}

/// The marker of a repository's name.
pub fn repository_name(root: &CustomerRoot, name: &str) -> Key {
    singleton(in_customer(root, &format!("#N#{name}")))
}

/// The back reference of an attachment.
pub fn attached_tenant(root: &CustomerRoot, repository: RepositoryId, tenant: TenantId) -> Key {
    Key { pk: attached_tenants(root, repository).pk, sk: id_sort_key(tenant) }
}

/// The tenants that a repository is attached to.
pub fn attached_tenants(root: &CustomerRoot, repository: RepositoryId) -> Partition {
    Partition { index: None, pk: in_customer(root, &format!("#A#{}", repository.ulid())) }
}

/// The sweep job of a deprovisioned tenant.
pub fn sweep_job(root: &CustomerRoot, tenant: TenantId) -> Key {
    Key { pk: in_customer(root, JOBS), sk: id_sort_key(tenant) }
}

const JOBS: &str = "#J";

/// All sweep jobs. It is the only partition without a root, and only the scheduled function uses it.
pub fn sweep_jobs() -> Partition {
    Partition { index: INDEX, pk: "J".to_owned() }
}

/// The customer and the tenant of a sweep job. The sweep has no authenticated root.
pub(super) fn parse_sweep_job(pk: &str, sk: &str) -> Option<(CustomerRoot, TenantId)> {
    let root = pk.strip_prefix("I#")?.strip_suffix(JOBS)?;
    Some((CustomerRoot::new(CustomerId::parse_ulid(root)?), TenantId::parse_ulid(sk)?))
}

/// The sort key of an item with an id.
pub(super) fn id_sort_key<K: Kind>(id: Id<K>) -> String {
    id.ulid()
}

fn in_customer(root: &CustomerRoot, rest: &str) -> String {
    format!("I#{}{rest}", root.customer_id().ulid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::choice::Choice;
    use crate::domain::secret::Root;
    use std::collections::HashMap;

    /// A key, and names of its entity that are unique.
    #[derive(Debug)]
    struct Place {
        /// The kind and the owner of the partition.
        partition: String,
        /// The item within the partition.
        item: String,
        key: Key,
    }

    /// A text of fragments of keys.
    fn any_text(choice: &mut Choice) -> String {
        let parts = 1 + choice.below(5);
        (0..parts).map(|_| choice.of(&["#", "#X#", "#N#", "#T", "#T#S", "I#", "a", "b", "/", "é"])).collect()
    }

    /// One of few ids, so that they are often equal.
    fn any_id<K: Kind>(choice: &mut Choice) -> Id<K> {
        Id::new(Timestamp::from_milliseconds(1_795_403_655_123), choice.below(3).into())
    }

    /// A slug. Some are prefixes of others.
    fn any_slug(choice: &mut Choice) -> Slug {
        Slug::parse(choice.of(&["a", "ab", "a-b", "b"])).unwrap()
    }

    fn any_place(choice: &mut Choice) -> Place {
        let (root, operator) = (CustomerRoot::new(any_id(choice)), OperatorRoot::new(any_slug(choice)));
        let (customer, name) = (root.customer_id(), operator.operator().clone());
        let (slug, tenant, repository) = (any_slug(choice), any_id(choice), any_id(choice));
        let (text, digest) = (any_text(choice), [u8::from(choice.below(2) == 0); 32]);
        let odd = digest[0];
        let place = |partition, item, key| Place { partition, item, key };
        let lone = |partition, key| Place { partition, item: String::new(), key };
        let indexed = |partition: Partition| Key { pk: partition.pk, sk: id_sort_key(tenant) };
        match (choice.below(14), ExternalId::parse(&text)) {
            (0, _) => lone(format!("operator {name}"), super::operator(&operator)),
            (1, _) => place(format!("customers {name}"), slug.to_string(), super::customer(&operator, &slug)),
            (2, _) => place(format!("details {name}"), slug.to_string(), key_details(&operator, &slug)),
            (3, _) => lone(format!("root {customer}"), customer_root(&root)),
            (4, _) => lone(format!("record {name} {odd}"), record(&Root::Operator(operator), &digest)),
            (5, _) => lone(format!("record {customer} {odd}"), record(&Root::Customer(root), &digest)),
            (6, _) => place(format!("tenants {customer}"), tenant.to_string(), super::tenant(&root, tenant)),
            (7, _) => place(format!("suspended {customer}"), tenant.to_string(), indexed(suspended_tenants(&root))),
            (8, _) => place(format!("jobs {customer}"), tenant.to_string(), sweep_job(&root, tenant)),
            (9, _) => place("every job".to_owned(), tenant.to_string(), indexed(sweep_jobs())),
            (10, Some(external)) => {
                lone(format!("external id {customer} {}", external.as_str()), external_id(&root, &external))
            }
            (11, _) => {
                let key = super::repository(&root, repository);
                place(format!("repositories {customer}"), repository.to_string(), key)
            }
            (12, _) => {
                let key = attached_tenant(&root, repository, tenant);
                place(format!("attached {customer} {repository}"), tenant.to_string(), key)
            }
            _ => lone(format!("name {customer} {text}"), repository_name(&root, &text)),
        }
    }

    /// Checks that a key begins with the root of its owner. The partition of all jobs has none.
    fn check_root(place: &Place) {
        let words: Vec<&str> = place.key.pk.splitn(3, '#').collect();
        let owner = match words[..] {
            ["J"] => "job".to_owned(),
            ["I", ulid, ..] => format!("cust_{ulid}"),
            ["O", operator, ..] => operator.to_owned(),
            _ => panic!("{place:?}"),
        };
        assert!(place.partition.split(' ').any(|word| word == owner), "{place:?}");
    }

    /// Compares a million random keys: no two items and no two partitions have the same key.
    #[test]
    fn what_differs_has_another_key() {
        let mut choice = Choice::new(1);
        let (mut partitions, mut items) = (HashMap::new(), HashMap::new());
        for _ in 0..1_000_000 {
            let place = any_place(&mut choice);
            check_root(&place);
            let Place { partition, item, key } = place;
            let known = partitions.entry(key.pk.clone()).or_insert_with(|| partition.clone());
            assert_eq!(*known, partition, "{key:?}");
            let known = items.entry(key.clone()).or_insert_with(|| item.clone());
            assert_eq!(*known, item, "{key:?}");
        }
        assert!(items.len() > 50_000, "only {} keys were different ones", items.len());
    }

    /// No other partition of a customer begins with the fixed prefix of a partition key that ends in free text.
    #[test]
    fn no_fixed_prefix_is_the_beginning_of_another() {
        let root = CustomerRoot::new(CustomerId::NIL);
        let repository = RepositoryId::NIL;
        let fixed = [
            customer_root(&root).pk,
            tenants(&root).pk,
            suspended_tenants(&root).pk,
            repositories(&root).pk,
            sweep_job(&root, TenantId::NIL).pk,
        ];
        let before = |pk: String, variable: &str| pk.strip_suffix(variable).unwrap().to_owned();
        let open = [
            before(external_id(&root, &ExternalId::parse("x").unwrap()).pk, "x"),
            before(repository_name(&root, "x").pk, "x"),
            before(attached_tenants(&root, repository).pk, &repository.ulid()),
            before(record(&Root::Customer(root), &[0; 32]).pk, &"0".repeat(64)),
        ];
        for prefix in &open {
            let alike: Vec<_> = fixed.iter().chain(&open).filter(|other| other.starts_with(prefix)).collect();
            assert_eq!(alike, [prefix]);
        }
    }

    /// The examples in `domain::principal` that must not compile refer to items that exist but are private.
    #[test]
    fn what_others_cannot_reach_is_there() {
        let _: fn(CustomerId) -> CustomerRoot = crate::domain::principal::CustomerRoot::new;
        let _: fn(&CustomerRoot, TenantId) -> Key = crate::store::keys::tenant;
        let _ = |store: &crate::store::Store| store.client.query();
    }
}
