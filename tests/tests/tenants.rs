//! `/tenants…` (contract 4): one module per route.

mod tenants {
    mod by_external_id;
    mod create;
    mod delete;
    mod get;
    mod list;
    mod suspension;
    mod update;
}
