//! Secrets on their way between a form and the code that hashes them.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Text that is secret and has to cross the wire once: a typed password, a new Auth Token.
///
/// It serializes as the text itself, and prints as `…`, so that no log line or error can carry it by accident.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct PlainText(String);

impl PlainText {
    /// Wraps a secret.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for PlainText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_printed() {
        let secret = PlainText::new("correct horse battery".to_owned());
        assert_eq!(format!("{secret:?}"), "…");
        assert_eq!(format!("{:?}", Some(&secret)), "Some(…)");
    }
}
