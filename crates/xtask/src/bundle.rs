//! The finished web assets: named by their content, compressed, and published in one move.
//!
//! `target/site` holds `manifest.txt` (the bundle's hash, then one file name a line) and `pkg/<hash>/`, the files
//! with their `.br` and `.gz` siblings wherever those are smaller. The manifest is written last, so that a reader
//! finds either the old bundle or the new one, whole. A bundle that is already there is not touched: the server
//! is built around these files, and would be built again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::budget::Size;
use crate::fingerprint::{self, Fingerprint};

/// How many hexadecimal digits of the digest name a bundle: enough to never meet another, short enough for a URL.
const HASH_DIGITS: usize = 16;

/// The files of a bundle by name. `/` separates directories.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What [`publish`] left in the site directory.
#[derive(Debug)]
pub(crate) struct Published {
    /// The name of the bundle's directory.
    pub(crate) hash: String,
    /// Whether the bundle is another than before.
    pub(crate) changed: bool,
    /// How large each file is.
    pub(crate) sizes: Vec<Size>,
}

/// Makes `files` the bundle of the directory `site`.
pub(crate) fn publish(site: &Path, files: &Files) -> Result<Published> {
    let hash = content_hash(files);
    let packages = site.join("pkg");
    let directory = packages.join(&hash);
    let manifest_path = site.join("manifest.txt");
    let manifest = manifest(&hash, files);
    let is_published = |path: &Path| fs::read_to_string(path).is_ok_and(|published| published == manifest);

    if !directory.is_dir() {
        let partial = packages.join(format!("{hash}.partial"));
        remove_directory(&partial)?;
        for (name, content) in files {
            write_with_siblings(&partial.join(name), content)?;
        }
        rename(&partial, &directory)?;
    }
    let changed = !is_published(&manifest_path);
    if changed {
        let partial = site.join("manifest.txt.partial");
        write(&partial, manifest.as_bytes())?;
        rename(&partial, &manifest_path)?;
        remove_all_but(&packages, &hash)?;
    }
    let sizes = files.keys().map(|name| size_of(&directory, name)).collect::<Result<_>>()?;
    Ok(Published { hash, changed, sizes })
}

/// The name that follows from the names and contents of `files`, and from nothing else.
fn content_hash(files: &Files) -> String {
    let mut fingerprint = Fingerprint::default();
    for (name, content) in files {
        fingerprint.part(name, content);
    }
    fingerprint.hex().chars().take(HASH_DIGITS).collect()
}

/// The hash, then the names, one a line.
fn manifest(hash: &str, files: &Files) -> String {
    let mut lines = format!("{hash}\n");
    for name in files.keys() {
        lines.push_str(name);
        lines.push('\n');
    }
    lines
}

/// Writes a file, and its compressed forms where they are worth their while.
fn write_with_siblings(path: &Path, content: &[u8]) -> Result<()> {
    write(path, content)?;
    for (extension, compressed) in [("br", brotli(content)?), ("gz", gzip(content)?)] {
        if compressed.len() < content.len() {
            write(&sibling(path, extension), &compressed)?;
        }
    }
    Ok(())
}

/// Brotli at its best and slowest: this happens once, downloads happen daily.
fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams { quality: 11, size_hint: content.len(), ..BrotliEncoderParams::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters).context("brotli fails")?;
    Ok(compressed)
}

/// Gzip without name and time, so that equal contents give equal files.
fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).and_then(|()| encoder.finish()).context("gzip fails")
}

fn size_of(directory: &Path, name: &str) -> Result<Size> {
    let path = directory.join(name);
    let length = |path: &Path| fs::metadata(path).map(|metadata| metadata.len());
    let plain = length(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let brotli = length(&sibling(&path, "br")).unwrap_or(plain);
    Ok(Size { name: name.to_owned(), plain, brotli })
}

/// `path` with one more extension.
fn sibling(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    }
    fs::write(path, content).with_context(|| format!("{} cannot be written", path.display()))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("{} cannot be moved into place", to.display()))
}

