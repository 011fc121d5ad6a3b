//! What answers say of the vendor and its token, in headers.
//!
//! These are written for each call that is let through, so they are put together in place rather than by way of
//! strings.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use latchkey_domain::Usage;
use latchkey_service::{Known, RequestId};

use crate::request::REQUEST_ID;

/// When the token of an authenticated request expires, on every answer to one.
pub const TOKEN_EXPIRES: HeaderName = HeaderName::from_static("latchkey-token-expires");
/// How many calls the token has made in this window, as the original says it.
const RATE_LIMIT_COUNT: HeaderName = HeaderName::from_static("x-rate-limit-count");
/// What is left of the window's calls (draft-ietf-httpapi-ratelimit-headers-11).
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The limit itself (the same draft).
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Whom an API behind Latchkey is told is calling.
const SID: HeaderName = HeaderName::from_static("x-latchkey-sid");
const SERVICE_REP: HeaderName = HeaderName::from_static("x-latchkey-service-rep");
const SCOPES: HeaderName = HeaderName::from_static("x-latchkey-scopes");

/// A head that lines are added to.
pub(crate) trait Lines {
    /// Adds a line with a value that is made of nothing but letters, digits and marks, by what it is: a number, a name.
    fn line(&mut self, name: HeaderName, write: impl FnOnce(&mut Vec<u8>));

    /// Adds a line with a text that people may have chosen; without it, where no header may have such a value.
    fn text_line(&mut self, name: HeaderName, text: &str);
}

/// Who is calling, as the API behind Latchkey is told: always all four, so that a vendor's own lines of these names
/// never get through. An address may hold letters beyond ASCII, which header values carry as UTF-8.
pub(crate) fn identity(credential: &Known, request_id: &RequestId, to: &mut impl Lines) {
    to.line(SID, |value| value.extend_from_slice(&credential.sid.to_ascii()));
    to.text_line(SERVICE_REP, &credential.owner.email);
    to.line(SCOPES, |value| value.extend_from_slice(credential.effective_scopes().text.as_bytes()));
    to.line(REQUEST_ID, |value| value.extend_from_slice(request_id.as_bytes()));
}

/// What every authenticated answer says of its token: when it expires, and how it stands with its limit.
pub(crate) fn standing(credential: &Known, usage: Option<&Usage>, to: &mut impl Lines) {
    to.line(TOKEN_EXPIRES, |value| value.extend_from_slice(&credential.expires_at.to_rfc3339_ascii()));
    let Some(usage) = usage else { return };
    to.line(RATE_LIMIT_COUNT, |value| write_number(value, usage.calls));
    to.line(RATE_LIMIT_POLICY, |value| {
        write_parameters(value, b'q', usage.limit.calls(), b'w', usage.limit.seconds());
    });
    to.line(RATE_LIMIT, |value| write_parameters(value, b'r', usage.remaining(), b't', usage.ends_in_seconds));
}

/// Writes `"pat";r=24;t=5`: a policy's name with two parameters (RFC 9651 section 3.1).
fn write_parameters(to: &mut Vec<u8>, first: u8, one: u32, second: u8, two: u32) {
    to.extend_from_slice(br#""pat";"#);
    to.extend_from_slice(&[first, b'=']);
    write_number(to, one);
    to.extend_from_slice(&[b';', second, b'=']);
    write_number(to, two);
}

/// Writes a number in digits.
pub(crate) fn write_number(to: &mut Vec<u8>, number: impl itoa::Integer) {
    to.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Lines for a head of the `http` crate's. Their values lie in memory one behind the other: it is asked for once for all
/// of them.
pub(crate) struct Gathered {
    text: Vec<u8>,
    /// Each name, and where its value ends.
    ends: Vec<(HeaderName, usize)>,
}

impl Default for Gathered {
    fn default() -> Self {
        Self { text: Vec::with_capacity(256), ends: Vec::with_capacity(8) }
    }
}

impl Lines for Gathered {
    fn line(&mut self, name: HeaderName, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.text);
        self.ends.push((name, self.text.len()));
    }

    fn text_line(&mut self, name: HeaderName, text: &str) {
        self.line(name, |value| value.extend_from_slice(text.as_bytes()));
    }
}

impl Gathered {
    /// The lines in their order. Only a text can be refused as a value.
    pub(crate) fn lines(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let (mut rest, mut begin) = (Bytes::from(self.text), 0);
        self.ends.into_iter().map(move |(name, end)| {
            let value = rest.split_to(end.saturating_sub(begin).min(rest.len()));
            begin = end;
            (name, HeaderValue::from_maybe_shared(value).unwrap_or(HeaderValue::from_static("")))
        })
    }
}

#[cfg(test)]
mod tests {
    use latchkey_domain::RateLimit;

    use super::*;

    fn parameters(first: u8, one: u32, second: u8, two: u32) -> String {
        let mut value = Vec::new();
        write_parameters(&mut value, first, one, second, two);
        String::from_utf8(value).unwrap()
    }

    #[test]
    fn limits_are_written_as_the_draft_says() {
        assert_eq!(parameters(b'r', 0, b't', 5), r#""pat";r=0;t=5"#);
        assert_eq!(parameters(b'q', u32::MAX, b'w', u32::MAX), r#""pat";q=4294967295;w=4294967295"#);
        assert_eq!(parameters(b'q', 100, b'w', 60), r#""pat";q=100;w=60"#);
        let limit = RateLimit::DEFAULT;
        assert_eq!(parameters(b'q', limit.calls(), b'w', limit.seconds()), r#""pat";q=25;w=5"#);
    }

    #[test]
    fn each_value_is_what_was_added() {
        let mut gathered = Gathered::default();
        let added = [(SID, ""), (SERVICE_REP, "one"), (SCOPES, "\n"), (REQUEST_ID, "é")];
        for (name, value) in added.clone() {
            gathered.text_line(name, value);
        }
        let lines: Vec<_> = gathered.lines().map(|(name, value)| (name, value.as_bytes().to_vec())).collect();
        let [one, two, (no_line, _), four] = added.map(|(name, value)| (name, value.as_bytes().to_vec()));
        assert_eq!(lines, [one, two, (no_line, Vec::new()), four]);
    }
}
