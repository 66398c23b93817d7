//! Where things are: the repository, the built functions, the store.

use local::store::Endpoint;
use local::template::Template;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::{env, fs};

/// The repository's folder.
pub fn repository_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests stand in a folder of the repository")
        .to_owned()
}

/// The folder with the built function binaries: `FUNCTIONS_DIR`, or where cargo puts them in a debug build.
pub fn functions_folder() -> PathBuf {
    let folder = env::var_os("FUNCTIONS_DIR").map_or_else(|| repository_root().join("target/debug"), PathBuf::from);
    let example = folder.join("get-health");
    assert!(example.exists(), "{} is missing: run `cargo build --package functions`", example.display());
    folder
}

/// The template, read once: `TENANCY_TEMPLATE`, or the repository's.
pub fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    let path = env::var_os("TENANCY_TEMPLATE").map_or_else(|| repository_root().join("template.yaml"), PathBuf::from);
    TEMPLATE.get_or_init(|| Template::read(path).expect("the template can be read"))
}

/// The store.
pub fn endpoint() -> Endpoint {
    let url = env::var("DYNAMODB_ENDPOINT");
    Endpoint::new(url.expect("DYNAMODB_ENDPOINT is missing: run the tests by `cargo xtask test`"))
}

/// Where requests and logs are kept for the checks over the whole suite.
pub(crate) fn log_folder() -> PathBuf {
    env::var_os("TENANCY_TEST_LOG").map_or_else(|| repository_root().join("target/test-log"), PathBuf::from)
}

/// Keeps a file for those checks.
pub(crate) fn record(name: &str, text: &str) {
    fs::create_dir_all(log_folder()).expect("the log folder can be made");
    fs::write(log_folder().join(name), text).expect("the log can be written");
}
