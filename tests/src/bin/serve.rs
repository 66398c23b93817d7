//! Serves one API until its standard input closes: for programs that are not written in Rust (generated clients, schemathesis).
//!
//! Prints `BASE_URL=`, `OPERATOR_KEY=`, one `BASE_URL_<status>=` for each answer that a gateway gives by itself, `BASE_URL_THROTTLED=`,
//! `BASE_URL_FAULTS=` and `INTEGRATION_KEY=`, in this order, when the API answers. The integration key is of the customer `demo` of that operator; with `--second-operator NAME` of
//! the customer `demo` of another operator, so that what the first does to its customers does not touch it. `--throttle N` lets N
//! requests a second through to each route. `--base-path /PATH` puts the API behind a custom domain's API mapping.
//!
//! At `BASE_URL_429` a throttle refuses every request, at `BASE_URL_500` every function crashes, at `BASE_URL_503` none answers in
//! time, at `BASE_URL_413` every request is too large. `BASE_URL_THROTTLED` lets one request a second through to each route.
//! `BASE_URL_FAULTS` is a relay that injects faults into as many requests as its path says: see tests/src/relay.rs.

use clap::Parser;
use std::io::{Read, Write};
use tests::gateway::{Options, Throttle};
use tests::{App, Refusing, Relay, json};

/// One API for programs that are not written in Rust, until standard input closes.
#[derive(Parser)]
struct Arguments {
    /// The integration key is of a customer of this other operator.
    #[arg(long, value_name = "NAME")]
    second_operator: Option<String>,
    /// Lets N requests a second through to each route.
    #[arg(long, value_name = "N")]
    throttle: Option<u32>,
    /// Puts the API behind a custom domain's API mapping.
    #[arg(long, value_name = "/PATH", default_value = "")]
    base_path: String,
}

fn main() {
    let arguments = Arguments::parse();
    tokio::runtime::Runtime::new().expect("a runtime starts").block_on(serve(arguments));
}

async fn serve(arguments: Arguments) {
    let app = App::start_mapped(&arguments.base_path).await;
    let owner = match arguments.second_operator {
        Some(name) => app.new_operator_key(&name).await,
        None => app.operator_key.clone(),
    };
    let customer = json!({ "customer_id": "demo" });
    app.with_key(&owner, "POST", "/v1/customers").json(customer).send().await.expect_status(201);
    let key = json!({ "name": "demo" });
    let key = app.with_key(&owner, "POST", "/v1/customers/demo/keys").json(key).send().await.expect_status(201).json();
    let key = key["api_key_once"].as_str().expect("a new key is shown");

    let options = |throttle| Options { throttle, mapping: arguments.base_path.clone(), ..Options::default() };
    let throttle = arguments.throttle.map(|rate| Throttle { rate, burst: rate });
    let gateway = app.another_gateway(options(throttle)).await;
    let throttled = app.another_gateway(options(Some(Throttle { rate: 1, burst: 1 }))).await;
    let refusing = Refusing::start(&app).await;
    let relay = Relay::start(&app, gateway.url(), &refusing).await;
    let mut lines = format!("BASE_URL={}\nOPERATOR_KEY={}\n", gateway.url(), app.operator_key);
    for (status, gateway) in refusing.gateways() {
        lines += &format!("BASE_URL_{status}={}\n", gateway.url());
    }
    lines += &format!("BASE_URL_THROTTLED={}\nBASE_URL_FAULTS={}\n", throttled.url(), relay.url());
    lines += &format!("INTEGRATION_KEY={key}\n");
    let mut out = std::io::stdout();
    out.write_all(lines.as_bytes()).and_then(|()| out.flush()).expect("the lines are read");
    let wait = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    wait.await.expect("the thread ends").expect("standard input can be read");
}
