//! Users and roles: a customer with a tenant for tests of them, and what holds of their items at rest.

use crate::{App, Call, Exchange, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A customer with a tenant, which has no users and roles yet.
pub struct Members {
    pub app: App,
    /// The integration's key.
    pub key: String,
    /// The tenant's id.
    pub tenant: String,
}

/// The id of a resource as it was answered.
#[track_caller]
pub fn id_of(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_else(|| panic!("no id in {resource}")).to_owned()
}

impl Members {
    /// The tenant has the external id `one`.
    pub async fn new() -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let tenant = id_of(&app.new_tenant(&key, "one").await);
        Self { app, key, tenant }
    }

    /// A request of the integration.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.app.with_key(&self.key, method, path)
    }

    /// A request with a body.
    pub async fn send(&self, method: &str, path: &str, body: Value) -> Exchange {
        self.call(method, path).json(body).send().await
    }

    /// Reads what must be there.
    pub async fn get(&self, path: &str) -> Exchange {
        self.call("GET", path).send().await.expect_status(200)
    }

    /// The path of a user of the tenant by an external id that needs no escapes.
    pub fn path(&self, external_id: &str) -> String {
        format!("/tenants/{}/users/by-external-id/{external_id}", self.tenant)
    }

    /// Upserts a user of the tenant.
    pub async fn put(&self, external_id: &str, body: Value) -> Exchange {
        self.send("PUT", &self.path(external_id), body).await
    }

    /// Makes a user of the tenant; its id.
    pub async fn user(&self, external_id: &str) -> String {
        id_of(&self.app.new_user(&self.key, &self.tenant, external_id).await)
    }

    /// Makes a role of the tenant; its id.
    pub async fn role(&self, name: &str) -> String {
        id_of(&self.app.new_role(&self.key, &self.tenant, name).await)
    }

    /// Registers a repository and attaches it to the tenant; its id.
    pub async fn attached(&self, name: &str) -> String {
        let repository = id_of(&self.app.new_repository(&self.key, name).await);
        self.call("PUT", &self.attachment(&repository)).send().await.expect_status(201);
        repository
    }

    /// The path of an attachment to the tenant.
    pub fn attachment(&self, repository: &str) -> String {
        format!("/tenants/{}/repositories/{repository}", self.tenant)
    }

    /// Gives a user a role, or takes it with `DELETE`.
    pub async fn assign(&self, method: &str, user: &str, role: &str) -> Exchange {
        self.call(method, &format!("/users/{user}/roles/{role}")).send().await
    }

    /// Deprovisions the tenant.
    pub async fn deprovision(&self) {
        self.call("DELETE", "/tenants/by-external-id/one").send().await.expect_status(204);
    }
}

/// The types of items that hang below a tenant with users or roles.
const BELOW: [&str; 8] =
    ["gate", "leases", "user", "user_external_id", "role", "role_name", "role_holder", "repository_reference"];

fn text(item: &Value, name: &str) -> String {
    item[name]["S"].as_str().unwrap_or_default().to_owned()
}

fn number(item: &Value, name: &str) -> usize {
    item[name]["N"].as_str().map_or(0, |number| number.parse().expect("a number"))
}

