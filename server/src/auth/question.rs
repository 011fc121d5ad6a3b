//! Which request a gateway asks about.

use http::HeaderName;

use crate::ServerState;
use crate::header_lines::{HeaderLines, text_of};
use crate::problem::{Problem, ProblemCode};
use crate::request::Arrival;

/// The headers in which a gateway says which request it asks about.
pub(super) struct Dialect {
    method: HeaderName,
    target: HeaderName,
}

/// Those of Traefik, Caddy and HAProxy.
pub(super) const FORWARDED: Dialect = Dialect {
    method: HeaderName::from_static("x-forwarded-method"),
    target: HeaderName::from_static("x-forwarded-uri"),
};
/// Those of nginx.
pub(super) const ORIGINAL: Dialect =
    Dialect { method: HeaderName::from_static("x-original-method"), target: HeaderName::from_static("x-original-uri") };

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

/// The request that a gateway asks about in headers.
///
/// # Errors
/// 403 where the peer is not trusted, 400 where it does not say method and target once each.
pub(super) fn told<'a>(
    state: &ServerState,
    headers: &'a impl HeaderLines,
    arrival: &Arrival,
    dialect: &Dialect,
) -> Result<Question<'a>, Problem> {
    if !state.network.trusted_proxies.contains(arrival.peer) {
        let detail = "Only a gateway that --trusted-proxies names may ask this.";
        return Err(Problem::new(ProblemCode::UntrustedProxy, detail));
    }
    let method = once(headers, &dialect.method)?;
    let target = once(headers, &dialect.target)?;
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
