//! `cargo xtask build`: the functions as they are deployed, in `target/lambda/<name>/bootstrap`, the paths in template.yaml.
//!
//! It installs the tools that are needed in addition to Rust and Python: cargo-lambda, Zig (the linker), Rust's standard library for the
//! target, and llvm-profdata. Without --no-pgo, the functions are optimised with a profile (`pgo.rs`).
//! Functions for tests and the dev stack are built by plain `cargo build`.

mod pgo;

use std::{
    ffi::OsString,
    io::Read,
    path::Path,
    process::{ExitCode, Stdio},
};

use clap::{Args, ValueEnum};
use tokio::process::Command;

use crate::{
    Result, bench_program, cargo,
    process_group::{ProcessGroups, interrupted},
    progress::{note, step},
    tools, tree,
};

/// The functions as they are deployed, in target/lambda/.
#[derive(Args)]
pub struct Options {
    /// Functions, by the names of their binaries (get-tenant); all if none is given.
    #[arg(value_name = "FUNCTION")]
    functions: Vec<String>,
    /// The processor architecture; template.yaml has arm64 (`Architectures`).
    #[arg(long, value_enum, default_value_t = Target::Arm64)]
    target: Target,
    /// Builds without a profile: in half the time, but the functions need a quarter more CPU.
    #[arg(long)]
    no_pgo: bool,
}

/// What is built.
struct Build<'a> {
    functions: &'a [String],
    target: Target,
    /// Without optimisation.
    quick: bool,
}

/// A processor architecture of Lambda.
#[derive(Clone, Copy, ValueEnum)]
enum Target {
    Arm64,
    #[value(name = "x86_64")]
    X86,
}

impl Target {
    /// The architecture of this machine.
    fn host() -> Self {
        if std::env::consts::ARCH == "aarch64" { Self::Arm64 } else { Self::X86 }
    }

    fn triple(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86 => "x86_64-unknown-linux-gnu",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Arm64 => "--arm64",
            Self::X86 => "--x86-64",
        }
    }

    /// The architecture's number in the header of an ELF file.
    fn machine(self) -> u16 {
        match self {
            Self::Arm64 => 183,
            Self::X86 => 62,
        }
    }
}