/// What holds of the items below tenants whenever nothing is under way and no sweep is due: users, roles, their markers and references belong
/// to a tenant that exists, all numbers are right, and the gates of a tenant are equal.
pub(crate) fn check_members(items: &[Value]) {
    let of = |entity: &str| items.iter().filter(|item| item["type"]["S"] == entity).collect::<Vec<_>>();
    // A marker's or reference's key, and the id it has, if any.
    let mut expected: BTreeSet<(&str, String, String)> = BTreeSet::new();
    let mut members: BTreeMap<String, usize> = BTreeMap::new();
    let mut named: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut holders: BTreeMap<String, usize> = BTreeMap::new();
    let root_of = |item: &Value| text(item, "pk").split('#').take(2).collect::<Vec<_>>().join("#");
    for user in of("user") {
        let (root, id, tenant) = (root_of(user), text(user, "id"), text(user, "tenant_id"));
        assert_eq!((text(user, "g1pk"), text(user, "g1sk")), (format!("{root}#U"), text(user, "sk")), "{user}");
        let (ulid, tenant_ulid) = (&id[4..], &tenant[4..]);
        expected.insert((
            "user_external_id",
            format!("{root}#E#{tenant_ulid}#{}", text(user, "external_id")),
            id.clone(),
        ));
        for role in user["role_ids"]["L"].as_array().expect("a list") {
            let role = role["S"].as_str().expect("a role");
            expected.insert(("role_holder", format!("{root}#H#{}", &role[4..]), ulid.to_owned()));
            *holders.entry(role.to_owned()).or_default() += 1;
        }
        reference(&mut expected, &mut named, (&root, &tenant, &text(user, "default_repository_id"), &id));
        *members.entry(tenant).or_default() += 1;
    }
    for role in of("role") {
        let (root, id, tenant) = (root_of(role), text(role, "id"), text(role, "tenant_id"));
        expected.insert(("role_name", format!("{root}#W#{}#{}", &tenant[4..], text(role, "name")), id.clone()));
        assert_eq!(number(role, "n"), holders.remove(&id).unwrap_or_default(), "{role}");
        reference(&mut expected, &mut named, (&root, &tenant, &text(role, "repository_id"), &id));
        *members.entry(tenant).or_default() += 1;
    }
    assert_eq!(holders, BTreeMap::new(), "roles that users have exist");
    let second = |item: &Value| if item["id"].is_null() { text(item, "sk") } else { text(item, "id") };
    let markers = ["user_external_id", "role_name", "role_holder", "repository_reference"];
    let kept =
        markers.iter().flat_map(|entity| of(entity).into_iter().map(|item| (*entity, text(item, "pk"), second(item))));
    assert_eq!(kept.collect::<BTreeSet<_>>(), expected, "markers and references");
    let mut prefixes = Vec::new();
    for tenant in of("tenant") {
        let (root, id, tag) = (root_of(tenant), text(tenant, "id"), text(tenant, "tag"));
        assert_eq!(number(tenant, "n"), members.remove(&id).unwrap_or_default(), "{tenant}");
        for (ulid, attached) in tenant["repos"]["M"].as_object().expect("a tenant has attachments") {
            let count = named.remove(&(id.clone(), ulid.clone())).unwrap_or_default();
            assert_eq!(number(&attached["M"], "n"), count, "{tenant}");
        }
        if tag.is_empty() {
            continue;
        }
        let gates: Vec<&Value> =
            of("gate").into_iter().filter(|gate| text(gate, "pk").starts_with(&format!("{root}#G#{tag}#"))).collect();
        let states: BTreeSet<_> =
            gates.iter().map(|gate| (text(gate, "tenant"), text(gate, "status"), number(gate, "g"))).collect();
        assert_eq!((gates.len(), states.len()), (16, 1), "{gates:?}");
        assert!(states.iter().all(|(of, status, _)| (of, status) == (&id, &text(tenant, "status"))), "{states:?}");
        prefixes.push((root, tag));
    }
    assert_eq!(members, BTreeMap::new(), "a user or role has a tenant");
    assert_eq!(named, BTreeMap::new(), "a repository that is named is attached");
    let leases: BTreeSet<_> = of("leases").iter().map(|item| (root_of(item), text(item, "sk"))).collect();
    assert_eq!(leases, prefixes.iter().cloned().collect(), "leases and tenants with gates");
    let gates = of("gate").into_iter().filter(|gate| !gate["tenant"].is_null()).count();
    assert_eq!(gates, 16 * prefixes.len(), "gates and tenants");
    for member in of("user").into_iter().chain(of("role")) {
        let pk = text(member, "pk");
        let tag = pk.rsplit('#').next().expect("a tag").to_owned();
        assert!(prefixes.contains(&(root_of(member), tag)), "{member}");
    }
}

/// The reference of a user or role that names a repository of its tenant.
fn reference(
    expected: &mut BTreeSet<(&str, String, String)>,
    named: &mut BTreeMap<(String, String), usize>,
    (root, tenant, repository, id): (&str, &str, &str, &str),
) {
    let Some(repository) = repository.strip_prefix("rep_") else { return };
    expected.insert(("repository_reference", format!("{root}#D#{}#{repository}", &tenant[4..]), id.to_owned()));
    *named.entry((tenant.to_owned(), repository.to_owned())).or_default() += 1;
}

/// The items below tenants with users or roles, of these types and of the ones of conversations.
pub fn below(items: &[Value]) -> Vec<&Value> {
    let is_below = |item: &&Value| {
        let entity = item["type"]["S"].as_str().unwrap_or_default();
        BELOW.contains(&entity) || entity == "conversation" || entity == "message"
    };
    items.iter().filter(is_below).collect()
}
