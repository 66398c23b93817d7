//! Checks over what the whole suite recorded: every request to the store (cases A15, D12, L3, L4, L5) and
//! every log line (K1, K2). It runs last, by itself: `cargo test --package tests --test suite`.

mod suite {
    mod logs;
    mod policies;
    mod requests;
}
