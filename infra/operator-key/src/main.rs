//! Makes, lists and revokes operator keys: no endpoint does. `create` prints the new secret alone on
//! standard output. Credentials and region come from the caller's AWS configuration.

mod list;

use aws_config::BehaviorVersion;
use std::env;
use std::time::{SystemTime, UNIX_EPOCH};
use tenancy::domain::customer::Slug;
use tenancy::domain::key::KeyName;
use tenancy::domain::principal::{KeyKind, Scopes};
use tenancy::domain::{Error, KeyId, Timestamp};
use tenancy::store::{Settings, Store, http_client};

const USAGE: &str = "usage:
  operator-key create --operator NAME [--name TEXT] [--scopes customers:write,keys:write] [--endpoint URL] [--table NAME]
  operator-key list --operator NAME [--endpoint URL] [--table NAME]
  operator-key revoke KEY_ID --operator NAME [--endpoint URL] [--table NAME]

--operator: a lower-case letter, then letters, digits and hyphens. --name: what the key is for, as `list` shows it. --table defaults to TABLE_NAME, or tenancy.
--scopes defaults to all; an empty list makes a key that can only read.";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(message) = run().await {
        eprintln!("operator-key: {message}");
        std::process::exit(1);
    }
}

enum Command {
    Create(Option<KeyName>, Scopes),
    List,
    Revoke(KeyId),
}

#[derive(Default)]
struct Arguments {
    words: Vec<String>,
    operator: Option<String>,
    name: Option<String>,
    scopes: Option<String>,
    endpoint: Option<String>,
    table: Option<String>,
}

async fn run() -> Result<(), String> {
    let arguments = read_arguments(env::args().skip(1))?;
    let operator = arguments.operator.as_deref().ok_or(USAGE)?;
    let operator = Slug::parse(operator).ok_or_else(|| format!("{operator:?} is no operator's name\n{USAGE}"))?;
    let command = read_command(&arguments)?;
    let store = open_store(&arguments).await;
    match command {
        Command::Create(name, scopes) => {
            let secret = store.create_operator_key(operator, name, scopes).await.map_err(|error| explain(&error))?;
            print(secret.reveal());
        }
        Command::List => {
            let keys = store.operator_keys(operator).await.map_err(|error| explain(&error))?;
            list::lines(&keys, now()).iter().for_each(|line| print(line));
            let old = keys.iter().filter(|key| list::is_old(key, now())).count();
            if old > 0 {
                eprintln!(
                    "{old} of them over {} days old: make another with create, then revoke the old one",
                    list::OLD
                );
            }
        }
        Command::Revoke(key_id) => {
            store.revoke_operator_key(operator, key_id).await.map_err(|error| explain(&error))?;
            eprintln!("{key_id} is revoked");
        }
    }
    Ok(())
}

fn read_arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = given.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (word, None),
        };
        let place = match name.as_str() {
            "--operator" => &mut arguments.operator,
            "--name" => &mut arguments.name,
            "--scopes" => &mut arguments.scopes,
            "--endpoint" => &mut arguments.endpoint,
            "--table" => &mut arguments.table,
            "--help" | "-h" => return Err(USAGE.to_owned()),
            flag if flag.starts_with("--") => return Err(format!("{flag} is unknown\n{USAGE}")),
            _ => {
                arguments.words.push(name);
                continue;
            }
        };
        *place = Some(inline.or_else(|| given.next()).ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?);
    }
    Ok(arguments)
}

fn read_command(arguments: &Arguments) -> Result<Command, String> {
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["create"] => {
            Ok(Command::Create(read_name(arguments.name.as_deref())?, read_scopes(arguments.scopes.as_deref())?))
        }
        ["list"] => Ok(Command::List),
        ["revoke", key_id] => {
            KeyId::parse(key_id).map(Command::Revoke).ok_or_else(|| format!("{key_id:?} is no key id (key_…)"))
        }
        _ => Err(USAGE.to_owned()),
    }
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

async fn open_store(arguments: &Arguments) -> Store {
    let loaded = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await;
    let mut config = aws_sdk_dynamodb::config::Builder::from(&loaded);
    if let Some(url) = &arguments.endpoint {
        config = config.endpoint_url(url);
    }
    let table = arguments.table.clone().or_else(|| env::var("TABLE_NAME").ok()).unwrap_or_else(|| "tenancy".to_owned());
    Store::new(Settings::new(config, table), now())
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

fn explain(error: &Error) -> String {
    match error {
        Error::NotFound => "there is no such operator or key".to_owned(),
        Error::Invalid(faults) => faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "),
        Error::Unavailable(cause) | Error::Internal(cause) => {
            format!("the table cannot be used: {}", cause.for_log())
        }
        other => format!("{other:?}"),
    }
}

#[expect(clippy::print_stdout, reason = "the secret alone on standard output is what this program is for")]
fn print(line: &str) {
    println!("{line}");
}
