//! `tare` as a person types it: the built program, in a real bash, on the real API and store.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cli {
    mod completion;
    mod faults;
    mod keys;
    mod operations;
    mod process;
    mod set_up;
    mod terminal;
    mod transcripts;
}
