//! `cargo xtask bench`: what Latchkey costs, held against what it cannot be below.
//!
//! 1. The load generator and nginx are installed where they are missing.
//! 2. `latchkey` and `latchkey-bench` are built as they are released.
//! 3. A database of live tokens is made once, and kept in `target/bench`.
//! 4. `latchkey-bench calls` measures over it, and prints the lines of the tables in `docs/performance.md`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::packages;
use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// How many tokens the database has.
const TOKENS: u64 = 1_000_000;

/// As what the program is built whose instructions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// As the tests built it: nothing is left to compile for it, and what is new in judging shows all the same.
    Tests,
    /// As it is released.
    Release,
}

impl Build {
    /// What judging a credential may take: a tenth more than it was found to take. It is the same from run to run, but
    /// for less than a hundredth, and differs a little from compiler to compiler.
    const fn most_instructions(self) -> u64 {
        match self {
            Self::Tests => 64_000,
            Self::Release => 7_200,
        }
    }

    /// How many calls the first of the two counted runs makes, of which the second makes twice as many. What comes
    /// beside the calls is less in proportion where each takes more.
    const fn counted_calls(self) -> usize {
        match self {
            Self::Tests => 5_000,
            Self::Release => 50_000,
        }
    }

    /// Cargo's folder of what is built so.
    const fn folder(self) -> &'static str {
        match self {
            Self::Tests => "debug",
            Self::Release => "release",
        }
    }
}

/// Runs the benchmarks.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    install()?;
    eprintln!("building as for a release");
    process::run(process::cargo(workspace).args(["build", "--release", "-p", "latchkey", "-p", "latchkey-bench"]))
        .context("the release does not build")?;
    let directory = workspace.target().join("bench");
    std::fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let database = database(workspace, &directory.join(format!("live-{TOKENS}.db")))?;
    process::run(
        bench(workspace, Build::Release, &database).arg("calls").arg("--latchkey").arg(workspace.server_binary(true)),
    )
    .context("the measurement failed")
}

/// Counts the instructions that judging a credential takes, and fails where there are many more than there were.
pub(crate) fn count_instructions(workspace: &Workspace, build: Build) -> Result<Outcome> {
    if build == Build::Release {
        process::run(process::cargo(workspace).args(["build", "--release", "-p", "latchkey-bench"]))
            .context("the benchmarks do not build")?;
    }
    process::run(bench(workspace, build, "none").args([
        "instructions",
        "--calls",
        &build.counted_calls().to_string(),
        "--most",
        &build.most_instructions().to_string(),
    ]))
    .context("judging a credential takes more than it did")?;
    Ok(Outcome::Done)
}

fn install() -> Result<()> {
    let has_nginx = process::find("nginx").is_some() || PathBuf::from("/usr/sbin/nginx").is_file();
    let missing: Vec<String> = [("wrk", process::find("wrk").is_some()), ("nginx-light", has_nginx)]
        .into_iter()
        .filter(|(_, is_here)| !is_here)
        .map(|(package, _)| package.to_owned())
        .collect();
    if missing.is_empty() { Ok(()) } else { packages::install(&missing, &missing.join(" and ")) }
}

/// The URL of a database in this file, filled where it is not there yet.
fn database(workspace: &Workspace, file: &std::path::Path) -> Result<String> {
    let url = format!("sqlite://{}", file.display());
    if !file.is_file() {
        eprintln!("making {TOKENS} live tokens (some minutes, once)");
        // Under another name until it is whole.
        let unfinished = file.with_extension("unfinished");
        let _ = std::fs::remove_file(&unfinished);
        let mut generate = bench(workspace, Build::Release, &format!("sqlite://{}", unfinished.display()));
        process::run(generate.args(["generate", "--live", "--tokens", &TOKENS.to_string()]))
            .context("the database could not be filled")?;
        std::fs::rename(&unfinished, file).context("the database could not be put in its place")?;
    }
    Ok(url)
}

fn bench(workspace: &Workspace, build: Build, url: &str) -> Command {
    let mut command = Command::new(workspace.target().join(build.folder()).join("latchkey-bench"));
    command.args(["--database-url", url]);
    command
}
