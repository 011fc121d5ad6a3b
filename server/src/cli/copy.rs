//! `latchkey backup`, `latchkey export`, `latchkey import`
//!
//! A backup and an export are the same file, taken the same way: what they are for differs, and with it what takes
//! them in. `import` moves a database into an empty one of either engine; `restore` puts one back.

use std::path::{Path, PathBuf};

use clap::Args;
use latchkey_store::{Archive, ArchiveError};
use serde::Serialize;

use super::failure::{Exit, Failed};
use super::output;
use super::setting::Sources;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write, which must not be there yet; it holds password hashes, and is readable by its owner only
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write, which must not be there yet; it holds password hashes, and is readable by its owner only
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file that `export` or `backup` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
struct Written<'a> {
    file: &'a Path,
    taken_at: String,
    tables: usize,
    rows: u64,
}

#[derive(Serialize)]
struct Imported<'a> {
    file: &'a Path,
    taken_at: String,
    rows: u64,
}

impl Backup {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        write(&self.file, sources).await
    }
}

impl Export {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        write(&self.file, sources).await
    }
}

async fn write(file: &Path, sources: &Sources) -> Result<(), Failed> {
    if file.exists() {
        return Err(Failed::new(Exit::Broken, format!("the file {} is there already", file.display())));
    }
    let open = sources.open().await?;
    open.service.note_copy(&open.origin()).await.map_err(|failure| Failed::of(failure, ""))?;
    let taken_at = open.service.now();
    let copied = open.store.copy_to(file, taken_at).await.map_err(failed)?;
    open.store.close().await;
    output::json(&Written { file, taken_at: taken_at.to_rfc3339(), tables: copied.tables, rows: copied.rows })
}

impl Import {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        // All of it is read before a database is touched.
        let mut archive = Archive::open(&self.file).map_err(failed)?;
        let taken_at = archive.taken_at();
        let open = sources.open_or_make().await?;
        let entry = open.service.import_entry(taken_at, &open.origin());
        let imported = open.store.import(&mut archive, &entry).await.map_err(failed)?;
        let rows = open.service.settle(imported).await;
        open.store.close().await;
        let taken_at = taken_at.to_rfc3339();
        output::tell(&format!("What was changed after {taken_at} is not in it: tokens revoked since then open again."));
        output::json(&Imported { file: &self.file, taken_at, rows })
    }
}

/// What is wrong with a file is a refusal; what is wrong with the surroundings is not.
pub(super) fn failed(error: ArchiveError) -> Failed {
    let exit = match error {
        ArchiveError::NotACopy { .. }
        | ArchiveError::OtherFormat { .. }
        | ArchiveError::SchemaNewer { .. }
        | ArchiveError::Damaged { .. }
        | ArchiveError::NotLater { .. }
        | ArchiveError::NotEmpty => Exit::Refused,
        ArchiveError::File { .. } | ArchiveError::Schema { .. } => Exit::Broken,
        ArchiveError::Store(error) => return Failed::of(error.into(), ""),
    };
    Failed::new(exit, error.to_string())
}
