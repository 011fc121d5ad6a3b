//! What the browser half may weigh.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::fingerprint::has_extension;

/// What a first visit may download of WebAssembly and JavaScript, in bytes after brotli.
///
/// The pages work before and without these files, but every kilobyte delays the moment at which they come alive: this
/// much takes about one second on a slow phone connection (1.6 Mbit/s). Whoever needs more should say why here.
pub(crate) const CODE_BUDGET: u64 = 220_000;

/// How large one file of the bundle is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Size {
    /// The file's name within the bundle.
    pub(crate) name: String,
    /// Its bytes on disk.
    pub(crate) plain: u64,
    /// Its bytes on the wire, to a browser that takes brotli.
    pub(crate) brotli: u64,
}

/// The bytes of WebAssembly and JavaScript on the wire.
pub(crate) fn code_size(sizes: &[Size]) -> u64 {
    let is_code = |size: &&Size| has_extension(&size.name, "wasm") || has_extension(&size.name, "js");
    sizes.iter().filter(is_code).map(|size| size.brotli).sum()
}

/// A table of all files, and the sum that counts.
pub(crate) fn table(sizes: &[Size]) -> String {
    let sum = "WebAssembly and JavaScript";
    let width = sizes.iter().map(|size| size.name.len()).chain([sum.len()]).max().unwrap_or_default();
    let mut table = format!("  {:width$}  {:>10}  {:>10}", "", "plain", "brotli");
    // Writing to a String cannot fail.
    for Size { name, plain, brotli } in sizes {
        let _ = write!(table, "\n  {name:width$}  {:>10}  {:>10}", kilobytes(*plain), kilobytes(*brotli));
    }
    let _ = write!(table, "\n  {sum:width$}  {:>10}  {:>10}", "", kilobytes(code_size(sizes)));
    table
}

/// An error if the code is larger than [`CODE_BUDGET`].
pub(crate) fn check(sizes: &[Size]) -> Result<()> {
    let code = code_size(sizes);
    if code > CODE_BUDGET {
        bail!(
            "WebAssembly and JavaScript weigh {} after brotli, {} more than the budget of {}: find what came in \
             (a new dependency, a formatted panic message, a generic stamped out many times), or raise CODE_BUDGET in \
             crates/xtask/src/budget.rs with the reason",
            kilobytes(code),
            kilobytes(code - CODE_BUDGET),
            kilobytes(CODE_BUDGET)
        );
    }
    Ok(())
}

/// `bytes` in kilobytes of a thousand, with one decimal, rounded up.
fn kilobytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100);
    format!("{}.{} kB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(name: &str, brotli: u64) -> Size {
        Size { name: name.to_owned(), plain: brotli * 3, brotli }
    }

    #[test]
    fn only_code_counts_and_only_its_compressed_size() {
        let sizes = [size("a.wasm", 100), size("a.js", 20), size("a.css", 7), size("icon.svg", 3)];
        assert_eq!(code_size(&sizes), 120);
    }

    #[test]
    fn the_budget_may_be_met_but_not_passed() {
        assert!(check(&[size("a.wasm", CODE_BUDGET - 1), size("a.js", 1), size("a.css", 1)]).is_ok());
        let error = check(&[size("a.wasm", CODE_BUDGET), size("a.js", 1)]).expect_err("too much");
        assert!(error.to_string().contains("0.1 kB more than the budget of 220.0 kB"), "{error}");
    }

    #[test]
    fn the_table_lines_up() {
        let table = table(&[size("latchkey_bg.wasm", 148_970), size("latchkey.css", 900)]);
        let lines: Vec<&str> = table.lines().collect();
        let widths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
        assert!(widths.windows(2).all(|pair| pair.first() == pair.last()), "{table}");
        assert!(lines.last().is_some_and(|line| line.ends_with("149.0 kB")), "{table}");
    }
}
