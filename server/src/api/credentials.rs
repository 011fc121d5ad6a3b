//! Who is calling: from the headers to a vendor, or to the refusal.
//!
//! The refusals' words are the same for every credential that is not good, whatever is wrong with it: they tell a
//! guesser nothing. Two are told apart because they tell only what the sender knows: none at all, and one that
//! its own checksum shows to be cut off or mistyped.

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use latchkey_domain::{CredentialHeaders, Presented, ScopeName, ScopeSet, UnusableCredential, Verdict};
use latchkey_service::Origin;
use latchkey_service::ports::Credential;

use super::TOKEN_EXPIRES;
use crate::ServerState;
use crate::problem::{Problem, ProblemCode};

const X_TW_TOKEN: HeaderName = HeaderName::from_static("x-tw-token");

const BASIC: HeaderValue = HeaderValue::from_static(r#"Basic realm="latchkey", charset="UTF-8""#);
const BEARER: HeaderValue = HeaderValue::from_static(r#"Bearer realm="latchkey""#);
const BEARER_INVALID_REQUEST: HeaderValue = HeaderValue::from_static(
    r#"Bearer realm="latchkey", error="invalid_request", error_description="more than one credential""#,
);
const BEARER_INVALID_TOKEN: HeaderValue = HeaderValue::from_static(
    r#"Bearer realm="latchkey", error="invalid_token", error_description="the token is not valid""#,
);
const BEARER_MALFORMED: HeaderValue = HeaderValue::from_static(
    r#"Bearer realm="latchkey", error="invalid_token", error_description="the Auth Token is incomplete or mistyped""#,
);

/// What a request brought, before anything is looked up.
pub(super) type Read = Result<Presented, Missing>;

/// Why a request brought nothing that could be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// There is no credential.
    Absent,
    /// There is one, and its checksum fails.
    Malformed,
}

/// Somebody with a good token that may do what was asked.
pub(super) struct Vendor {
    /// The token and its owner.
    pub(super) credential: Credential,
    /// What the token may do now.
    pub(super) scopes: ScopeSet,
    /// Where the request came from.
    pub(super) origin: Origin,
}

impl Vendor {
    /// When the token expires, as answers say it.
    pub(super) fn expires_header(&self) -> HeaderValue {
        expires_header(&self.credential)
    }
}

/// Reads the one credential of a request.
///
/// # Errors
/// 400 where there are several.
pub(super) fn read(parts: &Parts) -> Result<Read, Problem> {
    let values = |name: HeaderName| parts.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    let headers = CredentialHeaders {
        authorization: values(AUTHORIZATION),
        x_tw_token: values(X_TW_TOKEN),
        query: parts.uri.query(),
    };
    match Presented::from_request(&headers) {
        Ok(Some(presented)) => Ok(Ok(presented)),
        Ok(None) => Ok(Err(Missing::Absent)),
        Err(UnusableCredential::Malformed(_)) => Ok(Err(Missing::Malformed)),
        Err(UnusableCredential::MoreThanOne) => Err(Problem::new(
            ProblemCode::MultipleCredentials,
            "The request carries more than one credential. Send one.",
        )
        .with_header(WWW_AUTHENTICATE, BEARER_INVALID_REQUEST)),
    }
}

/// Judges what a request brought. `needed` is the scope of its route, if it needs one.
///
/// # Errors
/// 401, 403, or 503.
pub(super) async fn judge(
    state: &ServerState,
    read: Read,
    needed: Option<&ScopeName>,
    origin: &Origin,
) -> Result<Vendor, Problem> {
    let presented = read.map_err(|missing| match missing {
        Missing::Absent => unauthorized(ProblemCode::CredentialMissing, BEARER, "Send an Auth Token with the request."),
        Missing::Malformed => unauthorized(
            ProblemCode::MalformedCredential,
            BEARER_MALFORMED,
            "The Auth Token is incomplete or mistyped. Copy it again, whole.",
        ),
    })?;
    let request_id = &origin.request_id;
    let verified = state.service.verify(&presented, needed).await.map_err(|error| {
        tracing::error!(%request_id, cause = %error, "a credential could not be looked up");
        Problem::unavailable()
    })?;
    let sid = verified.credential.as_ref().map(|credential| credential.token.sid);
    tracing::debug!(%request_id, ?sid, verdict = verified.verdict.code(), "credential");
    match (verified.verdict, verified.credential) {
        (Verdict::Active, Some(credential)) => {
            Ok(Vendor { credential, scopes: verified.scopes, origin: origin.clone() })
        }
        (Verdict::MissingScope, Some(credential)) => Err(insufficient(needed, &credential)),
        _ => Err(unauthorized(
            ProblemCode::InvalidToken,
            BEARER_INVALID_TOKEN,
            "The token is not valid: unknown, expired, revoked, or sent with another token's Account SID.",
        )),
    }
}

fn unauthorized(code: ProblemCode, bearer: HeaderValue, detail: &'static str) -> Problem {
    Problem::new(code, detail).with_header(WWW_AUTHENTICATE, bearer).with_header(WWW_AUTHENTICATE, BASIC)
}

fn insufficient(needed: Option<&ScopeName>, credential: &Credential) -> Problem {
    let names: Vec<ScopeName> = needed.into_iter().cloned().collect();
    let name = needed.map(ScopeName::as_str).unwrap_or_default();
    let challenge = format!(
        r#"Bearer realm="latchkey", error="insufficient_scope", error_description="the token lacks a scope", scope="{name}""#
    );
    // A scope's name is letters, digits and hyphens, so the fallback is never seen.
    let challenge = HeaderValue::from_str(&challenge).unwrap_or(BEARER);
    Problem::new(ProblemCode::InsufficientScope, format!("The token lacks the scope {name}, which this needs."))
        .with_required_scopes(names)
        .with_header(WWW_AUTHENTICATE, challenge)
        .with_header(TOKEN_EXPIRES, expires_header(credential))
}

fn expires_header(credential: &Credential) -> HeaderValue {
    // Digits, colons and letters, so the fallback is never seen.
    HeaderValue::from_str(&credential.token.expires_at.to_rfc3339()).unwrap_or(HeaderValue::from_static(""))
}
