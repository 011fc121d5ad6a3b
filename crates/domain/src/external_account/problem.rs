//! What can be wrong with what is typed about an account.
//!
//! No problem carries what somebody typed: of a list of addresses, the bad one is named by its position, and its
//! sentence is made where the typed text is at hand.

use crate::{ScopeName, ScopeSet};

use super::settings::pieces;
use super::{EntityName, IntegrationSetting, SettingKind, SettingName};

/// A field of the forms of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountField {
    /// Which integration.
    Integration,
    /// At which level.
    Level,
    /// Which company, branch or service rep.
    Entity,
    /// A setting of the integration's.
    Setting(SettingName),
    /// What the token has to be able to do, where that is chosen.
    Scopes,
    /// The field "Tempworks Token".
    Token,
    /// Whose a generated token is.
    TokenOwner,
}

impl AccountField {
    /// The name of the field in the form: that of a setting is its own after `setting_`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Integration => "integration".to_owned(),
            Self::Level => "level".to_owned(),
            Self::Entity => "entity".to_owned(),
            Self::Setting(name) => format!("setting_{name}"),
            Self::Scopes => "scopes".to_owned(),
            Self::Token => "tempworks_token".to_owned(),
            Self::TokenOwner => "token_owner".to_owned(),
        }
    }
}

/// What is wrong with the text of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingProblem {
    /// It is needed, and there is nothing.
    Missing,
    /// It is no whole number.
    NotWhole,
    /// It is a number beyond what the setting takes.
    OutOfRange,
    /// It has more characters than these.
    TooLong {
        /// The most.
        most: usize,
    },
    /// It has characters that are invisible or turn the text around.
    ForbiddenCharacter,
    /// One of the addresses is none.
    EmailInvalid {
        /// Which, counted from 0 among the pieces between the commas that are not empty.
        position: usize,
    },
    /// There are more addresses than [`SettingKind::MAX_EMAILS`].
    TooManyEmails,
    /// It is neither on nor off.
    NotASwitch,
    /// It is a credential, and there is no key to keep it under.
    CannotBeKept,
}

impl SettingProblem {
    /// What to tell the person. `typed` is what the field holds, so that a bad address can be named; for a credential
    /// it is not looked at.
    #[must_use]
    pub fn sentence(self, setting: &IntegrationSetting, typed: &str) -> String {
        let label = &setting.label;
        match self {
            Self::Missing => format!("{label} is required."),
            Self::NotWhole | Self::OutOfRange => match setting.kind {
                SettingKind::Integer { min, max } => format!("Enter a whole number from {min} to {max}."),
                _ => "Enter a whole number.".to_owned(),
            },
            Self::TooLong { most } => format!("Keep it to {most} characters."),
            Self::ForbiddenCharacter => "Remove the invisible or direction-changing characters.".to_owned(),
            Self::EmailInvalid { position } => match pieces(typed).nth(position) {
                Some(address) => {
                    format!("“{address}” is no e-mail address. Write name@example.com, with commas between.")
                }
                None => "Write addresses like name@example.com, with commas between.".to_owned(),
            },
            Self::TooManyEmails => format!("Keep it to {} addresses.", SettingKind::MAX_EMAILS),
            Self::NotASwitch => "Choose on or off.".to_owned(),
            Self::CannotBeKept => Self::WHY_NOT_KEPT.to_owned(),
        }
    }

    /// Why credentials cannot be kept, and what would change that.
    pub const WHY_NOT_KEPT: &str =
        "This server has no key to keep credentials under. An operator gives it one with --secret-key-file.";
}

