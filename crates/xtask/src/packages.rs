//! System packages: installed by apt where that is allowed, otherwise named.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// Package lists change seldom enough to be fetched once per run.
static LISTS_ARE_FRESH: AtomicBool = AtomicBool::new(false);

/// Whether [`install`] can do more than name the packages.
pub(crate) fn can_install() -> bool {
    process::find("apt-get").is_some() && process::is_root()
}

/// Installs Debian packages, or says how to get `what` without this program's help.
pub(crate) fn install(packages: &[String], what: &str) -> Result<()> {
    let names = packages.join(" ");
    if !can_install() {
        bail!("{what} is missing: install it (Debian and Ubuntu: `sudo apt-get install {names}`)");
    }
    refresh_lists()?;
    eprintln!("installing {names}");
    process::run(
        Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
    .with_context(|| format!("{what} is missing, and apt could not install it"))
}

/// The names of available packages that match the regular expression `pattern`.
pub(crate) fn available(pattern: &str) -> Result<Vec<String>> {
    refresh_lists()?;
    let listing = process::output(Command::new("apt-cache").args(["search", "--names-only", pattern]))?;
    Ok(listing.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

/// Fetches the package lists: a fresh container has none, and old ones name versions that are gone.
fn refresh_lists() -> Result<()> {
    if !LISTS_ARE_FRESH.swap(true, Ordering::Relaxed) && can_install() {
        process::run(Command::new("apt-get").args(["update", "-qq"])).context("the package lists cannot be fetched")?;
    }
    Ok(())
}
