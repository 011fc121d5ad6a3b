//! What judging a call costs, over a database of live tokens.
//!
//! Everything is a ratio inside one run: the contestants take turns on the same core, under the same load from the
//! other core, and the medians of the turns' ratios are told. Processor time for each request comes from the kernel's
//! own count, which a neighbour's noise moves far less than requests per second.

mod bare;
mod contestant;
mod hosted;
mod load;
mod start;

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use latchkey_domain::{AccountSid, Catalog, Method, ScopeSet};
use latchkey_service::{DEFAULT_CATALOG, LONGEST_UNWRITTEN, read_catalog};
use sqlx::{AnyConnection, Connection as _, Row as _};

pub(crate) use bare::serve as serve_bare;
pub(crate) use contestant::processor_time;
pub(crate) use hosted::serve as serve_hosted;
pub(crate) use start::select;

use crate::Outcome;
use crate::secrets::secret_of;
use contestant::Contestant;
use load::{Call, Load, Taken};

/// How a measurement of calls is made.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The release build of `latchkey`.
    #[arg(long)]
    latchkey: PathBuf,
    /// How many tokens are presented in turn.
    #[arg(long, default_value_t = 100_000)]
    rotated: usize,
    /// How many turns each contestant gets.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How long a turn is, in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// How many connections the load has.
    #[arg(long, default_value_t = 16)]
    connections: u32,
}

/// Measures, and prints the lines of a table in Markdown.
pub(crate) async fn measure(url: &str, plan: &Plan) -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    measure_in(directory.path(), url, plan).await
}

async fn measure_in(directory: &Path, url: &str, plan: &Plan) -> Outcome<()> {
    let catalog = read_catalog(DEFAULT_CATALOG)?;
    // Some have only scopes that open no route.
    let presented = presented(url, plan.rotated).await?.into_iter();
    let (questions, presented): (Vec<Call>, Vec<Presented>) =
        presented.filter_map(|token| Some((token.question(&catalog)?, token))).unzip();
    let asker = asker(url, &plan.latchkey)?;
    let introspections: Vec<Call> = presented.iter().map(|token| token.introspection(&asker)).collect();
    let load = |calls: &[Call], name: &str| Load::of(calls, directory, name, plan.connections, plan.seconds);
    let (questions, introspections) = (load(&questions, "forward")?, load(&introspections, "introspect")?);

    let this = std::env::current_exe()?;
    let bare = Contestant::start(&this, &["bare"], &directory.join("bare.log"))?;
    let nginx = Contestant::nginx(directory)?;
    let started = start::measure(directory, url, &plan.latchkey, &presented)?;
    let (latchkey, live) = (&started.latchkey, started.live);
    println!("| what | against | ratio: median (least–most) | figures |\n|---|---|---|---|");
    started.tell();

    let mut turns = Vec::new();
    for _ in 0..plan.rounds {
        turns.push(Turn {
            bare: questions.send_to(&bare)?,
            verify: questions.send_to(latchkey)?,
            nginx: questions.send_to(&nginx)?,
            bare_post: introspections.send_to(&bare)?,
            introspect: introspections.send_to(latchkey)?,
        });
    }
    let micros = |of: fn(&Turn) -> Taken| median(turns.iter().map(|turn| of(turn).micros).collect());
    let rates = |of: fn(&Turn) -> Taken| median(turns.iter().map(|turn| of(turn).rate).collect());
    tell(
        &format!("`/auth/forward`, {live} live tokens, {} in turn: CPU per request", presented.len()),
        "a bare axum route with as many headers",
        &turns.iter().map(|turn| turn.verify.micros / turn.bare.micros).collect::<Vec<_>>(),
        &format!("{:.2} µs, {:.2} µs", micros(|turn| turn.verify), micros(|turn| turn.bare)),
    );
    tell(
        "the same: requests per second on one core",
        "nginx `return 200`",
        &turns.iter().map(|turn| turn.verify.rate / turn.nginx.rate).collect::<Vec<_>>(),
        &format!("{:.0}, {:.0} a second", rates(|turn| turn.verify), rates(|turn| turn.nginx)),
    );
    tell(
        "introspection: CPU per request",
        "the bare route",
        &turns.iter().map(|turn| turn.introspect.micros / turn.bare_post.micros).collect::<Vec<_>>(),
        &format!("{:.2} µs, {:.2} µs", micros(|turn| turn.introspect), micros(|turn| turn.bare_post)),
    );
    uses(directory, url, &questions, plan.rounds, &started)?;
    let shares = turns.iter().flat_map(|turn| [turn.bare.share, turn.verify.share, turn.nginx.share]);
    println!("\nLeast share of its core that a contestant had: {:.2}", shares.fold(1.0, f64::min));
    Ok(())
}