/// What is wrong with a form of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountProblem {
    /// There is no such integration.
    IntegrationUnknown,
    /// It is no level.
    LevelUnknown,
    /// The integration cannot be set up at this level.
    LevelNotOffered,
    /// The level needs a name, and there is none.
    EntityMissing,
    /// The name is longer than [`EntityName::MAX_LENGTH`].
    EntityTooLong,
    /// The name has characters that are invisible or turn the text around.
    EntityForbiddenCharacter,
    /// It is the address of no service rep who is enabled.
    EntityNotARep,
    /// Another account is set up for the same integration, level and name.
    PlaceTaken,
    /// Something is wrong with a setting.
    Setting(SettingName, SettingProblem),
    /// Scopes are chosen in this set-up, and none is.
    ScopesMissing,
    /// One of the chosen scopes is not in the catalog.
    ScopeUnknown,
    /// There is no token.
    TokenMissing,
    /// What was pasted is no Auth Token: incomplete or mistyped.
    TokenMalformed,
    /// What was pasted is no token that works.
    TokenNotLive,
    /// Another account has the token.
    TokenOfAnotherAccount,
    /// The token may not do these.
    TokenLacks(ScopeSet),
    /// The token was not confirmed.
    TokenNotConfirmed,
    /// The token was generated here and cannot do what it needs to any more: revoked, expired, its owner disabled.
    TokenEnded,
    /// The owner of the token is nobody who can own one.
    TokenOwnerUnfit,
    /// The owner of the token may not grant these.
    OwnerMayNotGrant(ScopeSet),
}

impl AccountProblem {
    /// The field at which the problem is shown.
    #[must_use]
    pub fn field(&self) -> AccountField {
        match self {
            Self::IntegrationUnknown => AccountField::Integration,
            Self::LevelUnknown | Self::LevelNotOffered => AccountField::Level,
            Self::EntityMissing
            | Self::EntityTooLong
            | Self::EntityForbiddenCharacter
            | Self::EntityNotARep
            | Self::PlaceTaken => AccountField::Entity,
            Self::Setting(name, _) => AccountField::Setting(name.clone()),
            Self::ScopesMissing | Self::ScopeUnknown => AccountField::Scopes,
            Self::TokenMissing
            | Self::TokenMalformed
            | Self::TokenNotLive
            | Self::TokenOfAnotherAccount
            | Self::TokenLacks(_)
            | Self::TokenNotConfirmed
            | Self::TokenEnded => AccountField::Token,
            Self::TokenOwnerUnfit | Self::OwnerMayNotGrant(_) => AccountField::TokenOwner,
        }
    }

    /// What to tell the person: what is wrong and what to do. Of a setting, `setting` is the one that it is about and
    /// `typed` what its field holds; for everything else neither is looked at.
    #[must_use]
    pub fn sentence(&self, setting: Option<&IntegrationSetting>, typed: &str) -> String {
        match self {
            Self::IntegrationUnknown => "Choose one of the integrations.".to_owned(),
            Self::LevelUnknown => "Choose a level.".to_owned(),
            Self::LevelNotOffered => "This integration cannot be set up at this level. Choose another.".to_owned(),
            Self::EntityMissing => "Enter whom the account is for.".to_owned(),
            Self::EntityTooLong => format!("Keep the name to {} characters.", EntityName::MAX_LENGTH),
            Self::EntityForbiddenCharacter => {
                "Remove the invisible or direction-changing characters from the name.".to_owned()
            }
            Self::EntityNotARep => "Enter the address of a service rep who is enabled.".to_owned(),
            Self::PlaceTaken => "This integration is set up there already. Open that account instead.".to_owned(),
            Self::Setting(name, problem) => match setting {
                Some(setting) => problem.sentence(setting, typed),
                None => format!("{name} needs another look."),
            },
            Self::ScopesMissing => "Select at least one scope.".to_owned(),
            Self::ScopeUnknown => {
                "A selected scope is not in the catalog any more. Review the selection and submit again.".to_owned()
            }
            Self::TokenMissing => "Tempworks Token is required.".to_owned(),
            Self::TokenMalformed => "The Auth Token is incomplete or mistyped. Copy it again.".to_owned(),
            Self::TokenNotLive => "This is no token that works. Paste another, or generate one.".to_owned(),
            Self::TokenOfAnotherAccount => {
                "Another account has this token. Each has one of its own: generate one here.".to_owned()
            }
            Self::TokenLacks(scopes) => {
                format!("This token lacks {}. Paste another, or generate one.", listed(scopes))
            }
            Self::TokenNotConfirmed => {
                "The token was not confirmed. Paste its Auth Token again, or generate another.".to_owned()
            }
            Self::TokenEnded => "The token does not work any more. Generate another.".to_owned(),
            Self::TokenOwnerUnfit => "Enter the address of a service rep or a service that is enabled.".to_owned(),
            Self::OwnerMayNotGrant(scopes) => {
                format!("This owner may not grant {}. Choose an admin as the owner.", listed(scopes))
            }
        }
    }
}

