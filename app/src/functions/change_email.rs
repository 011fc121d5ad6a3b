//! Changes what one signs in with, and ends the other sessions.

use latchkey_domain::PlainText;
#[cfg(feature = "ssr")]
use latchkey_service::EmailForm;
use leptos::prelude::*;

use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// Changes what one signs in with, and ends the other sessions.
///
/// # Errors
/// [`AppError`] where the form is wrong, nobody is signed in or something fails.
#[server(name = ChangeEmail, prefix = "/internal", endpoint = "settings/change-email")]
pub async fn change_email(
    #[server(default)] email: String,
    #[server(default)] current_password: PlainText,
) -> Result<u64, AppError> {
    let (request, caller) = signed_in()?;
    let form = EmailForm { email, current_password };
    answer(&request, request.service.change_email(&caller, &form).await)
}
