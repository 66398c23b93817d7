//! `/users…` and `/tenants/{tenant_id}/users…` (contract section 6.1): one module per route.

mod users {
    mod by_external_id;
    mod deactivate;
    mod get;
    mod list;
    mod repository;
    mod roles;
    mod update;
    mod upsert;
}
