//! `latchkey rep …`

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use clap::{Args, Subcommand};
use latchkey_domain::view::RepView;
use latchkey_domain::{PlainText, RepId, RepKind, Role};
use latchkey_service::RepForm;
use serde::Serialize;

use super::failure::{Broken as _, Exit, Failed};
use super::output;
use super::rep_standing::{Named, ResetPassword};
use super::setting::Sources;

/// More than any password that is allowed.
const MAX_LINE: u64 = 8 * 1024;

/// Make, list, disable and enable service reps.
#[derive(Debug, Subcommand)]
pub(super) enum Rep {
    /// Make a service rep; a person's password is read from standard input, one line.
    Add(Add),
    /// List every service rep, one JSON object a line.
    List,
    /// Keep a service rep out: their sessions end and their tokens stop when this returns.
    Disable(Named),
    /// Let a service rep in again; those of their tokens that are in time work again.
    Enable(Named),
    /// Print a link by which a person chooses another password, once.
    ResetPassword(ResetPassword),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The address to sign in with, or to name a service by
    #[arg(long, env = "LATCHKEY_EMAIL")]
    email: String,
    /// What they are called
    #[arg(long, env = "LATCHKEY_NAME")]
    name: String,
    /// Let them oversee everybody's tokens and grant every scope
    #[arg(long, env = "LATCHKEY_ADMIN", value_parser = clap::builder::FalseyValueParser::new())]
    admin: bool,
    /// A service, not a person: it owns tokens, cannot sign in, and has two human owners
    #[arg(long, env = "LATCHKEY_SYSTEM", requires = "owner", value_parser = clap::builder::FalseyValueParser::new())]
    system: bool,
    /// The address of a service's owner; give two
    #[arg(long, env = "LATCHKEY_OWNER", value_name = "EMAIL", value_delimiter = ',')]
    owner: Vec<String>,
}

#[derive(Serialize)]
struct Printed<'a> {
    id: RepId,
    email: &'a str,
    name: &'a str,
    role: Role,
    kind: RepKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

impl Rep {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        match self {
            Self::Add(add) => add.run(sources).await,
            Self::List => list(sources).await,
            Self::Disable(named) => named.disable(sources).await,
            Self::Enable(named) => named.enable(sources).await,
            Self::ResetPassword(reset) => reset.run(sources).await,
        }
    }
}

impl Add {
    async fn run(self, sources: &Sources) -> Result<(), Failed> {
        self.check_owners()?;
        let password = if self.system { None } else { Some(read_password()?) };
        let open = sources.open_or_make().await?;
        let missing = format!("an owner is no enabled human service rep: {}", self.owner.join(" or "));
        let form = RepForm {
            email: self.email,
            name: self.name,
            role: if self.admin { Role::Admin } else { Role::Rep },
            password,
            owners: self.owner,
        };
        let added = open.service.add_rep(&form, &open.origin()).await.map_err(|failure| Failed::of(failure, &missing));
        open.store.close().await;
        print(&added?, None)
    }

    fn check_owners(&self) -> Result<(), Failed> {
        let usage = |line: &str| Err(Failed::new(Exit::Usage, line));
        match (self.system, self.owner.as_slice()) {
            (false, []) => Ok(()),
            (false, _) => usage("--owner goes with --system: a person owns their tokens alone"),
            (true, [one, other]) if !one.trim().eq_ignore_ascii_case(other.trim()) => Ok(()),
            (true, _) => usage("--system needs --owner twice, for two different people"),
        }
    }
}

async fn list(sources: &Sources) -> Result<(), Failed> {
    let open = sources.open().await?;
    let reps = open.service.list_reps().await.map_err(|failure| Failed::of(failure, ""));
    open.store.close().await;
    reps?.iter().try_for_each(|rep| print(rep, Some(rep.enabled)))
}

fn print(rep: &RepView, enabled: Option<bool>) -> Result<(), Failed> {
    output::json(&Printed { id: rep.id, email: &rep.email, name: &rep.name, role: rep.role, kind: rep.kind, enabled })
}

/// One line of standard input, without its end.
fn read_password() -> Result<PlainText, Failed> {
    let mut input = io::stdin().lock();
    if io::stdin().is_terminal() {
        output::tell("Password (it shows as you type), then Enter:");
    }
    let mut line = String::with_capacity(256);
    let read = input.by_ref().take(MAX_LINE).read_line(&mut line);
    read.broken(|error| format!("the password cannot be read from standard input: {error}"))?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(PlainText::new(line))
}
