//! Replaces the password, and ends the other sessions.

use latchkey_domain::PlainText;
#[cfg(feature = "ssr")]
use latchkey_service::PasswordForm;
use leptos::prelude::*;

use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// Replaces the password, and ends the other sessions.
///
/// # Errors
/// [`AppError`] where the form is wrong, nobody is signed in or something fails.
#[server(name = ChangePassword, prefix = "/internal", endpoint = "settings/change-password")]
pub async fn change_password(
    #[server(default)] password: PlainText,
    #[server(default)] current_password: PlainText,
) -> Result<u64, AppError> {
    let (request, caller) = signed_in()?;
    let form = PasswordForm { password, current_password };
    answer(&request, request.service.change_password(&caller, &form).await)
}
