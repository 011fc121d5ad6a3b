//! Changes how the pages look.

use latchkey_domain::Appearance;
use leptos::prelude::*;

use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// Changes how the pages look.
///
/// # Errors
/// [`AppError`] where there is no such appearance, nobody is signed in or something fails.
#[server(name = SetAppearance, prefix = "/internal", endpoint = "settings/set-appearance")]
pub async fn set_appearance(#[server(default)] appearance: String) -> Result<Appearance, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.set_appearance(&caller, &appearance).await)
}
