//! What the server says of itself and of one's session.

use latchkey_domain::view::DiagnosticsView;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// What the server says of itself and of one's session.
///
/// # Errors
/// [`AppError`] where nobody is signed in or something fails.
#[server(name = Diagnostics, prefix = "/internal", endpoint = "diagnostics/get", input = GetUrl)]
pub async fn diagnostics() -> Result<DiagnosticsView, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.diagnostics(&caller).await)
}
