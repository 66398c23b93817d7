//! Starts the parts of a dev stack in order, then reloads until the end.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use local::{
    gateway::{self, Gateway, Throttle},
    http::Client,
    template::{Template, Values},
};
use tokio::{task::JoinSet, time};

use super::{
    Options,
    front::{self, Faults},
    greeting,
    host::{Function, Host},
    keys,
    log::Log,
    schedule,
    watch::Sources,
};
use crate::{
    Result, cargo,
    cargo::Programs,
    environment::{Environment, LOCAL_AWS},
    process_group::ProcessGroups,
    progress::{note, print, step},
    store::{self, Choice, Store},
    tree,
};

/// A tree with this route has tenants, for which an integration key is needed.
const TENANTS: (&str, &str) = ("PUT", "/tenants/by-external-id/{external_id+}");

/// How long the first answer may take; processes start in tens of milliseconds.
const FIRST_ANSWER: Duration = Duration::from_secs(60);

/// Starts everything; returns only with an error.
pub async fn run(options: &Options, faults: Option<Faults>, groups: &ProcessGroups, old: &Environment) -> Result<()> {
    let template = Template::read(tree::template())?;
    // A store that is not built here is checked before anything is built.
    let other = match &options.store {
        Choice::Embedded => None,
        other => {
            let store = store::start(groups, other, &Programs::new(), None).await?;
            let is_foreign = matches!(other, Choice::Endpoint(_));
            step("creating the table", front::create_table(&store.endpoint, &template, is_foreign)).await?;
            Some(store)
        }
    };
    let mut programs = cargo::build_programs(groups).await?;
    let mut tool = |name: &str| programs.remove(name).ok_or(format!("cargo made no program {name}"));
    let (operator_key, signing_key) = (tool("operator-key")?, tool("signing-key")?);
    let mut store = match other {
        Some(store) => store,
        None => {
            let store = open_store(options, groups, &programs).await?;
            step("creating the table", front::create_table(&store.endpoint, &template, false)).await?;
            store
        }
    };
    let proxy = match faults {
        Some(faults) => Some(faults.start(&store.endpoint).await?),
        None => None,
    };
    let endpoint = proxy.as_ref().map_or(store.endpoint.clone(), |proxy| proxy.url());
    let unmatched =
        |function: &&local::template::Function| function.routes.iter().any(|route| route.path == "$default");
    let unmatched = template.functions.iter().find(unmatched).map(|function| function.name.clone());
    let log = Log::open()?;
    let host = Host::new(log.clone(), unmatched);
    let throttle = options.throttle.map(|rate| Throttle { rate, burst: rate });
    let limits = gateway::Options { throttle, ..gateway::Options::default() };
    let listen = SocketAddr::new(options.host, options.port);
    let gateway = Gateway::start_with(listen, &template, host.clone(), limits.clone()).await?;
    let mut stack = Stack {
        host,
        base: base(gateway.address()),
        listen: gateway.address(),
        gateway: Some(gateway),
        limits,
        functions: Vec::new(),
        schedules: JoinSet::new(),
        endpoint,
        concurrency: options.concurrency.into(),
    };
    stack.run(&template, &programs).await?;
    step("waiting for the first answer", first_answer(&stack.base)).await?;

    let operator = keys::operator(old, &stack.base, &store.endpoint, &operator_key);
    let operator = step("making an operator key", operator).await?;
    let integration = match has_tenants(&template, &programs) {
        true => Some(step("making an integration key", keys::integration(old, &stack.base, &operator)).await?),
        false => None,
    };
    step("making a signing key", keys::signing(&store.endpoint, &signing_key)).await?;
    stack.tick(&template, &programs);
    let _published = environment(&stack.base, &store.endpoint, &operator, integration.as_deref()).publish(groups)?;
    log.start();
    print(&greeting::text(&stack.base, &operator, integration.as_deref()))?;

    tokio::select! {
        fault = store.ended() => Err(fault),
        never = reload(&mut stack, groups) => never,
    }
}

/// The contents of `.local/dev.env`. The names with AWS are for `cargo lambda watch --env-file`, and for AWS's own tools.
fn environment(base: &str, endpoint: &str, operator: &str, integration: Option<&str>) -> Environment {
    let mut environment = Environment::default();
    environment.set("BASE_URL", base);
    environment.set("OPERATOR_KEY", operator);
    environment.set("DYNAMODB_ENDPOINT", endpoint);
    environment.set("TABLE_NAME", tree::TABLE);
    environment.set("AWS_ENDPOINT_URL_DYNAMODB", endpoint);
    if let Some(key) = integration {
        environment.set("INTEGRATION_KEY", key);
    }
    LOCAL_AWS.iter().for_each(|(name, value)| environment.set(name, value));
    environment
}

/// The URL of a listener, for this machine.
fn base(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}")
}

/// The parts that are replaced when sources change.
struct Stack {
    host: Host,
    gateway: Option<Gateway>,
    limits: gateway::Options,
    functions: Vec<Function>,
    schedules: JoinSet<()>,
    base: String,
    listen: SocketAddr,
    endpoint: String,
    concurrency: usize,
}

