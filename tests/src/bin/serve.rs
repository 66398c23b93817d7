//! Serves one API until its standard input closes: for programs that are not written in Rust (generated clients, schemathesis).
//!
//! Prints `BASE_URL=`, `OPERATOR_KEY=` and `INTEGRATION_KEY=` lines, in this order, when the API answers. The integration key is of
//! the customer `demo` of that operator; with `--second-operator NAME` of the customer `demo` of another operator, so that what the
//! first does to its customers does not touch it.

use std::io::{Read, Write};
use tests::{App, json};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let second = match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, None, None) => None,
        (Some("--second-operator"), Some(name), None) => Some(name),
        _ => panic!("usage: serve [--second-operator NAME]"),
    };
    let app = App::start().await;
    let owner = match second {
        Some(name) => app.new_operator_key(&name).await,
        None => app.operator_key.clone(),
    };
    let customer = json!({ "customer_id": "demo" });
    app.with_key(&owner, "POST", "/v1/customers").json(customer).send().await.expect_status(201);
    let key = json!({ "name": "demo" });
    let key = app.with_key(&owner, "POST", "/v1/customers/demo/keys").json(key).send().await.expect_status(201).json();
    let key = key["api_key_once"].as_str().expect("a new key is shown");

    let mut out = std::io::stdout();
    let lines = format!("BASE_URL={}\nOPERATOR_KEY={}\nINTEGRATION_KEY={key}\n", app.url(), app.operator_key);
    out.write_all(lines.as_bytes()).and_then(|()| out.flush()).expect("somebody reads the lines");
    let wait = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    wait.await.expect("the thread ends").expect("standard input can be read");
}
