//! The parts of a dev stack and the order in which they start; then reloading, for ever.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use local::{
    gateway::Gateway,
    http::Client,
    template::{Template, Values},
};
use tokio::{task::JoinSet, time};

use super::{
    Options, front,
    functions::{Fleet, Function},
    greeting, keys,
    lambda::{self, Lambda},
    schedule,
    watch::Sources,
};
use crate::{
    Result, cargo,
    cargo::Programs,
    environment::{Environment, LOCAL_AWS},
    leash::Leash,
    progress::{note, print, step},
    store::{self, Choice, Store},
    tools, tree,
};

/// The route that shows that tenants exist, and so integration keys have something to open.
const TENANTS: (&str, &str) = ("PUT", "/tenants/by-external-id/{external_id+}");

/// How long the first answer may take; processes start in tens of milliseconds.
const FIRST_ANSWER: Duration = Duration::from_secs(60);

/// Starts everything; comes back only with a fault.
pub async fn run(options: &Options, leash: &Leash, old: &Environment) -> Result<()> {
    let base = format!("http://127.0.0.1:{}", options.port);
    note(&format!("starting the API on {base}"));
    let template = Template::read(tree::template())?;
    let hosting = async { Lambda::start(leash, &tools::cargo_lambda(leash).await?).await };
    let built = async {
        let mut programs = step("building the functions", cargo::build(leash, &cargo::PROGRAMS)).await?;
        let operator_key = programs.remove("operator-key").ok_or("cargo made no program operator-key")?;
        Ok::<_, String>((programs, operator_key, open_store(options, leash).await?))
    };
    let (mut lambda, (programs, operator_key, store)) = tokio::try_join!(hosting, built)?;

    step("creating the table", front::create_table(&store.endpoint, &template)).await?;
    let proxy = front::proxy(options.faults.as_deref(), &store.endpoint).await?;
    let endpoint = proxy.as_ref().map_or(store.endpoint.clone(), |proxy| proxy.url());
    let mut stack = Stack {
        fleet: Fleet::new(leash),
        gateway: None,
        schedules: JoinSet::new(),
        door: Arc::default(),
        lambda: lambda.address.clone(),
        base: base.clone(),
        endpoint,
        port: options.port,
    };
    let functions = stack.functions(&template, &programs)?;
    // First one of each, so that the API answers soonest; the others when it does.
    stack.fleet.run(&functions, 1);
    stack.open(&template).await?;
    step("waiting for the first answer", first_answer(&base)).await?;

    let mut environment = Environment::default();
    let operator = keys::operator(old, &base, &store.endpoint, &operator_key);
    let operator = step("making an operator key", operator).await?;
    let integration = match has_tenants(&template, &programs) {
        true => Some(step("making an integration key", keys::integration(old, &base, &operator)).await?),
        false => None,
    };
    stack.fleet.run(&functions, options.concurrency.into());
    stack.tick(&template, &programs);
    environment.set("BASE_URL", &base);
    environment.set("OPERATOR_KEY", &operator);
    environment.set("DYNAMODB_ENDPOINT", &store.endpoint);
    environment.set("TABLE_NAME", tree::TABLE);
    if let Some(key) = &integration {
        environment.set("INTEGRATION_KEY", key);
    }
    // For `cargo lambda watch --env-file .local/dev.env` beside this stack, and for AWS's own tools.
    environment.set("AWS_ENDPOINT_URL_DYNAMODB", &store.endpoint);
    LOCAL_AWS.iter().for_each(|(name, value)| environment.set(name, value));
    environment.save()?;
    print(&greeting::text(&base, &operator, integration.as_deref()))?;

    tokio::select! {
        fault = lambda.ended() => Err(fault),
        never = reload(&mut stack, leash, options.concurrency.into()) => never,
    }
}

/// What changes when sources change.
struct Stack {
    fleet: Fleet,
    gateway: Option<Gateway>,
    schedules: JoinSet<()>,
    door: Arc<front::Door>,
    lambda: String,
    base: String,
    endpoint: String,
    port: u16,
}

