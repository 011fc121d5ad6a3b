//! Cells of a CSV file that spreadsheets take for what they are: text.
//!
//! A spreadsheet runs a cell that begins like a formula, whoever wrote it: a description, a name, a path. Such a cell
//! gets an apostrophe in front, which spreadsheets read as "this is text". (OWASP, "CSV Injection".)

use std::borrow::Cow;

/// The characters that a formula can begin with, and those that spreadsheets skip before one.
const FIRST_OF_FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text as a cell that is no formula.
pub(in crate::site) fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(FIRST_OF_FORMULAS) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_text_stays() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=", "-"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in ["", "a", "1", "a=b", " =1", "'=1", "ann@example.com", "é", "2026-11-24"] {
            assert_eq!(harmless(text), text);
        }
    }
}
