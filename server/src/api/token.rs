//! `/api/v1/token`: what a vendor can ask of, and do with, the very token it presents.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use latchkey_domain::{AccountSid, ScopeName, Timestamp, TokenStatus};
use serde::Serialize;

use super::{Call, json};
use crate::problem::{Problem, ProblemCode};

#[derive(Serialize)]
struct Token<'a> {
    account_sid: AccountSid,
    description: &'a str,
    service_rep: ServiceRep<'a>,
    /// What the token may do now, in alphabetical order.
    scopes: Vec<&'a ScopeName>,
    all_scopes: bool,
    status: TokenStatus,
    created_at: String,
    expires_at: String,
    /// The last call before this one; null for the first.
    last_used_at: Option<String>,
    /// The networks that it may be used from, where it has address rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<String>>,
}

#[derive(Serialize)]
struct ServiceRep<'a> {
    name: &'a str,
    email: &'a str,
}

/// `GET /api/v1/token`
pub(super) async fn show(call: &Call<'_>) -> Result<Response, Problem> {
    let found = call.state.service.token_and_owner(call.vendor.credential.sid).await;
    let found = found.map_err(|failure| call.problem(&failure))?;
    let (token, owner) = found.as_ref().ok_or_else(super::internal)?;
    json(
        StatusCode::OK,
        &Token {
            account_sid: token.sid,
            description: &token.description,
            service_rep: ServiceRep { name: &owner.name, email: &owner.email },
            scopes: call.vendor.credential.effective_scopes().set.iter().collect(),
            all_scopes: token.all_scopes,
            status: TokenStatus::at(call.state.service.now(), token.expires_at, token.revoked_at),
            created_at: token.created_at.to_rfc3339(),
            expires_at: token.expires_at.to_rfc3339(),
            last_used_at: token.last_used_at.max(call.vendor.noted_before).map(Timestamp::to_rfc3339),
            addresses: token.addresses.as_ref().map(|rules| rules.iter().collect()),
        },
    )
}

/// `DELETE /api/v1/token`
pub(super) async fn give_up(call: &Call<'_>) -> Result<Response, Problem> {
    let given_up = call.state.service.give_up_token(call.vendor.credential.sid, &call.vendor.arrival.origin()).await;
    given_up.map_err(|failure| match call.problem(&failure) {
        problem if problem.code() == ProblemCode::Unavailable => Problem::not_revoked(&failure),
        problem => problem,
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
