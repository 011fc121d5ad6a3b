//! A token that somebody is asking for: from the form's text to a checked draft.
//!
//! [`TokenForm`] is what was typed, whatever it is; it goes back to the page unchanged when something is wrong.
//! [`TokenForm::parse`] makes the [`TokenDraft`], or says what to correct. Rules that need the database (is the
//! description taken, is there room for another token) are checked when the draft is stored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::person::is_not_for_display;
use crate::{FieldErrors, FieldProblem, Lifetime, ScopeName, ScopeSet};

/// What a token is for, in its owner's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// The longest description, in Unicode scalar values.
    pub const MAX_LENGTH: usize = 120;

    /// Reads a description: 1 to 120 characters after trimming, none that is a control character or turns the
    /// direction of text, so that no description can pass itself off as another.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, FieldProblem> {
        let text = text.trim();
        if text.is_empty() {
            Err(FieldProblem::DescriptionMissing)
        } else if text.chars().count() > Self::MAX_LENGTH {
            Err(FieldProblem::DescriptionTooLong)
        } else if text.chars().any(is_not_for_display) {
            Err(FieldProblem::DescriptionForbiddenCharacter)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The description as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two descriptions have in common when they count as the same: equal in lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// Names one rendering of the add form, so that sending it twice makes one token. 16 random bytes as 32
/// hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormId([u8; 16]);

impl FormId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, as the database holds them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for FormId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl FromStr for FormId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(());
        }
        u128::from_str_radix(text, 16).map(|value| Self(value.to_be_bytes())).map_err(|_| ())
    }
}

/// Which scopes were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeChoice {
    /// These.
    Selected(ScopeSet),
    /// All that the catalog has today and the owner may grant.
    All,
}

impl ScopeChoice {
    /// The form's value for chosen scopes.
    pub const SELECTED_CODE: &str = "selected";
    /// The form's value for all scopes.
    pub const ALL_CODE: &str = "all";
}

/// The add form as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenForm {
    /// The one-time id of the form.
    pub form_id: String,
    /// The description.
    pub description: String,
    /// A lifetime's code.
    pub expiration: String,
    /// `selected` or `all`.
    pub scope_choice: String,
    /// The names of the ticked scopes.
    pub scopes: Vec<String>,
    /// The networks that it may be used from.
    #[serde(default)]
    pub addresses: String,
}

/// A form whose every field is well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDraft {
    /// What the token is for.
    pub description: Description,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// What it may do.
    pub scopes: ScopeChoice,
    /// The networks that it may be used from, as they were typed: they are read where they are held against the
    /// policy.
    pub addresses: String,
}

impl TokenForm {
    /// Reads the form.
    ///
    /// # Errors
    /// Every field that is wrong, each with its first problem.
    pub fn parse(&self) -> Result<TokenDraft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let description = errors.take(Description::parse(&self.description));
        let lifetime = errors.take(Lifetime::parse(&self.expiration).ok_or(FieldProblem::ExpirationUnknown));
        let scopes = errors.take(self.parse_scopes());
        match (description, lifetime, scopes) {
            (Some(description), Some(lifetime), Some(scopes)) => {
                Ok(TokenDraft { description, lifetime, scopes, addresses: self.addresses.clone() })
            }
            _ => Err(errors),
        }
    }

    fn parse_scopes(&self) -> Result<ScopeChoice, FieldProblem> {
        match self.scope_choice.as_str() {
            ScopeChoice::ALL_CODE => Ok(ScopeChoice::All),
            ScopeChoice::SELECTED_CODE => {
                let names = self.scopes.iter().map(|name| name.parse::<ScopeName>());
                let set: ScopeSet = names.collect::<Result<_, _>>().map_err(|_| FieldProblem::ScopeUnknown)?;
                if set.is_empty() { Err(FieldProblem::ScopesMissing) } else { Ok(ScopeChoice::Selected(set)) }
            }
            _ => Err(FieldProblem::ScopeChoiceMissing),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Field;

    fn form() -> TokenForm {
        TokenForm {
            form_id: String::new(),
            description: " Example E-Verify ".to_owned(),
            expiration: "180d".to_owned(),
            scope_choice: "selected".to_owned(),
            scopes: vec!["e-verify-write".to_owned(), "e-verify-read".to_owned()],
            addresses: " 192.0.2.7".to_owned(),
        }
    }

    #[test]
    fn a_filled_in_form_becomes_a_draft() {
        let draft = form().parse().unwrap();
        assert_eq!(draft.description.as_str(), "Example E-Verify");
        assert_eq!(draft.lifetime, Lifetime::Days180);
        assert_eq!(draft.scopes, ScopeChoice::Selected("e-verify-read e-verify-write".parse().unwrap()));
    }

    #[test]
    fn an_empty_form_is_wrong_everywhere_at_once() {
        let errors = TokenForm::default().parse().unwrap_err();
        let shown: Vec<_> = errors.iter().collect();
        assert_eq!(
            shown,
            [FieldProblem::DescriptionMissing, FieldProblem::ExpirationUnknown, FieldProblem::ScopeChoiceMissing]
        );
    }

    #[test]
    fn boundaries_of_the_description() {
        let described = |text: &str| Description::parse(text).map(|_| ());
        assert_eq!(described(&"é".repeat(120)), Ok(()));
        assert_eq!(described(&"é".repeat(121)), Err(FieldProblem::DescriptionTooLong));
        assert_eq!(described(&format!("  {}  ", "é".repeat(120))), Ok(()));
        assert_eq!(described(" \u{a0}\t"), Err(FieldProblem::DescriptionMissing));
        for hidden in ["a\0b", "a\nb", "a\u{7f}b", "a\u{202e}b", "a\u{2069}b", "a\u{200f}b"] {
            assert_eq!(described(hidden), Err(FieldProblem::DescriptionForbiddenCharacter), "{hidden:?}");
        }
    }

    #[test]
    fn descriptions_that_differ_in_case_only_are_the_same() {
        let key = |text: &str| Description::parse(text).unwrap().key();
        assert_eq!(key(" Indeed Feed"), key("indeed feed "));
        assert_ne!(key("Indeed Feed"), key("Indeed  Feed"));
    }

    #[test]
    fn scopes_must_be_chosen_and_well_formed() {
        let with = |choice: &str, scopes: &[&str]| {
            let form = TokenForm {
                scope_choice: choice.to_owned(),
                scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
                ..form()
            };
            form.parse().err().and_then(|errors| errors.at(Field::Scopes))
        };
        assert_eq!(with("selected", &[]), Some(FieldProblem::ScopesMissing));
        assert_eq!(with("selected", &["No Such"]), Some(FieldProblem::ScopeUnknown));
        assert_eq!(with("", &["e-verify-read"]), Some(FieldProblem::ScopeChoiceMissing));
        assert_eq!(with("all", &[]), None);
    }

    proptest! {
        #[test]
        fn any_form_gets_an_answer(
            description in any::<String>(),
            expiration in any::<String>(),
            scope_choice in "selected|all|.*",
            scopes in any::<Vec<String>>(),
        ) {
            let form = TokenForm { description, expiration, scope_choice, scopes, ..TokenForm::default() };
            let _ = form.parse();
        }

        #[test]
        fn form_ids_are_read_as_written(bytes in any::<[u8; 16]>()) {
            let id = FormId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn any_form_id_gets_an_answer(text in any::<String>()) {
            let _ = text.parse::<FormId>();
        }
    }
}
