//! The command line.
//!
//! A command reads its arguments (each can come from a `LATCHKEY_…` variable too), opens what it needs, calls one
//! use case, and writes the result to standard output as JSON: nothing else ever goes there. Whatever goes wrong
//! is one line on standard error and an exit code (`failure.rs`).

mod audit;
mod audit_chore;
mod audit_key;
mod chores;
mod copy;
mod failure;
mod listening;
mod log;
mod openapi;
mod output;
mod patience;
mod public_url;
mod rep;
mod rep_standing;
mod restore;
mod schema_chore;
mod secret_keys;
mod secrets;
mod serve;
mod setting;
mod sole_server;
mod token;
mod usage;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::{Broken, Failed};
use setting::Sources;

/// A personal access token service for a company's API.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(flatten)]
    sources: Sources,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 2 usage, 3 not found, 4 refused by a rule, 5 store or configuration, \
6 not confirmed, or not known whether done.
Results go to standard output as JSON, everything else to standard error.
LATCHKEY_LOG (or RUST_LOG) sets what is logged, \"info\" by default.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the web pages and the vendor API.
    Serve(serve::Serve),
    /// Make, list, disable and enable service reps.
    #[command(subcommand)]
    Rep(rep::Rep),
    /// Make, list and revoke tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Check the audit log's chain, and take its older part out.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Make keys for vendors' credentials, and seal them anew.
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    /// Print the catalog in use, as TOML.
    Catalog,
    /// Print the contract of the vendor API, as OpenAPI 3.1.
    Openapi(openapi::Openapi),
    /// Bring the database's schema up to date.
    Migrate,
    /// Write everything to a file, while servers go on: what `restore` takes.
    Backup(copy::Backup),
    /// Replace what the database holds by what a backup holds, also under running servers.
    Restore(restore::Restore),
    /// Write everything to a file, to move it into another database, of either engine.
    Export(copy::Export),
    /// Take such a file into an empty database.
    Import(copy::Import),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage::answer(&error),
    };
    // The log is kept until everything else has ended.
    let done = log::start().and_then(|log| {
        let done = run_to_the_end(arguments);
        drop(log);
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            output::complain(&failed.line);
            failed.exit.into()
        }
    }
}

fn run_to_the_end(arguments: Arguments) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .broken(|error| format!("the program could not be started: {error}"))?;
    let done = runtime.block_on(perform(arguments));
    // Whatever still runs has had its time.
    runtime.shutdown_background();
    done
}

async fn perform(arguments: Arguments) -> Result<(), Failed> {
    let Arguments { sources, command } = arguments;
    match command {
        Command::Serve(serve) => serve.run(&sources).await,
        Command::Rep(rep) => rep.run(&sources).await,
        Command::Token(token) => token.run(&sources).await,
        Command::Audit(audit) => audit.run(&sources).await,
        Command::Secrets(secrets) => secrets.run(&sources).await,
        Command::Catalog => {
            let text = sources.catalog_text()?;
            sources.read_catalog(&text)?;
            output::text(&text)
        }
        Command::Openapi(openapi) => openapi.run(&sources),
        Command::Migrate => sources.migrate().await,
        Command::Backup(backup) => backup.run(&sources).await,
        Command::Restore(restore) => restore.run(&sources).await,
        Command::Export(export) => export.run(&sources).await,
        Command::Import(import) => import.run(&sources).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn each(command: &clap::Command, check: &impl Fn(&clap::Command)) {
        check(command);
        command.get_subcommands().for_each(|command| each(command, check));
    }

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_flag_has_its_variable() {
        each(&Arguments::command(), &|command| {
            for flag in command.get_arguments().filter_map(|argument| Some((argument.get_long()?, argument))) {
                let expected = format!("LATCHKEY_{}", flag.0.to_uppercase().replace('-', "_"));
                assert_eq!(flag.1.get_env().and_then(|name| name.to_str()), Some(expected.as_str()), "{}", flag.0);
            }
        });
    }
}
