//! `POST /oauth2/introspect`: what is this token? (RFC 7662)
//!
//! The caller is a service of the company's, with a token that has the scope `token-introspect`. Whatever is not a
//! good token, for whatever reason, is `{"active":false}` and nothing more. A token that has address rules is good only
//! for a call from within them: the caller says in `client_address` from where its own caller calls.

use axum::response::Response;
use latchkey_domain::{ScopeName, Verdict};
use latchkey_service::{Purpose, Verified};
use serde::Serialize;

use super::form::{Asked, Content, read_question};
use super::json;
use crate::ServerState;
use crate::admission::{self, X_TW_TOKEN};
use crate::header_lines::HeaderLines;
use crate::problem::Problem;
use crate::request::Arrival;
use crate::site::base_url;

/// The scope that a caller needs.
const SCOPE: &str = "token-introspect";

/// What is said of a good token.
#[derive(Serialize)]
struct Description<'a> {
    active: bool,
    scope: String,
    client_id: String,
    username: &'a str,
    sub: String,
    exp: i64,
    iat: i64,
    iss: String,
    token_type: &'static str,
}

/// What is said of anything else.
#[derive(Serialize)]
struct Nothing {
    active: bool,
}

pub(super) async fn answer(
    state: &ServerState,
    headers: &(impl HeaderLines + Sync),
    query: Option<&str>,
    body: impl Content,
    arrival: &Arrival,
) -> Result<Response, Problem> {
    let mut credential = admission::read(headers, query)?;
    if headers.values(X_TW_TOKEN).next().is_some() {
        // RFC 7662 section 2.1 leaves the caller's form to us; the original's header is for the API alone.
        credential = Err(admission::Missing::Absent);
    }
    let needed: Option<ScopeName> = SCOPE.parse().ok();
    let agent = admission::agent(headers);
    let caller = admission::admit(state, credential, needed.as_ref(), Purpose::Introspection, arrival, agent).await?;
    let answered = match read_question(headers, body).await {
        Ok(None) => json(&Nothing { active: false }),
        Ok(Some(Asked { token, from })) => {
            let verified = state.service.inspect(&token, None, from).await;
            let verified = verified.map_err(|error| admission::unreachable(state, arrival, &error))?;
            describe(&verified, base_url(&state.web, headers))
        }
        Err(problem) => Err(problem),
    };
    let mut response = answered.unwrap_or_else(|problem| super::refusal(problem, arrival.request_id.as_str()));
    caller.mark(&mut response);
    Ok(response)
}

fn describe(verified: &Verified, issuer: String) -> Result<Response, Problem> {
    let Some(credential) = verified.credential.as_ref().filter(|_| verified.verdict == Verdict::Active) else {
        return json(&Nothing { active: false });
    };
    let (token, owner) = (credential, &credential.owner);
    // A secret that is on its way out ends before its token.
    let ends = credential.secret_not_after.map_or(token.expires_at, |end| end.min(token.expires_at));
    json(&Description {
        active: true,
        scope: credential.effective_scopes().text.to_string(),
        client_id: token.sid.to_string(),
        username: &owner.email,
        sub: owner.id.to_string(),
        exp: ends.unix_seconds(),
        iat: token.created_at.unix_seconds(),
        iss: issuer,
        token_type: "Bearer",
    })
}
