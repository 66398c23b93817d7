//! Makes, lists and retires the keys that sign tokens: no endpoint does. Private keys are never printed. Credentials and region come from
//! the caller's AWS configuration.

#[path = "../common.rs"]
mod common;
#[path = "../signing_key.rs"]
mod signing_key;
#[path = "../table.rs"]
mod table;

use clap::Parser;
use common::{aligned, explain, now, open_store, print};
use signing_key::{Action, Options};
use tenancy::domain::{Error, SigningKeyId, Timestamp};
use tenancy::store::SigningKey;

/// The longest life of a token, and some time for the answer to the request that signed it.
const LAST_TOKEN_MILLISECONDS: i64 = (3600 + 60) * 1000;

#[derive(Parser)]
#[command(name = "signing-key")]
struct CommandLine {
    #[command(flatten)]
    options: Options,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(message) = run().await {
        eprintln!("signing-key: {message}");
        std::process::exit(1);
    }
}

async fn run() -> Result<(), String> {
    let explain = |error: Error| explain(&error, "there is no such key");
    let action = CommandLine::parse().options.action;
    match &action {
        Action::Create { .. } => {
            let key = open_store(action.table()).await.create_signing_key().await.map_err(explain)?;
            print(&key.kid().to_string());
            eprintln!("it signs from {}", key.signs_from);
        }
        Action::List { .. } => {
            let keys = open_store(action.table()).await.signing_keys().await.map_err(explain)?;
            let (rows, idle) = rows(&keys, now());
            aligned(&rows).iter().for_each(|line| print(line));
            if idle > 0 {
                eprintln!("{idle} of them can be retired: all tokens that they signed have expired");
            }
        }
        Action::Retire { kid, .. } => {
            let kid = SigningKeyId::parse(kid).ok_or_else(|| format!("{kid:?} is no id of a signing key"))?;
            let store = open_store(action.table()).await;
            store.retire_signing_key(kid).await.map_err(explain)?;
            eprintln!("{kid} is retired");
            if !store.signing_keys().await.map_err(explain)?.iter().any(SigningKey::is_live) {
                eprintln!("no key is left that signs tokens: make one with create");
            }
        }
    }
    Ok(())
}

/// A header and a row per key, and how many keys can be retired: those that another has replaced for longer than a token lives.
fn rows(keys: &[SigningKey], now: Timestamp) -> (Vec<[String; 3]>, usize) {
    let mut rows = vec![["KEY", "CREATED", "STATE"].map(str::to_owned)];
    // Since when the next newer key has been signing, if it is not retired.
    let mut replaced_at: Option<Timestamp> = None;
    let mut idle = 0;
    for key in keys {
        let has_signed = key.is_live() && key.signs_from <= now;
        let state = match (key.retired_at, replaced_at) {
            (Some(time), _) => format!("retired {time}"),
            (None, _) if !has_signed => format!("signs from {}", key.signs_from),
            (None, None) => "signs".to_owned(),
            (None, Some(since)) if since.plus_milliseconds(LAST_TOKEN_MILLISECONDS) <= now => {
                idle += 1;
                format!("replaced {since}, can be retired")
            }
            (None, Some(since)) => format!("replaced {since}"),
        };
        replaced_at = if has_signed { Some(key.signs_from) } else { replaced_at };
        rows.push([key.kid().to_string(), key.kid().created_at().to_string(), state]);
    }
    (rows, idle)
}