impl Stack {
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
            functions.push(Function { name: function.name.clone(), program: program.clone(), built, environment });
        }
        if !missing.is_empty() {
            note(&format!("in template.yaml, but not in functions/src/bin yet (500 here): {}", missing.join(", ")));
        }
        Ok(functions)
    }

    /// What Lambda would set, what the template says, and where the local store is.
    fn environment(&self, template: &Template, name: &str) -> Result<Vec<(String, String)>> {
        let values =
            Values::from([("PublicUrl".to_owned(), self.base.clone()), ("Table".to_owned(), tree::TABLE.to_owned())]);
        let logical_id = template.function(name)?.logical_id.clone();
        let mut environment = template.environment(name, &values)?;
        let runtime_api = lambda::runtime_api(&self.lambda, name);
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("RUST_BACKTRACE", "1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoint),
        ];
        let mut set = |name: &str, value: &str| environment.insert(name.to_owned(), value.to_owned());
        lambda.into_iter().chain(LOCAL_AWS).for_each(|(name, value)| {
            set(name, value);
        });
        // So that the store's and the proxy's logs tell functions apart.
        set("AWS_ACCESS_KEY_ID", &logical_id);
        Ok(environment.into_iter().collect())
    }

    /// Opens the gateway as the template says, in the place of an older one.
    async fn open(&mut self, template: &Template) -> Result<()> {
        self.gateway = None;
        let listen = SocketAddr::from(([127, 0, 0, 1], self.port));
        let backend = front::backend(self.door.clone(), self.lambda.clone());
        let mut last = String::new();
        // The old listener closes in a task of its own: its port is free a moment later.
        for _ in 0..50 {
            match Gateway::start(listen, template, backend.clone()).await {
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

    /// Starts the clocks of the scheduled functions anew.
    fn tick(&mut self, template: &Template, programs: &Programs) {
        self.schedules = JoinSet::new();
        for (function, schedule) in schedule::scheduled(template).filter(|(name, _)| programs.contains_key(*name)) {
            self.schedules.spawn(schedule::run(self.lambda.clone(), function.to_owned(), schedule.to_owned()));
        }
    }
}

/// Builds and restarts what a change touches; a change that does not build leaves the old processes running.
async fn reload(stack: &mut Stack, leash: &Leash, concurrency: usize) -> Result<()> {
    let mut sources = Sources::now();
    loop {
        let file = sources.changed().await;
        note(&format!("{} changed", file.display()));
        let fresh = async {
            let template = Template::read(tree::template())?;
            let programs = step("building the functions", cargo::build(leash, &cargo::PROGRAMS)).await?;
            let functions = stack.functions(&template, &programs)?;
            Ok::<_, String>((template, programs, functions))
        };
        let (template, programs, functions) = match fresh.await {
            Ok(fresh) => fresh,
            Err(error) => {
                note(&format!("{error}\nthe processes of before go on running"));
                continue;
            }
        };
        let started = {
            let _closed = stack.door.close().await;
            stack.fleet.run(&functions, concurrency)
        };
        if file == Path::new("template.yaml") {
            stack.open(&template).await?;
        }
        stack.tick(&template, &programs);
        match started.as_slice() {
            [] => note("nothing to restart"),
            names => note(&format!("restarted: {}", names.join(", "))),
        }
    }
}

/// The chosen store. The embedded one keeps its data in a file, anew with `--fresh`.
async fn open_store(options: &Options, leash: &Leash) -> Result<Store> {
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
    let file = (options.store == Choice::Embedded).then_some(file);
    store::start(leash, &options.store, file).await
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

/// Whether the tenants' part is there: in the template, and built.
fn has_tenants(template: &Template, programs: &Programs) -> bool {
    let (method, path) = TENANTS;
    template.functions.iter().any(|function| {
        let routed = function.routes.iter().any(|route| route.method == method && route.path == path);
        routed && programs.contains_key(&function.name)
    })
}
