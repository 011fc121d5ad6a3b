//! The server's half of the functions: who is asking, and how a refusal becomes an answer.

use std::sync::Arc;

use http::StatusCode;
use latchkey_domain::Refusal;
use latchkey_service::{Caller, Origin, Outcome, Service};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::AppError;

/// What the server knows of a request; it gives one to every page and function.
#[derive(Clone)]
pub struct RequestContext {
    /// The use cases.
    pub service: Arc<Service>,
    /// Who is signed in.
    pub caller: Option<Caller>,
    /// Where the request came from.
    pub origin: Origin,
    /// Scheme and authority under which the reader sees Latchkey.
    pub base_url: String,
}

/// The request that is being answered.
pub(crate) fn request() -> Result<RequestContext, AppError> {
    use_context::<RequestContext>().ok_or(AppError::Unreachable)
}

/// The request and whoever is signed in. Every function asks this itself: layers do not run when a page calls a
/// function while it is being rendered.
pub(crate) fn signed_in() -> Result<(RequestContext, Caller), AppError> {
    let request = request()?;
    match request.caller.clone() {
        Some(caller) => Ok((request, caller)),
        None => Err(refuse(Refusal::SignedOut)),
    }
}

/// A use case's outcome as a function's answer.
pub(crate) fn answer<T>(request: &RequestContext, outcome: Outcome<T>) -> Result<T, AppError> {
    outcome.map_err(|failure| refuse(failure.into_refusal(&request.origin.request_id)))
}

/// A refusal as a function's answer, with its status: a function's failure is 500 otherwise.
pub(crate) fn refuse(refusal: Refusal) -> AppError {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(refusal.status())) {
        response.set_status(status);
    }
    AppError::Refused(refusal)
}
