//! What the index of live tokens costs at the start, and in memory.

use std::path::Path;
use std::time::Instant;

use sqlx::{AnyConnection, Connection as _, Row as _};

use super::contestant::{self, Contestant};
use super::{Presented, tell};
use crate::Outcome;

/// A server that has started over the database, and how that went.
pub(super) struct Started {
    pub(super) latchkey: Contestant,
    /// How many live tokens it has in memory.
    pub(super) live: u64,
    first_verify: f64,
    complete: f64,
    select: f64,
    bytes_each: f64,
}

/// Starts it, beside one over an empty database.
pub(super) fn measure(directory: &Path, url: &str, latchkey: &Path, presented: &[Presented]) -> Outcome<Started> {
    // The first time is for the system's cache of the file.
    selected(url)?;
    let (select, live) = selected(url)?;
    let empty_url = format!("sqlite://{}", directory.join("empty.db").display());
    let empty = serve(latchkey, &empty_url, &directory.join("empty.log"))?;
    let nothing = empty.memory()?;
    drop(empty);

    let server = serve(latchkey, url, &directory.join("latchkey.log"))?;
    let listening = Instant::now();
    let token = presented.last().ok_or("no token to present")?;
    let answer = server.ask(&format!(
        "GET /api/v1/token HTTP/1.1\r\nhost: bench\r\nconnection: close\r\nauthorization: {}\r\n\r\n",
        token.basic()
    ))?;
    if !answer.starts_with("HTTP/1.1 200") {
        return Err(format!("the first call was refused: {answer}").into());
    }
    let first_verify = listening.elapsed().as_secs_f64();
    let tokens = count(live);
    server.wait_for_index(tokens)?;
    let complete = listening.elapsed().as_secs_f64();
    let bytes_each = (server.memory()? - nothing) / tokens;
    Ok(Started { latchkey: server, live, first_verify, complete, select, bytes_each })
}

fn serve(latchkey: &Path, url: &str, log: &Path) -> Outcome<Contestant> {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1", "--database-url", url];
    Contestant::start(latchkey, &arguments, log)
}

/// How long it takes to read the same rows, on the core on which the server reads them, and how many there are.
fn selected(url: &str) -> Outcome<(f64, u64)> {
    let mut command = contestant::pinned(&std::env::current_exe()?);
    let output = command.args(["--database-url", url, "select"]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let figures = text.trim().split_once(' ').ok_or_else(|| format!("no figures of a SELECT: {text}"))?;
    Ok((figures.0.parse()?, figures.1.parse()?))
}

/// Reads what the index is made of, and prints how many seconds that took, and how many secrets there are.
pub(crate) async fn select(url: &str) -> Outcome<()> {
    use futures_util::TryStreamExt as _;

    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await?;
    let begun = Instant::now();
    let mut rows = sqlx::query(
        "SELECT token_secret.hash, token_secret.not_after, token.sid, token.owner, token.scopes, token.created_at, \
         token.expires_at, token.rate_limit FROM token_secret JOIN token ON token.sid = token_secret.sid \
         WHERE token.revoked_at IS NULL",
    )
    .fetch(&mut connection);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let hash: &[u8] = row.try_get("hash")?;
        count += u64::from(hash.len() == 32);
    }
    drop(rows);
    let took = begun.elapsed().as_secs_f64();
    connection.close().await?;
    println!("{took} {count}");
    Ok(())
}

impl Started {
    /// How many live tokens there are.
    pub(super) fn tokens(&self) -> f64 {
        count(self.live)
    }

    /// Prints the lines of the table.
    pub(super) fn tell(&self) {
        tell(
            &format!("index complete, {} live tokens", self.live),
            "a SELECT of the same rows",
            &[self.complete / self.select],
            &format!(
                "{:.2} s, {:.2} s; first call answered {:.0} ms after listening",
                self.complete,
                self.select,
                self.first_verify * 1e3
            ),
        );
        println!("| memory for each live token | a server without any | | {:.0} bytes |", self.bytes_each);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
fn count(tokens: u64) -> f64 {
    tokens as f64
}
