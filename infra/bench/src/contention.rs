//! Measures how long the last of 64 callers waits that change one tenant at the same time, each through its own warm process.
//!
//! With a second folder of functions, the races alternate between both builds, each on its own table; functions that the folder does not have
//! come from the folder that tables are seeded with. Every caller must be answered 2xx. Limits for the times are not here.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use local::{Error, Result, keys, lambda::Lambda, proxy, proxy::FaultProxy, store::Endpoint, template::Template};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::{
    api::{self, Api, text},
    measure::milliseconds,
};

/// The functions that are raced, if a folder has them.
const RACED: [&str; 3] = ["update-tenant", "upsert-tenant-by-external-id", "attach-tenant-repository"];

const CALLERS: usize = 64;

/// What is raced, and on what.
pub struct Plan<'a> {
    pub template: &'a Template,
    pub endpoint: &'a str,
    pub seeding: &'a Path,
    pub functions: &'a Path,
    pub base: Option<&'a Path>,
    pub work: &'a Path,
    pub only: Option<&'a str>,
    pub rounds: usize,
    /// The delay of each request to the store, in milliseconds; if it is set, requests are counted.
    pub delay: Option<u64>,
}

/// Races each function; returns figures by function and build.
pub async fn race(plan: &Plan<'_>) -> Result<Map<String, Value>> {
    let mut report = Map::new();
    for function in RACED.into_iter().filter(|function| plan.only.is_none_or(|only| only == *function)) {
        let folders = [("now", Some(plan.functions)), ("base", plan.base)];
        let folders = folders.into_iter().filter_map(|(name, folder)| Some((name, folder?)));
        let mut builds = Vec::new();
        for (name, folder) in folders.filter(|(_, folder)| folder.join(function).exists()) {
            builds.push(Build::start(plan, name, folder, function).await?);
        }
        // The first round opens connections.
        for round in 0..=plan.rounds {
            for turn in 0..builds.len() {
                let index = (turn + round) % builds.len();
                if let Some(build) = builds.get_mut(index) {
                    build.round(function, round).await?;
                }
            }
        }
        let mut figures = Map::new();
        if let [now, base] = builds.as_slice() {
            let ratios = now.last.iter().zip(&base.last).map(|(now, base)| now / base).collect();
            figures.insert("in_round_ratio".to_owned(), json!(percentile(ratios, 50)));
        }
        for build in builds {
            figures.insert(build.name.to_owned(), build.figures());
            Endpoint::new(plan.endpoint).delete_table(&build.table).await?;
        }
        report.insert(function.to_owned(), Value::Object(figures));
    }
    Ok(report)
}

/// One build of a function, with its own table and processes.
struct Build {
    name: &'static str,
    table: String,
    api: Arc<Api>,
    lambda: Lambda,
    proxy: Option<FaultProxy>,
    key: String,
    repositories: Vec<String>,
    /// The time of the last answer of each round.
    last: Vec<f64>,
    /// The time of each answer of all rounds.
    each: Vec<f64>,
    /// The number of requests to the store in each round.
    requests: Vec<f64>,
    /// The number of answers that were not 2xx, by status and detail.
    refused: BTreeMap<String, usize>,
}

impl Build {
    async fn start(plan: &Plan<'_>, name: &'static str, folder: &Path, function: &str) -> Result<Self> {
        let table = format!("contention-{}-{name}-{function}", std::process::id());
        Endpoint::new(plan.endpoint).create_table(plan.template, &table).await?;
        let proxy = match plan.delay {
            Some(_) => Some(FaultProxy::start(plan.endpoint, Vec::new()).await?),
            None => None,
        };
        let endpoint = proxy.as_ref().map_or_else(|| plan.endpoint.to_owned(), FaultProxy::url);
        let binaries = mixed(plan, name, folder)?;
        let lambda = api::functions(plan.template, &table, &binaries, CALLERS, &api::direct(&endpoint)).await?;
        let api = Api::start(plan.template, lambda.clone()).await?;
        let operator = keys::operator_key(plan.seeding, plan.endpoint, &table, "bench").await?;
        let key = api.customer(&operator, "acme-industries", &["adapter"]).await?;
        let mut repositories = Vec::new();
        for number in 0..CALLERS {
            repositories.push(api.repository(&key, &format!("plant-{number}")).await?);
        }
        if let (Some(proxy), Some(ms)) = (&proxy, plan.delay) {
            proxy.set_rules(vec![proxy::Rule::always(proxy::Action::Delay { ms })]);
        }
        let (last, each, requests) = (Vec::new(), Vec::new(), Vec::new());
        let api = Arc::new(api);
        let refused = BTreeMap::new();
        Ok(Self { name, table, api, lambda, proxy, key, repositories, last, each, requests, refused })
    }

