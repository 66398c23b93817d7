//! Profile-guided optimisation: the functions are built with counters and answer the requests of the training (`infra/bench`); the release
//! build is then optimised with the counts.
//!
//! The functions are trained on their target architecture, under QEMU if this machine has another one (decision 11).
//! Invariant: the release build uses only the profile, which is named by its contents, so that cargo rebuilds when it changes.

use std::{
    ffi::OsString,
    hash::{DefaultHasher, Hasher},
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{Build, Target};
use crate::{
    Result, bench_program, cargo,
    process_group::ProcessGroups,
    progress::{note, step},
    store::{self, Choice},
    tools, tree,
};

/// Trains these functions and returns their profile. `rounds` replaces the training's default number of rounds.
pub async fn profile(groups: &ProcessGroups, build: &Build<'_>, rounds: Option<u32>) -> Result<PathBuf> {
    let llvm_profdata = llvm_profdata(groups).await?;
    let runner = runner(build.target)?;
    let work = tree::root().join("target/pgo").join(build.target.triple());
    let (instrumented, raw) = (work.join("instrumented"), work.join("raw"));
    let scripts = tree::root().join("infra/xtask/src/build");
    let environment = [
        ("RUSTC_WRAPPER", scripts.join("rustc.sh").into_os_string()),
        ("CARGO_TARGET_DIR", work.join("target").into_os_string()),
        ("CARGO_ENCODED_RUSTFLAGS", rustflags(&[], "-Cprofile-generate=", &raw)),
    ];
    // Functions of an earlier build must not be trained.
    tree::empty(&instrumented)?;
    super::cargo_lambda(groups, build, &instrumented, &environment).await?;

    let programs = cargo::build(groups, &cargo::PROGRAMS).await?;
    let bench = bench_program::build(groups).await?;
    let store = store::start(groups, &Choice::Embedded, &programs, None).await?;
    let mut train =
        bench_program::command(&bench, &store.endpoint, &bench_program::folder(&programs)?, &instrumented, &work);
    train.arg("--train");
    if let Some(runner) = runner {
        train.args(["--runner", &runner]);
    }
    if let Some(rounds) = rounds {
        train.args(["--rounds", &rounds.to_string()]);
    }
    step("training the functions", bench_program::figures(groups, train)).await?;
    drop(store);

    let merged = work.join("merged.profdata");
    let mut merge = Command::new(&llvm_profdata);
    merge.args(["merge", "--output"]).arg(&merged).arg(&raw);
    step("merging their profiles", tools::run(groups, &mut merge)).await?;
    let mut show = Command::new(&llvm_profdata);
    let shown = show.arg("show").arg(&merged).output().await.map_err(|error| format!("llvm-profdata: {error}"))?;
    note(&summary(&String::from_utf8_lossy(&shown.stdout))?);
    name(&merged)
}

/// The output of `llvm-profdata show` in one line; an error if nothing was counted.
fn summary(shown: &str) -> Result<String> {
    let number = |label: &str| shown.lines().find_map(|line| line.strip_prefix(label)?.trim().parse::<u64>().ok());
    match (number("Total functions:"), number("Total count:")) {
        (Some(functions), Some(count)) if functions > 0 && count > 0 => {
            Ok(format!("the profile has {functions} functions with a total count of {count}"))
        }
        _ => Err(format!("the functions' profile is empty: {shown}")),
    }
}

/// The flags of a build with a profile.
pub fn used(profile: &Path) -> [(&'static str, OsString); 1] {
    [("CARGO_ENCODED_RUSTFLAGS", rustflags(&CUTOFFS, "-Cprofile-use=", profile))]
}

/// Which code is hot (inlined more) and which is cold (optimised for size), in millionths of all counts: the most frequent code up to the first
/// cutoff is hot, the code beyond the second is cold. With LLVM's defaults, 990000 and 999999, a zip is a fifth larger (docs/performance.md).
const CUTOFFS: [&str; 2] =
    ["-Cllvm-args=-profile-summary-cutoff-hot=900000", "-Cllvm-args=-profile-summary-cutoff-cold=999000"];

/// The caller's flags, more flags, and this one with a path, in the encoding for paths that contain spaces.
fn rustflags(more: &[&str], flag: &str, path: &Path) -> OsString {
    let own = std::env::var("RUSTFLAGS").unwrap_or_default();
    let encoded = std::env::var("CARGO_ENCODED_RUSTFLAGS").ok();
    joined(encoded, &own, more, flag, path)
}

fn joined(encoded: Option<String>, own: &str, more: &[&str], flag: &str, path: &Path) -> OsString {
    let own = encoded.unwrap_or_else(|| own.split_whitespace().collect::<Vec<_>>().join("\x1f"));
    let before = [own.as_str()].into_iter().chain(more.iter().copied()).filter(|flags| !flags.is_empty());
    let mut flags = OsString::new();
    for flag in before {
        flags.push(flag);
        flags.push("\x1f");
    }
    flags.push(flag);
    flags.push(path);
    flags
}

/// Names a profile by its contents, because cargo tracks flags, but not the contents of the files that they name.
fn name(profile: &Path) -> Result<PathBuf> {
    let failed = |error: std::io::Error| format!("{}: {error}", profile.display());
    let mut hasher = DefaultHasher::new();
    hasher.write(&std::fs::read(profile).map_err(failed)?);
    let named = profile.with_file_name(format!("{:016x}.profdata", hasher.finish()));
    std::fs::rename(profile, &named).map_err(failed)?;
    Ok(named)
}

/// `llvm-profdata` of the toolchain's LLVM, installed with rustup if it is missing. Another version cannot read the profiles.
async fn llvm_profdata(groups: &ProcessGroups) -> Result<PathBuf> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir"]).current_dir(tree::root());
    cargo::forget_cargo(ask.as_std_mut());
    let answer = ask.output().await.map_err(|error| format!("cannot start rustc: {error}"))?;
    let library = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    let program = library.with_file_name("bin").join("llvm-profdata");
    if program.is_file() {
        return Ok(program);
    }
    let missing = "llvm-profdata is missing: `rustup component add llvm-tools`, or --no-pgo builds without a profile";
    let rustup = tools::on_path("rustup").ok_or(missing)?;
    let mut add = Command::new(rustup);
    add.args(["component", "add", "llvm-tools"]).current_dir(tree::root());
    cargo::forget_cargo(add.as_std_mut());
    let added = step("installing llvm-tools", tools::run(groups, &mut add)).await;
    added.map_err(|error| format!("{missing} ({error})"))?;
    if program.is_file() { Ok(program) } else { Err(missing.to_owned()) }
}

/// The emulator that runs functions of this architecture; None if this machine runs them itself.
fn runner(target: Target) -> Result<Option<String>> {
    let (emulator, libraries, packages) = match target {
        Target::Arm64 => ("qemu-aarch64", "/usr/aarch64-linux-gnu", "qemu-user libc6-arm64-cross"),
        Target::X86 => ("qemu-x86_64", "/usr/x86_64-linux-gnu", "qemu-user libc6-amd64-cross"),
    };
    if target.triple().starts_with(std::env::consts::ARCH) {
        return Ok(None);
    }
    let libraries = std::env::var("QEMU_LD_PREFIX").unwrap_or_else(|_| libraries.to_owned());
    let found = tools::on_path(emulator).or_else(|| tools::on_path(&format!("{emulator}-static")));
    match found.filter(|_| Path::new(&libraries).is_dir()) {
        Some(program) => Ok(Some(format!("{} -L {libraries}", program.display()))),
        None => Err(format!(
            "the functions are trained under {emulator}, which is not installed, or the C library of that processor ({libraries}, or \
             QEMU_LD_PREFIX) is missing. Debian: apt-get install {packages}; or build without a profile: --no-pgo"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_flags_are_kept_and_a_path_may_contain_a_space() {
        let path = Path::new("/a b/c.profdata");
        assert_eq!(joined(None, "", &[], "-Cprofile-use=", path), "-Cprofile-use=/a b/c.profdata");
        let flags = joined(None, " -Cdebuginfo=1  -Cdebug-assertions ", &["-Cmore"], "-Cprofile-use=", path);
        assert_eq!(flags, "-Cdebuginfo=1\x1f-Cdebug-assertions\x1f-Cmore\x1f-Cprofile-use=/a b/c.profdata");
        let encoded = Some("--cfg\x1fx=\"y z\"".to_owned());
        assert_eq!(
            joined(encoded, "-Cignored", &[], "-Cprofile-use=", path),
            "--cfg\x1fx=\"y z\"\x1f-Cprofile-use=/a b/c.profdata"
        );
    }

    #[test]
    fn different_profiles_have_different_names() {
        let folder = std::env::temp_dir().join(format!("xtask-profile-{}", std::process::id()));
        tree::empty(&folder).unwrap();
        let named = |contents: &str| {
            let merged = folder.join("merged.profdata");
            std::fs::write(&merged, contents).unwrap();
            name(&merged).unwrap()
        };
        let (one, two) = (named("one"), named("two"));
        assert_ne!(one, two);
        assert_eq!((named("one"), std::fs::read_to_string(&two).unwrap().as_str()), (one, "two"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_profile_in_which_nothing_ran_is_an_error() {
        let shown = |count: u64| {
            format!(
                "Instrumentation level: IR\nTotal functions: 7\nMaximum function count: {count}\nTotal count: {count}\n"
            )
        };
        assert_eq!(summary(&shown(12)).unwrap(), "the profile has 7 functions with a total count of 12");
        assert!(summary(&shown(0)).unwrap_err().starts_with("the functions' profile is empty"));
        assert!(summary("error: truncated profile data").is_err());
    }

    /// The arguments that a script passes on, printed by `printf` instead of the real program.
    fn passed_on(script: &str, environment: (&str, &str), words: &[&str]) -> Vec<String> {
        let script = tree::root().join("infra/xtask/src/build").join(script);
        let output = std::process::Command::new(script).args(words).env(environment.0, environment.1).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_instrumented_build_links_without_link_time_optimisation_and_through_our_linker_script() {
        let words = [
            "printf",
            "%s\\n",
            "-C",
            "lto=fat",
            "-C",
            "linker-plugin-lto",
            "-C",
            "linker=/z/cc",
            "a b",
            "-C",
            "opt-level=3",
        ];
        let passed = passed_on("rustc.sh", ("UNUSED", ""), &words);
        let linker = tree::root().join("infra/xtask/src/build/linker.sh");
        let linker = format!("linker={}", linker.display());
        assert_eq!(passed, ["-C", "lto=off", "-C", "embed-bitcode=no", "-C", &linker, "a b", "-C", "opt-level=3"]);
    }

    #[test]
    fn the_linker_gets_an_undefined_symbol_as_one_word() {
        let printf = tools::on_path("printf").unwrap();
        let passed = passed_on(
            "linker.sh",
            ("INSTRUMENTED_LINKER", printf.to_str().unwrap()),
            &["%s\\n", "a.o", "-u", "__llvm_profile_runtime", "-o", "a b"],
        );
        assert_eq!(passed, ["a.o", "-u__llvm_profile_runtime", "-o", "a b"]);
    }
}
