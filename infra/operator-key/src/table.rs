//! The arguments that name the table.

use clap::Args;

/// Where the keys are.
#[derive(Args)]
pub struct Table {
    /// The store's URL [default: AWS]. `tare` and `cargo xtask` without --endpoint and --table use the running dev stack, if there is one.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// The table [default: TABLE_NAME in the environment, else `tenancy`].
    #[arg(id = "table", long, value_name = "NAME")]
    pub name: Option<String>,
}
