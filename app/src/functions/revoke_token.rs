//! Revokes one of one's own tokens.

#[cfg(feature = "ssr")]
use latchkey_domain::Refusal;
use latchkey_domain::view::RevokedView;
use leptos::prelude::*;

use super::encoding::Answer;
use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, refuse, signed_in};

/// Revokes one of one's own tokens.
///
/// # Errors
/// [`AppError`] where nobody is signed in or something fails.
#[server(name = RevokeToken, prefix = "/internal", endpoint = "tokens/revoke", output = Answer)]
pub async fn revoke_token(sid: String) -> Result<RevokedView, AppError> {
    let (request, caller) = signed_in()?;
    let sid = sid.parse().map_err(|_| refuse(Refusal::NotFound))?;
    answer(&request, request.service.revoke_token(&caller, sid).await)
}
