//! One's own tokens.

use latchkey_domain::view::TokenListView;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::encoding::Answer;
use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// One's own tokens.
///
/// # Errors
/// [`AppError`] where nobody is signed in or something fails.
#[server(name = ListTokens, prefix = "/internal", endpoint = "tokens/list", input = GetUrl, output = Answer)]
pub async fn list_tokens(#[server(default)] with_ended: bool, rows: u32) -> Result<TokenListView, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.list_tokens(&caller, with_ended, rows).await)
}
