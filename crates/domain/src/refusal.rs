//! Every way in which Latchkey says no to a person.
//!
//! Codes cross the wire; the sentences are made from them here, the same in the browser, on whole pages and on
//! the command line. No code carries what somebody typed, nor the text of an inner error.

use serde::{Deserialize, Serialize};

use crate::{Description, Email, IdleDays, Lifetime, NetworksProblem, Password, PersonName};

/// A field of one of the forms, in the order in which forms have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    /// What a token is for.
    Description,
    /// How long a token lives.
    Expiration,
    /// What a token may do.
    Scopes,
    /// A person's name.
    Name,
    /// A person's e-mail address.
    Email,
    /// The password in force, to confirm who is asking.
    CurrentPassword,
    /// The password at sign-in, or the one being set.
    Password,
    /// How the pages look.
    Appearance,
    /// What a service rep may do.
    Role,
    /// A service's first owner.
    Owner,
    /// A service's second owner.
    SecondOwner,
    /// To whom tokens are moved.
    Target,
    /// What is typed to confirm something grave.
    Confirmation,
    /// From where a token may be used.
    Addresses,
    /// How long tokens live at most.
    Longest,
    /// The scopes that only admins may grant.
    AdminScopes,
    /// After how many days without use tokens are revoked.
    IdleDays,
    /// Whether tokens carry address rules.
    AddressUse,
    /// Where tokens' address rules have to lie.
    Networks,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 19] = [
        Self::Description,
        Self::Expiration,
        Self::Scopes,
        Self::Name,
        Self::Email,
        Self::CurrentPassword,
        Self::Password,
        Self::Appearance,
        Self::Role,
        Self::Owner,
        Self::SecondOwner,
        Self::Target,
        Self::Confirmation,
        Self::Addresses,
        Self::Longest,
        Self::AdminScopes,
        Self::IdleDays,
        Self::AddressUse,
        Self::Networks,
    ];

    /// The name in the form, with which the input's id ends.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Expiration => "expiration",
            Self::Scopes => "scopes",
            Self::Name => "name",
            Self::Email => "email",
            Self::Password => "password",
            Self::CurrentPassword => "current_password",
            Self::Appearance => "appearance",
            Self::Role => "role",
            Self::Owner => "owner",
            Self::SecondOwner => "second_owner",
            Self::Target => "to",
            Self::Confirmation => "confirmation",
            Self::Addresses => "addresses",
            Self::Longest => "longest",
            Self::AdminScopes => "admin_scopes",
            Self::IdleDays => "idle_days",
            Self::AddressUse => "address_use",
            Self::Networks => "networks",
        }
    }

    /// The field with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// What is wrong with the text of this field, as far as the text alone tells: for hints while a form is being
    /// filled in.
    #[must_use]
    pub fn check(self, text: &str) -> Option<FieldProblem> {
        match self {
            Self::Description => Description::parse(text).err(),
            Self::Name => PersonName::parse(text).err(),
            Self::Email => Email::parse(text).err(),
            Self::Password => Password::check(text).err(),
            Self::CurrentPassword => text.is_empty().then_some(FieldProblem::CurrentPasswordMissing),
            Self::Expiration
            | Self::Scopes
            | Self::Appearance
            | Self::Role
            | Self::Owner
            | Self::SecondOwner
            | Self::Target
            | Self::Confirmation
            | Self::Addresses
            | Self::Longest
            | Self::AdminScopes
            | Self::IdleDays
            | Self::AddressUse
            | Self::Networks => None,
        }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is said by its sentence")]
pub enum FieldProblem {
    DescriptionMissing,
    DescriptionTooLong,
    DescriptionForbiddenCharacter,
    DescriptionTaken,
    ExpirationUnknown,
    ScopesMissing,
    ScopeChoiceMissing,
    ScopeUnknown,
    ScopeOnlyForAdmins,
    NameMissing,
    NameTooLong,
    NameForbiddenCharacter,
    EmailMissing,
    EmailInvalid,
    EmailTaken,
    PasswordMissing,
    PasswordTooShort,
    PasswordTooLong,
    PasswordCommon,
    CurrentPasswordMissing,
    CurrentPasswordWrong,
    PasswordNeededForSensitiveScopes,
    AppearanceUnknown,
    DescriptionTakenByOwner,
    RoleUnknown,
    OwnerUnfit,
    SecondOwnerUnfit,
    OwnersTheSame,
    TargetUnfit,
    ConfirmationWrong,
    ExpirationBeyond(Lifetime),
    AllScopesNotAllowed,
    Addresses(NetworksProblem),
    AddressesNotAllowed,
    AddressesMissing,
    AddressesOutside,
    LongestUnknown,
    AdminScopeUnfit,
    AdminScopesLeaveNothing,
    IdleDaysInvalid,
    IdleRevokesOwn,
    AddressUseUnknown,
    PolicyNetworks(NetworksProblem),
    NetworksWithoutRules,
}

impl FieldProblem {
    /// Every problem; of those that have several forms, one.
    pub const ALL: [Self; 44] = [
        Self::DescriptionMissing,
        Self::DescriptionTooLong,
        Self::DescriptionForbiddenCharacter,
        Self::DescriptionTaken,
        Self::ExpirationUnknown,
        Self::ScopesMissing,
        Self::ScopeChoiceMissing,
        Self::ScopeUnknown,
        Self::ScopeOnlyForAdmins,
        Self::NameMissing,
        Self::NameTooLong,
        Self::NameForbiddenCharacter,
        Self::EmailMissing,
        Self::EmailInvalid,
        Self::EmailTaken,
        Self::PasswordMissing,
        Self::PasswordTooShort,
        Self::PasswordTooLong,
        Self::PasswordCommon,
        Self::CurrentPasswordMissing,
        Self::CurrentPasswordWrong,
        Self::PasswordNeededForSensitiveScopes,
        Self::AppearanceUnknown,
        Self::DescriptionTakenByOwner,
        Self::RoleUnknown,
        Self::OwnerUnfit,
        Self::SecondOwnerUnfit,
        Self::OwnersTheSame,
        Self::TargetUnfit,
        Self::ConfirmationWrong,
        Self::ExpirationBeyond(Lifetime::Days180),
        Self::AllScopesNotAllowed,
        Self::Addresses(NetworksProblem::Malformed(1)),
        Self::AddressesNotAllowed,
        Self::AddressesMissing,
        Self::AddressesOutside,
        Self::LongestUnknown,
        Self::AdminScopeUnfit,
        Self::AdminScopesLeaveNothing,
        Self::IdleDaysInvalid,
        Self::IdleRevokesOwn,
        Self::AddressUseUnknown,
        Self::PolicyNetworks(NetworksProblem::TooMany),
        Self::NetworksWithoutRules,
    ];

    /// The field at which the problem is shown.
    #[must_use]
    pub const fn field(self) -> Field {
        match self {
            Self::DescriptionMissing
            | Self::DescriptionTooLong
            | Self::DescriptionForbiddenCharacter
            | Self::DescriptionTaken
            | Self::DescriptionTakenByOwner => Field::Description,
            Self::ExpirationUnknown | Self::ExpirationBeyond(_) => Field::Expiration,
            Self::ScopesMissing
            | Self::ScopeChoiceMissing
            | Self::ScopeUnknown
            | Self::ScopeOnlyForAdmins
            | Self::AllScopesNotAllowed => Field::Scopes,
            Self::NameMissing | Self::NameTooLong | Self::NameForbiddenCharacter => Field::Name,
            Self::EmailMissing | Self::EmailInvalid | Self::EmailTaken => Field::Email,
            Self::PasswordMissing | Self::PasswordTooShort | Self::PasswordTooLong | Self::PasswordCommon => {
                Field::Password
            }
            Self::CurrentPasswordMissing | Self::CurrentPasswordWrong | Self::PasswordNeededForSensitiveScopes => {
                Field::CurrentPassword
            }
            Self::AppearanceUnknown => Field::Appearance,
            Self::RoleUnknown => Field::Role,
            Self::OwnerUnfit => Field::Owner,
            Self::SecondOwnerUnfit | Self::OwnersTheSame => Field::SecondOwner,
            Self::TargetUnfit => Field::Target,
            Self::ConfirmationWrong => Field::Confirmation,
            Self::Addresses(_) | Self::AddressesNotAllowed | Self::AddressesMissing | Self::AddressesOutside => {
                Field::Addresses
            }
            Self::LongestUnknown => Field::Longest,
            Self::AdminScopeUnfit | Self::AdminScopesLeaveNothing => Field::AdminScopes,
            Self::IdleDaysInvalid | Self::IdleRevokesOwn => Field::IdleDays,
            Self::AddressUseUnknown => Field::AddressUse,
            Self::PolicyNetworks(_) | Self::NetworksWithoutRules => Field::Networks,
        }
    }

    /// What to tell the person: what is wrong and what to do.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::DescriptionMissing => "Enter what this token is for.".to_owned(),
            Self::DescriptionTooLong => format!("Keep the description to {} characters.", Description::MAX_LENGTH),
            Self::DescriptionForbiddenCharacter => {
                "Remove the invisible or direction-changing characters from the description.".to_owned()
            }
            Self::DescriptionTaken => {
                "You have an active token with this description. Choose another, so that they can be told apart."
                    .to_owned()
            }
            Self::ExpirationUnknown => "Choose 90 Days, 180 Days or 1 Year.".to_owned(),
            Self::ScopesMissing => "Select at least one scope.".to_owned(),
            Self::ScopeChoiceMissing => "Choose Selected Scopes or All Scopes.".to_owned(),
            Self::ScopeUnknown => {
                "A selected scope is not in the catalog any more. Review the selection and submit again.".to_owned()
            }
            Self::ScopeOnlyForAdmins => "A selected scope can only be granted by an admin.".to_owned(),
            Self::NameMissing => "Enter a name.".to_owned(),
            Self::NameTooLong => format!("Keep the name to {} characters.", PersonName::MAX_LENGTH),
            Self::NameForbiddenCharacter => {
                "Remove the invisible or direction-changing characters from the name.".to_owned()
            }
            Self::EmailMissing => "Enter an e-mail address.".to_owned(),
            Self::EmailInvalid => {
                format!("Enter an e-mail address like name@example.com, at most {} characters.", Email::MAX_LENGTH)
            }
            Self::EmailTaken => "Another service rep has this e-mail address.".to_owned(),
            Self::PasswordMissing => "Enter a password.".to_owned(),
            Self::PasswordTooShort => format!("Use at least {} characters.", Password::MIN_LENGTH),
            Self::PasswordTooLong => format!("Use at most {} characters.", Password::MAX_LENGTH),
            Self::PasswordCommon => "This password is too easy to guess. Choose another.".to_owned(),
            Self::CurrentPasswordMissing => "Enter your current password.".to_owned(),
            Self::CurrentPasswordWrong => "This is not your current password.".to_owned(),
            Self::PasswordNeededForSensitiveScopes => {
                "A selected scope is sensitive: enter your password to confirm that it is you.".to_owned()
            }
            Self::AppearanceUnknown => "Choose System, Light or Dark.".to_owned(),
            Self::DescriptionTakenByOwner => {
                "Its owner has an active token with this description. Choose another, so that they can be told apart."
                    .to_owned()
            }
            Self::RoleUnknown => "Choose Rep or Admin.".to_owned(),
            Self::OwnerUnfit => "Enter the address of somebody who is enabled and can sign in.".to_owned(),
            Self::SecondOwnerUnfit => "Enter the address of a second person who is enabled and can sign in.".to_owned(),
            Self::OwnersTheSame => "Enter another person: the two owners are the same.".to_owned(),
            Self::TargetUnfit => "Enter the address of another service rep who is enabled.".to_owned(),
            Self::ConfirmationWrong => "Type the number as it stands above.".to_owned(),
            Self::ExpirationBeyond(longest) => {
                format!("Your admins allow at most {}: choose a shorter time.", longest.label())
            }
            Self::AllScopesNotAllowed => "Your admins do not allow All Scopes: select the scopes.".to_owned(),
            Self::Addresses(problem) | Self::PolicyNetworks(problem) => problem.sentence(),
            Self::AddressesNotAllowed => "Your admins do not allow address rules: leave this empty.".to_owned(),
            Self::AddressesMissing => "Enter the networks that the token will be used from.".to_owned(),
            Self::AddressesOutside => "Name only networks within those that your admins allow.".to_owned(),
            Self::LongestUnknown => "Choose how long tokens live at most.".to_owned(),
            Self::AdminScopeUnfit => "Select only sensitive scopes that reps may grant otherwise.".to_owned(),
            Self::AdminScopesLeaveNothing => "Leave reps at least one scope to grant.".to_owned(),
            Self::IdleDaysInvalid => format!("Enter {} to {} days.", IdleDays::LEAST, IdleDays::MOST),
            Self::IdleRevokesOwn => {
                "This would at once revoke a token of your own: use or revoke it first, or enter more days.".to_owned()
            }
            Self::AddressUseUnknown => "Choose whether tokens carry address rules.".to_owned(),
            Self::NetworksWithoutRules => {
                "Where tokens carry no address rules, no networks can be named: remove them.".to_owned()
            }
        }
    }
}

