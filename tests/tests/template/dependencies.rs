//! What is linked into the functions: one HTTP and TLS stack, and JSON objects without an order (L11, B18).

use std::fs;
use std::process::Command;
use tests::repository_root;

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(repository_root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn json_objects_are_not_ordered() {
    let features = cargo(&["tree", "--package", "functions", "--edges", "normal,features", "--invert", "serde_json"]);
    assert!(features.contains("serde_json feature"), "{features}");
    assert!(!features.contains("preserve_order"), "fingerprints would change with it:\n{features}");
}

#[test]
fn one_http_and_one_tls_stack_is_linked() {
    let tree = cargo(&["tree", "--package", "functions", "--edges", "normal", "--prefix", "none"]);
    let mut linked: Vec<&str> = tree.lines().filter_map(|line| line.strip_suffix(" (*)").or(Some(line))).collect();
    linked.sort_unstable();
    linked.dedup();
    for name in ["rustls", "rustls-webpki", "tokio-rustls", "hyper", "hyper-rustls", "h2", "http", "http-body", "tower"]
    {
        let versions: Vec<&&str> = linked.iter().filter(|line| line.split(' ').next() == Some(name)).collect();
        assert!(versions.len() <= 1, "{name} is linked more than once: {versions:?}");
    }
    for other in ["openssl v", "openssl-sys v", "native-tls v", "aws-lc-rs v", "aws-lc-sys v"] {
        assert!(!linked.iter().any(|line| line.starts_with(other)), "a second TLS stack: {other}");
    }
}

#[test]
fn what_is_deployed_is_small_and_survives_a_panic() {
    let manifest = fs::read_to_string(repository_root().join("Cargo.toml")).unwrap();
    let (_, release) = manifest.split_once("[profile.release]").unwrap();
    let release = release.split("\n[").next().unwrap();
    for line in ["lto = \"fat\"", "codegen-units = 1", "strip = true", "panic = \"unwind\""] {
        assert!(release.contains(line), "[profile.release] lacks {line}");
    }
    let tracked = Command::new("git").args(["ls-files", "Cargo.lock"]).current_dir(repository_root()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&tracked.stdout).trim(), "Cargo.lock", "the lock file is not committed");
}
