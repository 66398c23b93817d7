//! All keys of the table. A key is built from an authenticated root, so that nothing outside the caller's subtree can be addressed. It
//! cannot be built from a string. Only the list of all sweep jobs and the signing keys of tokens have no root.
//!
//! Free text is at the end of a key, no prefix is the beginning of another, and different entities have different keys (property tests
//! below). The table of entities is in docs/access-patterns.md.

use super::gate_number::GateNumber;
use super::item::{Item, text};
use crate::domain::customer::Slug;
use crate::domain::principal::{ConversationScope, CustomerRoot, OperatorRoot};
use crate::domain::tenant::ExternalId;
use crate::domain::text::hex;
use crate::domain::{
    ConversationId, CustomerId, Id, Kind, MessageId, RepositoryId, RoleId, SigningKeyId, TenantId, TenantTag,
    Timestamp, UserId,
};
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

    /// The key of an item that was read.
    pub(super) fn of_item(item: &Item) -> Option<Self> {
        let attribute = |name: &str| item.get(name)?.as_s().ok().cloned();
        Some(Self { pk: attribute("pk")?, sk: attribute("sk")? })
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
        match self.index {
            None => ("pk", "sk"),
            Some(USER_INDEX) => ("g2pk", "g2sk"),
            Some(TENANT_INDEX) => ("g3pk", "g2sk"),
            Some(_) => ("g1pk", "g1sk"),
        }
    }

    /// The attributes that put an item into this partition of the sparse index.
    pub(super) fn index_attributes(&self, sk: String) -> [(&'static str, AttributeValue); 2] {
        let (pk_name, sk_name) = self.attributes();
        [(pk_name, text(self.pk.clone())), (sk_name, text(sk))]
    }
}

const INDEX: Option<&str> = Some("gs1");
/// The index of conversations by user. It has keys only.
const USER_INDEX: &str = "gs2";
/// The index of conversations by tenant. It has keys only.
const TENANT_INDEX: &str = "gs3";

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

/// The place of a tenant's job in the index: one of 16 partitions, because an index partition that cannot keep up throttles every write of the
/// table. The oldest job of a partition is its first. The partitions have no root, and only the scheduled function reads them.
pub fn sweep_job_place(tenant: TenantId, now: Timestamp) -> (Partition, String) {
    (jobs_of(tenant.last_bits()), format!("{now}#{}", id_sort_key(tenant)))
}

/// All sweep jobs. Those of releases before the 16 partitions are in one of their own, in the order of their tenants.
pub fn sweep_jobs() -> impl Iterator<Item = Partition> {
    let before = Partition { index: INDEX, pk: "J".to_owned() };
    (0..16).map(jobs_of).chain([before])
}

fn jobs_of(digit: u8) -> Partition {
    Partition { index: INDEX, pk: format!("J#{digit:x}") }
}

/// When a job was created, by its sort key in the index; `None` for one of an earlier release.
pub(super) fn sweep_job_time(sk: &str) -> Option<Timestamp> {
    Timestamp::parse(sk.split_once('#')?.0)
}

/// The customer and the tenant of a sweep job. The sweep has no authenticated root.
pub(super) fn parse_sweep_job(pk: &str, sk: &str) -> Option<(CustomerRoot, TenantId)> {
    let root = pk.strip_prefix("I#")?.strip_suffix(JOBS)?;
    Some((CustomerRoot::new(CustomerId::parse_ulid(root)?), TenantId::parse_ulid(sk)?))
}

/// One of the gates of a tenant (`store::gates`).
pub fn gate(root: &CustomerRoot, tag: TenantTag, number: GateNumber) -> Key {
    singleton(in_customer(root, &format!("#G#{tag}#{number}")))
}

/// One of the gates of a customer. It only exists while the customer is archived.
pub fn customer_gate(root: &CustomerRoot, number: GateNumber) -> Key {
    singleton(in_customer(root, &format!("#Z#{number}")))
}

/// The leases of a tenant.
pub fn leases(root: &CustomerRoot, tag: TenantTag) -> Key {
    Key { pk: in_customer(root, "#L"), sk: tag.to_string() }
}

/// A user.
pub fn user(root: &CustomerRoot, id: UserId) -> Key {
    Key { pk: users_of_tenant(root, id.tenant_tag()).pk, sk: id_sort_key(id) }
}

