//! `latchkey secrets`

use std::path::Path;

use clap::Subcommand;
use latchkey_service::{KeyId, Rotation};
use serde::Serialize;

use super::failure::{Exit, Failed};
use super::setting::Sources;
use super::{output, secret_keys};

#[derive(Debug, Subcommand)]
pub(super) enum Secrets {
    /// Add a key to the file of --secret-key-file, before all others; makes the file where there is none.
    NewKey,
    /// Seal every vendor's credential anew under the newest key. It can be stopped and run again.
    Rotate,
}

#[derive(Serialize)]
struct Added {
    key: String,
    keys: usize,
    file: String,
}

#[derive(Serialize)]
struct Rotated {
    resealed: u64,
    key: String,
    unneeded: Vec<String>,
}

impl Secrets {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let file = sources.secret_key_file().ok_or_else(|| {
            Failed::new(Exit::Usage, "name the file of the keys with --secret-key-file (--help says more)")
        })?;
        match self {
            Self::NewKey => new_key(file),
            Self::Rotate => rotate(sources, file).await,
        }
    }
}

fn new_key(file: &Path) -> Result<(), Failed> {
    let (key, keys) = secret_keys::add(file)?;
    output::tell(
        "Keep a copy of the file in a safe place, restart every server with it, then run latchkey secrets rotate.",
    );
    output::json(&Added { key: key.to_string(), keys, file: file.display().to_string() })
}

async fn rotate(sources: &Sources, file: &Path) -> Result<(), Failed> {
    let keys = secret_keys::read(file)?;
    let mut open = sources.open().await?;
    open.service = secret_keys::with_keys(open.service, Some(keys), Some(file)).await?;
    let rotated = open.service.rotate_secrets(&open.origin()).await;
    open.store.close().await;
    let Rotation { resealed, newest, unneeded } = rotated.map_err(|failure| Failed::of(failure, ""))?;
    let unneeded: Vec<String> = unneeded.iter().map(KeyId::to_string).collect();
    if !unneeded.is_empty() {
        output::tell(&format!(
            "Nothing in this database is sealed under {} any more. Backups from before may be: keep those keys as long.",
            unneeded.join(", ")
        ));
    }
    output::json(&Rotated { resealed, key: newest.to_string(), unneeded })
}
