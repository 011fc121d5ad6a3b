//! The file with the keys that vendors' credentials are sealed under (`--secret-key-file`).
//!
//! It stands outside the database, so that a copy of that tells nobody's credentials. There is none unless an operator
//! makes one; without it no credential can be kept. Nobody but its owner may read it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_service::{KeyId, SecretKey, SecretKeys, Service, SystemRandom};
use zeroize::Zeroizing;

use super::failure::{Broken as _, Exit, Failed};

/// What a new file begins with.
const HEAD: &str = "# Latchkey's keys for vendors' credentials, the newest first. Keep a copy in a safe place: without the key\n\
                    # that a credential is sealed under, nobody can read it again.\n";

/// The keys in a file.
///
/// # Errors
/// Where there is none, it cannot be read, others can read it too, or it is no file of keys.
pub(super) fn read(file: &Path) -> Result<SecretKeys, Failed> {
    let text = text_of(file)?;
    SecretKeys::parse(&text).broken(|problem| format!("the secret keys {}: {problem}", file.display()))
}

/// The service with its keys. It does not start over credentials that are sealed under a key that is not here.
pub(super) async fn with_keys(
    service: Arc<Service>,
    keys: Option<SecretKeys>,
    file: Option<&Path>,
) -> Result<Arc<Service>, Failed> {
    let service = Arc::into_inner(service).ok_or_else(|| Failed::new(Exit::Broken, "the service is in use already"))?;
    let service = match keys {
        Some(keys) => service.with_secret_keys(keys),
        None => service,
    };
    let missing = service.missing_secret_keys().await.map_err(|failure| Failed::of(failure, ""))?;
    match missing.as_slice() {
        [] => Ok(Arc::new(service)),
        missing => Err(Failed::new(Exit::Broken, missing_in_words(missing, file))),
    }
}

fn missing_in_words(missing: &[KeyId], file: Option<&Path>) -> String {
    let ids: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let (keys, are) = if ids.len() == 1 { ("key", "is") } else { ("keys", "are") };
    let place = match file {
        Some(file) => format!("which {are} not in {}", file.display()),
        None => format!("which {are} not here: name the file with --secret-key-file"),
    };
    format!("vendors' credentials in the database are sealed under the {keys} {}, {place}", ids.join(", "))
}

fn text_of(file: &Path) -> Result<Zeroizing<String>, Failed> {
    let broken = |error: io::Error| format!("the secret keys {} cannot be read: {error}", file.display());
    let mut opened = File::open(file).broken(broken)?;
    // Of the opened file, not of its name: what is looked at is what is read.
    let mode = opened.metadata().broken(broken)?.permissions().mode();
    if mode & 0o077 != 0 {
        let line = format!(
            "the secret keys {} can be read by others; allow nobody but their owner (chmod 600)",
            file.display()
        );
        return Err(Failed::new(Exit::Broken, line));
    }
    let mut text = Zeroizing::new(String::new());
    opened.read_to_string(&mut text).broken(broken)?;
    Ok(text)
}

/// Draws a key and puts it before all others, making the file where there is none. Answers the key's id and how many
/// there are now.
///
/// The new text is written beside the file and then takes its name: it is never half there, and of two that do this at
/// once the second is refused.
pub(super) fn add(file: &Path) -> Result<(KeyId, usize), Failed> {
    let broken = |error: io::Error| format!("the secret keys {} cannot be written: {error}", file.display());
    let mut draft = file.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
    let opened = match opened {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let line = format!("{} is there: another command is at work; if none is, remove it", draft.display());
            return Err(Failed::new(Exit::Broken, line));
        }
        opened => opened.broken(broken)?,
    };
    let added = write(opened, file).and_then(|added| {
        fs::rename(&draft, file).broken(broken)?;
        // So that the name lasts as the content does.
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).broken(broken)?;
        Ok(added)
    });
    if added.is_err() {
        // What is left of the draft is of no use to anybody, whether or not it can be removed.
        let _ = fs::remove_file(&draft);
    }
    added
}

fn write(mut draft: File, file: &Path) -> Result<(KeyId, usize), Failed> {
    let broken = |error: io::Error| format!("the secret keys {} cannot be written: {error}", file.display());
    let key = SecretKey::draw(&SystemRandom).broken(|error| error.to_string())?;
    let (text, before) = if file.try_exists().broken(broken)? {
        let text = text_of(file)?;
        let keys =
            SecretKeys::parse(&text).broken(|problem| format!("the secret keys {}: {problem}", file.display()))?;
        let count = keys.ids().count();
        // Comments at the beginning stay there.
        let head = text.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum::<usize>();
        let (head, rest) = text.split_at_checked(head).unwrap_or(("", &text));
        (Zeroizing::new([head, key.to_line().as_str(), "\n", rest].concat()), count)
    } else {
        (Zeroizing::new([HEAD, key.to_line().as_str(), "\n"].concat()), 0)
    };
    draft.write_all(text.as_bytes()).and_then(|()| draft.sync_all()).broken(broken)?;
    Ok((key.id(), before + 1))
}
