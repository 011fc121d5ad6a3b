//! Node.js and the npm packages of `end2end`: the browser tests, and the tools that only npm has.
//!
//! Programs of those packages are started as files under Node rather than through `npx`, which may ask questions or
//! reach for the network when something is missing.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

/// A program from an npm package, as a file below `node_modules`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Program {
    /// Shrinks WebAssembly.
    WasmOpt,
    /// Formats TypeScript and JSON.
    Prettier,
    /// Checks TypeScript.
    TypeScript,
    /// Drives browsers.
    Playwright,
}

impl Program {
    fn file(self) -> &'static str {
        match self {
            Self::WasmOpt => "binaryen/bin/wasm-opt",
            Self::Prettier => "prettier/bin/prettier.cjs",
            Self::TypeScript => "typescript/bin/tsc",
            Self::Playwright => "@playwright/test/cli.js",
        }
    }
}

/// Whether there is a Node.js to speak of.
pub(crate) fn is_available() -> bool {
    process::find("node").is_some() && (process::find("npm").is_some() || cfg!(windows))
}

/// Installs what `package-lock.json` names, unless that is what is installed.
pub(crate) fn install_packages(workspace: &Workspace) -> Result<()> {
    let directory = workspace.end2end();
    let wanted = modified(&directory.join("package-lock.json"))?;
    let installed = modified(&directory.join("node_modules/.package-lock.json")).ok();
    if installed.is_some_and(|installed| installed >= wanted) {
        return Ok(());
    }
    eprintln!("installing the npm packages of end2end");
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    process::run(Command::new(npm).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(directory))
        .context("the npm packages of end2end cannot be installed")
}

/// A command that runs `program` in `end2end`.
pub(crate) fn command(workspace: &Workspace, program: Program) -> Command {
    let directory = workspace.end2end();
    let mut command = Command::new("node");
    command.arg(directory.join("node_modules").join(program.file())).current_dir(directory);
    command
}

/// Where the installed Playwright expects the browser that it would download.
pub(crate) fn playwright_browser(workspace: &Workspace) -> Option<String> {
    let script = "process.stdout.write(require('@playwright/test').chromium.executablePath())";
    process::output(Command::new("node").args(["-e", script]).current_dir(workspace.end2end()))
        .ok()
        .filter(|path| Path::new(path).is_file())
}

/// The browser named by the environment, or the first Chrome or Chromium of this machine.
pub(crate) fn system_browser() -> Option<String> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let applications = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ];
    env::var("LATCHKEY_CHROMIUM").ok().or_else(|| {
        let on_path = names.into_iter().filter_map(process::find).map(|path| path.display().to_string());
        let installed = applications.into_iter().filter(|path| Path::new(path).is_file()).map(str::to_owned);
        on_path.chain(installed).next()
    })
}

fn modified(path: &Path) -> Result<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .with_context(|| format!("{} cannot be read", path.display()))
}
