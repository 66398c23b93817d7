//! Measures times, CPU, memory and log of a function: cold starts, and warm requests after the last of them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use local::{Error, Result, lambda::Lambda};
use serde_json::{Map, Value, json};

use crate::{Bench, expect, invoke, process, seed::Event};

/// Warm requests that are not measured.
const WARM_UP: usize = 100;

/// One cold start, in milliseconds.
struct Cold {
    init: f64,
    first: f64,
    cpu: f64,
}

/// The figures of one function, for each folder with a build of it; measurements alternate between the builds. Figures of cold starts are
/// medians. The minimum CPU time is reported as well, because it has the least noise.
pub async fn measure(
    bench: &Bench,
    event: &Event,
    folders: &[&Path],
    rounds: usize,
    requests: usize,
) -> Result<Vec<Map<String, Value>>> {
    let mut builds: Vec<(Vec<Cold>, Map<String, Value>)> = folders.iter().map(|_| Default::default()).collect();
    for round in 1..=rounds {
        for (folder, (colds, figures)) in folders.iter().zip(&mut builds) {
            let lambda = bench.lambda(&event.function, folder.to_path_buf()).await?;
            let started = Instant::now();
            let failed =
                |error| Error::new(format!("{} does not start: {error}\n{}", event.function, lambda.log_text()));
            lambda.warm(&event.function, 1).await.map_err(failed)?;
            let init = milliseconds(started.elapsed());
            let pids = lambda.processes(&event.function);
            let pid = *pids.first().ok_or_else(|| Error::new(format!("{} has no process", event.function)))?;
            let sent = Instant::now();
            invoke(&lambda, event, round).await?;
            colds.push(Cold { init, first: milliseconds(sent.elapsed()), cpu: milliseconds(process::cpu(pid)?) });
            if round == rounds && requests > 0 {
                *figures = warm(bench, event, &lambda, pid, requests).await?;
            }
        }
    }
    let summed = builds.into_iter().map(|(colds, mut figures)| {
        figures.insert("init_ms".to_owned(), json!(median(&colds, |cold| cold.init)));
        figures.insert("first_ms".to_owned(), json!(median(&colds, |cold| cold.first)));
        figures.insert("init_and_first_ms".to_owned(), json!(median(&colds, |cold| cold.init + cold.first)));
        figures.insert("cpu_to_first_ms".to_owned(), json!(median(&colds, |cold| cold.cpu)));
        let least = colds.iter().map(|cold| cold.cpu).fold(f64::INFINITY, f64::min);
        figures.insert("least_cpu_to_first_ms".to_owned(), json!(least));
        figures
    });
    Ok(summed.collect())
}

/// Measures this many requests to a process, after a warm-up.
async fn warm(bench: &Bench, event: &Event, lambda: &Lambda, pid: u32, requests: usize) -> Result<Map<String, Value>> {
    for turn in 0..WARM_UP {
        invoke(lambda, event, turn).await?;
    }
    bench.store.take();
    let (cpu, log) = (process::cpu(pid)?, lambda.log_text().len());
    let mut times = Vec::new();
    for turn in 0..requests {
        let sent = Instant::now();
        invoke(lambda, event, turn).await?;
        times.push(milliseconds(sent.elapsed()));
    }
    let cpu = milliseconds(process::cpu(pid)?.saturating_sub(cpu));
    let (busy, store_requests) = bench.store.take();
    times.sort_by(f64::total_cmp);
    let each = |total: f64| total / count(requests);
    let at = |percent: usize| times.get(requests * percent / 100).copied().unwrap_or_default();
    let lines = lambda.log_text().len() - log;
    let figures = [
        ("warm_p50_ms", json!(at(50))),
        ("warm_p99_ms", json!(at(99))),
        // Means, because the store's time is only known as a mean.
        ("overhead_ms", json!(each(times.iter().sum()) - each(milliseconds(busy)))),
        ("warm_cpu_ms", json!(each(cpu))),
        ("store_requests", json!(each(count(store_requests)))),
        ("peak_memory_bytes", json!(process::peak_memory(pid)?)),
        ("log_bytes_per_request", json!(each(count(lines)).ceil())),
    ];
    Ok(figures.map(|(name, figure)| (name.to_owned(), figure)).into_iter().collect())
}

/// The time of a request for another customer's tenant, divided by that for a tenant that never existed: the ratio of the medians of this many
/// requests of each, alternating. If the times differed, they would reveal which ids other customers have (case D2).
pub async fn foreign_to_unknown(bench: &Bench, event: &Event, requests: usize) -> Result<f64> {
    let lambda = bench.lambda(&event.function, bench.functions.clone()).await?;
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..2 * (WARM_UP + requests) {
        let sent = Instant::now();
        expect(&lambda, event, turn, 404..405).await?;
        if let Some(times) = times.get_mut(turn % 2).filter(|_| turn >= 2 * WARM_UP) {
            times.push(milliseconds(sent.elapsed()));
        }
    }
    let [foreign, unknown] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    });
    Ok(foreign / unknown)
}

fn median(colds: &[Cold], value: impl Fn(&Cold) -> f64) -> f64 {
    let mut values: Vec<f64> = colds.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
