//! Telling whether anything changed since the last time.
//!
//! A [`Fingerprint`] is a SHA-256 over names and contents, never over times: a fresh checkout, a copied directory and
//! a touched file all count as unchanged. A [`Stamp`] is a file that remembers one.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// A digest in the making.
#[derive(Debug, Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds one named content. Lengths go in too, so that no two lists of parts run together alike.
    pub(crate) fn part(&mut self, name: &str, content: &[u8]) -> &mut Self {
        for bytes in [name.as_bytes(), content] {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.0.update(length.to_le_bytes());
            self.0.update(bytes);
        }
        self
    }

    /// Adds a file, or every file below a directory; what does not exist counts as an empty directory.
    pub(crate) fn path(&mut self, root: &Path, relative: &str) -> Result<&mut Self> {
        let path = root.join(relative);
        if path.is_file() {
            self.part(relative, &read(&path)?);
        } else {
            for name in files_below(&path)? {
                self.part(&format!("{relative}/{name}"), &read(&path.join(&name))?);
            }
        }
        Ok(self)
    }

    /// The digest so far, in lower-case hexadecimal.
    pub(crate) fn hex(&self) -> String {
        self.0.clone().finalize().iter().fold(String::new(), |mut digits, byte| {
            // Writing to a String cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    }
}

/// The files below `directory`, relative to it, with `/` between components, sorted. None if there is no such directory.
pub(crate) fn files_below(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    collect_files(directory, "", &mut names)?;
    names.sort();
    Ok(names)
}

fn collect_files(directory: &Path, prefix: &str, names: &mut Vec<String>) -> Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.with_context(|| format!("{} cannot be listed", directory.display()))?,
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("{} cannot be listed", directory.display()))?;
        let path = entry.path();
        let file_name = entry.file_name();
        let file_name = file_name.to_str().with_context(|| format!("{} is not a portable name", path.display()))?;
        if path.is_dir() {
            collect_files(&path, &format!("{prefix}{file_name}/"), names)?;
        } else {
            names.push(format!("{prefix}{file_name}"));
        }
    }
    Ok(())
}

/// Whether the last part of `name` ends in `.` and `extension`.
pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

/// The content of `path`, or an error that names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// A file that remembers what something was last made from.
#[derive(Debug)]
pub(crate) struct Stamp(PathBuf);

impl Stamp {
    /// The stamp kept at `path`.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Whether the stamp was last set to `state`.
    pub(crate) fn holds(&self, state: &str) -> bool {
        fs::read_to_string(&self.0).is_ok_and(|remembered| remembered == state)
    }

    /// Forgets, so that work which is interrupted from here on is done again.
    pub(crate) fn clear(&self) -> Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", self.0.display()))
            }
            _ => Ok(()),
        }
    }

    /// Remembers `state`.
    pub(crate) fn set(&self, state: &str) -> Result<()> {
        if let Some(directory) = self.0.parent() {
            fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
        }
        fs::write(&self.0, state).with_context(|| format!("{} cannot be written", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(parts: &[(&str, &str)]) -> String {
        let mut fingerprint = Fingerprint::default();
        for (name, content) in parts {
            fingerprint.part(name, content.as_bytes());
        }
        fingerprint.hex()
    }

    #[test]
    fn equal_parts_give_equal_digests_and_others_do_not() {
        assert_eq!(hex(&[("a", "1"), ("b", "2")]), hex(&[("a", "1"), ("b", "2")]));
        assert_ne!(hex(&[("a", "1")]), hex(&[("a", "2")]));
        assert_ne!(hex(&[("a", "1")]), hex(&[("b", "1")]));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hex(&[("ab", "c")]), hex(&[("a", "bc")]));
        assert_ne!(hex(&[("a", ""), ("b", "")]), hex(&[("a", "b")]));
    }

    #[test]
    fn a_digest_does_not_depend_on_the_program_that_made_it() {
        // SHA-256 of 0x01 and seven zero bytes, `a`, the same eight bytes again, `1`.
        assert_eq!(hex(&[("a", "1")]), "9fe2af4305790bd0709766d7e53ab693ea9925630833d3c465e6b5d7f517c36f");
    }

    #[test]
    fn files_are_found_at_every_depth_in_order() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(directory.path().join("b/c")).expect("directories");
        for name in ["z", "b/y", "b/c/x"] {
            fs::write(directory.path().join(name), name).expect("a file");
        }
        assert_eq!(files_below(directory.path()).expect("a listing"), ["b/c/x", "b/y", "z"]);
        assert!(files_below(&directory.path().join("missing")).expect("an empty listing").is_empty());
    }

    #[test]
    fn a_stamp_remembers_until_it_is_cleared() {
        let directory = tempfile::tempdir().expect("a directory");
        let stamp = Stamp::at(directory.path().join("deep/stamp"));
        assert!(!stamp.holds("one"));
        stamp.set("one").expect("a stamp");
        assert!(stamp.holds("one") && !stamp.holds("two"));
        stamp.clear().expect("no stamp");
        stamp.clear().expect("still no stamp");
        assert!(!stamp.holds("one"));
    }
}
