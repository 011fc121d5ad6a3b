//! One server at a time serves from an SQLite file.
//!
//! A server waits for no other when it answers a change: on a file, only commands wait until a server has seen theirs.
//! A second server would let a revoked token in for a moment. So whoever serves holds a lock on a file beside the
//! database, which the system lets go of when the process ends, whichever way. PostgreSQL is for several.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use latchkey_store::sqlite_file;

use super::failure::{Exit, Failed};

/// What a server holds as long as it serves; nothing where several may serve.
pub(super) struct Claim(#[expect(dead_code, reason = "it is held, and that is all")] Option<File>);

/// The file that a path leads to, by whatever links: a database has one lock, however it is named.
fn itself(database: PathBuf) -> PathBuf {
    let of_its_folder = || {
        // Before the first start there is only the folder.
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(fs::canonicalize(folder).ok()?.join(database.file_name()?))
    };
    fs::canonicalize(&database).ok().or_else(of_its_folder).unwrap_or(database)
}

/// Claims the file for this server.
pub(super) fn claim(database_url: &str) -> Result<Claim, Failed> {
    let Some(database) = sqlite_file(database_url).map(itself) else { return Ok(Claim(None)) };
    let mut name = database.clone().into_os_string();
    name.push("-serving");
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&name);
    let file = match opened {
        Ok(file) => file,
        // It is there, and may be held.
        Err(error) if Path::new(&name).exists() => {
            let line = format!("whether another server serves from {} cannot be told: {error}", database.display());
            return Err(Failed::new(Exit::Broken, line));
        }
        // Where that cannot be, neither can the database, and whoever opens it says why.
        Err(_) => return Ok(Claim(None)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Claim(Some(file))),
        Err(TryLockError::WouldBlock) => Err(Failed::new(
            Exit::Broken,
            format!("another server serves from {}; several can from one PostgreSQL database", database.display()),
        )),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(cause = %error, "whether another server serves from the same file cannot be told");
            Ok(Claim(None))
        }
    }
}
