//! Requests that succeed: at least one for each operation, and one for each 2xx status that it may have. `{new}` in a body is a name that
//! is not taken, and `{role_id}` the fixture's role: every name of the fixture may be given so.

use serde_json::{Value, json};

/// A request to an operation in a [`Fixture`](super::Fixture), where there is one of everything.
#[derive(Clone, Debug)]
pub struct Example {
    /// Operations that are called before it, on the same names.
    pub before: &'static [&'static str],
    /// The query, with its `?`; empty: none.
    pub query: &'static str,
    /// `null`: no body.
    pub body: Value,
    pub status: u16,
}

fn example(status: u16, body: Value) -> Example {
    Example { before: &[], query: "", body, status }
}

fn after(before: &'static [&'static str], status: u16, body: Value) -> Example {
    Example { before, query: "", body, status }
}

/// The examples of an operation.
pub fn examples(id: &str) -> Result<Vec<Example>, String> {
    const DETACHED: &[&str] = &["detachTenantRepository"];
    let none = Value::Null;
    Ok(match id {
        "createCustomer" => vec![example(201, json!({ "customer_id": "{new}" }))],
        "updateCustomer" => vec![
            example(200, json!({ "display_name": "ours" })),
            example(200, json!({ "limits": { "requests_per_second": 10_000, "burst": 100_000 } })),
        ],
        "archiveCustomer"
        | "revokeKey"
        | "detachTenantRepository"
        | "deleteTenantByExternalId"
        | "deactivateUser"
        | "archiveConversation"
        | "assignUserRole"
        | "deleteRole" => vec![example(204, none)],
        "restoreCustomer" => vec![after(&["archiveCustomer"], 200, none)],
        "createKey" => vec![example(201, json!({ "name": "ours" }))],
        "rotateKey" => vec![example(201, json!({ "overlap_seconds": 0 }))],
        "createTenant" => {
            vec![example(201, json!({ "external_id": "{new}" })), example(201, json!({ "name": "ours" }))]
        }
        "updateTenant" => vec![example(200, json!({ "name": "ours" })), example(200, json!({ "status": "suspended" }))],
        "deleteTenant" | "deleteRepository" => vec![after(DETACHED, 204, none)],
        "upsertTenantByExternalId" => vec![
            example(200, json!({ "name": "ours" })),
            after(&["deleteTenantByExternalId"], 201, json!({ "name": "ours" })),
        ],
        "registerRepository" => {
            vec![example(201, json!({ "name": "{new}", "repo_url": "https://example.com/r.git" }))]
        }
        "updateRepository" => vec![example(200, json!({ "branch": "ours" })), example(200, json!({ "name": "{new}" }))],
        "attachTenantRepository" => vec![
            example(200, json!({ "branch_override": "ours" })),
            after(DETACHED, 201, json!({ "branch_override": "ours" })),
        ],
        "getUserByExternalId" => vec![after(&["upsertUserByExternalId"], 200, none)],
        "upsertUserByExternalId" => vec![
            example(201, json!({ "display_name": "ours" })),
            after(&["upsertUserByExternalId"], 200, json!({ "email": "ours@example.com" })),
        ],
        "updateUser" => vec![
            example(200, json!({ "display_name": "ours" })),
            example(200, json!({ "role_ids": ["{role_id}"], "status": "suspended" })),
        ],
        "unassignUserRole" => vec![after(&["assignUserRole"], 204, none)],
        "createRole" => vec![
            example(201, json!({ "name": "{new}", "repository_id": "{repository_id}" })),
            example(201, json!({ "name": "{new}" })),
        ],
        "updateRole" => vec![example(200, json!({ "description": "ours" })), example(200, json!({ "name": "{new}" }))],
        "exchangeToken" => vec![example(
            200,
            json!({ "tenant_external_id": "{external_id}-members", "user_external_id": "one", "ttl_seconds": 60 }),
        )],
        "createConversation" => vec![
            example(201, json!({ "user_id": "{user_id}", "title": "ours" })),
            example(201, json!({ "user_id": "{user_id}", "runtime": { "mode": "sticky" } })),
        ],
        "updateConversation" => vec![
            example(200, json!({ "title": "ours" })),
            example(200, json!({ "runtime": { "mode": "sticky", "sticky_ttl_seconds": 60 } })),
        ],
        "createMessage" => vec![example(201, json!({ "content": "ours" }))],
        "listConversations" => vec![Example { query: "?user_id={user_id}", ..example(200, none) }],
        "listCustomers"
        | "getCustomer"
        | "listKeys"
        | "getIntegrationSelf"
        | "listTenants"
        | "getTenant"
        | "getTenantByExternalId"
        | "listRepositories"
        | "getRepository"
        | "listTenantRepositories"
        | "listUsers"
        | "getUser"
        | "listRoles"
        | "getRole"
        | "getConversation"
        | "listMessages"
        | "getJwks"
        | "getHealth"
        | "getOpenapi"
        | "listProblems"
        | "getProblem" => vec![example(200, none)],
        _ => return Err(format!("tests/src/operations/examples.rs has no request for {id}")),
    })
}
