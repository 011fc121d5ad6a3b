//! `latchkey restore`
//!
//! A backup knows nothing of what was taken back after it: tokens that were revoked would open again, people who were
//! disabled would be let in. So it is asked which it is to be, and without an answer nothing is done. What is
//! replaced is written to a file first.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use latchkey_store::{Archive, Happened, Since};
use serde::Serialize;

use super::copy::failed;
use super::failure::{Broken as _, Exit, Failed};
use super::output;
use super::setting::{Open, Sources};

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The file that `backup` or `export` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Keep revoked what was revoked since the backup, as the database knows it that is replaced
    #[arg(long, env = "LATCHKEY_REVOKE_SINCE", value_parser = clap::builder::FalseyValueParser::new())]
    revoke_since: bool,
    /// Let tokens that were revoked since the backup open again, and people in who were disabled since
    #[arg(
        long,
        env = "LATCHKEY_REVIVE_REVOKED",
        conflicts_with = "revoke_since",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    revive_revoked: bool,
    /// Where to write what is replaced; without it, beside the backup
    #[arg(long, value_name = "FILE", env = "LATCHKEY_REPLACED_TO")]
    replaced_to: Option<PathBuf>,
}

#[derive(Serialize)]
struct Restored<'a> {
    file: &'a Path,
    taken_at: String,
    rows: u64,
    kept_revoked: u64,
    kept_disabled: u64,
    /// Live tokens that are not in the backup; none said where the database had been lost.
    lost_tokens: Option<u64>,
    replaced: Option<&'a Path>,
}

impl Restore {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        // All of it is read before a database is touched.
        let mut archive = Archive::open(&self.file).map_err(failed)?;
        let taken_at = archive.taken_at();
        let open = sources.open_or_make().await?;
        let is_unused = open.store.is_unused().await.broken(|error| error.to_string())?;
        let since = self.since(&archive, &open, is_unused).await?;
        let copy = (!is_unused).then(|| self.copy());
        let entry = open.service.restore_entry(taken_at, &open.origin()).await;
        let entry = entry.map_err(|failure| Failed::of(failure, ""))?;
        let restored = open.store.restore(&mut archive, since, copy.as_deref(), entry).await.map_err(failed)?;
        // Running servers follow before anybody is told.
        let restored = open.service.settle(restored).await;
        open.store.close().await;
        output::tell("Everybody signs in anew. Links to choose a password by are to be made anew.");
        output::json(&Restored {
            file: &self.file,
            taken_at: taken_at.to_rfc3339(),
            rows: restored.rows,
            kept_revoked: restored.kept.tokens,
            kept_disabled: restored.kept.reps,
            lost_tokens: restored.lost,
            replaced: copy.as_deref(),
        })
    }

    /// What becomes of what was taken back since: by the flags, or by what is answered.
    async fn since(&self, archive: &Archive, open: &Open, is_unused: bool) -> Result<Since, Failed> {
        if self.revoke_since {
            return Ok(Since::Revoke);
        }
        if self.revive_revoked {
            return Ok(Since::Revive);
        }
        let taken_at = archive.taken_at().to_rfc3339();
        if is_unused {
            let line = format!(
                "nothing was done: the backup is of {taken_at}, and this database is empty: nobody can tell what was \
                 revoked since then. With --revive-revoked it is taken as it is; revoke again what you know of"
            );
            return Err(Failed::new(Exit::Unconfirmed, line));
        }
        let found = open.store.happened_since(archive).await.broken(|error| error.to_string())?;
        let found = in_words(found);
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            let line = format!(
                "nothing was done: the backup is of {taken_at}, and since then {found}; say what becomes of what was \
                 revoked and disabled, --revoke-since or --revive-revoked"
            );
            return Err(Failed::new(Exit::Unconfirmed, line));
        }
        output::tell(&format!("The backup is of {taken_at}. Since then {found}, as far as this database knows."));
        match ask("Write \"revoke\" to keep revoked and disabled what is, \"revive\" to take that back: ").as_deref() {
            Some("revoke") => Ok(Since::Revoke),
            Some("revive") => Ok(Since::Revive),
            _ => Err(Failed::new(Exit::Unconfirmed, "nothing was done: it was not confirmed")),
        }
    }

    /// A file that is not there yet.
    fn copy(&self) -> PathBuf {
        if let Some(file) = &self.replaced_to {
            return file.clone();
        }
        let mut attempt: u32 = 1;
        loop {
            let mut name = self.file.as_os_str().to_owned();
            name.push(".replaced");
            if attempt > 1 {
                name.push(format!("-{attempt}"));
            }
            let path = PathBuf::from(name);
            if !path.exists() {
                return path;
            }
            attempt = attempt.saturating_add(1);
        }
    }
}

fn in_words(Happened { made, taken_back }: Happened) -> String {
    let tokens = |number: u64| if number == 1 { "token was" } else { "tokens were" };
    let (revoked, reps) = (taken_back.tokens, taken_back.reps);
    format!(
        "{made} {} made that will be gone, {revoked} {} revoked and {reps} service {} disabled",
        tokens(made),
        tokens(revoked),
        if reps == 1 { "rep" } else { "reps" }
    )
}

fn ask(question: &str) -> Option<String> {
    let mut stderr = io::stderr().lock();
    // Where the question cannot be shown, no answer comes either.
    let _ = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    drop(stderr);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use latchkey_store::TakenBack;

    use super::*;

    #[test]
    fn what_was_taken_back_is_said() {
        let in_words = |made, tokens, reps| in_words(Happened { made, taken_back: TakenBack { tokens, reps } });
        assert_eq!(
            in_words(0, 1, 0),
            "0 tokens were made that will be gone, 1 token was revoked and 0 service reps disabled"
        );
        assert_eq!(
            in_words(1, 2, 1),
            "1 token was made that will be gone, 2 tokens were revoked and 1 service rep disabled"
        );
    }
}
