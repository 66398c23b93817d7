//! Makes, lists and revokes operator keys: no endpoint does. `create` prints nothing but the new secret on standard output.
//! Credentials and region come from the caller's AWS configuration.

mod command_line;
mod common;
mod list;
mod table;

use clap::Parser;
use command_line::{Action, Options};
use common::{explain, now, open_store, print};
use tenancy::domain::customer::Slug;
use tenancy::domain::key::KeyName;
use tenancy::domain::principal::{KeyKind, Scopes};
use tenancy::domain::{Error, KeyId};

#[derive(Parser)]
#[command(name = "operator-key")]
struct CommandLine {
    #[command(flatten)]
    options: Options,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(message) = run().await {
        eprintln!("operator-key: {message}");
        std::process::exit(1);
    }
}

async fn run() -> Result<(), String> {
    let explain = |error: Error| explain(&error, "there is no such operator or key");
    let action = CommandLine::parse().options.action;
    let place = action.place();
    let operator = Slug::parse(&place.operator).ok_or_else(|| format!("{:?} is no operator's name", place.operator))?;
    match &action {
        Action::Create { name, scopes, .. } => {
            let (name, scopes) = (read_name(name.as_deref())?, read_scopes(scopes.as_deref())?);
            let created = open_store(&place.table).await.create_operator_key(operator, name, scopes).await;
            print(created.map_err(explain)?.reveal());
        }
        Action::List { .. } => {
            let keys = open_store(&place.table).await.operator_keys(operator).await.map_err(explain)?;
            list::lines(&keys, now()).iter().for_each(|line| print(line));
            let old = keys.iter().filter(|key| list::is_old(key, now())).count();
            if old > 0 {
                eprintln!(
                    "{old} of them over {} days old: make another with create, then revoke the old one",
                    list::OLD
                );
            }
        }
        Action::Revoke { key_id, .. } => {
            let key_id = KeyId::parse(key_id).ok_or_else(|| format!("{key_id:?} is no key id (key_…)"))?;
            let revoked = open_store(&place.table).await.revoke_operator_key(operator, key_id).await;
            revoked.map_err(explain)?;
            eprintln!("{key_id} is revoked");
        }
    }
    Ok(())
}

fn read_name(text: Option<&str>) -> Result<Option<KeyName>, String> {
    let parse = |text| {
        KeyName::parse(text)
            .ok_or("--name takes 1 to 63 characters, none of them a control character, no white space around them")
    };
    Ok(text.map(parse).transpose()?)
}

fn read_scopes(text: Option<&str>) -> Result<Scopes, String> {
    let Some(text) = text else { return Ok(Scopes::all(KeyKind::Operator)) };
    text.split(',').filter(|name| !name.is_empty()).try_fold(Scopes::default(), |scopes, name| {
        let scope = Scopes::find(KeyKind::Operator, name.trim());
        scope.map(|scope| scopes.with(scope)).ok_or_else(|| {
            let known = Scopes::all(KeyKind::Operator).names().join(", ");
            format!("{name:?} is not a scope of operator keys; there are: {known}")
        })
    })
}
