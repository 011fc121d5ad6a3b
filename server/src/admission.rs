//! Who is calling, and whether they may: from the headers of a request to a vendor, or to the refusal.
//!
//! Everything that a token opens passes here: the API, the questions of gateways, introspection. The order is the
//! same for all:
//! 1. [`read`]: the one credential; 400 where there are several.
//! 2. [`admit`]: 401 where there is none or it is not good, 429 where its calls are used up, 403 where it lacks the
//!    scope; 403 before the limit where the token may not be used from the address; 503 where the database does not answer, which is neither yes nor no.
//!
//! An address that has sent too many bad credentials gets a 429 before anything is looked up.
//!
//! The refusals' words are the same for every credential that is not good, whatever is wrong with it: they tell a
//! guesser nothing. Two are told apart because they tell only what the sender knows: none at all, and one that
//! its own checksum shows to be cut off or mistyped.

use axum::response::Response;
use http::header::{AUTHORIZATION, RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};
use latchkey_domain::{CredentialHeaders, Presented, ScopeName, Timestamp, UnusableCredential, Usage, Verdict};
use latchkey_service::ports::StoreError;
use latchkey_service::{Known, Purpose, Verified};

use crate::ServerState;
use crate::header_lines::{HeaderLines, text_of};
use crate::metrics::Refused;
use crate::problem::{Problem, ProblemCode};
use crate::request::Arrival;
use crate::vendor_headers::{self, Gathered, Lines};

/// The original's own header for a credential.
pub(crate) const X_TW_TOKEN: HeaderName = HeaderName::from_static("x-tw-token");

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
pub(crate) type Read = Result<Presented, Missing>;

/// Why a request brought nothing that could be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// There is no credential.
    Absent,
    /// There is one, and its checksum fails.
    Malformed,
}

/// Somebody with a good token that may do what was asked.
pub(crate) struct Vendor {
    /// The token and its owner.
    pub(crate) credential: Known,
    /// Where the request came from.
    pub(crate) arrival: Arrival,
    /// When the call before this one was, where that is not written down yet.
    pub(crate) noted_before: Option<Timestamp>,
    /// How the token stands with its limit.
    pub(crate) usage: Option<Usage>,
}

impl Vendor {
    /// Who is calling, as the API behind Latchkey is told.
    pub(crate) fn identity(&self, to: &mut impl Lines) {
        vendor_headers::identity(&self.credential, &self.arrival.request_id, to);
    }

    /// What every answer to this vendor says of its token.
    pub(crate) fn standing(&self, to: &mut impl Lines) {
        vendor_headers::standing(&self.credential, self.usage.as_ref(), to);
    }

    /// Says it of this answer.
    pub(crate) fn mark(&self, response: &mut Response) {
        // An API behind the gateway may have limits of its own, which say of this token nothing.
        for (name, value) in standing_of(&self.credential, self.usage.as_ref()) {
            response.headers_mut().insert(name, value);
        }
    }
}

