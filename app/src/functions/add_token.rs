//! Makes a token.

use latchkey_domain::PlainText;
#[cfg(feature = "ssr")]
use latchkey_domain::TokenForm;
use latchkey_domain::view::NewTokenView;
use leptos::prelude::*;

use super::encoding::Answer;
use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// Makes a token. Its answer is the one showing of the secret.
///
/// # Errors
/// [`AppError`] where the form is wrong or was sent before, nobody is signed in or something fails.
#[server(name = AddToken, prefix = "/internal", endpoint = "tokens/add", output = Answer)]
pub async fn add_token(
    #[server(default)] form_id: String,
    #[server(default)] description: String,
    #[server(default)] expiration: String,
    #[server(default)] scope_choice: String,
    #[server(default)] scopes: Vec<String>,
    #[server(default)] addresses: String,
    #[server(default)] current_password: PlainText,
) -> Result<NewTokenView, AppError> {
    let (request, caller) = signed_in()?;
    let form = TokenForm { form_id, description, expiration, scope_choice, scopes, addresses };
    answer(&request, request.service.add_token(&caller, &form, &current_password, &request.base_url).await)
}
