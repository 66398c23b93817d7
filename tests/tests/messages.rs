//! `/conversations/{conversation_id}/messages` (contract section 6.5): one module per operation, and what tokens do to them.

mod messages {
    mod create;
    mod list;
    mod replays;
    mod tokens;
}
