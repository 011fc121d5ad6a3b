//! Finding a compiler for the browser half.
//!
//! Usually rustup has the target `wasm32-unknown-unknown` or can fetch it. Where it cannot (no rustup, or a network
//! that reaches packages but not the Rust project's servers), Debian's own compiler for web browsers serves: it comes
//! with the standard library's source, which Cargo then builds along with us. That takes a minute more, once, and
//! makes smaller files, since that standard library is built for size too.
//!
//! Everything else stays with the toolchain that runs this program.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::packages;
use crate::process;
use crate::workspace::Workspace;

/// The target that browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Names the one compiler to use: for tests of this module's choices, and for comparing their sizes.
const CHOICE: &str = "LATCHKEY_WASM_TOOLCHAIN";

/// Debian's compiler, its Cargo, and the source of the standard library.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const DEBIAN_COMPILER: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// A compiler for the browser half, ready to use.
#[derive(Debug)]
pub(crate) enum WasmToolchain {
    /// The toolchain in use has the target.
    Rustup,
    /// Debian's compiler, with this program to link.
    Debian { linker: PathBuf },
}

impl WasmToolchain {
    /// Finds a compiler, installing what it needs where that is allowed.
    pub(crate) fn prepare() -> Result<Self> {
        match env::var(CHOICE).ok().as_deref() {
            Some("rustup") => add_target().map(|()| Self::Rustup),
            Some("debian") => Self::prepare_debian(),
            Some(other) => bail!("{CHOICE} is `{other}`, but can only be `rustup` or `debian`"),
            None if is_target_installed() => Ok(Self::Rustup),
            None => match add_target() {
                Ok(()) => Ok(Self::Rustup),
                Err(rustup) => Self::prepare_debian().map_err(|debian| {
                    debian.context(format!(
                        "no compiler for the browser half. Either `rustup target add {TARGET}` has to work ({rustup:#}), \
                         or Debian's packages {} and lld have to be installed. The latter fails",
                        DEBIAN_PACKAGES.join(", ")
                    ))
                }),
            },
        }
    }

    /// Debian's packages, installed if they are not.
    fn prepare_debian() -> Result<Self> {
        if !has_debian_compiler() {
            packages::install(&DEBIAN_PACKAGES.map(str::to_owned), "a compiler for WebAssembly")?;
        }
        let version = process::output(&mut debian_command(DEBIAN_COMPILER, &["--version", "--verbose"]))?;
        let llvm = llvm_version(&version).context("Debian's rustc does not say which LLVM it has")?;
        Ok(Self::Debian { linker: wasm_linker(llvm)? })
    }

    /// A command that builds with this toolchain; what to build is the caller's to add.
    pub(crate) fn cargo_build(&self, workspace: &Workspace) -> Command {
        let mut command = match self {
            Self::Rustup => process::cargo(workspace),
            Self::Debian { linker } => {
                let mut command = debian_command(DEBIAN_CARGO, &[]);
                process::forget_this_package(&mut command);
                // The unstable options below, on a compiler that calls itself stable.
                command.env("RUSTC_BOOTSTRAP", "1");
                command.env("RUSTC", DEBIAN_COMPILER);
                command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                command.current_dir(workspace.root());
                command
            }
        };
        // Flags meant for this machine's processor stop the other one's compiler.
        for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
            command.env_remove(variable);
        }
        command.args(["build", "--target", TARGET]).arg("--target-dir").arg(workspace.wasm_target());
        if matches!(self, Self::Debian { .. }) {
            // A panic cannot be caught or read in a user's browser: leave its formatting out of the file.
            // This variable replaces the flags in .cargo/config.toml, so those are repeated here.
            command.env("RUSTFLAGS", "-Zunstable-options -Cpanic=immediate-abort --cfg=erase_components");
            command.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"]);
        }
        command
    }

    /// The options that make a warning in our own code an error. None where a lint step of its own can see to it.
    pub(crate) fn deny_warnings(&self) -> Vec<&'static str> {
        match self {
            Self::Rustup => Vec::new(),
            Self::Debian { .. } => {
                let mut options = vec!["--config", "build.warnings=\"deny\""];
                let mut help = debian_command(DEBIAN_CARGO, &["-Z", "help"]);
                help.env("RUSTC_BOOTSTRAP", "1");
                // The setting is stable in some versions, and behind this option before.
                if process::output(&mut help).is_ok_and(|help| help.contains("-Z warnings")) {
                    options.push("-Zwarnings");
                }
                options
            }
        }
    }
}

