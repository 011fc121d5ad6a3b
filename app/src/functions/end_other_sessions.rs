//! Ends one's other sessions.

use leptos::prelude::*;

use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// Ends one's other sessions.
///
/// # Errors
/// [`AppError`] where nobody is signed in or something fails.
#[server(name = EndOtherSessions, prefix = "/internal", endpoint = "settings/end-other-sessions")]
pub async fn end_other_sessions() -> Result<u64, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.end_other_sessions(&caller).await)
}
