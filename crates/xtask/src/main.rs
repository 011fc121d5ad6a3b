//! The workspace's own commands: `cargo xtask build | run | test | bench | fmt`.
//!
//! Latchkey is one binary with its web assets inside. Cargo alone cannot make it: the browser half is another target,
//! whose output has to be bound to JavaScript, shrunk, compressed and named by its content before the server is
//! compiled around it. These commands do that, and they are the only tool a fresh machine needs besides Rust:
//! what else is missing (a wasm target, a browser, PostgreSQL, npm packages) they install where they may, and
//! otherwise they say what to install.
//!
//! - [`web`] turns the browser half into `target/site`: [`wasm_toolchain`] finds a compiler for it, [`style`] joins the
//!   style sheets, [`bundle`] names, compresses and publishes the files, [`budget`] watches their size.
//! - [`suite`] is `cargo xtask test`: the list of steps that [`steps`] runs, times and reports.
//! - [`mod@bench`] is `cargo xtask bench`.
//! - [`packages`] and [`node`] fetch what is missing; [`process`] runs programs and words their failures.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "these commands talk to the person who runs them")]

mod bench;
mod budget;
mod bundle;
mod fingerprint;
mod gateways;
mod node;
mod packages;
mod process;
mod steps;
mod style;
mod suite;
mod wasm_toolchain;
mod web;
mod workspace;

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::suite::Extent;
use crate::web::Warnings;
use crate::workspace::Workspace;

/// Printed on request, and after a mistake.
const USAGE: &str = "\
Usage: cargo xtask COMMAND

  build [--release]           build the browser half and the `latchkey` binary around it
  run [-- ARGUMENTS]          build, then `latchkey serve ARGUMENTS`
  test [--full]               everything a change has to pass; --full adds the slow tests and
                              the browser tests on the second database
  bench                       what a call costs, as ratios in one run; minutes, on an idle machine
  fmt [--check]               format Rust, TypeScript and JSON, or check that they are formatted
  help                        this text

Environment:
  LATCHKEY_WASM_TOOLCHAIN     `rustup` or `debian`: use only that compiler for the browser half
  LATCHKEY_CHROMIUM           the browser to test with
";

/// The exit status for a command line that cannot be understood.
const MISUSE: u8 = 2;

/// A command line, understood.
#[derive(Debug, PartialEq, Eq)]
enum Invocation {
    Build { release: bool },
    Run { serve_arguments: Vec<OsString> },
    Test { extent: Extent },
    Bench,
    Format { check: bool },
    Help,
}

fn main() -> ExitCode {
    let invocation = match parse(env::args_os().skip(1)) {
        Ok(invocation) => invocation,
        Err(mistake) => {
            eprintln!("error: {mistake}\n\n{USAGE}");
            return ExitCode::from(MISUSE);
        }
    };
    match execute(invocation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Understands the arguments after `cargo xtask`, or says what is wrong with them.
fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, String> {
    let mut arguments = arguments.into_iter();
    let command = arguments.next().ok_or("a command is missing")?;
    let rest: Vec<OsString> = arguments.collect();
    match command.to_string_lossy().as_ref() {
        "build" => Ok(Invocation::Build { release: flag("build", "--release", &rest)? }),
        "run" => match rest.split_first() {
            None => Ok(Invocation::Run { serve_arguments: Vec::new() }),
            Some((separator, serve_arguments)) if separator == "--" => {
                Ok(Invocation::Run { serve_arguments: serve_arguments.to_vec() })
            }
            Some((unexpected, _)) => Err(format!(
                "`run` takes the arguments of `latchkey serve` after `--`, not `{}`",
                unexpected.to_string_lossy()
            )),
        },
        "test" => {
            let extent = if flag("test", "--full", &rest)? { Extent::Full } else { Extent::Usual };
            Ok(Invocation::Test { extent })
        }
        "bench" => match rest.first() {
            None => Ok(Invocation::Bench),
            Some(unexpected) => Err(format!("`bench` does not take `{}`", unexpected.to_string_lossy())),
        },
        "fmt" => Ok(Invocation::Format { check: flag("fmt", "--check", &rest)? }),
        "help" | "--help" | "-h" => Ok(Invocation::Help),
        unknown => Err(format!("there is no command `{unknown}`")),
    }
}

/// Whether `rest` holds the one flag that `command` knows; anything else is a mistake.
fn flag(command: &str, known: &str, rest: &[OsString]) -> Result<bool, String> {
    match rest.iter().find(|argument| *argument != known) {
        Some(unexpected) => Err(format!("`{command}` does not take `{}`", unexpected.to_string_lossy())),
        None => Ok(!rest.is_empty()),
    }
}

/// Does what the command line asks for.
fn execute(invocation: Invocation) -> Result<()> {
    let workspace = Workspace::locate()?;
    match invocation {
        Invocation::Build { release } => build(&workspace, release),
        Invocation::Run { serve_arguments } => {
            build(&workspace, false)?;
            let mut serve = Command::new(workspace.server_binary(false));
            serve.arg("serve").args(serve_arguments).current_dir(workspace.root());
            process::replace_with(serve)
        }
        Invocation::Test { extent } => suite::run(&workspace, extent),
        Invocation::Bench => bench::run(&workspace),
        Invocation::Format { check } => suite::format(&workspace, check),
        Invocation::Help => {
            print!("{USAGE}");
            Ok(())
        }
    }
}

/// Builds the browser half, and then the server, which embeds it.
fn build(workspace: &Workspace, release: bool) -> Result<()> {
    web::build(workspace, Warnings::Allowed)?;
    eprintln!("building the server");
    let mut cargo = process::cargo(workspace);
    cargo.args(["build", "--package", "latchkey"]);
    if release {
        cargo.arg("--release");
    }
    process::run(&mut cargo).context("the server does not build")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Invocation, String> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn commands_and_their_flags_are_understood() {
        assert_eq!(parsed(&["build"]), Ok(Invocation::Build { release: false }));
        assert_eq!(parsed(&["build", "--release"]), Ok(Invocation::Build { release: true }));
        assert_eq!(parsed(&["test"]), Ok(Invocation::Test { extent: Extent::Usual }));
        assert_eq!(parsed(&["test", "--full"]), Ok(Invocation::Test { extent: Extent::Full }));
        assert_eq!(parsed(&["bench"]), Ok(Invocation::Bench));
        assert_eq!(parsed(&["fmt", "--check"]), Ok(Invocation::Format { check: true }));
        assert_eq!(parsed(&["--help"]), Ok(Invocation::Help));
    }

    #[test]
    fn what_follows_the_separator_belongs_to_the_server() {
        let expected = ["--listen", "127.0.0.1:4000"].map(OsString::from).to_vec();
        assert_eq!(
            parsed(&["run", "--", "--listen", "127.0.0.1:4000"]),
            Ok(Invocation::Run { serve_arguments: expected })
        );
        assert_eq!(parsed(&["run"]), Ok(Invocation::Run { serve_arguments: Vec::new() }));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parsed(&[]), Err("a command is missing".to_owned()));
        assert_eq!(parsed(&["bake"]), Err("there is no command `bake`".to_owned()));
        assert_eq!(parsed(&["test", "--fast"]), Err("`test` does not take `--fast`".to_owned()));
        assert!(parsed(&["run", "--listen"]).is_err_and(|mistake| mistake.contains("after `--`")));
    }
}