/// Everything wrong with a form, at most one problem a field, in the fields' order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldErrors(Vec<FieldProblem>);

impl FieldErrors {
    /// One problem alone.
    #[must_use]
    pub fn one(problem: FieldProblem) -> Self {
        Self(vec![problem])
    }

    /// Notes a problem, unless its field has one already.
    pub fn add(&mut self, problem: FieldProblem) {
        if self.at(problem.field()).is_none() {
            self.0.push(problem);
            self.0.sort_by_key(|problem| problem.field());
        }
    }

    /// Takes the value of a parsed field, or notes its problem.
    pub fn take<T>(&mut self, parsed: Result<T, FieldProblem>) -> Option<T> {
        parsed.map_err(|problem| self.add(problem)).ok()
    }

    /// Replaces what is noted of a field: by another problem, or by nothing.
    pub fn set(&mut self, field: Field, problem: Option<FieldProblem>) {
        self.0.retain(|noted| noted.field() != field);
        if let Some(problem) = problem {
            self.add(problem);
        }
    }

    /// The problem at a field.
    #[must_use]
    pub fn at(&self, field: Field) -> Option<FieldProblem> {
        self.0.iter().copied().find(|problem| problem.field() == field)
    }

    /// All problems.
    pub fn iter(&self) -> impl Iterator<Item = FieldProblem> {
        self.0.iter().copied()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Why something that a person asked for was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// Fields to correct.
    Invalid(FieldErrors),
    /// The owner has as many live tokens as one may have.
    TooManyTokens,
    /// This form has made its token already; its secret was shown then.
    AlreadyCreated,
    /// Nobody is signed in, or the session has ended.
    SignedOut,
    /// The role does not allow it.
    Forbidden,
    /// There is no such thing, or it belongs to somebody else.
    NotFound,
    /// E-mail or password is wrong.
    WrongCredentials,
    /// Too many failed attempts.
    TooManyAttempts {
        /// When the next attempt is worth making, in seconds.
        retry_after_seconds: i64,
    },
    /// The set-up link is used up, replaced or too old.
    SetUpLinkInvalid,
    /// There is an admin already.
    SetUpClosed,
    /// A link to choose a password by is unknown, used, replaced or too old.
    AccountLinkInvalid,
    /// A form was sent when its session had ended. Its sender has signed in again, and nothing is done yet.
    SignedInAgain,
    /// Somebody else has changed the same thing since it was shown.
    ChangedMeanwhile,
    /// Too much is being asked at once.
    Busy,
    /// The database was lost at the moment at which it was to keep the change.
    Unconfirmed,
    /// Something inside failed; the log has the cause under this request id.
    Failed {
        /// The request's id.
        request_id: String,
    },
}

impl Refusal {
    /// The most live tokens that one service rep may have.
    pub const MAX_LIVE_TOKENS: usize = 500;

