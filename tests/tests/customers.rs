//! `/v1/customers…`: one module per route, and the races between their callers.

mod customers {
    mod archive;
    mod create;
    mod get;
    mod list;
    mod list_large;
    mod restore;
    mod update;
}
