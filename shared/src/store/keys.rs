//! Every key of the table. A key is made of a root that a credential opened, so that nothing outside the
//! caller's subtree can be addressed; there is no way to make one of a text.
//!
//! Free text stands last in a key; no fixed prefix is the beginning of another; the codec is injective
//! (property tests below). The table of entities is in docs/access-patterns.md.

use super::item::{Item, text};
use crate::domain::customer::Slug;
use crate::domain::principal::{CustomerRoot, OperatorRoot};
use crate::domain::tenant::ExternalId;
use crate::domain::{CustomerId, Id, Kind, RepositoryId, TenantId};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// The sort key of an item that is alone in its partition.
const ALONE: &str = "#";

/// Where one item is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    pub(super) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([("pk".to_owned(), text(self.pk)), ("sk".to_owned(), text(self.sk))])
    }

    /// Whether `item` is the one at this key.
    pub(super) fn is_of(&self, item: &Item) -> bool {
        let has = |name, value: &String| item.get(name).and_then(|found| found.as_s().ok()) == Some(value);
        has("pk", &self.pk) && has("sk", &self.sk)
    }
}

/// Items that are listed together, in the order of their sort keys.
#[derive(Clone, Debug)]
pub struct Partition {
    /// `None`: the table itself.
    pub(super) index: Option<&'static str>,
    pub(super) pk: String,
}

impl Partition {
    /// The attributes that hold the partition key and the sort key.
    pub(super) fn attributes(&self) -> (&'static str, &'static str) {
        if self.index.is_some() { ("g1pk", "g1sk") } else { ("pk", "sk") }
    }

