//! The pages, each in the file of its name. Those that do not run in the browser exist in the server only.

#[cfg(feature = "ssr")]
mod administration;
#[cfg(feature = "ssr")]
mod agent_words;
#[cfg(feature = "ssr")]
mod choose_password;
#[cfg(feature = "ssr")]
mod diagnostics;
#[cfg(feature = "ssr")]
mod forbidden;
#[cfg(feature = "ssr")]
mod general_settings;
mod loading;
mod new_token;
#[cfg(feature = "ssr")]
mod not_found;
#[cfg(feature = "ssr")]
mod one_token;
#[cfg(feature = "ssr")]
mod quick_start;
#[cfg(feature = "ssr")]
mod reference;
#[cfg(feature = "ssr")]
mod set_up;
#[cfg(feature = "ssr")]
mod sign_in;
#[cfg(feature = "ssr")]
mod system_settings;
mod token_list;

#[cfg(feature = "ssr")]
pub(crate) use administration::AdministrationView;
#[cfg(feature = "ssr")]
pub(crate) use choose_password::ChoosePasswordPage;
#[cfg(feature = "ssr")]
pub(crate) use diagnostics::DiagnosticsPage;
#[cfg(feature = "ssr")]
pub use forbidden::Forbidden;
#[cfg(feature = "ssr")]
pub(crate) use forbidden::ForbiddenPage;
#[cfg(feature = "ssr")]
pub(crate) use general_settings::GeneralSettingsPage;
pub(crate) use new_token::NewTokenPage;
#[cfg(feature = "ssr")]
pub(crate) use not_found::NotFoundPage;
#[cfg(feature = "ssr")]
pub(crate) use one_token::OneTokenPage;
#[cfg(feature = "ssr")]
pub(crate) use quick_start::QuickStartPage;
#[cfg(feature = "ssr")]
pub(crate) use reference::ReferencePage;
#[cfg(feature = "ssr")]
pub(crate) use set_up::SetUpPage;
#[cfg(feature = "ssr")]
pub(crate) use sign_in::SignInPage;
#[cfg(feature = "ssr")]
pub(crate) use system_settings::SystemSettingsView;
pub(crate) use token_list::TokenListPage;
