//! For whom an account is set up.

use crate::person::is_not_for_display;

use super::AccountProblem;

/// How much of the company an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountLevel {
    /// All of it.
    System,
    /// One company of several.
    Company,
    /// One branch.
    Branch,
    /// One service rep of Latchkey.
    ServiceRep,
}

impl AccountLevel {
    /// Every level, the widest first.
    pub const ALL: [Self; 4] = [Self::System, Self::Company, Self::Branch, Self::ServiceRep];

    /// The name in the database, in forms and on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Company => "company",
            Self::Branch => "branch",
            Self::ServiceRep => "service_rep",
        }
    }

    /// The name on pages.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Company => "Company",
            Self::Branch => "Branch",
            Self::ServiceRep => "Service Rep",
        }
    }

    /// The level with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }
}

/// The name of a company or a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityName(String);

impl EntityName {
    /// The longest name, in Unicode scalar values.
    pub const MAX_LENGTH: usize = 120;

    /// Reads a name: 1 to 120 characters after trimming, none that is invisible or turns the text around.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, AccountProblem> {
        let text = text.trim();
        if text.is_empty() {
            Err(AccountProblem::EntityMissing)
        } else if text.chars().count() > Self::MAX_LENGTH {
            Err(AccountProblem::EntityTooLong)
        } else if text.chars().any(is_not_for_display) {
            Err(AccountProblem::EntityForbiddenCharacter)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names have in common when they count as the same: equal in lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A level with whom it is about, as it was typed and found to be well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountPlace {
    /// Everybody.
    System,
    /// This company.
    Company(EntityName),
    /// This branch.
    Branch(EntityName),
    /// The service rep with this address. Whether there is one, the database knows.
    ServiceRep(crate::Email),
}

impl AccountPlace {
    /// Reads a level and the name that goes with it. At the level of the system no name is looked at.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(level: AccountLevel, entity: &str) -> Result<Self, AccountProblem> {
        match level {
            AccountLevel::System => Ok(Self::System),
            AccountLevel::Company => EntityName::parse(entity).map(Self::Company),
            AccountLevel::Branch => EntityName::parse(entity).map(Self::Branch),
            AccountLevel::ServiceRep if entity.trim().is_empty() => Err(AccountProblem::EntityMissing),
            AccountLevel::ServiceRep => {
                crate::Email::parse(entity).map(Self::ServiceRep).map_err(|_| AccountProblem::EntityNotARep)
            }
        }
    }

    /// Its level.
    #[must_use]
    pub const fn level(&self) -> AccountLevel {
        match self {
            Self::System => AccountLevel::System,
            Self::Company(_) => AccountLevel::Company,
            Self::Branch(_) => AccountLevel::Branch,
            Self::ServiceRep(_) => AccountLevel::ServiceRep,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn levels_lead_back_to_their_code() {
        assert!(AccountLevel::ALL.into_iter().all(|level| AccountLevel::parse(level.code()) == Some(level)));
        assert_eq!(AccountLevel::parse("System"), None);
    }

    #[test]
    fn a_level_needs_its_name() {
        let problem = |level, entity: &str| AccountPlace::parse(level, entity).err();
        assert_eq!(problem(AccountLevel::System, "whatever"), None);
        for level in [AccountLevel::Company, AccountLevel::Branch, AccountLevel::ServiceRep] {
            assert_eq!(problem(level, " "), Some(AccountProblem::EntityMissing));
        }
        assert_eq!(problem(AccountLevel::Branch, &"é".repeat(120)), None);
        assert_eq!(problem(AccountLevel::Branch, &"é".repeat(121)), Some(AccountProblem::EntityTooLong));
        assert_eq!(problem(AccountLevel::Company, "a\u{202e}b"), Some(AccountProblem::EntityForbiddenCharacter));
        assert_eq!(problem(AccountLevel::ServiceRep, "Ann"), Some(AccountProblem::EntityNotARep));
        assert_eq!(problem(AccountLevel::ServiceRep, "Ann@Example.com"), None);
    }

    #[test]
    fn names_that_differ_in_case_only_are_the_same() {
        let key = |text: &str| EntityName::parse(text).unwrap().key();
        assert_eq!(key(" Zürich NORD"), key("zürich nord "));
        assert_ne!(key("Zürich Nord"), key("Zürich  Nord"));
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            for level in AccountLevel::ALL {
                let _ = AccountPlace::parse(level, &text);
            }
        }
    }
}
