//! The command line of signing-key. `tare signing-keys` and `cargo xtask signing-key` have the same one: infra/cli and infra/xtask
//! include this file.

use super::table::Table;
use clap::{Args, Subcommand};

/// Makes, lists and retires the keys that sign tokens: no endpoint does.
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    pub action: Action,
}

/// What is done.
#[derive(Subcommand)]
pub enum Action {
    /// Makes a key and prints its id. The first key signs at once, others five minutes later, when clients know them.
    Create {
        #[command(flatten)]
        table: Table,
    },
    /// Lists the keys, newest first, and says which can be retired.
    List {
        #[command(flatten)]
        table: Table,
    },
    /// Retires a key; its tokens are refused from the next request on.
    Retire {
        /// The key's id, as `list` shows it.
        kid: String,
        #[command(flatten)]
        table: Table,
    },
}

impl Action {
    pub fn table(&self) -> &Table {
        match self {
            Self::Create { table } | Self::List { table } | Self::Retire { table, .. } => table,
        }
    }
}
