//! `/repositories…` (contract section 5.1): one module per route.

mod repositories {
    mod delete;
    mod get;
    mod list;
    mod register;
    mod update;
}