/// A tenant's users by id.
pub fn users_of_tenant(root: &CustomerRoot, tag: TenantTag) -> Partition {
    Partition { index: None, pk: in_customer(root, &format!("#U#{tag}")) }
}

/// A customer's users by id.
pub fn users(root: &CustomerRoot) -> Partition {
    Partition { index: INDEX, pk: in_customer(root, "#U") }
}

/// The marker of a user's external id.
pub fn user_external_id(root: &CustomerRoot, tenant: TenantId, external_id: &ExternalId) -> Key {
    singleton(in_customer(root, &format!("#E#{}#{}", tenant.ulid(), external_id.as_str())))
}

/// A role.
pub fn role(root: &CustomerRoot, id: RoleId) -> Key {
    Key { pk: roles(root, id.tenant_tag()).pk, sk: id_sort_key(id) }
}

/// A tenant's roles by id.
pub fn roles(root: &CustomerRoot, tag: TenantTag) -> Partition {
    Partition { index: None, pk: in_customer(root, &format!("#O#{tag}")) }
}

/// The marker of a role's name.
pub fn role_name(root: &CustomerRoot, tenant: TenantId, name: &str) -> Key {
    singleton(in_customer(root, &format!("#W#{}#{name}", tenant.ulid())))
}

/// The back reference of a role to a user who holds it.
pub fn role_holder(root: &CustomerRoot, role: RoleId, user: UserId) -> Key {
    Key { pk: role_holders(root, role).pk, sk: id_sort_key(user) }
}

/// The users who hold a role.
pub fn role_holders(root: &CustomerRoot, role: RoleId) -> Partition {
    Partition { index: None, pk: in_customer(root, &format!("#H#{}", role.ulid())) }
}

/// The back reference of an attached repository to a user or role that names it.
pub fn repository_reference<K: Kind>(
    root: &CustomerRoot,
    tenant: TenantId,
    repository: RepositoryId,
    named_by: Id<K>,
) -> Key {
    Key { pk: repository_references(root, tenant, repository).pk, sk: named_by.to_string() }
}

/// The users and roles of a tenant that name an attached repository.
pub fn repository_references(root: &CustomerRoot, tenant: TenantId, repository: RepositoryId) -> Partition {
    Partition { index: None, pk: in_customer(root, &format!("#D#{}#{}", tenant.ulid(), repository.ulid())) }
}

/// A conversation. For an end user the key has the user's own tags, so that another user's conversation is not found.
pub fn conversation(scope: &ConversationScope, id: ConversationId) -> Key {
    Key { pk: in_customer(scope.root(), &format!("#C#{}", tags(scope, id))), sk: id_sort_key(id) }
}

/// A user's conversations by id.
pub fn conversations(root: &CustomerRoot, user: UserId) -> Partition {
    Partition { index: None, pk: in_customer(root, &format!("#C#{}{}", user.tenant_tag(), user.user_tag())) }
}

/// A user's conversations by their last activity.
pub fn conversations_of_user(root: &CustomerRoot, user: UserId) -> Partition {
    Partition { index: Some(USER_INDEX), pk: in_customer(root, &format!("#V#U#{}", user.ulid())) }
}

/// A tenant's conversations by their last activity.
pub fn conversations_of_tenant(root: &CustomerRoot, tenant: TenantId) -> Partition {
    Partition { index: Some(TENANT_INDEX), pk: in_customer(root, &format!("#V#T#{}", tenant.ulid())) }
}

/// The sort key of a conversation by its last activity.
pub(super) fn activity_sort_key(last_activity: Timestamp, id: ConversationId) -> String {
    format!("{last_activity}#{}", id.ulid())
}

/// A message.
pub fn message(scope: &ConversationScope, conversation: ConversationId, id: MessageId) -> Key {
    Key { pk: messages(scope, conversation).pk, sk: id_sort_key(id) }
}

/// A conversation's messages by id.
pub fn messages(scope: &ConversationScope, conversation: ConversationId) -> Partition {
    let (tags, conversation) = (tags(scope, conversation), conversation.ulid());
    Partition { index: None, pk: in_customer(scope.root(), &format!("#M#{tags}#{conversation}")) }
}

