//! Large databases, and what Latchkey takes with them.
//!
//! `generate` fills an empty database with tokens as a large company may have them; `lists` measures the list of all
//! tokens over it; `export` reads all of it as an export does; `uses` writes down when tokens were last used; `revoke`
//! revokes many at once. `calls` measures what judging a vendor's call costs, over tokens that are all live;
//! `finality` how long one revocation takes until it is final on three nodes. Build it with `--release`: figures of a debug build say nothing.

#![expect(clippy::print_stdout, reason = "what is measured is told on standard output")]

mod calls;
mod finality;
mod generate;
mod instructions;
mod lists;
mod secrets;
mod spread;
mod uses;
mod work;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use latchkey_service::SystemClock;
use latchkey_service::ports::Clock as _;
use latchkey_store::{Opening, SqlStore};

use crate::spread::Lives;

/// As the server has it: what it is held against must not be slower for its allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Anything that stops a measurement.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[command(about = "Makes large databases, and measures Latchkey over them")]
struct Arguments {
    /// The database, as `sqlite://FILE` or `postgres://…`.
    #[arg(long, default_value = "none")]
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
        /// Only tokens that are live today, for `calls`
        #[arg(long)]
        live: bool,
    },
    /// Measures what judging a call costs, against a route that judges nothing, and nginx.
    Calls(calls::Plan),
    /// Counts the instructions that judging a credential takes, over a small database of its own.
    Instructions {
        /// How many calls the first of two runs makes; the second makes twice as many
        #[arg(long, default_value_t = instructions::CALLS)]
        calls: usize,
        /// More than this is a failure
        #[arg(long)]
        most: Option<u64>,
    },
    /// Judges so many credentials over a database of live tokens: what `instructions` counts.
    #[command(hide = true)]
    Judge {
        #[arg(long)]
        calls: usize,
    },
    /// Answers every request with constant headers, until it is killed: what `calls` measures against.
    #[command(hide = true)]
    Bare,
    /// Reads what the index is made of: what `calls` holds building it against.
    #[command(hide = true)]
    Select,
    /// Answers as the server does, with or without noting uses, until it is killed: `calls` measures the difference.
    #[command(hide = true)]
    Host {
        #[arg(long)]
        without_last_use: bool,
    },
    /// Measures the list of all tokens: filters by orders, and a deep page.
    Lists {
        /// How often each page is asked for.
        #[arg(long, default_value_t = 20)]
        rounds: usize,
        /// Only this filter, as it is printed
        #[arg(long)]
        only: Option<String>,
        /// Which page is the deep one.
        #[arg(long, default_value_t = 10_000)]
        page: u32,
    },
    /// Reads everything as an export does, and says how much memory that took.
    Export,
    /// Measures how long a revocation takes until three nodes of an empty PostgreSQL database have it.
    Finality {
        /// How many revocations.
        #[arg(long, default_value_t = 1_000)]
        rounds: usize,
    },
    /// Writes down uses of many tokens, as a server does while calls come.
    Uses {
        /// Of how many tokens.
        #[arg(long, default_value_t = 100_000)]
        tokens: usize,
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
    let open = || SqlStore::open(url, Opening::Serve);
    match command {
        Command::Generate { tokens, seed, live } => {
            open().await?.close().await;
            let lives = if live { Lives::AllLiveAt(SystemClock.now()) } else { Lives::Spread };
            generate::fill(url, tokens, seed, lives).await
        }
        Command::Lists { rounds, only, page } => lists::measure(open().await?, rounds, only.as_deref(), page).await,
        Command::Export => work::export(open().await?).await,
        Command::Uses { tokens } => uses::measure(open().await?, url, tokens).await,
        Command::Revoke { tokens } => work::revoke(open().await?, tokens).await,
        Command::Calls(plan) => calls::measure(url, &plan).await,
        Command::Instructions { calls, most } => instructions::count(calls, most).await,
        Command::Judge { calls } => instructions::judge(url, calls).await,
        Command::Select => calls::select(url).await,
        Command::Bare => calls::serve_bare().await,
        Command::Host { without_last_use } => calls::serve_hosted(url, !without_last_use).await,
        Command::Finality { rounds } => {
            open().await?.close().await;
            finality::measure(url, rounds).await
        }
    }
}
