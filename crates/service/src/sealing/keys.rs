//! The keys that credentials are sealed under.
//!
//! Their file is text: a key a line, the newest first, as its id (16 hexadecimal digits), a space, and the key itself
//! (64). Empty lines and lines that begin with `#` are nothing. The id follows from the key, so that a key that was
//! copied wrong is found out when the file is read.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::ports::{Random, RandomUnavailable};

/// What an id is made of, before the key.
const ID: &[u8] = b"latchkey secret key id 1";

/// Names a key, without telling it: the first 8 bytes of a SHA-256 over it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bytes, as the database holds them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// One key. It has no `Debug` and no `Clone`, and is wiped when dropped.
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub fn draw(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let digest: [u8; 32] = Sha256::new().chain_update(ID).chain_update(self.0.as_slice()).finalize().into();
        let mut id = [0; 8];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        KeyId(id)
    }

    /// Its line in the file, without an end.
    #[must_use]
    pub fn to_line(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(hex::encode(self.0.as_slice()));
        Zeroizing::new(format!("{} {}", self.id(), key.as_str()))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn parse(line: &str) -> Result<Self, &'static str> {
        let (id, key) = line.split_once(' ').ok_or("it is not an id, a space and a key")?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(key.trim(), bytes.as_mut_slice()).map_err(|_| "the key is not 64 hexadecimal digits")?;
        let key = Self(bytes);
        if key.id().to_string() == id { Ok(key) } else { Err("the key is not the one of this id: it was copied wrong") }
    }
}

/// Why a file of keys is refused. It says nothing of any key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct KeyFileProblem {
    /// The line, counted from 1; 0 where it is about the whole.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// Keys, the newest first, of which there is at least one.
pub struct SecretKeys(Vec<SecretKey>);

impl SecretKeys {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, KeyFileProblem> {
        let mut keys: Vec<SecretKey> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let problem = |reason| KeyFileProblem { line: index + 1, reason };
            let key = SecretKey::parse(line).map_err(problem)?;
            if keys.iter().any(|other| other.id() == key.id()) {
                return Err(problem("the key stands there twice"));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeyFileProblem { line: 0, reason: "there is no key in it" });
        }
        Ok(Self(keys))
    }

    /// One key alone.
    #[must_use]
    pub fn of(key: SecretKey) -> Self {
        Self(vec![key])
    }

    /// The ids, that of the newest key first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.0.iter().map(SecretKey::id)
    }

    /// The key with this id.
    pub(super) fn get(&self, id: KeyId) -> Option<&SecretKey> {
        self.0.iter().find(|key| key.id() == id)
    }

    /// The key that is sealed under.
    pub(super) fn newest(&self) -> Option<&SecretKey> {
        self.0.first()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> SecretKey {
        SecretKey(Zeroizing::new([byte; 32]))
    }

    fn problem(text: &str) -> (usize, &'static str) {
        let Err(problem) = SecretKeys::parse(text) else { panic!("it was taken") };
        (problem.line, problem.reason)
    }

    #[test]
    fn what_is_written_is_read() {
        let text = format!("# newest first\n\n{}\n  {}\n", key(2).to_line().as_str(), key(1).to_line().as_str());
        let keys = SecretKeys::parse(&text).ok().unwrap();
        assert_eq!(keys.ids().collect::<Vec<_>>(), [key(2).id(), key(1).id()]);
        assert_eq!(keys.newest().unwrap().id(), key(2).id());
        assert_eq!(keys.get(key(1).id()).unwrap().bytes(), &[1; 32]);
        assert!(keys.get(key(3).id()).is_none());
    }

    #[test]
    fn a_key_that_was_copied_wrong_is_found_out() {
        let line = key(1).to_line();
        assert_eq!(problem(""), (0, "there is no key in it"));
        assert_eq!(problem("# nothing\n"), (0, "there is no key in it"));
        assert_eq!(problem("\n0123"), (2, "it is not an id, a space and a key"));
        assert_eq!(problem(&line[..line.len() - 1]).1, "the key is not 64 hexadecimal digits");
        let wrong = format!("{}0", &line[..line.len() - 1]);
        assert!(problem(&wrong).1.contains("copied wrong"));
        assert_eq!(problem(&format!("{}\n{}", line.as_str(), line.as_str())).1, "the key stands there twice");
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            let _ = SecretKeys::parse(&text);
        }
    }
}
