//! `/tenants…` (contract section 4): one module per route.

mod tenants {
    mod by_external_id;
    mod create;
    mod delete;
    mod get;
    mod list;
    mod list_large;
    mod members;
    mod suspension;
    mod update;
}
