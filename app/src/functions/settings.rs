//! One's own account and sessions.

use latchkey_domain::view::SettingsView;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// One's own account and sessions.
///
/// # Errors
/// [`AppError`] where nobody is signed in or something fails.
#[server(name = GetSettings, prefix = "/internal", endpoint = "settings/get", input = GetUrl)]
pub async fn settings() -> Result<SettingsView, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.settings(&caller).await)
}
