//! Tools that are not part of a Rust toolchain, each at a pinned version in the git-ignored `.tools/`.
//!
//! Invariant: nothing is installed outside the work tree, and a half-finished installation is never used.
//! Where a tool can be neither found nor installed, the error says what to install.

use std::{
    future::Future,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use crate::{Result, process_group::ProcessGroups, progress::step, tree};

/// The version of cargo-lambda, which builds the functions for Lambda.
const CARGO_LAMBDA: &str = "1.9.2";

/// The version of Zig, which links functions for another processor. Versions differ in the linker flags that they accept.
const ZIG: &str = "0.17.1";

/// cargo-lambda: the one on PATH, else the pinned one from PyPI.
pub async fn cargo_lambda(groups: &ProcessGroups) -> Result<PathBuf> {
    if let Some(program) = on_path("cargo-lambda") {
        return Ok(program);
    }
    let package = format!("cargo-lambda=={CARGO_LAMBDA}");
    let folder = install(&format!("cargo-lambda-{CARGO_LAMBDA}"), "", |folder| async move {
        // Without its dependency Zig, which only cross-compiling needs.
        let packages = ["--no-deps", &package];
        step("installing cargo-lambda from PyPI", pip_install(groups, &folder, &packages)).await
    })
    .await
    .map_err(|error| {
        format!(
            "cargo-lambda {CARGO_LAMBDA} is neither on PATH nor installable here ({error}). Any of these helps: \
             `python3` with venv or pip (Debian: apt-get install python3-venv), `pip install cargo-lambda=={CARGO_LAMBDA}`, \
             `cargo install --locked cargo-lambda@{CARGO_LAMBDA}`"
        )
    })?;
    Ok(folder.join("bin/cargo-lambda"))
}

/// Zig, from PyPI; or the one that CARGO_ZIGBUILD_ZIG_PATH names, which cargo-lambda reads.
pub async fn zig(groups: &ProcessGroups) -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("CARGO_ZIGBUILD_ZIG_PATH") {
        return Ok(program.into());
    }
    let package = format!("ziglang=={ZIG}");
    let folder = install(&format!("zig-{ZIG}"), "", |folder| async move {
        step("installing Zig from PyPI (80 MB)", pip_install(groups, &folder, &[&package])).await
    })
    .await
    .map_err(|error| {
        format!(
            "Zig {ZIG} cannot be installed here ({error}). Either of these helps: `python3` with venv or pip (Debian: apt-get \
             install python3-venv), or CARGO_ZIGBUILD_ZIG_PATH=/path/to/zig"
        )
    })?;
    // A virtual environment keeps its packages in lib/python3.N/site-packages, a plain folder at its top.
    let environments = std::fs::read_dir(folder.join("lib")).into_iter().flatten().flatten();
    let packages = environments.map(|python| python.path().join("site-packages")).chain([folder]);
    let found = packages.map(|packages| packages.join("ziglang/zig")).find(|program| program.is_file());
    found.ok_or_else(|| format!("the package ziglang {ZIG} has no program zig"))
}

/// A folder of Python programs, as pinned in the tree's `<list>/requirements.txt`.
pub async fn python(groups: &ProcessGroups, list: &str) -> Result<PathBuf> {
    let requirements = tree::root().join(list).join("requirements.txt");
    let text = read(&requirements)?;
    let folder = install(&format!("python-{}", list.replace('/', "-")), &text, |folder| async move {
        let file = requirements.to_string_lossy().into_owned();
        step(&format!("installing the Python tools of {list}"), pip_install(groups, &folder, &["-r", &file])).await
    })
    .await
    .map_err(|error| format!("{error}. `python3` with venv or pip is needed (Debian: apt-get install python3-venv)"))?;
    Ok(folder.join("bin"))
}

