//! Which members of a row are the columns of a list.

/// The columns of a group's lists; a list of another group has all its members that are no objects.
pub fn of(group: &str) -> &'static [&'static str] {
    match group {
        "customers" => &["customer_id", "display_name", "state", "labels", "created_at"],
        "keys" => &["key_id", "name", "scopes", "prefix", "suffix", "expires_at", "revoked_at"],
        "tenants" => &["id", "external_id", "name", "status", "default_repository_id", "created_at"],
        "repositories" => &["id", "name", "repo_url", "branch", "provider"],
        "attachments" => &["repository_id", "repository.name", "is_default", "branch_override"],
        "users" => &["id", "external_id", "display_name", "email", "status", "role_ids"],
        "roles" => &["id", "name", "repository_id", "description"],
        "conversations" => &["id", "user_id", "title", "status", "runtime.mode", "message_count", "last_message_at"],
        "messages" => &["id", "role", "content", "created_at"],
        "problems" => &["slug", "retry", "when"],
        _ => &[],
    }
}
