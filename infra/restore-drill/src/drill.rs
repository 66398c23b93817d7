//! The rehearsal: fill a stack, export its table, import it into a second one, point a second stack at that, and compare.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use local::{Error, Result};
use serde_json::{Value, json};

use crate::{
    export::{self, Size},
    seed::{self, World},
    stack::{Place, Stack},
    walk::{self, Report},
};

/// Customers of the table.
const CUSTOMERS: usize = 4;

/// Rows per page of the walk.
const PAGE: usize = 20;

/// How long each step took, and what was found.
#[derive(Debug, Default)]
pub struct Outcome {
    pub size: Size,
    pub imported: usize,
    pub fill: Duration,
    pub export: Duration,
    pub import: Duration,
    pub walk: Duration,
    pub report: Report,
}

/// Runs all of it with a table of about `items` items; the export is written below `folder`.
pub async fn run(place: &Place, items: usize, folder: &Path) -> Result<Outcome> {
    let tables = ["source", "restored"].map(|name| format!("restore-drill-{}-{name}", std::process::id()));
    let outcome = on_tables(place, items, folder, &tables).await;
    for table in &tables {
        if place.store.has_table(table).await? {
            place.store.delete_table(table).await?;
        }
    }
    outcome
}

async fn on_tables(place: &Place, items: usize, folder: &Path, [source, restored]: &[String; 2]) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    place.store.create_table(&place.template, source).await?;
    let one = Arc::new(Stack::start(place, source).await?);
    let started = Instant::now();
    let world = seed::fill(place, &one, CUSTOMERS, items).await?;
    outcome.fill = started.elapsed();

    let started = Instant::now();
    let (export, size) = export::write(&place.store, source, folder).await?;
    (outcome.export, outcome.size) = (started.elapsed(), size);

    let started = Instant::now();
    place.store.create_table(&place.template, restored).await?;
    outcome.imported = export::import(&export, &place.store, restored).await?;
    outcome.import = started.elapsed();

    let other = Arc::new(Stack::start(place, restored).await?);
    let started = Instant::now();
    outcome.report = walk::walk(&place.template, &world, (&one, &other), PAGE, walk::equal).await?;
    outcome.walk = started.elapsed();
    writes(&world, &other).await?;
    Ok(outcome)
}

/// A request of before the export is replayed, and the restored stack takes new writes.
async fn writes(world: &World, restored: &Stack) -> Result<()> {
    let customer = world.customers.first().ok_or_else(|| Error::new("no customer"))?;
    // The same request and key as when the world was made (seed.rs).
    let external = "small-0-0";
    let body = json!({"external_id": external, "name": format!("Tenant {external}"), "metadata": {"plan": "pro"}});
    let again = restored.send(&customer.key, "POST", "/tenants", &[("idempotency-key", external)], &body).await?;
    if again.status != 201 || again.header("idempotency-replayed") != Some("true") {
        return Err(Error::new(format!("a repeated request was answered {}: {}", again.status, again.text())));
    }
    let made = restored.call(&customer.key, "POST", "/tenants", json!({"name": "after the restore"})).await?;
    let path = format!("/tenants/{}", crate::stack::text(&made, "id")?);
    restored.call(&customer.key, "DELETE", &path, Value::Null).await.map(drop)
}
