//! The table, and the fault proxy between the functions and the store.

use std::path::{Path, PathBuf};

use local::{
    proxy::{FaultProxy, Rule},
    store::Endpoint,
    template::Template,
};

use crate::{Result, progress::note, tree};

/// Fault rules, and the file that they are from.
#[derive(Debug)]
pub struct Faults {
    path: PathBuf,
    rules: Vec<Rule>,
}

impl Faults {
    /// Reads a file of rules: a JSON array of `local::proxy::Rule`.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = |error: String| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let rules = serde_json::from_str(&text).map_err(|error| failed(format!("not an array of rules: {error}")))?;
        Ok(Self { path: path.to_path_buf(), rules })
    }

    /// Starts the proxy in front of the store.
    pub async fn start(self, upstream: &str) -> Result<FaultProxy> {
        note(&format!("{} rules of {} are between the functions and the store", self.rules.len(), self.path.display()));
        Ok(FaultProxy::start(upstream, self.rules).await?)
    }
}

/// Creates the template's table if it does not exist; an engine of the user's own is probed on it.
pub async fn create_table(endpoint: &str, template: &Template, is_foreign: bool) -> Result<()> {
    let endpoint = Endpoint::new(endpoint);
    endpoint.ensure_table(template, tree::TABLE).await?;
    if is_foreign {
        endpoint.check_rules(tree::TABLE).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use local::http::Client;

    use super::*;

    #[tokio::test]
    async fn the_example_file_of_rules_is_in_front_of_the_store() {
        let example = tree::root().join("infra/local/faults.example.json");
        let proxy = Faults::read(&example).unwrap().start("http://127.0.0.1:1").await.unwrap();
        // The first put is throttled by the example's last rule; the next one finds that there is no engine here.
        for (status, wait) in [(400, Some("250")), (502, None)] {
            let put = [("x-amz-target", "DynamoDB_20120810.PutItem")];
            let answer = Client::new().request("POST", &proxy.url(), &put, "{}").await.unwrap();
            assert_eq!((answer.status, answer.header("x-amz-retry-after")), (status, wait), "{}", answer.text());
        }
    }

    #[test]
    fn a_file_that_holds_no_rules_is_named() {
        let refused = |path: &str| Faults::read(&tree::root().join(path)).unwrap_err();
        let manifest = refused("Cargo.toml");
        assert!(manifest.contains("Cargo.toml: not an array of rules: "), "{manifest}");
        let absent = refused("absent.json");
        assert!(absent.contains("absent.json: No such file"), "{absent}");
    }
}
