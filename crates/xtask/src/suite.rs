//! `cargo xtask test`: everything a change has to pass, and `cargo xtask fmt`.
//!
//! The order saves compilations. The web build comes before anything that compiles the server, whose build script
//! embeds its output: the other way round, clippy and the tests would compile it twice. All host commands select the
//! same packages with the same features (see [`HOST_PACKAGES`]), so that each dependency is checked once and built
//! once, whoever asks first.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::bench::{self, Build};
use crate::gateways;
use crate::node::{self, Program};
use crate::packages;
use crate::process;
use crate::steps::{self, Outcome, Step};
use crate::wasm_toolchain;
use crate::web::{self, Warnings};
use crate::workspace::Workspace;

/// How much to test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What fits in a few minutes once everything is compiled.
    Usual,
    /// Also what takes its time, and the browser tests on the second database.
    Full,
}

/// All packages but the browser's. One selection for every command: Cargo unites the features of what is selected, and
/// another selection would mean other features, and so a second compilation of half the dependencies.
const HOST_PACKAGES: [&str; 3] = ["--workspace", "--exclude", "latchkey-hydrate"];

/// Targets for commands that would otherwise leave out the dependencies of tests, and with them their features. There
/// are no examples; naming them is what brings those in.
const WITH_TEST_FEATURES: [&str; 2] = ["--bins", "--examples"];

/// Runs the suite.
pub(crate) fn run(workspace: &Workspace, extent: Extent) -> Result<()> {
    let mut steps = vec![
        Step::new("what the tests need", "install what is named, then run this again", || prepare(workspace, extent)),
        Step::new("formatting and types", "run `cargo xtask fmt`; mend what tsc reports", || {
            format(workspace, true)?;
            process::run(node::command(workspace, Program::TypeScript).arg("--noEmit"))?;
            Ok(Outcome::Done)
        }),
        Step::new("web build", "mend what is reported; `cargo xtask build` repeats it", || {
            web::build(workspace, Warnings::Denied)?;
            Ok(Outcome::Done)
        }),
        Step::new("lints", "mend what clippy reports", || lint_host(workspace)),
        Step::new("lints of the browser half", "mend what clippy reports", || lint_browser_half(workspace)),
        Step::new("documentation", "mend what rustdoc reports", || document(workspace)),
        Step::new("dependencies", "replace the dependency, or allow it in .cargo/deny.toml with a reason", || {
            check_dependencies(workspace, extent)
        }),
        Step::new("Rust tests", "`cargo test --package PACKAGE NAME` repeats one", || test_host(workspace, extent)),
        Step::new(
            "instructions of a verdict",
            "make it cheaper, or allow more in crates/xtask/src/bench.rs with a reason",
            || bench::count_instructions(workspace, Build::Tests),
        ),
        Step::new(
            "browser tests",
            "`npx playwright test NAME` in end2end repeats one after `cargo xtask build`",
            || test_browser(workspace, None),
        ),
    ];
    if extent == Extent::Full {
        steps.push(Step::new(
            "instructions of a verdict, as released",
            "make it cheaper, or allow more in crates/xtask/src/bench.rs with a reason",
            || bench::count_instructions(workspace, Build::Release),
        ));
        steps.push(Step::new(
            "browser tests on PostgreSQL",
            "LATCHKEY_E2E_DATABASE=postgres `npx playwright test NAME` in end2end repeats one",
            || test_browser(workspace, Some("postgres")),
        ));
    }
    steps::run(steps)
}

/// Formats everything, or checks that it is formatted.
pub(crate) fn format(workspace: &Workspace, check: bool) -> Result<()> {
    let mut rust = process::cargo(workspace);
    rust.args(["fmt", "--all"]);
    let mut others = node::command(workspace, Program::Prettier);
    others.args([".", "--log-level", "warn"]);
    if check {
        rust.arg("--check");
        others.arg("--check");
    } else {
        others.arg("--write");
    }
    process::run(&mut rust)?;
    if !node::is_available() {
        eprintln!("warning: Node.js is not installed, so TypeScript and JSON are left as they are");
        return Ok(());
    }
    node::install_packages(workspace)?;
    process::run(&mut others)
}

/// Sees to it that all programs are there that the tests start.
fn prepare(workspace: &Workspace, extent: Extent) -> Result<Outcome> {
    if !node::is_available() {
        bail!("Node.js with npm is missing: install version 20 or newer from https://nodejs.org or your system");
    }
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !process::succeeds(process::cargo(workspace).args([subcommand, "--version"])) {
            process::output(Command::new("rustup").args(["component", "add", component]))
                .with_context(|| format!("{component} is missing"))?;
        }
    }
    node::install_packages(workspace)?;
    let mut missing = Vec::new();
    if node::system_browser().is_none() && node::playwright_browser(workspace).is_none() {
        missing.push("chromium");
    }
    if !has_postgres() {
        missing.push("postgresql");
    }
    // Debian keeps it off the search path of ordinary users.
    let has_pooler = process::find("pgbouncer").is_some() || Path::new("/usr/sbin/pgbouncer").is_file();
    if process::find("valgrind").is_none() {
        missing.push("valgrind");
    }
    if extent == Extent::Full && !has_pooler {
        missing.push("pgbouncer");
    }
    if extent == Extent::Full && !has_faketime() {
        missing.push("libfaketime");
    }
    if !missing.is_empty() {
        let packages: Vec<String> = missing.iter().map(|package| (*package).to_owned()).collect();
        packages::install(&packages, &missing.join(" and "))?;
    }
    if extent == Extent::Full {
        gateways::install(workspace)?;
    }
    Ok(Outcome::Done)
}

