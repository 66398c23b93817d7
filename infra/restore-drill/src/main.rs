//! `restore-drill`: started by `cargo xtask restore-drill`, which builds the functions and starts the engine.
//!
//! Prints a line per step. The exit status is 1 if an answer differs, or if a step fails.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use local::{Error, Result, store::Endpoint, template::Template};
use restore_drill::{
    drill::{self, Outcome},
    stack::Place,
};

/// Rehearses a restore with a table of its own.
#[derive(Parser)]
struct Arguments {
    /// The DynamoDB engine.
    #[arg(long, value_name = "URL")]
    endpoint: String,
    /// template.yaml.
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// The folder of the functions, operator-key and signing-key.
    #[arg(long, value_name = "FOLDER")]
    programs: PathBuf,
    /// Where the export is written.
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// About how many items the table gets.
    #[arg(long, value_name = "N")]
    items: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = run(Arguments::parse()).await.and_then(|outcome| {
        show(&outcome);
        match outcome.report.differences {
            0 => Ok(()),
            count => {
                Err(Error::new(format!("{count} answers differ; the first:\n{}", outcome.report.first.join("\n"))))
            }
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("restore-drill: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<Outcome> {
    let template = Template::read(&arguments.template)?;
    let place = Place { template, store: Endpoint::new(arguments.endpoint), programs: arguments.programs };
    drill::run(&place, arguments.items, &arguments.folder).await
}

#[expect(clippy::print_stdout, reason = "the report on standard output is what this program is for")]
fn show(outcome: &Outcome) {
    let Outcome { size, imported, fill, export, import, walk, report } = outcome;
    let (all, files) = (size.bytes / 1000, size.compressed / 1000);
    println!("filled    {:>7.1} s  {} items through the API", fill.as_secs_f64(), size.items);
    println!(
        "exported  {:>7.1} s  {} items in {} files, {all} kB, {files} kB compressed",
        export.as_secs_f64(),
        size.items,
        size.files
    );
    println!("imported  {:>7.1} s  {imported} items", import.as_secs_f64());
    let statuses: Vec<String> = report.statuses.iter().map(|(status, count)| format!("{count} x {status}")).collect();
    println!(
        "compared  {:>7.1} s  {} answers ({}), {} differ",
        walk.as_secs_f64(),
        report.answers,
        statuses.join(", "),
        report.differences
    );
}
