//! How results are shown: as a table, JSON, YAML or plain values, whole or what a query selects of them.

mod columns;
mod table;

use clap::ArgMatches;
use jmespath::{Expression, Variable};

use crate::commands::{OUTPUT, QUERY};
use crate::failure::{Failure, Result};
use crate::json::Json;
use crate::operation::Operation;
use crate::terminal;

/// The member that identifies a row, whichever comes first.
const IDS: [&str; 6] = ["id", "key_id", "repository_id", "slug", "kid", "token"];

/// What the command line says about the output. Read before a request is sent: a wrong query sends nothing.
pub struct Output {
    format: Format,
    query: Option<Expression<'static>>,
    columns: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Table,
    Json,
    Yaml,
    Ids,
}

impl Output {
    pub fn new(operation: &Operation, matches: &ArgMatches) -> Result<Self> {
        let format = match matches.get_one::<String>(OUTPUT).map(String::as_str) {
            Some("table") => Format::Table,
            Some("yaml") => Format::Yaml,
            Some("ids") => Format::Ids,
            None if terminal::width().is_some() => Format::Table,
            _ => Format::Json,
        };
        let query = matches.get_one::<String>(QUERY).map(|text| {
            jmespath::compile(text)
                .map_err(|error| Failure::usage(format!("--query: {}", error.to_string().trim_end())))
        });
        Ok(Self { format, query: query.transpose()?, columns: columns::of(operation.group) })
    }

    /// Shows a result.
    pub fn show(&self, value: &Json) -> Result<()> {
        let selected = self.query.as_ref().map(|query| select(query, value)).transpose()?;
        let columns = if selected.is_some() { &[] } else { self.columns };
        let value = selected.as_ref().unwrap_or(value);
        let text = match self.format {
            Format::Json => value.pretty(),
            Format::Yaml => {
                serde_norway::to_string(value).map_err(|error| Failure::usage(format!("no YAML: {error}")))?
            }
            Format::Ids => ids(value),
            Format::Table => table::table(value, columns, terminal::width(), terminal::has_colours(&std::io::stdout())),
        };
        if text.is_empty() { Ok(()) } else { terminal::print(&text) }
    }
}

fn select(query: &Expression<'_>, value: &Json) -> Result<Json> {
    let failed = |error: String| Failure::usage(format!("--query: {}", error.trim_end()));
    let data = Variable::from_serializable(value).map_err(|error| failed(error.to_string()))?;
    let found = query.search(data).map_err(|error| failed(error.to_string()))?;
    let text = serde_json::to_vec(&*found).map_err(|error| failed(error.to_string()))?;
    Json::parse(&text).map_err(|error| failed(error.to_string()))
}

/// One line per row: its id, or the value itself.
fn ids(value: &Json) -> String {
    let line = |value: &Json| match value {
        Json::Text(text) => text.clone(),
        Json::Object(_) => match IDS.iter().find_map(|name| value.text_of(name)) {
            Some(id) => id.to_owned(),
            None => value.compact(),
        },
        other => other.compact(),
    };
    match value {
        Json::Array(rows) => rows.iter().map(|row| line(row) + "\n").collect(),
        Json::Null => String::new(),
        other => line(other),
    }
}
