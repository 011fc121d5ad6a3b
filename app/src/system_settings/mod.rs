//! What the server gives to the pages of external service accounts. It finds out and decides; the pages only show.
//!
//! What an integration asks for is data: a page gets its inputs ([`SettingInput`]) with what stands in them and what
//! is wrong, and knows no integration by name.

mod input;
mod wizard;

use latchkey_domain::external_account::{
    AccountLevel, AccountState, AccountTokenForm, ExternalAccountId, NewAccountForm, SetUpStep,
};
use latchkey_domain::view::NewTokenView;
use latchkey_domain::{Refusal, Timestamp};
use latchkey_service::ports::RepOverview;
use latchkey_service::{AccountDetails, AccountList, AccountSummary, AccountToken, AccountTokenOffer, Confirmation};

use crate::{Said, paths};

pub use input::{Problem, SettingInput};
pub use wizard::{ScopesInput, StepOfWizard, TokenInput, WizardAction, WizardPage};

/// A page of external service accounts, with all that it shows.
#[derive(Debug, Clone)]
pub enum SystemSettingsPage {
    /// Every account.
    Accounts(AccountsPage),
    /// Choosing what to set up.
    Start(Box<StartPage>),
    /// A step of a set-up that is not submitted yet.
    Wizard(Box<WizardPage>),
    /// The form that generates an account's token.
    GenerateToken(Box<GenerateTokenPage>),
    /// An account's token, just generated, with the one showing of its secret.
    TokenGenerated(Box<TokenGeneratedPage>),
    /// An account that is set up.
    Account(Box<AccountPage>),
}

/// The list of external service accounts.
#[derive(Debug, Clone)]
pub struct AccountsPage {
    /// The accounts.
    pub found: AccountList,
    /// At most how many.
    pub rows: u32,
    /// What has just been done, or was not.
    pub notice: Option<Said>,
}

/// An integration that can be set up.
#[derive(Debug, Clone)]
pub struct IntegrationOffer {
    /// Its name in forms.
    pub code: String,
    /// What it is called.
    pub label: String,
    /// What it is.
    pub about: String,
    /// What its token may do, by the scopes' labels; empty where that is chosen.
    pub scopes: Vec<String>,
    /// For whom it can be set up.
    pub levels: Vec<AccountLevel>,
}

/// The form that starts a set-up.
#[derive(Debug, Clone)]
pub struct StartPage {
    /// What can be set up.
    pub integrations: Vec<IntegrationOffer>,
    /// What was typed.
    pub typed: NewAccountForm,
    /// What is wrong with it, in the form's order.
    pub problems: Vec<Problem>,
    /// The account that stands in its place.
    pub taken: Option<ExternalAccountId>,
    /// Why it was refused as a whole.
    pub refusal: Option<Refusal>,
    /// Who can be chosen at the level of a service rep.
    pub reps: Vec<RepOverview>,
}

/// The form that generates an account's token.
#[derive(Debug, Clone)]
pub struct GenerateTokenPage {
    /// Whose token.
    pub account: AccountSummary,
    /// What can be chosen.
    pub offer: AccountTokenOffer,
    /// What was typed.
    pub typed: AccountTokenForm,
    /// What is wrong with it, in the form's order.
    pub problems: Vec<Problem>,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// What was not done, and why.
    pub notice: Option<Said>,
    /// Whether the account has credentials that its token could read.
    pub has_credentials: bool,
    /// The instant that the lifetime is told from.
    pub now: Timestamp,
}

/// An account's token, just generated.
#[derive(Debug, Clone)]
pub struct TokenGeneratedPage {
    /// Whose token.
    pub account: AccountSummary,
    /// The token and its secret.
    pub token: NewTokenView,
    /// What it opens; nothing where that could not be found out.
    pub confirmation: Option<Confirmation>,
}

/// An account that is set up.
#[derive(Debug, Clone)]
pub struct AccountPage {
    /// The account.
    pub account: AccountDetails,
    /// The labels of its scopes.
    pub scopes: Vec<String>,
    /// Its settings, step by step.
    pub sections: Vec<SettingsOfStep>,
    /// What has just been done, or was not.
    pub notice: Option<Said>,
}

/// The settings of a step, on the page of an account that is set up.
#[derive(Debug, Clone)]
pub struct SettingsOfStep {
    /// The step.
    pub step: SetUpStep,
    /// Its inputs.
    pub inputs: Vec<SettingInput>,
    /// What is wrong with what was typed, in the form's order.
    pub problems: Vec<Problem>,
}

impl SystemSettingsPage {
    /// The page's heading.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Accounts(_) => paths::title(paths::EXTERNAL_ACCOUNTS).to_owned(),
            Self::Start(_) => paths::title(paths::NEW_EXTERNAL_ACCOUNT).to_owned(),
            Self::Wizard(page) => name_of(&page.account),
            Self::GenerateToken(page) if is_draft(&page.account) => format!("A token for {}", name_of(&page.account)),
            Self::GenerateToken(page) => format!("Another token for {}", name_of(&page.account)),
            Self::TokenGenerated(page) => format!("The token of {}", name_of(&page.account)),
            Self::Account(page) => name_of(&page.account.summary),
        }
    }

    /// Whether it shows a secret, this once: such a page runs no script.
    #[must_use]
    pub const fn shows_secret(&self) -> bool {
        matches!(self, Self::TokenGenerated(_))
    }
}

/// What an account is called: its integration, and for whom it is.
pub(crate) fn name_of(account: &AccountSummary) -> String {
    format!("{}, {}", account.label, place_of(account))
}

/// For whom an account is, in words: "Company Acme Staffing".
pub(crate) fn place_of(account: &AccountSummary) -> String {
    let level = account.level.label();
    if account.entity.is_empty() { level.to_owned() } else { format!("{level} {}", account.entity) }
}

/// Whether an account is not submitted yet.
pub(crate) fn is_draft(account: &AccountSummary) -> bool {
    account.state == AccountState::Draft
}

/// What stands in the field for a token: its SID and what it is for, never the secret.
#[must_use]
pub fn caption_of(token: &AccountToken) -> String {
    format!("{} · {}", token.sid, token.description)
}
