//! Running other programs, and saying clearly how they failed.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;

/// Cargo, at the workspace's root, with an environment like the one of a person's shell.
///
/// `cargo xtask` describes the xtask package to its child in variables. Build scripts watch some of them (ring's does),
/// so handing them on would rebuild half the workspace at every change between `cargo build` and `cargo xtask build`.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    forget_this_package(&mut command);
    command.current_dir(workspace.root());
    command
}

/// Removes what Cargo told this program about its own package from `command`'s environment.
pub(crate) fn forget_this_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let about_a_package = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_", "OUT_DIR"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        });
        if about_a_package {
            command.env_remove(name);
        }
    }
}

/// Runs `command`, its output going where ours goes; anything but success is an error that names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("`{}` could not be started", shown(command)))?;
    if status.success() { Ok(()) } else { bail!("`{}` failed ({status})", shown(command)) }
}

/// Runs `command` and returns its standard output; its standard error is shown only if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("`{}` could not be started", shown(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", shown(command), output.status, complaint.trim())
    }
}

/// Whether `command` succeeds. What it prints is of no interest, nor is why it fails.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Becomes `command`. Returns only if that fails, or where a process cannot become another.
#[cfg(unix)]
pub(crate) fn replace_with(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;

    forget_this_package(&mut command);
    let error = command.exec();
    Err(error).with_context(|| format!("`{}` could not be started", shown(&command)))
}

/// Runs `command` to its end: this system has nothing like `exec`.
#[cfg(not(unix))]
pub(crate) fn replace_with(mut command: Command) -> Result<()> {
    forget_this_package(&mut command);
    run(&mut command)
}

/// The first program called `name` on the search path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let file_name = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(&file_name)).find(|path| path.is_file())
}

/// Whether this process may install system packages without asking anybody.
pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0")
}

/// `command` as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_stem().filter(|_| program.is_absolute()).unwrap_or(program.as_os_str());
    std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/somewhere/deep/bin/cargo");
        command.args(["test", "--workspace"]);
        assert_eq!(shown(&command), "cargo test --workspace");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = run(&mut Command::new("no-such-program-anywhere")).expect_err("nothing to start");
        assert_eq!(error.to_string(), "`no-such-program-anywhere` could not be started");
    }
}
