//! Times, CPU, memory and log of a function: some cold starts, and warm requests after the last of them.

use std::time::{Duration, Instant};

use local::{Error, Result};
use serde_json::{Map, Value, json};

use crate::{Bench, expect, invoke, process, seed::Event};

/// Warm requests that are not measured.
const WARM_UP: usize = 100;

/// One cold start; milliseconds.
struct Cold {
    init: f64,
    first: f64,
    cpu: f64,
}

/// The figures of one function. Cold ones are medians; the CPU's smallest is there too, for it cannot be too small by chance.
pub async fn measure(bench: &Bench, event: &Event, rounds: usize, requests: usize) -> Result<Map<String, Value>> {
    let mut colds = Vec::new();
    let mut warm = Map::new();
    for round in 1..=rounds {
        let lambda = bench.lambda(&event.function, bench.functions.clone()).await?;
        let started = Instant::now();
        let failed = |error| Error::new(format!("{} does not start: {error}\n{}", event.function, lambda.log_text()));
        lambda.warm(&event.function, 1).await.map_err(failed)?;
        let init = milliseconds(started.elapsed());
        let pids = lambda.processes(&event.function);
        let pid = *pids.first().ok_or_else(|| Error::new(format!("{} has no process", event.function)))?;
        let sent = Instant::now();
        invoke(&lambda, event, round).await?;
        colds.push(Cold { init, first: milliseconds(sent.elapsed()), cpu: milliseconds(process::cpu(pid)?) });
        if round < rounds || requests == 0 {
            continue;
        }
        for turn in 0..WARM_UP {
            invoke(&lambda, event, turn).await?;
        }
        bench.store.take();
        let (cpu, log) = (process::cpu(pid)?, lambda.log_text().len());
        let mut times = Vec::new();
        for turn in 0..requests {
            let sent = Instant::now();
            invoke(&lambda, event, turn).await?;
            times.push(milliseconds(sent.elapsed()));
        }
        let cpu = milliseconds(process::cpu(pid)?.saturating_sub(cpu));
        let (busy, store_requests) = bench.store.take();
        times.sort_by(f64::total_cmp);
        let each = |total: f64| total / count(requests);
        let at = |percent: usize| times.get(requests * percent / 100).copied().unwrap_or_default();
        warm.insert("warm_p50_ms".to_owned(), json!(at(50)));
        warm.insert("warm_p99_ms".to_owned(), json!(at(99)));
        // Means, since the store's time is one.
        let overhead = each(times.iter().sum()) - each(milliseconds(busy));
        warm.insert("overhead_ms".to_owned(), json!(overhead));
        warm.insert("warm_cpu_ms".to_owned(), json!(each(cpu)));
        warm.insert("store_requests".to_owned(), json!(each(count(store_requests))));
        warm.insert("peak_memory_bytes".to_owned(), json!(process::peak_memory(pid)?));
        let lines = lambda.log_text().len() - log;
        warm.insert("log_bytes_per_request".to_owned(), json!(each(count(lines)).ceil()));
    }
    warm.insert("init_ms".to_owned(), json!(median(&colds, |cold| cold.init)));
    warm.insert("first_ms".to_owned(), json!(median(&colds, |cold| cold.first)));
    warm.insert("init_and_first_ms".to_owned(), json!(median(&colds, |cold| cold.init + cold.first)));
    warm.insert("cpu_to_first_ms".to_owned(), json!(median(&colds, |cold| cold.cpu)));
    let least = colds.iter().map(|cold| cold.cpu).fold(f64::INFINITY, f64::min);
    warm.insert("least_cpu_to_first_ms".to_owned(), json!(least));
    Ok(warm)
}

/// What a request about another customer's tenant takes, to one about a tenant that never was: the quotient of the medians of
/// so many of each, in turns. Who could tell them apart by time would know what others have (case D2).
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
