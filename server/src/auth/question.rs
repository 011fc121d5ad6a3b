//! Which request a gateway asks about.

use http::HeaderName;

use crate::ServerState;
use crate::header_lines::{HeaderLines, text_of};
use crate::problem::{Problem, ProblemCode};
use crate::request::Arrival;

const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");

/// A request that stands before a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question<'a> {
    pub(super) method: &'a str,
    /// The raw path, without the query.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Question<'a> {
    pub(super) const fn of(method: &'a str, path: &'a str, query: Option<&'a str>) -> Self {
        Self { method, path, query }
    }
}

/// The request that Traefik, Caddy or HAProxy ask about.
///
/// # Errors
/// 403 where the peer is not trusted, 400 where it does not say method and target once each.
pub(super) fn forwarded<'a>(
    state: &ServerState,
    headers: &'a impl HeaderLines,
    arrival: &Arrival,
) -> Result<Question<'a>, Problem> {
    told_by(state, headers, arrival, &FORWARDED_METHOD, &FORWARDED_URI)
}

/// The request that nginx asks about.
///
/// # Errors
/// As [`forwarded`].
pub(super) fn original<'a>(
    state: &ServerState,
    headers: &'a impl HeaderLines,
    arrival: &Arrival,
) -> Result<Question<'a>, Problem> {
    told_by(state, headers, arrival, &ORIGINAL_METHOD, &ORIGINAL_URI)
}

fn told_by<'a>(
    state: &ServerState,
    headers: &'a impl HeaderLines,
    arrival: &Arrival,
    method: &HeaderName,
    target: &HeaderName,
) -> Result<Question<'a>, Problem> {
    if !state.network.trusted_proxies.contains(arrival.peer) {
        let detail = "Only a gateway that --trusted-proxies names may ask this.";
        return Err(Problem::new(ProblemCode::UntrustedProxy, detail));
    }
    let method = once(headers, method)?;
    let target = once(headers, target)?;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    Ok(Question::of(method, path, query))
}

/// The value of a header that stands there exactly once: a second line may be the vendor's own.
fn once<'a>(headers: &'a impl HeaderLines, name: &HeaderName) -> Result<&'a str, Problem> {
    let mut values = headers.values(name.clone());
    match (values.next().map(text_of), values.next()) {
        (Some(Some(value)), None) if !value.is_empty() => Ok(value),
        _ => {
            let detail = format!("The gateway has to send {name} exactly once.");
            Err(Problem::new(ProblemCode::InvalidForwardingHeaders, detail))
        }
    }
}