/// What noting uses takes, of requests per second: two servers over the same database, of which one notes none.
fn uses(directory: &Path, url: &str, questions: &Load, rounds: usize, started: &start::Started) -> Outcome<()> {
    let this = std::env::current_exe()?;
    let host = |name: &str, arguments: &[&str]| {
        let arguments = [&["--database-url", url, "host"], arguments].concat();
        let host = Contestant::start(&this, &arguments, &directory.join(name))?;
        host.wait_for_index(started.tokens())?;
        Outcome::Ok(host)
    };
    let with = host("with.log", &[])?;
    let without = host("without.log", &["--without-last-use"])?;
    // So long that a writing falls into it.
    let seconds = u32::try_from(LONGEST_UNWRITTEN.as_secs())?;
    let mut ratios = Vec::new();
    let mut rates = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (with, without) = (questions.send_for(seconds, &with)?, questions.send_for(seconds, &without)?);
        ratios.push(with.rate / without.rate);
        rates.0.push(with.rate);
        rates.1.push(without.rate);
    }
    let figures = format!("{:.0}, {:.0} a second", median(rates.0), median(rates.1));
    tell("requests per second, uses noted", "the same, not noted", &ratios, &figures);
    Ok(())
}

/// One round.
struct Turn {
    bare: Taken,
    verify: Taken,
    nginx: Taken,
    bare_post: Taken,
    introspect: Taken,
}

/// Prints a line of the table.
fn tell(what: &str, against: &str, ratios: &[f64], figures: &str) {
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    println!("| {what} | {against} | {:.2} ({least:.2}–{most:.2}) | {figures} |", median(ratios.to_vec()));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A token that is presented.
struct Presented {
    sid: AccountSid,
    scopes: ScopeSet,
}

impl Presented {
    fn pair(&self) -> String {
        format!("{}:{}", self.sid, secret_of(self.sid).expose())
    }

    fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(self.pair()))
    }

    /// What a gateway asks about a call that the token may make; `None` where it may make none.
    fn question(&self, catalog: &Catalog) -> Option<Call> {
        let mut routes = self.scopes.iter().filter_map(|name| catalog.scope(name)).flat_map(|scope| &scope.routes);
        let route = routes.find(|route| route.method != Method::Delete)?;
        let uri = route.path.replace("{id}", "0193584c7be0");
        Some(Call {
            method: "GET",
            path: "/auth/forward".to_owned(),
            headers: vec![
                ("Authorization", self.basic()),
                ("X-Forwarded-Method", route.method.as_str().to_owned()),
                ("X-Forwarded-Uri", uri),
            ],
            body: None,
        })
    }

    /// What a service asks about the token itself.
    fn introspection(&self, asker: &str) -> Call {
        Call {
            method: "POST",
            path: "/oauth2/introspect".to_owned(),
            headers: vec![
                ("Authorization", format!("Bearer {asker}")),
                ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
            ],
            body: Some(format!("token={}", secret_of(self.sid).expose())),
        }
    }
}

/// So many live tokens that were given scopes one by one, and may make a call.
async fn presented(url: &str, count: usize) -> Outcome<Vec<Presented>> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await?;
    let rows = sqlx::query(
        "SELECT sid, scopes FROM token WHERE all_scopes = 0 AND revoked_at IS NULL AND scopes <> 'token-introspect' \
         ORDER BY sid LIMIT $1",
    )
    .bind(i64::try_from(count)?)
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    let read = |row: &sqlx::any::AnyRow| -> Outcome<Presented> {
        let sid: Vec<u8> = row.try_get("sid")?;
        let sid = AccountSid::from_bytes(sid.as_slice().try_into()?);
        let scopes: String = row.try_get("scopes")?;
        Ok(Presented { sid, scopes: scopes.parse().map_err(|error| format!("{error:?}"))? })
    };
    rows.iter().map(read).collect()
}

/// The Auth Token of a service that may introspect.
fn asker(url: &str, latchkey: &Path) -> Outcome<String> {
    let description = format!("introspection {}", std::process::id());
    let output = Command::new(latchkey)
        .args(["token", "add", "--rep", "rep0@example.com", "--expires", "1y", "--scope", "token-introspect"])
        .args(["--description", &description, "--database-url", url])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let token = text.split_once("\"auth_token\":\"").and_then(|(_, rest)| rest.split_once('"'));
    Ok(token
        .map(|(token, _)| token.to_owned())
        .ok_or_else(|| format!("no token to introspect with: {text}{}", String::from_utf8_lossy(&output.stderr)))?)
}
