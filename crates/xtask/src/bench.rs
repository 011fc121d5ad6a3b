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

/// What judging a credential may take: a tenth more than it was found to take. It is the same from run to run, but for
/// less than a hundredth, and differs a little from compiler to compiler.
const MOST_INSTRUCTIONS: u64 = 7_800;

/// Runs the benchmarks.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    install()?;
    eprintln!("building as for a release");
    process::run(process::cargo(workspace).args(["build", "--release", "-p", "latchkey", "-p", "latchkey-bench"]))
        .context("the release does not build")?;
    let directory = workspace.target().join("bench");
    std::fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let database = database(workspace, &directory.join(format!("live-{TOKENS}.db")))?;
    process::run(bench(workspace, &database).arg("calls").arg("--latchkey").arg(workspace.server_binary(true)))
        .context("the measurement failed")
}

/// Counts the instructions that judging a credential takes, and fails where there are many more than there were.
pub(crate) fn count_instructions(workspace: &Workspace) -> Result<Outcome> {
    if process::find("valgrind").is_none() {
        packages::install(&["valgrind".to_owned()], "valgrind")?;
    }
    process::run(process::cargo(workspace).args(["build", "--release", "-p", "latchkey-bench"]))
        .context("the benchmarks do not build")?;
    process::run(bench(workspace, "none").args(["instructions", "--most", &MOST_INSTRUCTIONS.to_string()]))
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
        let mut generate = bench(workspace, &format!("sqlite://{}", unfinished.display()));
        process::run(generate.args(["generate", "--live", "--tokens", &TOKENS.to_string()]))
            .context("the database could not be filled")?;
        std::fs::rename(&unfinished, file).context("the database could not be put in its place")?;
    }
    Ok(url)
}

fn bench(workspace: &Workspace, url: &str) -> Command {
    let mut command = Command::new(workspace.target().join("release").join("latchkey-bench"));
    command.args(["--database-url", url]);
    command
}