/// A program of such a folder, which is a virtual environment or, on a Python without, a plain folder.
pub fn python_program(bin: &Path, name: &str) -> Command {
    let own = bin.join(name);
    let mut command = if own.exists() { Command::new(own) } else { Command::new(name) };
    if let Some(folder) = bin.parent() {
        command.env("PYTHONPATH", folder);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(bin.to_path_buf()).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(path) {
        command.env("PATH", path);
    }
    command.current_dir(tree::root());
    command
}

/// A folder of Node programs, as pinned in the tree's `<list>/package-lock.json`; None where there is no npm.
pub async fn node(groups: &ProcessGroups, list: &str) -> Result<Option<PathBuf>> {
    let Some(npm) = on_path("npm") else {
        return Ok(None);
    };
    let source = tree::root().join(list);
    let text = read(&source.join("package-lock.json"))?;
    let folder = install(&format!("node-{}", list.replace('/', "-")), &text, |folder| async move {
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            std::fs::copy(source.join(file), folder.join(file))
                .map_err(|error| format!("cannot copy {file}: {error}"))?;
        }
        let mut command = Command::new(npm);
        command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
        step(&format!("installing the Node tools of {list}"), run(groups, &mut command)).await
    })
    .await?;
    Ok(Some(folder.join("node_modules/.bin")))
}

/// A folder of jars, as pinned in the tree's `<list>/pom.xml`; None where there is no Maven.
pub async fn maven(groups: &ProcessGroups, list: &str) -> Result<Option<PathBuf>> {
    let Some(maven) = on_path("mvn") else {
        return Ok(None);
    };
    let source = tree::root().join(list).join("pom.xml");
    let text = read(&source)?;
    let folder = install(&format!("maven-{}", list.replace('/', "-")), &text, |folder| async move {
        std::fs::copy(source, folder.join("pom.xml")).map_err(|error| format!("cannot copy pom.xml: {error}"))?;
        let mut command = Command::new(maven);
        command.args(["--batch-mode", "--quiet", "dependency:copy-dependencies", "-DoutputDirectory=lib"]);
        step(&format!("fetching the jars of {list}"), run(groups, command.current_dir(&folder))).await
    })
    .await?;
    Ok(Some(folder.join("lib")))
}

/// Installs into `.tools/<name>`, unless an installation with the same `what` is there.
pub async fn install<F>(name: &str, what: &str, work: impl FnOnce(PathBuf) -> F) -> Result<PathBuf>
where
    F: Future<Output = Result<()>>,
{
    let folder = tree::tools()?.join(name);
    let receipt = folder.join(".installed");
    if std::fs::read_to_string(&receipt).is_ok_and(|text| text == what) {
        return Ok(folder);
    }
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", folder.display());
    tree::empty(&folder)?;
    work(folder.clone()).await?;
    std::fs::write(&receipt, what).map_err(failed)?;
    Ok(folder)
}

/// Into a virtual environment; on a Python without one, into a plain folder with pip alone.
async fn pip_install(groups: &ProcessGroups, folder: &Path, packages: &[&str]) -> Result<()> {
    let python = on_path("python3").ok_or("there is no python3")?;
    let mut pip = match run(groups, Command::new(&python).args(["-m", "venv"]).arg(folder)).await {
        Ok(()) => Command::new(folder.join("bin/python3")),
        Err(_) => Command::new(&python),
    };
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-script-location"]);
    if !folder.join("bin/pip").exists() {
        pip.arg("--target").arg(folder);
    }
    run(groups, pip.args(packages)).await
}

/// Runs a program to its end. Its output is shown only if it fails.
pub async fn run(groups: &ProcessGroups, command: &mut Command) -> Result<()> {
    let line = spell(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = groups.spawn(command)?;
    let (out, err) = (process.child.stdout.take(), process.child.stderr.take());
    let (out, err) = tokio::join!(text(out), text(err));
    match process.wait().await? {
        status if status.success() => Ok(()),
        status => Err(format!("`{line}` failed ({status}): {}", format!("{out}{err}").trim())),
    }
}

async fn text(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut pipe, &mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A command as it is typed.
pub fn spell(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The full path of a program on PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