    /// Runs one race on a new tenant; round 0 is not recorded.
    async fn round(&mut self, function: &str, round: usize) -> Result<()> {
        let external = format!("/tenants/by-external-id/tenant-{round}");
        let tenant = self.api.call(&self.key, "PUT", &external, json!({"name": "before"})).await?;
        let tenant = format!("/tenants/{}", text(&tenant, "/id")?);
        let failed = |error| Error::new(format!("{function} does not start: {error}\n{}", self.lambda.log_text()));
        self.lambda.warm(function, CALLERS).await.map_err(failed)?;
        let before = self.proxy.as_ref().map(FaultProxy::log_len);
        let mut callers = JoinSet::new();
        let started = Instant::now();
        for (number, repository) in self.repositories.iter().enumerate() {
            let (api, key) = (self.api.clone(), self.key.clone());
            let (method, path, body) = match function {
                "update-tenant" => ("PATCH", tenant.clone(), changed(number)),
                "attach-tenant-repository" => ("PUT", format!("{tenant}/repositories/{repository}"), Value::Null),
                _ => ("PUT", external.clone(), changed(number)),
            };
            callers.spawn(async move {
                let answer = api.send(&key, method, &path, &[], &body).await;
                (started.elapsed(), answer)
            });
        }
        let mut last = 0.0;
        while let Some(answer) = callers.join_next().await {
            let (time, answer) = answer.map_err(|error| Error::new(error.to_string()))?;
            let (time, answer) = (milliseconds(time), answer?);
            if !(200..300).contains(&answer.status) {
                let problem = answer.json();
                let detail = problem.get("detail").and_then(Value::as_str).unwrap_or_default();
                *self.refused.entry(format!("{} {detail}", answer.status)).or_default() += 1;
            }
            last = time.max(last);
            if round > 0 {
                self.each.push(time);
            }
        }
        if round > 0 {
            self.last.push(last);
            let counted = self.proxy.as_ref().map(FaultProxy::log_len).zip(before);
            self.requests.extend(counted.map(|(after, before)| crate::measure::count(after - before)));
        }
        Ok(())
    }

    fn figures(&self) -> Value {
        let mut figures = json!({
            "last_p50_ms": percentile(self.last.clone(), 50),
            "last_p99_ms": percentile(self.last.clone(), 99),
            "last_max_ms": percentile(self.last.clone(), 100),
            "each_p50_ms": percentile(self.each.clone(), 50),
            "refused": self.refused,
        });
        if let Some(figures) = figures.as_object_mut().filter(|_| !self.requests.is_empty()) {
            figures.insert("store_requests_p50".to_owned(), json!(percentile(self.requests.clone(), 50)));
        }
        figures
    }
}

/// A body that is different for each caller.
fn changed(number: usize) -> Value {
    json!({"name": format!("Acme {number}"), "metadata": {"caller": number.to_string()}})
}

/// Makes a folder with all functions: those of `folder`, and the others from the seeding folder.
fn mixed(plan: &Plan<'_>, name: &str, folder: &Path) -> Result<PathBuf> {
    let mixed = plan.work.join(format!("contention-{name}"));
    let failed = |error: std::io::Error| Error::new(format!("cannot write {}: {error}", mixed.display()));
    let _ = fs::remove_dir_all(&mixed);
    fs::create_dir_all(&mixed).map_err(failed)?;
    for function in &plan.template.functions {
        let own = folder.join(&function.name);
        let source = if own.exists() { own } else { plan.seeding.join(&function.name) };
        let source = source.canonicalize().map_err(failed)?;
        std::os::unix::fs::symlink(source, mixed.join(&function.name)).map_err(failed)?;
    }
    Ok(mixed)
}

/// A percentile.
fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(place).copied().unwrap_or_default()
}
