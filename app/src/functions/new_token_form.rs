//! What the form for a new token needs before anything is typed.

use latchkey_domain::view::NewTokenFormView;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::encoding::Answer;
use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// What the form for a new token needs before anything is typed.
///
/// # Errors
/// [`AppError`] where nobody is signed in or something fails.
#[server(name = GetNewTokenForm, prefix = "/internal", endpoint = "tokens/new-form", input = GetUrl, output = Answer)]
pub async fn new_token_form() -> Result<NewTokenFormView, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.new_token_form(&caller).await)
}
