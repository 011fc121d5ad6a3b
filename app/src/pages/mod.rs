//! The pages, each in the file of its name.

mod diagnostics;
mod general_settings;
mod loading;
mod new_token;
mod not_found;
mod set_up;
mod sign_in;
mod token_list;

pub(crate) use diagnostics::DiagnosticsPage;
pub(crate) use general_settings::GeneralSettingsPage;
pub(crate) use new_token::NewTokenPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use set_up::SetUpPage;
pub(crate) use sign_in::SignInPage;
pub(crate) use token_list::TokenListPage;
