//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The paths of this checkout.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the workspace that this program belongs to.
    ///
    /// Cargo names the package's directory when it runs the program; a binary that is started by hand falls back on
    /// the directory it was compiled in.
    pub(crate) fn locate() -> Result<Self> {
        let package =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package
            .ancestors()
            .nth(2)
            .with_context(|| format!("{} is not two levels below the workspace", package.display()))?
            .to_path_buf();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |directory| root.join(directory));
        Ok(Self { root, target })
    }

    /// The workspace's directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where Cargo builds for this machine.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where Cargo builds for the browser: apart, so that neither compiler ever finds the other's output stale.
    pub(crate) fn wasm_target(&self) -> PathBuf {
        self.target.join("wasm")
    }

    /// The finished web assets. The server's build script reads them here, wherever Cargo's own output goes.
    pub(crate) fn site(&self) -> PathBuf {
        self.root.join("target/site")
    }

    /// The npm package of the browser tests.
    pub(crate) fn end2end(&self) -> PathBuf {
        self.root.join("end2end")
    }

    /// The server, once it is built.
    pub(crate) fn server_binary(&self, release: bool) -> PathBuf {
        let profile = if release { "release" } else { "debug" };
        self.target.join(profile).join(format!("latchkey{}", env::consts::EXE_SUFFIX))
    }
}
