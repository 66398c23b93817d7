//! `cargo xtask dev` as a person meets it: the built program itself, with a folder and a port of its own, on the embedded store.

mod dev {
    pub mod process;

    mod commands;
    mod keys;
    mod readme;
    mod refusals;
    mod runbook;
    mod running;
    mod smoke;
}