/// Whether the toolchain in use can compile for browsers as it is.
pub(crate) fn is_target_installed() -> bool {
    process::output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))
        .is_ok_and(|directory| Path::new(directory.trim()).is_dir())
}

fn add_target() -> Result<()> {
    if is_target_installed() {
        return Ok(());
    }
    if process::find("rustup").is_none() {
        bail!("there is no rustup");
    }
    eprintln!("adding the target {TARGET}");
    process::output(Command::new("rustup").args(["target", "add", TARGET])).map(drop)
}

/// A command that belongs to Debian's toolchain, without the library path that rustup sets for its own.
fn debian_command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_remove("LD_LIBRARY_PATH").env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// Whether Debian's compiler is there with the standard library's source.
fn has_debian_compiler() -> bool {
    Path::new(DEBIAN_CARGO).is_file()
        && process::output(&mut debian_command(DEBIAN_COMPILER, &["--print", "sysroot"]))
            .is_ok_and(|sysroot| Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock").is_file())
}

/// The major version of LLVM that `rustc --version --verbose` names.
fn llvm_version(description: &str) -> Option<u32> {
    let version = description.lines().find_map(|line| line.strip_prefix("LLVM version:"))?;
    version.trim().split('.').next()?.parse().ok()
}

/// A linker that understands what a compiler with `llvm` writes: an installed one, or one that apt has.
fn wasm_linker(llvm: u32) -> Result<PathBuf> {
    if let Some(installed) = choose_linker(llvm, installed_linkers()) {
        return Ok(linker_path(installed));
    }
    let packages = packages::available("^lld-[0-9]+$")?;
    let versions = packages.iter().filter_map(|package| package.strip_prefix("lld-")?.parse().ok());
    let version = choose_linker(llvm, versions)
        .with_context(|| format!("no package lld-{llvm} or newer: Debian's rustc needs one to link"))?;
    packages::install(&[format!("lld-{version}")], "a linker for WebAssembly")?;
    Ok(linker_path(version))
}

/// The best of several versions of lld: the compiler's own, else the next newer one. An older one may not understand
/// what the compiler writes.
fn choose_linker(llvm: u32, versions: impl IntoIterator<Item = u32>) -> Option<u32> {
    versions.into_iter().filter(|version| *version >= llvm).min()
}

/// The versions of lld on this machine.
fn installed_linkers() -> Vec<u32> {
    let entries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("llvm-")?.parse().ok())
        .filter(|version| linker_path(*version).is_file())
        .collect()
}

/// Where Debian puts lld's program for WebAssembly. Its name tells rustc how to talk to it.
fn linker_path(version: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/llvm-{version}/bin/wasm-ld"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_llvm_version_is_read_from_rustc() {
        let description = "rustc 1.96.0 (built from a source tarball)\nrelease: 1.96.0\nLLVM version: 22.1.8\n";
        assert_eq!(llvm_version(description), Some(22));
        assert_eq!(llvm_version("rustc 1.96.0\nLLVM version: unknown\n"), None);
        assert_eq!(llvm_version("rustc 1.96.0\n"), None);
    }

    #[test]
    fn the_linker_is_the_compilers_own_or_the_next_newer() {
        assert_eq!(choose_linker(22, [13, 19, 22, 23]), Some(22));
        assert_eq!(choose_linker(20, [24, 14, 22]), Some(22));
        assert_eq!(choose_linker(22, [13, 14, 19]), None);
        assert_eq!(choose_linker(22, []), None);
    }
}
