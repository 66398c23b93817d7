//! `.github/workflows/ci.yml`: the test command runs on both engines, and nothing of others is taken at whatever version it has.

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
    for action in steps.iter().filter_map(|step| step["uses"].as_str()) {
        let version = action.split_once("@v").expect("a version").1;
        assert_eq!(version.split('.').filter(|part| part.parse::<u32>().is_ok()).count(), 3, "{action}");
    }
    let run = fs::read_to_string(repository_root().join(".ci/run")).unwrap();
    assert!(run.contains("exec cargo xtask test \"$@\""), "the workflow's --store reaches the test command");
}
