//! `.github/workflows/ci.yml`: the test command runs on both engines, from a shallow clone. And
//! `docs/deploy.workflow.yml`, the example of a deployment. Neither takes anything of others at whatever version it has.

use std::fs;
use tests::{Value, json, repository_root};

#[test]
fn ci_runs_the_test_command_on_both_engines() {
    let text = fs::read_to_string(repository_root().join(".github/workflows/ci.yml")).unwrap();
    let workflow: Value = serde_norway::from_str(&text).unwrap();
    let job = &workflow["jobs"]["test"];
    assert_eq!(job["strategy"]["matrix"], json!({ "store": ["embedded", "dynamodb-local"] }));
    assert_eq!(job["strategy"]["fail-fast"], false, "one engine's failure does not hide the other's");
    assert_eq!(workflow["permissions"], json!({ "contents": "read" }));
    let steps = job["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["run"] == ".ci/run --store ${{ matrix.store }}"), "{steps:?}");
    let checkout = steps.iter().find(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("checkout")));
    assert!(checkout.expect("a checkout")["with"]["fetch-depth"].is_null(), "no test needs the history");
    are_pinned(steps);
    let run = fs::read_to_string(repository_root().join(".ci/run")).unwrap();
    assert!(run.contains("exec cargo xtask test \"$@\""), "the workflow's --store reaches the test command");
}

/// Each action is taken at a version of three numbers.
fn are_pinned(steps: &[Value]) {
    for action in steps.iter().filter_map(|step| step["uses"].as_str()) {
        let version = action.split_once("@v").expect("a version").1;
        assert_eq!(version.split('.').filter(|part| part.parse::<u32>().is_ok()).count(), 3, "{action}");
    }
}

#[test]
fn the_example_of_a_deployment_uses_oidc_and_ends_with_the_smoke_test() {
    let text = fs::read_to_string(repository_root().join("docs/deploy.workflow.yml")).unwrap();
    let workflow: Value = serde_norway::from_str(&text).unwrap();
    assert_eq!(workflow["permissions"], json!({ "contents": "read" }));
    let deploy = &workflow["jobs"]["deploy"];
    assert_eq!(deploy["permissions"], json!({ "contents": "read", "id-token": "write" }));
    assert_eq!(deploy["strategy"], json!({ "max-parallel": 1, "matrix": { "environment": ["dev", "prod"] } }));
    for job in ["build", "deploy"] {
        are_pinned(workflow["jobs"][job]["steps"].as_array().unwrap());
    }
    let steps = deploy["steps"].as_array().unwrap();
    let place = |part: &str| {
        let text = |step: &Value| format!("{}{}", step["uses"], step["run"]);
        steps.iter().position(|step| text(step).contains(part)).unwrap_or_else(|| panic!("no step with {part}"))
    };
    let order = ["configure-aws-credentials", "sam deploy", "set-stack-policy", "cargo xtask smoke"].map(place);
    assert!(order.is_sorted() && order[3] + 1 == steps.len(), "{order:?}");
    let aws = &steps[order[0]]["with"];
    assert!(aws["role-to-assume"].is_string() && aws["aws-access-key-id"].is_null(), "no stored secret of AWS: {aws}");
    // What a variable holds is never part of a script.
    assert!(steps.iter().all(|step| !step["run"].as_str().unwrap_or_default().contains("${{")), "{steps:?}");
    assert!(!text.contains("--key"), "the key is in the environment");
}
