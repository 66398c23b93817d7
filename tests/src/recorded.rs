//! What the suite recorded: per table the requests of its functions to the store, and what they logged.

use crate::world::log_folder;
use local::proxy::{Part, parts};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// One request to the store.
#[derive(Debug)]
pub struct Request {
    /// The logical id of the function that sent it.
    pub function: String,
    /// `TransactWriteItems`.
    pub operation: String,
    /// As it was sent.
    pub body: Value,
}

impl Request {
    /// The items and queries that it is about.
    pub fn parts(&self) -> Vec<Part> {
        parts(&self.operation, &self.body)
    }
}

/// What one test's API recorded.
#[derive(Debug)]
pub struct Recording {
    /// The table's name.
    pub table: String,
    /// In the order of arrival.
    pub requests: Vec<Request>,
    /// What the functions wrote.
    pub log: String,
    /// Idempotency keys and bearer tokens that were sent.
    pub secrets: BTreeSet<String>,
}

/// Every recording's files; panics where there are none.
pub fn recordings() -> impl Iterator<Item = Recording> {
    let folder = log_folder();
    let files = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.to_string_lossy().ends_with(".requests.jsonl")).collect();
    files.sort();
    assert!(
        !files.is_empty(),
        "nothing is recorded in {}: these checks are about what the other tests did, so run those first \
         (`cargo test --package tests`), or everything by `cargo xtask test`",
        folder.display()
    );
    files.into_iter().map(read)
}

fn read(file: PathBuf) -> Recording {
    let text = |ending: &str| {
        let path = file.to_string_lossy().replace(".requests.jsonl", ending);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let request = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("a recorded request is JSON");
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        Request { function: text("function"), operation: text("operation"), body: line["body"].take() }
    };
    let requests = text(".requests.jsonl").lines().map(request).collect();
    let secrets = text(".secrets").lines().map(str::to_owned).collect();
    let table = file.file_name().unwrap_or_default().to_string_lossy().replace(".requests.jsonl", "");
    Recording { table, requests, log: text(".log"), secrets }
}
