//! Large databases, and what Latchkey takes with them.
//!
//! `generate` fills an empty database with tokens as a large company may have them; `lists` measures the list of all
//! tokens over it; `export` reads all of it as an export does; `revoke` revokes many at once; `finality` measures how long
//! one revocation takes until it is final on three nodes. Build it with
//! `--release`: figures of a debug build say nothing.

#![expect(clippy::print_stdout, reason = "what is measured is told on standard output")]

mod finality;
mod generate;
mod lists;
mod spread;
mod work;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use latchkey_store::{Opening, SqlStore};

/// Anything that stops a measurement.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[command(about = "Makes large databases, and measures Latchkey over them")]
struct Arguments {
    /// The database, as `sqlite://FILE` or `postgres://…`.
    #[arg(long)]
    database_url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fills an empty database.
    Generate {
        /// How many tokens.
        #[arg(long, default_value_t = 1_000_000)]
        tokens: u64,
        /// Where randomness begins: the same seed makes the same database.
        #[arg(long, default_value_t = 7)]
        seed: u64,
    },
    /// Measures the list of all tokens: filters by orders, and a deep page.
    Lists {
        /// How often each page is asked for.
        #[arg(long, default_value_t = 20)]
        rounds: usize,
    },
    /// Reads everything as an export does, and says how much memory that took.
    Export,
    /// Measures how long a revocation takes until three nodes of an empty PostgreSQL database have it.
    Finality {
        /// How many revocations.
        #[arg(long, default_value_t = 1_000)]
        rounds: usize,
    },
    /// Revokes many live tokens at once.
    Revoke {
        /// Of how many owners at most.
        #[arg(long, default_value_t = 10_000)]
        tokens: usize,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { database_url, command } = Arguments::parse();
    match run(&database_url, command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(url: &str, command: Command) -> Outcome<()> {
    let store = SqlStore::open(url, Opening::Serve).await?;
    match command {
        Command::Generate { tokens, seed } => {
            store.close().await;
            generate::fill(url, tokens, seed).await
        }
        Command::Finality { rounds } => {
            store.close().await;
            finality::measure(url, rounds).await
        }
        Command::Lists { rounds } => lists::measure(store, rounds).await,
        Command::Export => work::export(store).await,
        Command::Revoke { tokens } => work::revoke(store, tokens).await,
    }
}