fn remove_directory(path: &Path) -> Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path).with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    Ok(())
}

/// Removes every bundle but the current one.
fn remove_all_but(packages: &Path, hash: &str) -> Result<()> {
    let entries = fs::read_dir(packages).with_context(|| format!("{} cannot be listed", packages.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("{} cannot be listed", packages.display()))?;
        if entry.file_name() != hash {
            remove_directory(&entry.path())?;
        }
    }
    Ok(())
}

/// Every file below `directory`, read.
pub(crate) fn read_files(directory: &Path) -> Result<Files> {
    fingerprint::files_below(directory)?
        .into_iter()
        .map(|name| fingerprint::read(&directory.join(&name)).map(|content| (name, content)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> Files {
        pairs.iter().map(|(name, content)| ((*name).to_owned(), content.as_bytes().to_vec())).collect()
    }

    #[test]
    fn the_hash_follows_names_and_contents_only() {
        let original = content_hash(&files(&[("a.js", "1"), ("b.css", "2")]));
        assert_eq!(original.len(), HASH_DIGITS);
        assert_eq!(original, content_hash(&files(&[("b.css", "2"), ("a.js", "1")])));
        assert_ne!(original, content_hash(&files(&[("a.js", "1"), ("b.css", "3")])));
        assert_ne!(original, content_hash(&files(&[("a.js", "1"), ("c.css", "2")])));
    }

    #[test]
    fn a_bundle_is_published_with_its_compressed_forms() {
        let site = tempfile::tempdir().expect("a directory");
        let text = "body { color: CanvasText }\n".repeat(50);
        let published = publish(site.path(), &files(&[("tiny.js", ";"), ("snippets/x.css", &text)])).expect("a bundle");
        let directory = site.path().join("pkg").join(&published.hash);
        assert!(published.changed);
        assert_eq!(fs::read_to_string(directory.join("snippets/x.css")).expect("the file"), text);
        assert!(directory.join("snippets/x.css.br").is_file() && directory.join("snippets/x.css.gz").is_file());
        assert!(!directory.join("tiny.js.br").exists() && !directory.join("tiny.js.gz").exists());
        let manifest = fs::read_to_string(site.path().join("manifest.txt")).expect("a manifest");
        assert_eq!(manifest, format!("{}\nsnippets/x.css\ntiny.js\n", published.hash));
        let [style, script] = published.sizes.as_slice() else { panic!("two files, not {:?}", published.sizes) };
        assert!(style.brotli < style.plain);
        assert_eq!((script.plain, script.brotli), (1, 1));
    }

    #[test]
    fn an_unchanged_bundle_is_left_alone_and_a_changed_one_replaces_it() {
        let site = tempfile::tempdir().expect("a directory");
        let first = publish(site.path(), &files(&[("a.js", "1")])).expect("a bundle");
        let manifest_path = site.path().join("manifest.txt");
        let written = fs::metadata(&manifest_path).and_then(|metadata| metadata.modified()).expect("a time");

        let again = publish(site.path(), &files(&[("a.js", "1")])).expect("the same bundle");
        assert!(!again.changed);
        assert_eq!(fs::metadata(&manifest_path).and_then(|metadata| metadata.modified()).expect("a time"), written);

        let second = publish(site.path(), &files(&[("a.js", "2")])).expect("another bundle");
        assert!(second.changed && second.hash != first.hash);
        assert!(!site.path().join("pkg").join(&first.hash).exists());
        assert!(site.path().join("pkg").join(&second.hash).join("a.js").is_file());
    }

    #[test]
    fn compressed_forms_unpack_to_the_original() {
        use std::io::Read as _;

        let text = "Personal Access Tokens\n".repeat(40).into_bytes();
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut brotli(&text).expect("brotli").as_slice(), &mut unpacked).expect("brotli");
        assert_eq!(unpacked, text);
        unpacked.clear();
        let gzipped = gzip(&text).expect("gzip");
        flate2::read::GzDecoder::new(gzipped.as_slice()).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, text);
    }
}
