//! Puts the web assets into the binary.
//!
//! `cargo xtask build` leaves them in `target/site`: a manifest, and a directory of files beside their compressed
//! forms. This script writes the table that `src/assets/embedded.rs` includes. Without a manifest the table is empty,
//! so that the server compiles, and its tests and lints run, before any web build. `LATCHKEY_SITE_DIR` names another
//! directory, relative to the workspace; being explicit, it must hold a manifest.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The variable that names another directory.
const SITE_VARIABLE: &str = "LATCHKEY_SITE_DIR";

fn main() -> Result<()> {
    println!("cargo::rerun-if-env-changed={SITE_VARIABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
    let workspace = package.parent().ok_or("the server is not inside a workspace")?;
    let site = match env::var_os(SITE_VARIABLE) {
        Some(directory) => Some(workspace.join(directory)),
        None => find_site(workspace)?,
    };
    let source = match site {
        Some(site) => table(&site)?,
        None => "static BUNDLE: Option<Bundle> = None;\n".to_owned(),
    };
    let output = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(output.join("embedded_assets.rs"), source)?;
    Ok(())
}

/// The workspace's own site directory, if there is a bundle in it.
fn find_site(workspace: &Path) -> Result<Option<PathBuf>> {
    let site = workspace.join("target/site");
    if site.join("manifest.txt").is_file() {
        return Ok(Some(site));
    }
    // Cargo takes a watched file that does not exist for a changed one, and would compile the server anew each time.
    // A directory can be watched before there is anything in it.
    fs::create_dir_all(&site)?;
    println!("cargo::rerun-if-changed={}", site.display());
    Ok(None)
}

/// The Rust source of the bundle in the directory `site`.
fn table(site: &Path) -> Result<String> {
    let manifest_path = site.join("manifest.txt");
    // It is written last, and names everything by its content: no other file need be watched.
    println!("cargo::rerun-if-changed={}", manifest_path.display());
    let manifest = fs::read_to_string(&manifest_path)
        .map_err(|error| format!("{}: {error}; run `cargo xtask build`", manifest_path.display()))?;
    let mut lines = manifest.lines();
    let hash = lines.next().ok_or_else(|| format!("{} is empty", manifest_path.display()))?;
    let directory = site.join("pkg").join(hash);
    let mut source = format!("static BUNDLE: Option<Bundle> = Some(Bundle {{\n    hash: {hash:?},\n    assets: &[\n");
    for name in lines {
        let file = |extension: &str| directory.join(format!("{name}{extension}"));
        writeln!(
            source,
            "        EmbeddedAsset {{ name: {name:?}, content_type: {:?}, plain: {}, brotli: {}, gzip: {} }},",
            content_type(name)?,
            include(&file("")),
            include_if_present(&file(".br")),
            include_if_present(&file(".gz")),
        )?;
    }
    source.push_str("    ],\n});\n");
    Ok(source)
}

/// An expression for the bytes of `path`.
fn include(path: &Path) -> String {
    format!("include_bytes!({:?})", path.display().to_string())
}

/// An expression for the bytes of `path`, or for their absence.
fn include_if_present(path: &Path) -> String {
    if path.is_file() { format!("Some({})", include(path)) } else { "None".to_owned() }
}

/// What to tell browsers that a file is. They are told not to guess, so a file that this list does not know is an
/// error here rather than a silent failure there.
fn content_type(name: &str) -> Result<&'static str> {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    Ok(match extension {
        "css" => "text/css; charset=utf-8",
        "ico" => "image/x-icon",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => return Err(format!("the web asset {name} has no content type: add one to server/build.rs").into()),
    })
}
