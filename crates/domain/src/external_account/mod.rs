//! External service accounts: the set-up of one vendor's integration, and what people type into it.
//!
//! - what an integration is, which is data: [`Integration`], [`IntegrationSetting`], [`Integrations`]
//! - for whom an account is set up: [`AccountLevel`], [`AccountPlace`]
//! - what is typed, and what is wrong with it: [`NewAccountForm`], [`AccountForm`], [`AccountErrors`]
//! - what is kept of it: [`AccountSettings`]
//! - how an account stands: [`AccountState`]

mod form;
mod id;
mod integration;
mod place;
mod problem;
mod settings;
mod state;

/// The scope that lets a token read the credentials of its own account.
pub const CREDENTIAL_SCOPE: &str = "external-credential-read";

pub use form::{AccountForm, AccountTokenForm, NewAccount, NewAccountForm, ParsedAccount};
pub use id::{ExternalAccountId, MalformedExternalAccountId};
pub use integration::{
    Integration, IntegrationCode, IntegrationError, IntegrationScopes, IntegrationSetting, Integrations,
    MalformedIntegrationName, SetUpStep, SettingKind, SettingName,
};
pub use place::{AccountLevel, AccountPlace, EntityName};
pub use problem::{AccountErrors, AccountField, AccountProblem, SettingProblem};
pub use settings::{AccountSettings, SettingValue, credential_problem};
pub use state::{AccountState, AccountTrouble};