/// Whether PostgreSQL's server programs are here. Debian keeps them off the search path.
fn has_postgres() -> bool {
    let has_programs =
        |directory: &Path| ["initdb", "postgres"].iter().all(|program| directory.join(program).is_file());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    process::find("initdb").is_some() || versions.map(|entry| entry.path().join("bin")).any(|bin| has_programs(&bin))
}

/// Whether the library is here that shows a program another time, where Debian has it.
fn has_faketime() -> bool {
    let mut folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders.any(|folder| folder.path().join("faketime").is_dir())
}

/// Cargo's `subcommand` over the host's packages.
fn over_host_packages(workspace: &Workspace, subcommand: &str) -> Command {
    let mut command = process::cargo(workspace);
    command.arg(subcommand).args(HOST_PACKAGES);
    command
}

fn lint_host(workspace: &Workspace) -> Result<Outcome> {
    process::run(over_host_packages(workspace, "clippy").args(["--all-targets", "--", "-D", "warnings"]))?;
    Ok(Outcome::Done)
}

fn lint_browser_half(workspace: &Workspace) -> Result<Outcome> {
    if !wasm_toolchain::is_target_installed() {
        return Ok(Outcome::Partial("the compiler's own in the web build; clippy has no wasm target here".to_owned()));
    }
    process::run(process::cargo(workspace).args([
        "clippy",
        "--package",
        "latchkey-hydrate",
        "--target",
        wasm_toolchain::TARGET,
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Outcome::Done)
}

fn document(workspace: &Workspace) -> Result<Outcome> {
    let mut command = over_host_packages(workspace, "doc");
    command.args(["--no-deps", "--lib"]).args(WITH_TEST_FEATURES).env("RUSTDOCFLAGS", "-D warnings");
    process::run(&mut command)?;
    Ok(Outcome::Done)
}

/// Licences, sources and bans by cargo-deny, and advisories where their database can be fetched.
fn check_dependencies(workspace: &Workspace, extent: Extent) -> Result<Outcome> {
    let tools = workspace.target().join("tools");
    let own = tools.join("bin").join(format!("cargo-deny{}", env::consts::EXE_SUFFIX));
    if extent == Extent::Full && !own.is_file() && process::find("cargo-deny").is_none() {
        eprintln!("installing cargo-deny (some minutes, once)");
        process::run(
            process::cargo(workspace).args(["install", "cargo-deny", "--locked", "--quiet", "--root"]).arg(&tools),
        )?;
    }
    let Some(program) = own.is_file().then_some(own).or_else(|| process::find("cargo-deny")) else {
        return Ok(Outcome::Partial(
            "left out: cargo-deny is not installed; `cargo xtask test --full` installs it".to_owned(),
        ));
    };
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(["--config", ".cargo/deny.toml"]).args(arguments).current_dir(workspace.root());
        command
    };
    process::run(&mut deny(&["check", "bans", "licenses", "sources"]))?;
    if !process::succeeds(&mut deny(&["fetch", "db"])) {
        return Ok(Outcome::Partial("without advisories: their database cannot be fetched".to_owned()));
    }
    process::run(&mut deny(&["--offline", "check", "advisories"]))?;
    Ok(Outcome::Done)
}

/// Tests by cargo, then the binary that the browser tests start, with the features of the tests: nothing is left to
/// compile for it.
fn test_host(workspace: &Workspace, extent: Extent) -> Result<Outcome> {
    let mut tests = over_host_packages(workspace, "test");
    if extent == Extent::Full {
        tests.env("LATCHKEY_FULL", "1");
        tests.envs(gateways::WHEELS.map(|wheel| (wheel.variable, wheel.path(workspace))));
    }
    process::run(&mut tests)?;
    process::run(over_host_packages(workspace, "build").args(WITH_TEST_FEATURES))?;
    Ok(Outcome::Done)
}

fn test_browser(workspace: &Workspace, database: Option<&str>) -> Result<Outcome> {
    let mut playwright = node::command(workspace, Program::Playwright);
    playwright.arg("test").env("LATCHKEY_BIN", workspace.server_binary(false));
    if let Some(browser) = node::system_browser() {
        playwright.env("LATCHKEY_CHROMIUM", browser);
    }
    if let Some(database) = database {
        playwright.env("LATCHKEY_E2E_DATABASE", database);
    }
    process::run(&mut playwright)?;
    Ok(Outcome::Done)
}
