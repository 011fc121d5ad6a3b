//! The browser half, from source to `target/site`.
//!
//! Cargo compiles `latchkey-hydrate` to WebAssembly, wasm-bindgen writes the JavaScript that loads it, wasm-opt (from
//! npm, so only where Node.js is) shrinks it by a third. Style sheets and plain files join them in one bundle.
//! The slow parts are skipped when what they start from is what they started from last time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::budget;
use crate::bundle::{self, Files};
use crate::fingerprint::{self, Fingerprint, Stamp};
use crate::node::{self, Program};
use crate::process;
use crate::style;
use crate::wasm_toolchain::{TARGET, WasmToolchain};
use crate::workspace::Workspace;

/// What the bundle's own files are called: `latchkey.js`, `latchkey_bg.wasm`, `latchkey.css`.
const NAME: &str = "latchkey";

/// The profile of the root manifest that is made for small downloads.
const PROFILE: &str = "wasm-release";

/// Everything that the compiled browser half depends on. This program counts: it holds the flags.
const SOURCES: [&str; 7] =
    ["Cargo.toml", "Cargo.lock", ".cargo", "app", "crates/domain", "crates/hydrate", "crates/xtask/src"];

/// What wasm-opt may use. Every browser that runs the page has these; `--all-features` would also emit encodings that
/// current browsers refuse.
const WASM_OPT_FLAGS: [&str; 7] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Whether compiler warnings in the browser half stop the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warnings {
    /// They are shown.
    Allowed,
    /// They stop it, where no lint step would find them.
    Denied,
}

/// Brings `target/site` up to date and prints what it weighs.
pub(crate) fn build(workspace: &Workspace, warnings: Warnings) -> Result<()> {
    let wasm = compile(workspace, warnings)?;
    let optimizer = Optimizer::prepare(workspace);
    let mut files = bind(workspace, &wasm, &optimizer)?;
    if let Some(sheet) = style::join(&workspace.root().join("style"))? {
        add(&mut files, format!("{NAME}.css"), sheet.into_bytes())?;
    }
    for (name, content) in bundle::read_files(&workspace.root().join("app/assets"))? {
        add(&mut files, name, content)?;
    }
    let published = bundle::publish(&workspace.site(), &files)?;
    let state = if published.changed { "new" } else { "unchanged" };
    eprintln!("web assets {} ({state}):\n{}", published.hash, budget::table(&published.sizes));
    if matches!(optimizer, Optimizer::WasmOpt { .. }) {
        budget::check(&published.sizes)?;
    }
    Ok(())
}

/// Compiles the browser half. Returns the WebAssembly as the compiler wrote it.
fn compile(workspace: &Workspace, warnings: Warnings) -> Result<PathBuf> {
    let directory = workspace.wasm_target();
    let wasm = directory.join(TARGET).join(PROFILE).join("latchkey_hydrate.wasm");
    let mut fingerprint = Fingerprint::default();
    for source in SOURCES {
        fingerprint.path(workspace.root(), source)?;
    }
    let sources = fingerprint.hex();
    let clean = format!("{sources} without warnings");
    let stamp = Stamp::at(directory.join("compiled.stamp"));
    let is_current = stamp.holds(&clean) || (warnings == Warnings::Allowed && stamp.holds(&sources));
    if is_current && wasm.is_file() {
        return Ok(wasm);
    }
    stamp.clear()?;
    let toolchain = WasmToolchain::prepare()?;
    eprintln!("compiling the browser half");
    let mut command = toolchain.cargo_build(workspace);
    command.args(["--package", "latchkey-hydrate", "--lib", "--profile", PROFILE]);
    if warnings == Warnings::Denied {
        command.args(toolchain.deny_warnings());
    }
    process::run(&mut command).context("the browser half does not build")?;
    if !wasm.is_file() {
        bail!("Cargo did not write {}", wasm.display());
    }
    stamp.set(if warnings == Warnings::Denied { &clean } else { &sources })?;
    Ok(wasm)
}

/// What shrinks the WebAssembly.
#[derive(Debug)]
enum Optimizer {
    /// Binaryen's program, in the version that this text describes.
    WasmOpt { version: String },
    /// Nothing: it cannot be had here.
    None,
}

impl Optimizer {
    /// Finds wasm-opt. To be without is a warning: the bundle works, and a fresh machine is not stopped.
    fn prepare(workspace: &Workspace) -> Self {
        let found = if node::is_available() {
            node::install_packages(workspace).and_then(|()| {
                let description = fingerprint::read(&workspace.end2end().join("node_modules/binaryen/package.json"))?;
                Ok(String::from_utf8_lossy(&description).into_owned())
            })
        } else {
            Err(anyhow::anyhow!("Node.js is not installed"))
        };
        found.map_or_else(
            |error| {
                eprintln!("warning: going on without wasm-opt, downloads will be a third larger: {error:#}");
                Self::None
            },
            |version| Self::WasmOpt { version },
        )
    }

    /// What stamps remember of the optimizer.
    fn description(&self) -> &str {
        match self {
            Self::WasmOpt { version } => version,
            Self::None => "none",
        }
    }
}

/// Runs wasm-bindgen and the optimizer. Returns the files that they wrote.
fn bind(workspace: &Workspace, wasm: &Path, optimizer: &Optimizer) -> Result<Files> {
    let directory = workspace.wasm_target().join("bound");
    let state = Fingerprint::default()
        .part("wasm", &fingerprint::read(wasm)?)
        .part("optimizer", optimizer.description().as_bytes())
        .path(workspace.root(), "Cargo.lock")?
        .path(workspace.root(), "crates/xtask/src")?
        .hex();
    let stamp = Stamp::at(workspace.wasm_target().join("bound.stamp"));
    if !stamp.holds(&state) {
        stamp.clear()?;
        if directory.is_dir() {
            fs::remove_dir_all(&directory).with_context(|| format!("{} cannot be removed", directory.display()))?;
        }
        eprintln!("binding it to JavaScript");
        let mut bindgen = Bindgen::new();
        bindgen.input_path(wasm).out_name(NAME).typescript(false);
        bindgen.remove_name_section(true).remove_producers_section(true).web(true)?;
        bindgen.generate(&directory).context("wasm-bindgen fails")?;
        if matches!(optimizer, Optimizer::WasmOpt { .. }) {
            optimize(workspace, &directory.join(format!("{NAME}_bg.wasm")))?;
        }
        stamp.set(&state)?;
    }
    bundle::read_files(&directory)
}

/// Shrinks the file in place.
fn optimize(workspace: &Workspace, wasm: &Path) -> Result<()> {
    eprintln!("shrinking it");
    let shrunk = workspace.wasm_target().join("shrunk.wasm");
    let mut command = node::command(workspace, Program::WasmOpt);
    command.args(WASM_OPT_FLAGS).arg(wasm).arg("-o").arg(&shrunk);
    process::run(&mut command).context("wasm-opt fails")?;
    fs::rename(&shrunk, wasm).with_context(|| format!("{} cannot be replaced", wasm.display()))
}

/// Adds a file to the bundle, unless its name is taken.
fn add(files: &mut Files, name: String, content: Vec<u8>) -> Result<()> {
    if files.contains_key(&name) {
        bail!("two web assets are called {name}");
    }
    files.insert(name, content);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_assets_cannot_share_a_name() {
        let mut files = Files::new();
        add(&mut files, "latchkey.js".to_owned(), Vec::new()).expect("a first file");
        let error = add(&mut files, "latchkey.js".to_owned(), Vec::new()).expect_err("a second one");
        assert_eq!(error.to_string(), "two web assets are called latchkey.js");
    }
}