/// The tags of the tenant and the user: those of the end user who asks, or, for an integration, those in the id.
fn tags(scope: &ConversationScope, id: ConversationId) -> String {
    match scope.user() {
        Some(user) => format!("{}{}", user.tenant_tag(), user.user_tag()),
        None => format!("{}{}", id.tenant_tag(), id.user_tag()),
    }
}

/// The public part of a signing key. Signing keys belong to no customer, so their keys have no root.
pub fn signing_key(kid: SigningKeyId) -> Key {
    Key { pk: signing_keys().pk, sk: id_sort_key(kid) }
}

/// The public parts of all signing keys by id.
pub fn signing_keys() -> Partition {
    Partition { index: None, pk: "S".to_owned() }
}

/// The private part of a signing key.
pub fn private_signing_key(kid: SigningKeyId) -> Key {
    Key { pk: private_signing_keys().pk, sk: id_sort_key(kid) }
}

/// The private parts of all signing keys that are not retired, by id. Only the operator-key command and exchange-token use it.
pub fn private_signing_keys() -> Partition {
    Partition { index: None, pk: "S#P".to_owned() }
}

/// One of the gates of a signing key. It only exists once the key is retired.
pub fn signing_key_gate(kid: SigningKeyId, number: GateNumber) -> Key {
    Key { pk: format!("S#G#{number}"), sk: id_sort_key(kid) }
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
        let (user, role, conversation): (UserId, RoleId, ConversationId) =
            (any_id(choice), any_id(choice), any_id(choice));
        let (message, number): (MessageId, _) = (any_id(choice), GateNumber::new(u8::from(odd == 0)));
        let (tag, scope) = (user.tenant_tag(), ConversationScope::new(root, (odd == 0).then_some(user)));
        let tags = format!("{tag}{}", user.user_tag());
        let tags_of_id = format!("{}{}", conversation.tenant_tag(), conversation.user_tag());
        let own = if odd == 0 { &tags } else { &tags_of_id };
        let kid: SigningKeyId = any_id(choice);
        match (choice.below(31), ExternalId::parse(&text)) {
            (28, _) => place("signing keys".to_owned(), kid.to_string(), signing_key(kid)),
            (29, _) => place("private signing keys".to_owned(), kid.to_string(), private_signing_key(kid)),
            (30, _) => place(format!("gates of signing keys {number}"), kid.to_string(), signing_key_gate(kid, number)),
            (14, _) => lone(format!("gate {customer} {tag} {number}"), gate(&root, tag, number)),
            (15, _) => lone(format!("customer gate {customer} {number}"), customer_gate(&root, number)),
            (16, _) => place(format!("leases {customer}"), tag.to_string(), leases(&root, tag)),
            (17, _) => place(format!("users {customer} {tag}"), user.to_string(), super::user(&root, user)),
            (18, _) => place(format!("all users {customer}"), tenant.to_string(), indexed(users(&root))),
            (19, Some(external)) => lone(
                format!("user's external id {customer} {tenant} {}", external.as_str()),
                user_external_id(&root, tenant, &external),
            ),
            (20, _) => {
                place(format!("roles {customer} {}", role.tenant_tag()), role.to_string(), super::role(&root, role))
            }
            (21, _) => lone(format!("role's name {customer} {tenant} {text}"), role_name(&root, tenant, &text)),
            (22, _) => place(format!("holders {customer} {role}"), user.to_string(), role_holder(&root, role, user)),
            (23, _) => {
                let key = repository_reference(&root, tenant, repository, user);
                place(format!("references {customer} {tenant} {repository}"), user.to_string(), key)
            }
            (24, _) => {
                let key = super::conversation(&scope, conversation);
                place(format!("conversations {customer} {own}"), conversation.to_string(), key)
            }
            (25, _) => {
                let key = super::message(&scope, conversation, message);
                place(format!("messages {customer} {own} {conversation}"), message.to_string(), key)
            }
            (26, _) => {
                let key = indexed(conversations_of_user(&root, user));
                place(format!("conversations of user {customer} {user}"), tenant.to_string(), key)
            }
            (27, _) => {
                let key = indexed(conversations_of_tenant(&root, tenant));
                place(format!("conversations of tenant {customer} {tenant}"), tenant.to_string(), key)
            }
            (0, _) => lone(format!("operator {name}"), super::operator(&operator)),
            (1, _) => place(format!("customers {name}"), slug.to_string(), super::customer(&operator, &slug)),
            (2, _) => place(format!("details {name}"), slug.to_string(), key_details(&operator, &slug)),
            (3, _) => lone(format!("root {customer}"), customer_root(&root)),
            (4, _) => lone(format!("record {name} {odd}"), record(&Root::Operator(operator), &digest)),
            (5, _) => lone(format!("record {customer} {odd}"), record(&Root::Customer(root), &digest)),
            (6, _) => place(format!("tenants {customer}"), tenant.to_string(), super::tenant(&root, tenant)),
            (7, _) => place(format!("suspended {customer}"), tenant.to_string(), indexed(suspended_tenants(&root))),
            (8, _) => place(format!("jobs {customer}"), tenant.to_string(), sweep_job(&root, tenant)),
            (9, _) => {
                let (partition, _) = sweep_job_place(tenant, Timestamp::MAX);
                place(format!("job {}", tenant.last_bits()), tenant.to_string(), indexed(partition))
            }
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

    /// Checks that a key begins with the root of its owner. The partition of all jobs and those of signing keys have none.
    fn check_root(place: &Place) {
        let words: Vec<&str> = place.key.pk.splitn(3, '#').collect();
        let owner = match words[..] {
            ["J", _] => "job".to_owned(),
            ["S"] | ["S", "P"] | ["S", "G", _] => "signing".to_owned(),
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
            users(&root).pk,
            leases(&root, UserId::NIL.tenant_tag()).pk,
        ];
        let (tenant, user, role, conversation) = (TenantId::NIL, UserId::NIL, RoleId::NIL, ConversationId::NIL);
        let (tag, number) = (user.tenant_tag(), GateNumber::new(0));
        let scope = ConversationScope::new(root, None);
        let before = |pk: String, variable: &str| pk.strip_suffix(variable).unwrap().to_owned();
        let open = [
            before(external_id(&root, &ExternalId::parse("x").unwrap()).pk, "x"),
            before(repository_name(&root, "x").pk, "x"),
            before(attached_tenants(&root, repository).pk, &repository.ulid()),
            before(record(&Root::Customer(root), &[0; 32]).pk, &"0".repeat(64)),
            before(gate(&root, tag, number).pk, &format!("{tag}#{number}")),
            before(customer_gate(&root, number).pk, "0"),
            before(users_of_tenant(&root, tag).pk, &tag.to_string()),
            before(user_external_id(&root, tenant, &ExternalId::parse("x").unwrap()).pk, "x"),
            before(super::roles(&root, tag).pk, &tag.to_string()),
            before(role_name(&root, tenant, "x").pk, "x"),
            before(role_holders(&root, role).pk, &role.ulid()),
            before(repository_references(&root, tenant, repository).pk, &repository.ulid()),
            before(super::conversation(&scope, conversation).pk, &"0".repeat(12)),
            before(messages(&scope, conversation).pk, &conversation.ulid()),
            before(conversations_of_user(&root, user).pk, &user.ulid()),
            before(conversations_of_tenant(&root, tenant).pk, &tenant.ulid()),
        ];
        for prefix in &open {
            let alike: Vec<_> = fixed.iter().chain(&open).filter(|other| other.starts_with(prefix)).collect();
            assert_eq!(alike, [prefix]);
        }
    }

    #[test]
    fn jobs_are_spread_over_partitions_that_are_all_swept() {
        let now = Timestamp::from_milliseconds(1_700_000_000_123);
        let swept: Vec<String> = sweep_jobs().map(|partition| partition.pk).collect();
        assert_eq!((swept.len(), swept[0].as_str(), swept[15].as_str(), swept[16].as_str()), (17, "J#0", "J#f", "J"));
        for digit in 0..16u8 {
            let tenant = TenantId::new(now, u128::from(digit) + 32);
            let (partition, sk) = sweep_job_place(tenant, now);
            assert_eq!(Some(&partition.pk), swept.get(usize::from(digit)));
            assert_eq!(sk, format!("2023-11-14T22:13:20.123Z#{}", tenant.ulid()));
            assert_eq!((sweep_job_time(&sk), sweep_job_time(&tenant.ulid())), (Some(now), None));
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
