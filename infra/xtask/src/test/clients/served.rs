//! The API that clients use: `serve` (tests/src/bin/serve.rs), which runs the function binaries behind the local gateway with a new table.

use std::{collections::BTreeMap, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{
    Result, cargo,
    process_group::ProcessGroup,
    progress::step,
    test::{Context, suite},
    tree,
};

/// A running `serve`: the addresses and keys that it printed, and its process.
pub struct Served(BTreeMap<String, String>, ProcessGroup);

impl Served {
    pub async fn start(context: &Context, arguments: &[&str]) -> Result<Self> {
        let programs = cargo::build(&context.groups, &["--bin", "serve"]).await?;
        let mut command = Command::new(programs.get("serve").ok_or("cargo built no program serve")?);
        suite::on_store(context, &mut command).await?;
        command.args(arguments).current_dir(tree::root()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = context.groups.spawn(&mut command)?;
        let output = process.child.stdout.take().ok_or("serve has no output")?;
        let mut lines = BufReader::new(output).lines();
        let mut printed = BTreeMap::new();
        step("starting the API", async {
            while !printed.contains_key("INTEGRATION_KEY") {
                let line = lines.next_line().await.ok().flatten().ok_or("serve ended; its messages are above")?;
                printed.extend(line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            Ok(())
        })
        .await?;
        Ok(Self(printed, process))
    }

    /// The printed addresses and keys.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Closes its standard input, upon which it writes its logs and exits.
    pub async fn end(mut self) -> Result<()> {
        drop(self.1.child.stdin.take());
        match self.1.wait().await? {
            status if status.success() => Ok(()),
            status => Err(format!("serve failed ({status})")),
        }
    }
}
