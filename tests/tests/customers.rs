//! `/v1/customers…`: one module per route.

mod customers {
    mod create;
}
