//! What the programs of this package share: the table, errors and output.

use super::table::Table;
use aws_config::BehaviorVersion;
use std::env;
use std::time::{SystemTime, UNIX_EPOCH};
use tenancy::domain::{Error, Timestamp};
use tenancy::store::{Settings, Store, http_client};

/// The table, with the credentials and the region of the caller's AWS configuration.
pub async fn open_store(table: &Table) -> Store {
    let loaded = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await;
    let mut config = aws_sdk_dynamodb::config::Builder::from(&loaded);
    if let Some(url) = &table.endpoint {
        config = config.endpoint_url(url);
    }
    let name = table.name.clone().or_else(|| env::var("TABLE_NAME").ok()).unwrap_or_else(|| "tenancy".to_owned());
    Store::new(Settings::new(config, name), now())
}

pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// An error for the terminal. `absent` is the message for a missing item.
pub fn explain(error: &Error, absent: &str) -> String {
    match error {
        Error::NotFound => absent.to_owned(),
        Error::Invalid(faults) => faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "),
        Error::Unavailable(cause) | Error::Internal(cause) => {
            format!("the table cannot be used: {}", cause.for_log())
        }
        other => format!("{other:?}"),
    }
}

/// Rows in aligned columns. The last column has no width, because nothing follows it.
pub fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (1..N).map(|column| width(column - 1).unwrap_or_default()).collect();
    let line = |row: &[String; N]| {
        let padded = row.iter().enumerate().map(|(column, cell)| {
            let width = widths.get(column).copied().unwrap_or_default();
            format!("{cell:<width$}")
        });
        padded.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}

#[expect(clippy::print_stdout, reason = "standard output alone has what a program was called for")]
pub fn print(line: &str) {
    println!("{line}");
}
