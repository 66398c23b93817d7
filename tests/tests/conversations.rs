//! `/conversations` (contract section 6.4): one module per operation, and what leases and tokens do to them.

mod conversations {
    mod archive;
    mod cascade;
    mod create;
    mod get;
    mod leases;
    mod list;
    mod list_pages;
    mod replays;
    mod tokens;
    mod update;
}