impl Stack {
    /// Runs the template's functions as they are built now; returns the names of those that are new or changed.
    async fn run(&mut self, template: &Template, programs: &Programs) -> Result<Vec<String>> {
        let functions = self.functions(template, programs)?;
        let changed = functions.iter().filter(|function| !self.functions.contains(function));
        let changed: Vec<String> = changed.map(|function| function.name.clone()).collect();
        let folder = programs.values().next().and_then(|program| program.parent());
        if let (false, Some(folder)) = (changed.is_empty(), folder) {
            self.host.run(folder.to_path_buf(), &functions, self.concurrency).await?;
        }
        self.functions = functions;
        Ok(changed)
    }

    /// The template's functions as far as their binaries exist.
    fn functions(&self, template: &Template, programs: &Programs) -> Result<Vec<Function>> {
        let mut functions = Vec::new();
        let mut missing = Vec::new();
        for function in &template.functions {
            let Some(program) = programs.get(&function.name) else {
                missing.push(function.name.as_str());
                continue;
            };
            let built = std::fs::metadata(program).and_then(|metadata| metadata.modified());
            let built = built.map_err(|error| format!("{}: {error}", program.display()))?;
            let environment = self.environment(template, &function.name)?;
            functions.push(Function { name: function.name.clone(), built, environment, timeout: function.timeout });
        }
        if !missing.is_empty() {
            note(&format!("in template.yaml, but not in functions/src/bin yet (500 here): {}", missing.join(", ")));
        }
        Ok(functions)
    }

    /// The template's variables, and the store's address.
    fn environment(&self, template: &Template, name: &str) -> Result<BTreeMap<String, String>> {
        let values =
            Values::from([("PublicUrl".to_owned(), self.base.clone()), ("Table".to_owned(), tree::TABLE.to_owned())]);
        let mut environment = template.environment(name, &values)?;
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), self.endpoint.clone());
        environment.insert("SHOW_PANIC_MESSAGES".to_owned(), "1".to_owned());
        Ok(environment)
    }

    /// Replaces the gateway by one with the template's current routes.
    async fn open(&mut self, template: &Template) -> Result<()> {
        self.gateway = None;
        let mut last = String::new();
        // The old listener closes in another task: its port is free a moment later.
        for _ in 0..50 {
            match Gateway::start_with(self.listen, template, self.host.clone(), self.limits.clone()).await {
                Ok(gateway) => {
                    self.gateway = Some(gateway);
                    return Ok(());
                }
                Err(error) => last = error.to_string(),
            }
            time::sleep(Duration::from_millis(20)).await;
        }
        Err(last)
    }

    /// Restarts the schedules.
    fn tick(&mut self, template: &Template, programs: &Programs) {
        self.schedules = JoinSet::new();
        for (function, schedule) in schedule::scheduled(template).filter(|(name, _)| programs.contains_key(*name)) {
            self.schedules.spawn(schedule::run(self.host.clone(), function.to_owned(), schedule.to_owned()));
        }
    }
}

/// Builds and restarts what a change touches; a change that does not build leaves the old processes running.
async fn reload(stack: &mut Stack, groups: &ProcessGroups) -> Result<()> {
    let mut sources = Sources::now();
    loop {
        let file = sources.changed().await;
        note(&format!("{} changed", file.display()));
        let fresh = async {
            let template = Template::read(tree::template())?;
            let programs = cargo::build_programs(groups).await?;
            let changed = stack.run(&template, &programs).await?;
            Ok::<_, String>((template, programs, changed))
        };
        let (template, programs, changed) = match fresh.await {
            Ok(fresh) => fresh,
            Err(error) => {
                note(&format!("{error}\nthe processes of before go on running"));
                continue;
            }
        };
        if file == Path::new("template.yaml") {
            stack.open(&template).await?;
        }
        stack.tick(&template, &programs);
        match changed.as_slice() {
            [] => note("nothing to restart"),
            names => note(&format!("restarted: {}", names.join(", "))),
        }
    }
}

/// The embedded store. It keeps its data in a file, anew with `--fresh`.
async fn open_store(options: &Options, groups: &ProcessGroups, programs: &Programs) -> Result<Store> {
    let file = tree::local()?.join("tenancy.sqlite");
    if options.fresh {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            match std::fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(format!("cannot remove {}: {error}", name.display()));
                }
                _ => {}
            }
        }
    }
    store::start(groups, &Choice::Embedded, programs, Some(file)).await
}

async fn first_answer(base: &str) -> Result<()> {
    let client = Client::new();
    let url = format!("{base}/health");
    let wait = async {
        loop {
            match time::timeout(Duration::from_secs(5), client.request("GET", &url, &[], "")).await {
                Ok(Ok(response)) if response.status == 200 => return,
                _ => time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let late = |_| format!("{url} did not answer 200 in {} s; the functions' log is above", FIRST_ANSWER.as_secs());
    time::timeout(FIRST_ANSWER, wait).await.map_err(late)
}

/// Whether the template has tenants, and their function is built.
fn has_tenants(template: &Template, programs: &Programs) -> bool {
    let (method, path) = TENANTS;
    template.functions.iter().any(|function| {
        let routed = function.routes.iter().any(|route| route.method == method && route.path == path);
        routed && programs.contains_key(&function.name)
    })
}
