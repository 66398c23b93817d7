//! Checks over what the whole suite recorded: every request to the store (cases A15, D12, L3, L4, L5) and
//! every log line (K1, K2), with what the metrics and queries make of them. It runs last, by itself: `cargo test --package tests --test suite`.

mod suite {
    mod logs;
    mod operations;
    mod policies;
    mod requests;
}
