//! `/repositories…` (contract 5): one module per route.

mod repositories {
    mod delete;
    mod get;
    mod list;
    mod register;
    mod update;
}