    /// A refusal for one field.
    #[must_use]
    pub fn field(problem: FieldProblem) -> Self {
        Self::Invalid(FieldErrors::one(problem))
    }

    /// The status of an HTTP answer that carries this refusal.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) | Self::TooManyTokens | Self::WrongCredentials => 422,
            Self::AlreadyCreated | Self::ChangedMeanwhile => 409,
            Self::SignedOut => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::SignedInAgain => 200,
            Self::SetUpLinkInvalid | Self::SetUpClosed | Self::AccountLinkInvalid => 410,
            Self::TooManyAttempts { .. } => 429,
            // What fails inside is the database nearly always, and comes back.
            Self::Busy | Self::Unconfirmed | Self::Failed { .. } => 503,
        }
    }

    /// What to tell the person: what happened and what to do.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Invalid(errors) => match errors.0.as_slice() {
                [only] => only.sentence(),
                problems => format!("{} fields need another look.", problems.len()),
            },
            Self::TooManyTokens => format!(
                "{} active tokens are the most that one service rep may have. Revoke one that is no longer used, then submit again.",
                Self::MAX_LIVE_TOKENS
            ),
            Self::AlreadyCreated => {
                "This token has already been created, and its Auth Token was shown then. If nobody has it, revoke the token and add a new one."
                    .to_owned()
            }
            Self::SignedOut => "Your session has ended. Sign in and try again.".to_owned(),
            Self::Forbidden => "Your role does not allow this.".to_owned(),
            Self::NotFound => "There is nothing here, or it belongs to somebody else.".to_owned(),
            Self::WrongCredentials => "E-mail or password is wrong.".to_owned(),
            Self::TooManyAttempts { retry_after_seconds } => {
                let minutes = retry_after_seconds.saturating_add(59) / 60;
                let unit = if minutes == 1 { "minute" } else { "minutes" };
                format!("Too many failed attempts. Try again in {minutes} {unit}.")
            }
            Self::SetUpLinkInvalid => {
                "This set-up link is used or out of date. Start Latchkey again for a new one.".to_owned()
            }
            Self::SetUpClosed => "Latchkey is set up already. Sign in instead.".to_owned(),
            Self::AccountLinkInvalid => {
                "This link is used, replaced or out of date. Ask an admin for a new one.".to_owned()
            }
            Self::SignedInAgain => {
                "Your session had ended, and nothing was done. What you entered is still here: check it and send it again."
                    .to_owned()
            }
            Self::ChangedMeanwhile => {
                "Somebody else has changed this meanwhile, and nothing was saved. What you entered is still here: compare it with what holds now, and send it again."
                    .to_owned()
            }
            Self::Busy => "Latchkey is busy. Try again in a moment.".to_owned(),
            Self::Unconfirmed => {
                "It is not known whether this was done: the database was lost at that moment. Doing it again is safe."
                    .to_owned()
            }
            Self::Failed { request_id } => {
                format!("Something went wrong here, and nothing was changed. Try again; if it stays, tell your operator the request id {request_id}.")
            }
        }
    }
}