    /// Puts an item into this partition of the sparse index.
    pub(super) fn index_attributes(&self, sk: String) -> [(&'static str, AttributeValue); 2] {
        [("g1pk", text(self.pk.clone())), ("g1sk", text(sk))]
    }
}

const INDEX: Option<&str> = Some("gs1");

fn alone(pk: String) -> Key {
    Key { pk, sk: ALONE.to_owned() }
}

/// No entity: what is read to open a connection.
pub(super) fn priming() -> Key {
    alone("prime".to_owned())
}

/// An operator: its keys, and what seals its page tokens.
pub fn operator(root: &OperatorRoot) -> Key {
    alone(format!("O#{}", root.operator()))
}

/// A customer.
pub fn customer(root: &OperatorRoot, slug: &Slug) -> Key {
    Key { pk: customers(root).pk, sk: slug.to_string() }
}

/// An operator's customers by slug.
pub fn customers(root: &OperatorRoot) -> Partition {
    Partition { index: None, pk: format!("O#{}#C", root.operator()) }
}

/// An operator's customers by creation.
pub fn customers_by_creation(root: &OperatorRoot) -> Partition {
    Partition { index: INDEX, ..customers(root) }
}

/// What list and rotate show of a customer's keys.
pub fn key_details(root: &OperatorRoot, slug: &Slug) -> Key {
    Key { pk: format!("O#{}#K", root.operator()), sk: slug.to_string() }
}

/// What authentication needs of a customer.
pub fn customer_root(root: &CustomerRoot) -> Key {
    alone(in_customer(root, ""))
}

/// An idempotency record; `digest` is the hash of the operation and the client's key.
pub fn record(root: &crate::domain::secret::Root, digest: &[u8; 32]) -> Key {
    use crate::domain::secret::Root;
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    alone(match root {
        Root::Operator(root) => format!("O#{}#Q#{hex}", root.operator()),
        Root::Customer(root) => in_customer(root, &format!("#Q#{hex}")),
    })
}

/// A tenant, with its attachments.
pub fn tenant(root: &CustomerRoot, id: TenantId) -> Key {
    Key { pk: tenants(root).pk, sk: id_position(id) }
}

/// A customer's tenants by id.
pub fn tenants(root: &CustomerRoot) -> Partition {
    Partition { index: None, pk: in_customer(root, "#T") }
}

/// A customer's suspended tenants by id.
pub fn suspended_tenants(root: &CustomerRoot) -> Partition {
    Partition { index: INDEX, pk: in_customer(root, "#T#S") }
}

/// Who has an external id.
pub fn external_id(root: &CustomerRoot, external_id: &ExternalId) -> Key {
    // 255 characters of 4 bytes fit a partition key, not a sort key.
    alone(in_customer(root, &format!("#X#{}", external_id.as_str())))
}

/// A repository.
pub fn repository(root: &CustomerRoot, id: RepositoryId) -> Key {
    Key { pk: repositories(root).pk, sk: id_position(id) }
}

/// A customer's repositories by id.
pub fn repositories(root: &CustomerRoot) -> Partition {
    Partition { index: None, pk: in_customer(root, "#R") }
}

/// Who has a repository's name.
pub fn repository_name(root: &CustomerRoot, name: &str) -> Key {
    alone(in_customer(root, &format!("#N#{name}")))
}

/// The back reference of an attachment.
pub fn attached_tenant(root: &CustomerRoot, repository: RepositoryId, tenant: TenantId) -> Key {
    Key { pk: attached_tenants(root, repository).pk, sk: id_position(tenant) }
}

/// The tenants that a repository is attached to.
pub fn attached_tenants(root: &CustomerRoot, repository: RepositoryId) -> Partition {
    Partition { index: None, pk: in_customer(root, &format!("#A#{}", repository.ulid())) }
}

/// What is left to do for a deprovisioned tenant.
pub fn sweep_job(root: &CustomerRoot, tenant: TenantId) -> Key {
    Key { pk: in_customer(root, JOBS), sk: id_position(tenant) }
}

const JOBS: &str = "#J";

/// Every sweep job: the one partition that is nobody's, for the one function that nobody calls.
pub fn sweep_jobs() -> Partition {
    Partition { index: INDEX, pk: "J".to_owned() }
}

/// Whose job stands at a stored key: the sweep has no caller whose root it could use.
pub(super) fn parse_sweep_job(pk: &str, sk: &str) -> Option<(CustomerRoot, TenantId)> {
    let root = pk.strip_prefix("I#")?.strip_suffix(JOBS)?;
    Some((CustomerRoot::new(CustomerId::parse_ulid(root)?), TenantId::parse_ulid(sk)?))
}

/// The sort key of an item that is named by its id.
pub(super) fn id_position<K: Kind>(id: Id<K>) -> String {
    id.ulid()
}

fn in_customer(root: &CustomerRoot, rest: &str) -> String {
    format!("I#{}{rest}", root.customer_id().ulid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Root;
    use crate::domain::{Id, id};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// A text that looks like parts of keys.
    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                Just("#"),
                Just("#X#"),
                Just("#N#"),
                Just("#T"),
                Just("I#"),
                Just("a"),
                Just("b"),
                Just("/"),
                Just("é")
            ],
            1..6,
        )
        .prop_map(|parts| parts.concat())
    }

    fn id<K: Kind>() -> impl Strategy<Value = Id<K>> {
        // Few, so that they meet.
        (0..3u128)
            .prop_map(|random| Id::<K>::new(crate::domain::Timestamp::from_milliseconds(1_795_403_655_123), random))
    }

    /// Any key, with a name that is another one for everything else.
    fn any_key() -> impl Strategy<Value = (String, Key)> {
        let root = || id::<id::Customer>().prop_map(CustomerRoot::new);
        let slug = prop_oneof![Just("a"), Just("b"), Just("a-b")].prop_map(|slug| Slug::parse(slug).unwrap());
        let operator = prop_oneof![Just("a"), Just("b")].prop_map(|name| OperatorRoot::new(Slug::parse(name).unwrap()));
        let (tenant, repository) = (id::<id::Tenant>(), id::<id::Repository>());
        (0..12, root(), operator, slug, tenant, repository, text(), any::<bool>()).prop_map(
            |(kind, root, operator, slug, tenant, repository, text, odd)| {
                let digest = [u8::from(odd); 32];
                let customer = root.customer_id();
                let external = ExternalId::parse(&text);
                match (kind, external) {
                    (0, _) => (format!("operator {}", operator.operator()), super::operator(&operator)),
                    (1, _) => (format!("customer {} {slug}", operator.operator()), super::customer(&operator, &slug)),
                    (2, _) => (format!("details {} {slug}", operator.operator()), key_details(&operator, &slug)),
                    (3, _) => (format!("root {customer}"), customer_root(&root)),
                    (4, _) => {
                        (format!("record {} {odd}", operator.operator()), record(&Root::Operator(operator), &digest))
                    }
                    (5, _) => (format!("record {customer} {odd}"), record(&Root::Customer(root), &digest)),
                    (6, _) => (format!("tenant {customer} {tenant}"), super::tenant(&root, tenant)),
                    (7, Some(external)) => {
                        (format!("external id {customer} {}", external.as_str()), external_id(&root, &external))
                    }
                    (8, _) => (format!("repository {customer} {repository}"), super::repository(&root, repository)),
                    (9, _) => (format!("name {customer} {text}"), repository_name(&root, &text)),
                    (10, _) => (
                        format!("attached {customer} {repository} {tenant}"),
                        attached_tenant(&root, repository, tenant),
                    ),
                    _ => (format!("job {customer} {tenant}"), sweep_job(&root, tenant)),
                }
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_differs_has_another_key(keys in proptest::collection::vec(any_key(), 2..40)) {
            let mut owners: BTreeMap<(String, String), String> = BTreeMap::new();
            for (name, key) in keys {
                let owner = owners.entry((key.pk.clone(), key.sk.clone())).or_insert_with(|| name.clone());
                prop_assert_eq!(&*owner, &name, "{:?}", key);
            }
        }

        #[test]
        fn a_key_begins_with_its_root_and_no_other((name, key) in any_key()) {
            let words: Vec<&str> = key.pk.splitn(3, '#').collect();
            prop_assert!(words.len() >= 2 && ["I", "O"].contains(&words[0]), "{:?}", key);
            prop_assert!(name.contains(words[1]) || name.contains(&format!("cust_{}", words[1])), "{} {:?}", name, key);
        }
    }
}
