//! What holds for every operation (contract sections 1 and 2): one module per convention.

mod conventions {
    mod authentication;
    mod base_path;
    mod body;
    mod event_files;
    mod events;
    mod gateway;
    mod headers;
    mod help;
    mod idempotency;
    mod idempotency_keys;
    mod order_of_checks;
    mod preconditions;
    mod problems;
    mod query;
}
