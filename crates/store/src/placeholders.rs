//! Lists of placeholders. Both engines take `$1`; neither takes a list as one value the same way.

/// The most values that one statement is given: well below either engine's limit, and a batch that holds no lock
/// for long.
pub(crate) const MOST: usize = 500;

/// `$3, $4, $5` for three values from the third.
pub(crate) fn list(from: usize, count: usize) -> String {
    (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// `($1, $2, $3), ($4, $5, $6)` for two rows of three.
pub(crate) fn rows(columns: usize, count: usize) -> String {
    (0..count).map(|index| format!("({})", list(columns * index + 1, columns))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_from_where_they_are_told() {
        assert_eq!(list(3, 3), "$3, $4, $5");
        assert_eq!(list(1, 0), "");
        assert_eq!(rows(3, 2), "($1, $2, $3), ($4, $5, $6)");
    }
}
