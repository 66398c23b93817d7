//! `/tenants/{tenant_id}/roles` and `/roles…` (contract section 6.2): one module per route.

mod roles {
    mod create;
    mod delete;
    mod get;
    mod list;
    mod update;
}
