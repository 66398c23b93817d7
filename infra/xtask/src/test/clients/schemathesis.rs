//! The stage `schemathesis`: requests that are generated from the OpenAPI document. infra/schemathesis.toml configures the checks.

use super::{fresh, served::Served};
use crate::{Result, progress::step, test::Context, tools, tree};

/// The default number of requests per operation and phase; SCHEMATHESIS_MAX_EXAMPLES overrides it.
const MAX_EXAMPLES: &str = "20";

/// The stage `schemathesis`: runs as an operator, and as an integration whose customer belongs to another operator, because the first run
/// archives every customer that it sees.
pub async fn schemathesis(context: &Context) -> Result<()> {
    const RUNS: [(&str, &str, &str); 2] = [
        ("schemathesis as an operator", "OPERATOR_KEY", "^/v1/"),
        (
            "schemathesis as an integration",
            "INTEGRATION_KEY",
            "^/(tenants|repositories|users|roles|auth|conversations|integration|health|problems|openapi|[.]well-known)",
        ),
    ];
    let examples = std::env::var("SCHEMATHESIS_MAX_EXAMPLES").unwrap_or_else(|_| MAX_EXAMPLES.to_owned());
    let bin = tools::python(&context.groups, "tests/clients/schemathesis").await?;
    let api = Served::start(context, &["--second-operator", "globex"]).await?;
    for (name, key, paths) in RUNS {
        let mut command = tools::python_program(&bin, "schemathesis");
        command.arg("--config-file").arg(tree::root().join("infra/schemathesis.toml")).arg("run").arg(tree::openapi());
        command.args(["--url", api.get("BASE_URL"), "--include-path-regex", paths, "--checks", "all", "--no-color"]);
        command.args(["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", &examples, "--seed", "1"]);
        command.args(["--generation-database", "none"]).env("API_KEY", api.get(key));
        command.env("SCHEMATHESIS_HOOKS", tree::root().join("tests/clients/schemathesis/hooks.py"));
        // Each run uses a new folder, because data of an earlier run would change the requests.
        command.current_dir(fresh("target/schemathesis")?);
        step(name, tools::run(&context.groups, &mut command)).await?;
    }
    api.end().await
}
