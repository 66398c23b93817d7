//! The command line of operator-key. `tare operator-keys` and `cargo xtask operator-key` have the same one: infra/cli and infra/xtask
//! include this file.

use super::table::Table;
use clap::{Args, Subcommand};

/// Makes, lists and revokes operator keys: no endpoint does.
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    pub action: Action,
}

/// What is done.
#[derive(Subcommand)]
pub enum Action {
    /// Makes a key and prints its secret, once.
    Create {
        /// What the key is for, as `list` shows it.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// What the key may write, separated by commas [default: all scopes]; an empty list makes a key that can only read.
        #[arg(long, value_name = "A,B")]
        scopes: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Lists an operator's keys, newest first, and says which are over 90 days old.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Revokes a key; it is refused from the next request on.
    Revoke {
        /// The key's id, as `list` shows it.
        key_id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Whose keys, and where they are.
#[derive(Args)]
pub struct Place {
    /// The operator: a lower-case letter, then letters, digits and hyphens.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub operator: String,
    #[command(flatten)]
    pub table: Table,
}

impl Action {
    pub fn place(&self) -> &Place {
        match self {
            Self::Create { place, .. } | Self::List { place } | Self::Revoke { place, .. } => place,
        }
    }
}
