//! Changes of an item, each with another change of the same item that comes between its attempts.

use tests::{Value, json};

/// A change of an item, by its operation, and another change of the same item that comes between its attempts.
pub struct Case {
    /// The request to the store.
    pub op: &'static str,
    pub change: (&'static str, Value),
    pub status: u16,
    pub other: (&'static str, Value),
    /// What is read afterwards, with its query, and what each of the two has left there.
    pub shown: (&'static str, &'static str),
    pub seen: [&'static str; 2],
    /// How many keys the customer has afterwards, where they are shown.
    pub keys: usize,
}

/// A conversation with a lease.
fn sticky(title: &str) -> Value {
    json!({ "user_id": "{user_id}", "title": title, "runtime": { "mode": "sticky" } })
}

/// The cases: every change of an item that one request makes.
pub fn cases() -> Vec<Case> {
    let tenant = ("updateTenant", json!({ "metadata": { "by": "other" } }));
    let customer = ("updateCustomer", json!({ "description": "other" }));
    let key = ("createKey", json!({ "name": "another" }));
    let repository = ("updateRepository", json!({ "metadata": { "by": "other" } }));
    let user = ("updateUser", json!({ "metadata": { "by": "other" } }));
    let role = ("updateRole", json!({ "metadata": { "by": "other" } }));
    let (update, transact) = ("UpdateItem", "TransactWriteItems");
    let case = |op, change, status, other: &(_, _), shown, seen, keys| Case {
        op,
        change,
        status,
        other: other.clone(),
        shown,
        seen,
        keys,
    };
    let (of_tenant, of_customer) = (("getTenant", ""), ("getCustomer", ""));
    let (of_repository, of_keys) = (("getRepository", ""), ("listKeys", ""));
    let (of_user, of_role) = (("getUser", ""), ("getRole", ""));
    let ours = ["ours", "other"];
    vec![
        case(update, ("upsertTenantByExternalId", json!({ "name": "ours" })), 200, &tenant, of_tenant, ours, 0),
        case(
            update,
            ("attachTenantRepository", json!({ "is_default": true })),
            200,
            &tenant,
            of_tenant,
            ["\"default_repository_id\":\"rep_", "other"],
            0,
        ),
        case(
            transact,
            ("detachTenantRepository", Value::Null),
            204,
            &tenant,
            of_tenant,
            ["\"default_repository_id\":null", "other"],
            0,
        ),
        case(update, ("updateCustomer", json!({ "display_name": "ours" })), 200, &customer, of_customer, ours, 0),
        case(update, ("updateRepository", json!({ "branch": "ours" })), 200, &repository, of_repository, ours, 0),
        case(
            transact,
            ("updateRepository", json!({ "name": "ours" })),
            200,
            &repository,
            ("listRepositories", "?name=ours"),
            ours,
            0,
        ),
        case(transact, ("createKey", json!({ "name": "ours" })), 201, &key, of_keys, ["ours", "another"], 4),
        case(transact, ("rotateKey", json!({ "overlap_seconds": 0 })), 201, &key, of_keys, ["second", "another"], 4),
        case(update, ("revokeKey", Value::Null), 204, &key, of_keys, ["\"revoked_at\":\"", "another"], 3),
        // The tenant, which gets its gates with its first user or role.
        case(
            transact,
            ("upsertUserByExternalId", json!({ "display_name": "ours" })),
            201,
            &tenant,
            ("getUserByExternalId", ""),
            ["ours", "\"status\":\"active\""],
            0,
        ),
        case(
            transact,
            ("createRole", json!({ "name": "ours" })),
            201,
            &("createRole", json!({ "name": "other" })),
            ("listRoles", ""),
            ours,
            0,
        ),
        case(update, ("updateUser", json!({ "display_name": "ours" })), 200, &user, of_user, ours, 0),
        case(
            transact,
            ("updateUser", json!({ "role_ids": ["{role_id}"], "display_name": "ours" })),
            200,
            &user,
            of_user,
            ours,
            0,
        ),
        case(update, ("deactivateUser", Value::Null), 204, &user, of_user, ["suspended", "other"], 0),
        case(transact, ("assignUserRole", Value::Null), 204, &user, of_user, ["\"role_ids\":[\"rol_", "other"], 0),
        case(update, ("updateRole", json!({ "description": "ours" })), 200, &role, of_role, ours, 0),
        case(transact, ("updateRole", json!({ "name": "ours" })), 200, &role, of_role, ours, 0),
        // The leases of the tenant.
        case(
            transact,
            ("createConversation", sticky("ours")),
            201,
            &("createConversation", sticky("other")),
            ("listConversations", "?user_id={user_id}"),
            ours,
            0,
        ),
        case(
            transact,
            ("updateConversation", json!({ "title": "ours" })),
            200,
            &("createMessage", json!({ "content": "other" })),
            ("getConversation", ""),
            ["ours", "\"message_count\":1"],
            0,
        ),
        case(
            transact,
            ("createMessage", json!({ "content": "ours" })),
            201,
            &("updateConversation", json!({ "title": "other" })),
            ("getConversation", ""),
            ["\"message_count\":1", "other"],
            0,
        ),
    ]
}