/// Builds the functions and prints the next step.
pub async fn run(options: Options) -> Result<ExitCode> {
    let all = bench_program::functions()?;
    if let Some(unknown) = options.functions.iter().find(|name| !all.contains(name)) {
        return Err(format!("{unknown} is not a function of template.yaml; its functions are: {}", all.join(", ")));
    }
    let (groups, folder) = (ProcessGroups::start()?, tree::root().join("target/lambda"));
    let build = Build { functions: &options.functions, target: options.target, quick: false };
    let work = async {
        match options.no_pgo {
            true => cargo_lambda(&groups, &build, &folder, &[]).await,
            false => with_profile(&groups, &build, &folder, None).await,
        }
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = interrupted() => Err("interrupted".to_owned()),
    };
    groups.end_all().await;
    outcome?;
    let wanted = if options.functions.is_empty() { &all } else { &options.functions };
    for name in wanted {
        check(&folder, name, options.target)?;
    }
    note(&format!(
        "{} of {} functions are in target/lambda; next: sam deploy, or CDK (README.md)",
        wanted.len(),
        all.len()
    ));
    if matches!(options.target, Target::X86) {
        note("template.yaml has arm64: to deploy these functions, set `Architectures` in its Globals to [x86_64]");
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds one function for arm64 without optimisation, to check that the tools of a build are present and work.
pub async fn try_out(groups: &ProcessGroups, function: &str, folder: &Path) -> Result<()> {
    let functions = [function.to_owned()];
    let build = Build { functions: &functions, target: Target::Arm64, quick: true };
    cargo_lambda(groups, &build, folder, &[]).await?;
    check(folder, function, build.target)
}

/// Builds these functions for arm64, as they are deployed but without a profile. Each is in `<folder>/<name>/bootstrap`.
pub async fn for_arm64(groups: &ProcessGroups, functions: &[String], folder: &Path) -> Result<()> {
    cargo_lambda(groups, &Build { functions, target: Target::Arm64, quick: false }, folder, &[]).await
}

/// Builds these functions as they are deployed, but for this machine's architecture.
pub async fn for_this_machine(groups: &ProcessGroups, functions: &[String], folder: &Path) -> Result<()> {
    with_profile(groups, &Build { functions, target: Target::host(), quick: false }, folder, None).await
}

/// Builds one function with a profile, without other optimisation and with a short training.
pub async fn try_out_profile(groups: &ProcessGroups, function: &str, folder: &Path) -> Result<()> {
    let functions = [function.to_owned()];
    let build = Build { functions: &functions, target: Target::host(), quick: true };
    with_profile(groups, &build, folder, Some(1)).await?;
    check(folder, function, build.target)
}

/// Builds twice: for the training, and with the profile. `rounds` changes the length of the training.
async fn with_profile(groups: &ProcessGroups, build: &Build<'_>, folder: &Path, rounds: Option<u32>) -> Result<()> {
    let profile = pgo::profile(groups, build, rounds).await?;
    cargo_lambda(groups, build, folder, &pgo::used(&profile)).await
}

async fn cargo_lambda(
    groups: &ProcessGroups,
    build: &Build<'_>,
    folder: &Path,
    environment: &[(&str, OsString)],
) -> Result<()> {
    const QUICK: [(&str, &str); 3] = [
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ];
    let cargo_lambda = tools::cargo_lambda(groups).await?;
    let zig = tools::zig(groups).await?;
    rust_target(groups, build.target.triple()).await?;
    let mut command = Command::new(cargo_lambda);
    command.args(["lambda", "build", "--release", "--locked", build.target.flag(), "--package", "functions"]);
    command.arg("--lambda-dir").arg(folder);
    command.args(build.functions.iter().flat_map(|name| ["--bin", name]));
    cargo::forget_cargo(command.as_std_mut());
    command.current_dir(tree::root()).stdin(Stdio::null()).env("CARGO_ZIGBUILD_ZIG_PATH", zig);
    command.envs(QUICK.into_iter().filter(|_| build.quick)).envs(environment.iter().cloned());
    match groups.spawn(&mut command)?.wait().await? {
        status if status.success() => Ok(()),
        status => Err(format!("`{}` failed ({status}); its messages are above", tools::spell(&command))),
    }
}

/// Installs Rust's standard library for a target with rustup if it is missing.
async fn rust_target(groups: &ProcessGroups, triple: &str) -> Result<()> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir", "--target", triple]).current_dir(tree::root());
    cargo::forget_cargo(ask.as_std_mut());
    let answer = ask.output().await.map_err(|error| format!("cannot start rustc: {error}"))?;
    if Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_dir() {
        return Ok(());
    }
    let rustup = tools::on_path("rustup").ok_or_else(|| {
        format!("Rust's standard library for {triple} is missing, and there is no rustup to install it")
    })?;
    let mut add = Command::new(rustup);
    add.args(["target", "add", triple]).current_dir(tree::root());
    cargo::forget_cargo(add.as_std_mut());
    step(&format!("installing Rust's standard library for {triple}"), tools::run(groups, &mut add)).await
}

/// Checks that the function was built, as a program for that architecture.
fn check(folder: &Path, function: &str, target: Target) -> Result<()> {
    let file = folder.join(function).join("bootstrap");
    let mut head = [0; 20];
    std::fs::File::open(&file)
        .and_then(|mut file| file.read_exact(&mut head))
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    match head {
        [0x7f, b'E', b'L', b'F', .., low, high] if u16::from_le_bytes([low, high]) == target.machine() => Ok(()),
        _ => Err(format!("{} is not a program for {}", file.display(), target.triple())),
    }
}
