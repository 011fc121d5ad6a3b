//! Searching in text, in any case.
//!
//! The engines disagree about letters outside ASCII, so what is searched stands in a column of its own in lower
//! case, made by the program.

/// What LIKE takes for "contains `needle`": lower case, as the searched text is, and nothing in it a wildcard.
pub(crate) fn pattern(needle: &str) -> String {
    let escaped = needle.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_has_no_wildcards() {
        assert_eq!(pattern(r"50%_\É"), r"%50\%\_\\é%");
    }
}