fn listed(scopes: &ScopeSet) -> String {
    scopes.iter().map(ScopeName::as_str).collect::<Vec<_>>().join(", ")
}

/// Everything wrong with a form of an account, at most one problem a field, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountErrors(Vec<AccountProblem>);

impl AccountErrors {
    /// One problem alone.
    #[must_use]
    pub fn one(problem: AccountProblem) -> Self {
        Self(vec![problem])
    }

    /// Notes a problem, unless its field has one already.
    pub fn add(&mut self, problem: AccountProblem) {
        if self.at(&problem.field()).is_none() {
            self.0.push(problem);
        }
    }

    /// Takes the value of a parsed field, or notes its problem.
    pub fn take<T>(&mut self, parsed: Result<T, AccountProblem>) -> Option<T> {
        parsed.map_err(|problem| self.add(problem)).ok()
    }

    /// The problem at a field.
    #[must_use]
    pub fn at(&self, field: &AccountField) -> Option<&AccountProblem> {
        self.0.iter().find(|problem| problem.field() == *field)
    }

    /// All problems.
    pub fn iter(&self) -> impl Iterator<Item = &AccountProblem> {
        self.0.iter()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external_account::SetUpStep;

    fn setting(kind: SettingKind) -> IntegrationSetting {
        IntegrationSetting {
            name: "manager_emails".parse().unwrap(),
            label: "Manager Emails".to_owned(),
            help: String::new(),
            kind,
            required: true,
            advanced: false,
            step: SetUpStep::Additional,
        }
    }

    #[test]
    fn the_bad_address_is_named() {
        let emails = setting(SettingKind::Emails);
        let problem = SettingProblem::EmailInvalid { position: 1 };
        let sentence = problem.sentence(&emails, "ann@example.com, , bob, eve@example.com");
        assert!(sentence.starts_with("“bob” is no e-mail address."), "{sentence}");
        assert!(problem.sentence(&emails, "").starts_with("Write addresses"));
    }

    #[test]
    fn what_is_missing_is_named_as_its_field_is() {
        assert_eq!(SettingProblem::Missing.sentence(&setting(SettingKind::Text), ""), "Manager Emails is required.");
        assert_eq!(AccountProblem::TokenMissing.sentence(None, ""), "Tempworks Token is required.");
        let days = setting(SettingKind::Integer { min: 1, max: 365 });
        assert_eq!(SettingProblem::OutOfRange.sentence(&days, "0"), "Enter a whole number from 1 to 365.");
    }

    #[test]
    fn a_field_shows_its_first_problem_only() {
        let mut errors = AccountErrors::default();
        let name: SettingName = "days".parse().unwrap();
        errors.add(AccountProblem::Setting(name.clone(), SettingProblem::NotWhole));
        errors.add(AccountProblem::Setting(name.clone(), SettingProblem::OutOfRange));
        errors.add(AccountProblem::TokenMissing);
        assert_eq!(errors.iter().count(), 2);
        let field = AccountField::Setting(name.clone());
        assert_eq!(errors.at(&field), Some(&AccountProblem::Setting(name, SettingProblem::NotWhole)));
        assert_eq!(field.name(), "setting_days");
    }
}
