//! The file that holds the key of the audit log's chain.
//!
//! It stands outside the database, so that whoever can write to that cannot make the chain anew. `serve` makes it at
//! the first start. Where a chain was begun and its key is not here, no new one is made: the server goes on, says so,
//! and leaves the log's entries waiting for a server that has the key.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_service::ports::AuditStore as _;
use latchkey_service::{AuditKey, Service, SystemRandom};
use latchkey_store::SqlStore;
use zeroize::Zeroizing;

use super::failure::{Broken as _, Exit, Failed};

/// The file's name, where none is given.
const NAME: &str = "latchkey.audit-key";

/// Beside the SQLite file; with PostgreSQL in the working directory.
pub(super) fn default_file(database_url: &str) -> PathBuf {
    latchkey_store::sqlite_file(database_url).map_or_else(|| PathBuf::from(NAME), |file| file.with_file_name(NAME))
}

/// The key in a file.
///
/// # Errors
/// Where there is none, or it cannot be read.
pub(super) fn read(file: &Path) -> Result<AuditKey, Failed> {
    match find(file)? {
        Some(key) => Ok(key),
        None => Err(missing(file)),
    }
}

fn missing(file: &Path) -> Failed {
    // In full: where it is looked for is the question.
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let file = file.display();
    Failed::new(Exit::Broken, format!("there is no audit key {file}; name it with --audit-key-file"))
}

fn find(file: &Path) -> Result<Option<AuditKey>, Failed> {
    match fs::read_to_string(file) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            let key = AuditKey::parse(&text).ok_or(());
            key.map(Some).broken(|()| format!("the audit key {} is not 64 hexadecimal digits", file.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).broken(|error| format!("the audit key {} cannot be read: {error}", file.display())),
    }
}

/// Gives the service its key, making one where there is neither a key nor a chain yet.
pub(super) async fn with_key(service: Arc<Service>, store: &SqlStore, file: &Path) -> Result<Arc<Service>, Failed> {
    let chain = store.audit_chain().await.broken(|error| error.to_string())?;
    let key = match (find(file)?, &chain) {
        (Some(key), _) => key,
        (None, None) => make(file)?,
        (None, Some(_)) => {
            tracing::error!(file = %file.display(), "the audit log's key is not here: its entries are not sequenced");
            return Ok(service);
        }
    };
    if chain.is_some_and(|chain| chain.key_check != key.check()) {
        tracing::error!(file = %file.display(), "the audit log's chain was begun with another key than this file's");
    }
    let service = Arc::into_inner(service).ok_or_else(|| Failed::new(Exit::Broken, "the service is in use already"))?;
    Ok(Arc::new(service.with_audit_key(key)))
}

/// Makes the file, for its owner's eyes only. Written under another name first and then linked to its own, it is
/// never half there; of two that do so at once the second reads what the first one made.
fn make(file: &Path) -> Result<AuditKey, Failed> {
    let key = AuditKey::draw(&SystemRandom).broken(|error| error.to_string())?;
    let mut draft = file.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let made = write(&draft, &key).and_then(|()| fs::hard_link(&draft, file));
    // What is left of the draft is of no use to anybody, whether or not it can be removed.
    let _ = fs::remove_file(&draft);
    match made {
        Ok(()) => {
            tracing::info!(file = %file.display(), "the audit log's key was made; keep a copy of it in a safe place");
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(file),
        Err(error) => Err(error).broken(|error| format!("the audit key {} cannot be made: {error}", file.display())),
    }
}

fn write(file: &Path, key: &AuditKey) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(key.to_text().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
