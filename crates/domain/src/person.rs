//! Service reps: who they are and what they may type about themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::FieldProblem;

/// What a service rep may do in Latchkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Manages their own tokens.
    Rep,
    /// Oversees everybody's.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Rep, Self::Admin];

    /// The name in the database and on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rep => "rep",
            Self::Admin => "admin",
        }
    }

    /// The name on pages.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Rep => "Rep",
            Self::Admin => "Admin",
        }
    }

    /// The role with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// What a service rep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepKind {
    /// A person, who signs in with e-mail and password.
    Human,
    /// A service: it owns tokens, cannot sign in, and has two human owners.
    System,
}

impl RepKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Human, Self::System];

    /// The name in the database and on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::System => "system",
        }
    }

    /// The name on pages.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Human => "Person",
            Self::System => "Service",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// How the pages look to one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Appearance {
    /// As the device is set.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Appearance {
    /// Every appearance, in the form's order.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The name in the database, in forms and in the page's `data-theme`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The words on the page.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// The appearance with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|appearance| appearance.code() == code)
    }
}

/// An e-mail address, lower-cased: what a person signs in with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The longest address, in characters (RFC 5321 section 4.5.3.1.3 leaves 254).
    pub const MAX_LENGTH: usize = 254;

    /// Reads an address. The check is for typing errors only (something before and after one `@`, no spaces):
    /// whether mail arrives is not something that syntax can tell.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, FieldProblem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldProblem::EmailMissing);
        }
        let plausible = text.chars().count() <= Self::MAX_LENGTH
            && !text.chars().any(|character| character.is_whitespace() || character.is_control())
            && !text.chars().any(is_direction_override)
            && text.split_once('@').is_some_and(|(local, host)| {
                !local.is_empty()
                    && !host.contains('@')
                    && !host.starts_with('.')
                    && !host.ends_with('.')
                    && !host.contains("..")
                    && !host.is_empty()
            });
        if plausible { Ok(Self(text.to_lowercase())) } else { Err(FieldProblem::EmailInvalid) }
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a person is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// The longest name, in Unicode scalar values.
    pub const MAX_LENGTH: usize = 120;

    /// Reads a name: 1 to 120 characters after trimming, none that is invisible or turns the text around.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, FieldProblem> {
        let text = text.trim();
        if text.is_empty() {
            Err(FieldProblem::NameMissing)
        } else if text.chars().count() > Self::MAX_LENGTH {
            Err(FieldProblem::NameTooLong)
        } else if text.chars().any(is_not_for_display) {
            Err(FieldProblem::NameForbiddenCharacter)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rules for a new password. It holds nothing: a password goes from its form to the hash.
#[derive(Debug, Clone, Copy)]
pub struct Password;

impl Password {
    /// The shortest password, in Unicode scalar values.
    pub const MIN_LENGTH: usize = 12;
    /// The longest.
    pub const MAX_LENGTH: usize = 128;

    /// Checks a new password's length, the part of the rules that a browser can check too. Whether it is on the
    /// list of common ones is checked where that list is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(text: &str) -> Result<(), FieldProblem> {
        match text.chars().count() {
            0 => Err(FieldProblem::PasswordMissing),
            1..Self::MIN_LENGTH => Err(FieldProblem::PasswordTooShort),
            Self::MIN_LENGTH..=Self::MAX_LENGTH => Ok(()),
            _ => Err(FieldProblem::PasswordTooLong),
        }
    }
}

/// Characters that would hide or forge what a person reads: controls, and those that turn or isolate the
/// direction of text (Unicode Bidirectional Algorithm, UAX #9 section 2).
pub(crate) fn is_not_for_display(character: char) -> bool {
    character.is_control() || is_direction_override(character)
}

const fn is_direction_override(character: char) -> bool {
    matches!(character, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_lead_back_to_their_value() {
        assert!(Role::ALL.into_iter().all(|role| Role::parse(role.code()) == Some(role)));
        assert!(RepKind::ALL.into_iter().all(|kind| RepKind::parse(kind.code()) == Some(kind)));
        assert!(Appearance::ALL.into_iter().all(|look| Appearance::parse(look.code()) == Some(look)));
    }

    #[test]
    fn addresses_are_lower_cased_and_checked_for_typing_errors() {
        assert_eq!(Email::parse(" Ann@Example.COM ").map(|email| email.to_string()), Ok("ann@example.com".to_owned()));
        assert_eq!(Email::parse("  "), Err(FieldProblem::EmailMissing));
        for text in [
            "ann",
            "@example.com",
            "ann@",
            "a@b@c",
            "ann smith@example.com",
            "ann@example..com",
            "ann@.com",
            "a\u{202E}@b",
        ] {
            assert_eq!(Email::parse(text), Err(FieldProblem::EmailInvalid), "{text:?}");
        }
    }

    #[test]
    fn boundaries_of_lengths() {
        let long = |count: usize| "é".repeat(count);
        assert!(PersonName::parse(&long(120)).is_ok());
        assert_eq!(PersonName::parse(&long(121)), Err(FieldProblem::NameTooLong));
        assert_eq!(PersonName::parse("a\u{2066}b"), Err(FieldProblem::NameForbiddenCharacter));
        assert_eq!(Password::check(&long(11)), Err(FieldProblem::PasswordTooShort));
        assert_eq!(Password::check(&long(12)), Ok(()));
        assert_eq!(Password::check(&long(128)), Ok(()));
        assert_eq!(Password::check(&long(129)), Err(FieldProblem::PasswordTooLong));
        assert_eq!(Password::check(""), Err(FieldProblem::PasswordMissing));
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            let _ = (Email::parse(&text), PersonName::parse(&text), Password::check(&text));
        }
    }
}
