//! What commands write, all of it.

use std::io::{self, Write as _};

use serde::Serialize;

use super::failure::{Broken as _, Failed};

/// One result on standard output: a line of JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failed> {
    let mut line = serde_json::to_string(value).broken(|error| format!("a result could not be written: {error}"))?;
    line.push('\n');
    text(&line)
}

/// Text on standard output, as it is.
pub(super) fn text(text: &str) -> Result<(), Failed> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.broken(|error| format!("cannot write to standard output: {error}"))
}

/// A line for people on standard error.
pub(super) fn tell(line: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// What went wrong, on standard error.
pub(super) fn complain(line: &str) {
    tell(&format!("error: {line}"));
}
