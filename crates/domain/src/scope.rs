//! The permissions that a token carries.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of one scope, such as `employee-read`: words of lower-case letters and digits, joined by single
/// hyphens, 64 characters at most.
///
/// A well-formed name need not be in the catalog.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScopeName(Box<str>);

/// The text is not a scope's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope's name is lower-case letters, digits and single hyphens, at most 64 characters")]
pub struct MalformedScopeName;

impl ScopeName {
    /// The longest name, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// The name as text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that belongs to a label: "E-Verify Read" is `e-verify-read`.
    ///
    /// # Errors
    /// [`MalformedScopeName`] where the label has characters that no name can have.
    pub fn from_label(label: &str) -> Result<Self, MalformedScopeName> {
        label.to_lowercase().replace(' ', "-").parse()
    }
}

impl FromStr for ScopeName {
    type Err = MalformedScopeName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
        if text.len() > Self::MAX_LENGTH || !text.split('-').all(is_word) {
            return Err(MalformedScopeName);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ScopeName {
    type Error = MalformedScopeName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ScopeName> for String {
    fn from(name: ScopeName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A set of scope names in their canonical order, alphabetical. Written as names separated by single spaces,
/// the form of RFC 6749 section 3.3, which is also how the database holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "BTreeSet<ScopeName>")]
pub struct ScopeSet(Box<[ScopeName]>);

impl ScopeSet {
    /// Whether `name` is in the set. Write does not imply read: a name stands only for itself.
    #[must_use]
    pub fn contains(&self, name: &ScopeName) -> bool {
        // A token has few, and names differ in length as a rule: comparing each is quicker than a search.
        self.0.iter().any(|own| own == name)
    }

    /// The names, in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = &ScopeName> {
        self.0.iter()
    }

    /// How many scopes are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set has no scope.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|name| other.contains(name)).cloned().collect())
    }
}

impl FromIterator<ScopeName> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = ScopeName>>(names: I) -> Self {
        names.into_iter().collect::<BTreeSet<_>>().into()
    }
}

impl From<BTreeSet<ScopeName>> for ScopeSet {
    fn from(names: BTreeSet<ScopeName>) -> Self {
        Self(names.into_iter().collect())
    }
}

impl FromStr for ScopeSet {
    type Err = MalformedScopeName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(' ').filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(name.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_follow_from_labels() {
        for (label, name) in [
            ("Employee Read", "employee-read"),
            ("E-Verify Write", "e-verify-write"),
            ("Assess On Cloud Results Write", "assess-on-cloud-results-write"),
            ("Onboarding EEO Read", "onboarding-eeo-read"),
        ] {
            assert_eq!(ScopeName::from_label(label).map(String::from), Ok(name.to_owned()));
        }
    }

    #[test]
    fn near_misses_are_refused() {
        let long = "a".repeat(ScopeName::MAX_LENGTH + 1);
        for text in ["", "-", "a-", "-a", "a--b", "Employee-read", "employee read", "employé", long.as_str()] {
            assert_eq!(text.parse::<ScopeName>(), Err(MalformedScopeName), "{text:?}");
        }
        assert!("a".repeat(ScopeName::MAX_LENGTH).parse::<ScopeName>().is_ok());
    }

    #[test]
    fn a_set_is_written_in_one_way_only() {
        let set: Result<ScopeSet, _> = " e-verify-write  e-verify-read e-verify-write ".parse();
        assert_eq!(set.map(|set| set.to_string()), Ok("e-verify-read e-verify-write".to_owned()));
    }

    #[test]
    fn a_set_that_is_read_from_json_is_in_order_too() {
        let set: ScopeSet = serde_json::from_str(r#"["b-read", "a-read", "b-read"]"#).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["a-read","b-read"]"#);
        assert_eq!(set, "a-read b-read".parse().unwrap());
    }

    proptest! {
        #[test]
        fn any_list_gets_an_answer(text in any::<String>()) {
            if let Ok(set) = text.parse::<ScopeSet>() {
                prop_assert_eq!(set.to_string().parse(), Ok(set));
            }
        }
    }
}