impl From<FieldProblem> for Refusal {
    fn from(problem: FieldProblem) -> Self {
        Self::field(problem)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_problem_has_its_own_sentence() {
        let sentences: BTreeSet<String> = FieldProblem::ALL.into_iter().map(FieldProblem::sentence).collect();
        assert_eq!(sentences.len(), FieldProblem::ALL.len());
        assert!(sentences.iter().all(|sentence| sentence.ends_with('.')));
    }

    #[test]
    fn every_field_can_be_wrong_and_has_its_own_name() {
        for field in Field::ALL {
            assert!(FieldProblem::ALL.into_iter().any(|problem| problem.field() == field), "{field:?}");
        }
        let names: BTreeSet<&str> = Field::ALL.into_iter().map(Field::name).collect();
        assert_eq!(names.len(), Field::ALL.len());
        assert!(Field::ALL.into_iter().all(|field| Field::parse(field.name()) == Some(field)));
    }

    #[test]
    fn a_field_shows_its_first_problem_only() {
        let mut errors = FieldErrors::default();
        errors.add(FieldProblem::ScopesMissing);
        errors.add(FieldProblem::DescriptionMissing);
        errors.add(FieldProblem::DescriptionTaken);
        let shown: Vec<_> = errors.iter().collect();
        assert_eq!(shown, [FieldProblem::DescriptionMissing, FieldProblem::ScopesMissing]);
    }

    #[test]
    fn a_field_is_checked_by_its_own_rule() {
        for field in Field::ALL {
            assert!(field.check("").is_none_or(|problem| problem.field() == field), "{field:?}");
        }
        assert_eq!(Field::Email.check("ann"), Some(FieldProblem::EmailInvalid));
        assert_eq!(Field::CurrentPassword.check("x"), None);
    }

    #[test]
    fn waiting_time_is_rounded_up_to_minutes() {
        let sentence = |retry_after_seconds| Refusal::TooManyAttempts { retry_after_seconds }.sentence();
        assert!(sentence(1).contains("in 1 minute."));
        assert!(sentence(61).contains("in 2 minutes."));
    }
}
