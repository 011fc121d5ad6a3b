//! Changes what one is called.

use leptos::prelude::*;

use crate::AppError;
#[cfg(feature = "ssr")]
use crate::ssr::{answer, signed_in};

/// Changes what one is called.
///
/// # Errors
/// [`AppError`] where the name is wrong, nobody is signed in or something fails.
#[server(name = Rename, prefix = "/internal", endpoint = "settings/rename")]
pub async fn rename(#[server(default)] name: String) -> Result<(), AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.rename(&caller, &name).await)
}
