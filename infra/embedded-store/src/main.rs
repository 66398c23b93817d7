//! The embedded DynamoDB engine of `cargo xtask dev`: one HTTP endpoint on the loopback interface, data in one SQLite file.
//!
//! It is a separate program, so that neither the dev tool nor the tests compile or link the engine.
//! Invariant: it never outlives the process that started it, because it exits when its standard input closes.
//! It creates no tables (the dev tool creates them from template.yaml) and has no authentication.
//!
//! The first line on standard output is the endpoint, printed when it accepts requests.

use std::io::{Read, Write};
use std::time::Duration;

use clap::Parser;
use dynoxide::{Database, server};
use tokio::{net::TcpListener, sync::oneshot, time};

/// How often expired items are removed; DynamoDB only promises "within days".
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// How long requests in flight may take to finish after the standard input has closed.
const GRACE: Duration = Duration::from_secs(1);

/// An embedded DynamoDB engine on 127.0.0.1; it exits when its standard input closes.
#[derive(Parser)]
struct Options {
    /// The SQLite file [default: the data is in memory].
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// The port; 0 takes a free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let options = Options::parse();
    let database = match &options.file {
        Some(file) => Database::new(file).map_err(|error| format!("cannot open {file}: {error}"))?,
        None => Database::memory().map_err(|error| error.to_string())?,
    };
    let listener = TcpListener::bind(("127.0.0.1", options.port))
        .await
        .map_err(|error| format!("cannot listen on 127.0.0.1:{}: {error}", options.port))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "http://{address}").map_err(|error| error.to_string())?;

    tokio::spawn(sweep(database.clone()));
    let orphaned = orphaned();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(server::serve_with_shutdown(listener, database, async {
        let _ = stopped.await;
    }));
    let _ = orphaned.await;
    let _ = stop.send(());
    let _ = time::timeout(GRACE, serving).await;
    Ok(())
}

/// Resolves when the standard input closes, which happens whenever the parent process ends.
fn orphaned() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    // A plain thread, because tokio's standard input would prevent the runtime from shutting down.
    std::thread::spawn(move || {
        let mut sink = [0; 64];
        while matches!(std::io::stdin().read(&mut sink), Ok(read) if read > 0) {}
        let _ = closed.send(());
    });
    receiver
}

/// Removes expired items periodically. Errors are ignored: the next round tries again, and expiry has no guaranteed time.
async fn sweep(database: Database) {
    let mut tick = time::interval(SWEEP_EVERY);
    loop {
        tick.tick().await;
        let database = database.clone();
        let _ = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    }
}
