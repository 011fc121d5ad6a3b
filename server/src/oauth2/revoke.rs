//! `POST /oauth2/revoke`: this token is to be good no longer (RFC 7009).
//!
//! Whoever holds a token may end it: possession is authority, which lets a scanner that finds a leaked token end it
//! at once. A credential that is sent beside it must be that very token. A token that is unknown, or has ended, is
//! answered like one that was revoked now: it is good no longer either way (section 2.2).

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use latchkey_domain::{AccountSid, Presented};

use super::form::read_token;
use crate::ServerState;
use crate::admission::{self, Missing};
use crate::problem::{Problem, ProblemCode};
use crate::request::Arrival;

pub(super) async fn answer(state: &ServerState, request: Request, arrival: &Arrival) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let client = match admission::read(&parts.headers, parts.uri.query())? {
        Ok(presented) => Some(presented),
        Err(Missing::Absent) => None,
        Err(Missing::Malformed) => return Err(not_the_client()),
    };
    let token = read_token(&parts.headers, body).await?;
    admission::check_address(state, arrival)?;
    let found = match &token {
        Some(token) => find(state, token, arrival).await?,
        None => None,
    };
    if let Some(client) = &client {
        // Wrong, and another's, are the same: neither is this token.
        let own = find(state, client, arrival).await?;
        if own.is_none() || own != found {
            state.service.note_failed_call(arrival.address);
            return Err(not_the_client());
        }
    }
    match found {
        None => state.service.note_failed_call(arrival.address),
        Some(sid) => {
            let revoked = state.service.give_up_token(sid, &arrival.origin()).await;
            revoked.map_err(|failure| {
                tracing::error!(request_id = %arrival.request_id, cause = %failure, "a token could not be revoked");
                Problem::not_revoked(&failure)
            })?;
        }
    }
    Ok(Response::new(Body::empty()))
}

/// The token that a secret belongs to, whatever has become of it.
async fn find(state: &ServerState, presented: &Presented, arrival: &Arrival) -> Result<Option<AccountSid>, Problem> {
    let verified = state.service.look_up(presented).await;
    let verified = verified.map_err(|error| admission::unreachable(state, arrival, &error))?;
    let sid = verified.credential.map(|credential| credential.sid);
    Ok(sid.filter(|sid| presented.sid.allows(*sid)))
}

fn not_the_client() -> Problem {
    let detail = "The credential beside the form must be the token that is to be revoked. Or send none.";
    let basic = HeaderValue::from_static(r#"Basic realm="latchkey", charset="UTF-8""#);
    Problem::new(ProblemCode::InvalidClient, detail).with_header(WWW_AUTHENTICATE, basic)
}
