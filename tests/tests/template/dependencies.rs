//! What is linked into the functions: one HTTP and TLS stack, and JSON objects without an order (L11, B18). And that the lock
//! files of Node say what is installed, not from where.

use std::fs;
use std::process::Command;
use tests::{Value, repository_root};

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
        assert_eq!(versions.len(), 1, "{name} is not linked once: {versions:?}");
    }
    for other in ["openssl v", "openssl-sys v", "native-tls v", "aws-lc-rs v", "aws-lc-sys v"] {
        assert!(!linked.iter().any(|line| line.starts_with(other)), "a second TLS stack: {other}");
    }
}

/// Whole events, credentials included, are what the runtime logs at TRACE.
#[test]
fn nothing_below_info_is_compiled_into_a_release() {
    for (package, feature) in [("tracing", "release_max_level_info"), ("log", "release_max_level_off")] {
        let features = cargo(&["tree", "--package", "functions", "--edges", "normal,features", "--invert", package]);
        assert!(features.contains(&format!("{package} feature \"{feature}\"")), "{package}:\n{features}");
    }
    let tree = cargo(&["tree", "--package", "functions", "--edges", "normal", "--prefix", "none"]);
    assert!(!tree.contains("tracing-subscriber v"), "its level is a variable's:\n{tree}");
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

/// The files of the repository whose path ends like this.
fn tracked(ending: &str) -> Vec<String> {
    let output = Command::new("git").args(["ls-files"]).current_dir(repository_root()).output().unwrap();
    let files = String::from_utf8(output.stdout).unwrap();
    files.lines().filter(|file| file.ends_with(ending)).map(str::to_owned).collect()
}

fn json_of(file: &str) -> Value {
    let text = fs::read_to_string(repository_root().join(file)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The addresses in a lock file; who asks for donations names one, which nothing is fetched from.
fn addresses(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| *name != "funding");
            let named = |name: &str, value| if name == "resolved" { vec![name.to_owned()] } else { addresses(value) };
            members.flat_map(|(name, value)| named(name, value)).collect()
        }
        Value::Array(items) => items.iter().flat_map(addresses).collect(),
        Value::String(text) if text.contains("://") => vec![text.clone()],
        _ => Vec::new(),
    }
}

#[test]
fn no_lock_file_of_node_names_a_registry() {
    let files = tracked("package-lock.json");
    assert!(files.len() >= 3, "the lock files are not where they were: {files:?}");
    for file in files {
        assert_eq!(
            addresses(&json_of(&file)),
            Vec::<String>::new(),
            "{file}: npm needs omit-lockfile-registry-resolved"
        );
        let settings = file.replace("package-lock.json", ".npmrc");
        let settings = fs::read_to_string(repository_root().join(&settings)).expect(&settings);
        assert!(settings.lines().any(|line| line == "omit-lockfile-registry-resolved=true"), "{file}");
    }
    let lock = serde_json::json!({ "packages": { "a": { "resolved": "x", "funding": { "url": "https://a" } } } });
    assert_eq!(addresses(&lock), ["resolved"]);
}

#[test]
fn cdk_is_the_one_that_was_asked_for() {
    let manifest = json_of("infra/cdk/package.json");
    let lock = json_of("infra/cdk/package-lock.json");
    for (name, version) in [
        ("aws-cdk-lib", "2.275.0"),
        ("aws-cdk", "2.1148.1"),
        ("constructs", "10.8.1"),
        ("tsx", "4.23.15"),
        ("typescript", "5.9.3"),
    ] {
        let wanted = manifest["dependencies"][name].as_str().or(manifest["devDependencies"][name].as_str());
        assert_eq!(wanted, Some(version), "{name}");
        assert_eq!(lock["packages"][format!("node_modules/{name}")]["version"], version, "{name} in the lock file");
    }
}