/// Reads the one credential of a request with these headers and this query.
///
/// # Errors
/// 400 where there are several.
pub(crate) fn read(headers: &impl HeaderLines, query: Option<&str>) -> Result<Read, Problem> {
    let values = |name: HeaderName| headers.values(name).collect();
    let headers = CredentialHeaders { authorization: values(AUTHORIZATION), x_tw_token: values(X_TW_TOKEN), query };
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

/// What a client says that it is; nothing where that is no plain text.
pub(crate) fn agent(headers: &impl HeaderLines) -> &str {
    headers.values(USER_AGENT).next().and_then(text_of).unwrap_or_default()
}

/// Judges what a request brought. `needed` is the scope of its route, if it needs one; `agent` is what the client
/// says that it is ([`agent`]).
///
/// # Errors
/// 401, 429, 403, or 503.
pub(crate) async fn admit(
    state: &ServerState,
    read: Read,
    needed: Option<&ScopeName>,
    purpose: Purpose,
    arrival: &Arrival,
    agent: &str,
) -> Result<Vendor, Problem> {
    let presented = match read {
        Ok(presented) => presented,
        Err(Missing::Absent) => {
            state.metrics.refused(Refused::NoCredential);
            state.service.note_refused_call(None, "no_credential", &arrival.origin());
            return Err(unauthorized(ProblemCode::CredentialMissing, BEARER, "Send an Auth Token with the request."));
        }
        Err(Missing::Malformed) => {
            check_address(state, arrival)?;
            state.service.note_failed_call(arrival.address);
            state.metrics.refused(Refused::Malformed);
            state.service.note_refused_call(None, "malformed_credential", &arrival.origin());
            return Err(unauthorized(
                ProblemCode::MalformedCredential,
                BEARER_MALFORMED,
                "The Auth Token is incomplete or mistyped. Copy it again, whole.",
            ));
        }
    };
    check_address(state, arrival)?;
    let verified = state.service.verify_call(&presented, needed, arrival.address.into(), purpose, agent).await;
    let verified = verified.map_err(|error| unreachable(state, arrival, &error))?;
    state.metrics.judged(verified.verdict);
    let sid = verified.credential.as_ref().map(|credential| credential.sid);
    tracing::debug!(request_id = %arrival.request_id, ?sid, verdict = verified.verdict.code(), "credential");
    decide(state, verified, needed, arrival)
}

/// Refuses an address that has sent too many bad credentials.
///
/// # Errors
/// 429.
pub(crate) fn check_address(state: &ServerState, arrival: &Arrival) -> Result<(), Problem> {
    let Some(seconds) = state.service.refuses_address(arrival.address) else {
        return Ok(());
    };
    state.metrics.refused(Refused::TooManyFailures);
    state.service.note_refused_call(None, "too_many_failures", &arrival.origin());
    let detail = "Too many bad credentials came from this address. Correct the credential, and wait for Retry-After.";
    Err(Problem::new(ProblemCode::TooManyFailures, detail).with_header(RETRY_AFTER, seconds.into()))
}

/// What is answered where the database is not: neither yes nor no.
pub(crate) fn unreachable(state: &ServerState, arrival: &Arrival, error: &StoreError) -> Problem {
    tracing::error!(request_id = %arrival.request_id, cause = %error, "a credential could not be looked up");
    state.metrics.refused(Refused::Unavailable);
    Problem::unavailable()
}

fn decide(
    state: &ServerState,
    verified: Verified,
    needed: Option<&ScopeName>,
    arrival: &Arrival,
) -> Result<Vendor, Problem> {
    let is_good = verified.is_good();
    let Verified { verdict, credential, usage, noted_before } = verified;
    let sid = credential.as_ref().map(|credential| credential.sid);
    let Some(credential) = credential.filter(|_| is_good) else {
        state.service.note_failed_call(arrival.address);
        state.service.note_refused_call(sid, verdict.code(), &arrival.origin());
        if verdict == Verdict::AddressRefused {
            // Nothing is counted against the token's own limit: whoever stole it must not use up its calls.
            let detail = "The token may not be used from this address. Call from one that its address rules name.";
            return Err(Problem::new(ProblemCode::AddressRefused, detail));
        }
        return Err(unauthorized(
            ProblemCode::InvalidToken,
            BEARER_INVALID_TOKEN,
            "The token is not valid: unknown, expired, revoked, or sent with another token's Account SID.",
        ));
    };
    if let Some(usage) = usage.filter(Usage::is_over) {
        state.metrics.refused(Refused::RateLimited);
        state.service.note_refused_call(sid, "rate_limited", &arrival.origin());
        return Err(over_limit(&usage).with_headers(standing_of(&credential, Some(&usage))));
    }
    if verdict == Verdict::MissingScope {
        state.service.note_refused_call(sid, "insufficient_scope", &arrival.origin());
        return Err(insufficient(needed).with_headers(standing_of(&credential, usage.as_ref())));
    }
    Ok(Vendor { credential, arrival: *arrival, noted_before, usage })
}

fn standing_of(credential: &Known, usage: Option<&Usage>) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let mut standing = Gathered::default();
    vendor_headers::standing(credential, usage, &mut standing);
    standing.lines()
}

fn over_limit(usage: &Usage) -> Problem {
    let (limit, seconds) = (usage.limit, usage.ends_in_seconds);
    let detail = format!(
        "{} requests / {} sec limit. The next call is let through in {seconds} seconds.",
        limit.calls(),
        limit.seconds()
    );
    Problem::new(ProblemCode::RateLimited, detail).with_header(RETRY_AFTER, seconds.into())
}

fn unauthorized(code: ProblemCode, bearer: HeaderValue, detail: &'static str) -> Problem {
    Problem::new(code, detail).with_header(WWW_AUTHENTICATE, bearer).with_header(WWW_AUTHENTICATE, BASIC)
}

fn insufficient(needed: Option<&ScopeName>) -> Problem {
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
}
