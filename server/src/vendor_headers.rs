//! What answers say of the vendor and its token, in headers.
//!
//! These are written for each call that is let through, so they are put together in place rather than by way of
//! strings.

use bytes::BytesMut;
use http::{HeaderName, HeaderValue};
use latchkey_domain::{AccountSid, RateLimit, Usage};
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

const DEFAULT_POLICY: HeaderValue = HeaderValue::from_static(r#""pat";q=25;w=5"#);

/// Who is calling, as the API behind Latchkey is told: always all four, so that a vendor's own lines of these names
/// never get through. An address may hold letters beyond ASCII, which header values carry as UTF-8.
pub(crate) fn identity(credential: &Known, request_id: &RequestId) -> [(HeaderName, HeaderValue); 4] {
    let (email, scopes) = (credential.owner.email.as_bytes(), credential.effective_scopes().text.as_bytes());
    let mut values = Values::with_room_for(AccountSid::LENGTH + email.len() + scopes.len() + 32);
    values.add(&credential.sid.to_ascii());
    values.add(email);
    values.add(scopes);
    values.add(request_id.as_str().as_bytes());
    let [sid, email, scopes, request_id] = values.done();
    [(SID, sid), (SERVICE_REP, email), (SCOPES, scopes), (REQUEST_ID, request_id)]
}

/// What every authenticated answer says of its token: when it expires, and how it stands with its limit.
pub(crate) fn standing(
    credential: &Known,
    usage: Option<&Usage>,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let mut values = Values::with_room_for(if usage.is_some() { 80 } else { 20 });
    values.add(&credential.expires_at.to_rfc3339_ascii());
    let limits = usage.map(|usage| {
        values.add_parameters(b'r', usage.remaining(), b't', usage.ends_in_seconds);
        let is_default = usage.limit == RateLimit::DEFAULT;
        if !is_default {
            values.add_parameters(b'q', usage.limit.calls(), b'w', usage.limit.seconds());
        }
        (usage.calls, is_default)
    });
    let [expires, standing, policy] = values.done();
    let limits = limits.map(|(calls, is_default)| {
        let policy = if is_default { DEFAULT_POLICY } else { policy };
        [(RATE_LIMIT_COUNT, calls.into()), (RATE_LIMIT_POLICY, policy), (RATE_LIMIT, standing)]
    });
    std::iter::once((TOKEN_EXPIRES, expires)).chain(limits.into_iter().flatten())
}

/// Several values that lie in memory one behind the other: it is asked for once for all of them.
struct Values<const COUNT: usize> {
    text: BytesMut,
    ends: [usize; COUNT],
    count: usize,
}

impl<const COUNT: usize> Values<COUNT> {
    fn with_room_for(length: usize) -> Self {
        Self { text: BytesMut::with_capacity(length), ends: [0; COUNT], count: 0 }
    }

    /// Adds a value.
    fn add(&mut self, value: &[u8]) {
        self.text.extend_from_slice(value);
        self.end();
    }

    /// Adds `"pat";r=24;t=5`: a policy's name with two parameters (RFC 9651 section 3.1).
    fn add_parameters(&mut self, first: u8, one: u32, second: u8, two: u32) {
        self.text.extend_from_slice(br#""pat";"#);
        self.text.extend_from_slice(&[first, b'=']);
        self.add_number(one);
        self.text.extend_from_slice(&[b';', second, b'=']);
        self.add_number(two);
        self.end();
    }

    fn add_number(&mut self, number: u32) {
        let mut digits = [b'0'; 10];
        let mut rest = number;
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        self.text.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
    }

    fn end(&mut self) {
        if let Some(end) = self.ends.get_mut(self.count) {
            *end = self.text.len();
        }
        self.count += 1;
    }

    /// The values in their order; those that were not added are empty. Nothing that is written here is ever refused as
    /// a value.
    fn done(self) -> [HeaderValue; COUNT] {
        let (mut rest, mut begin) = (self.text.freeze(), 0);
        self.ends.map(|end| {
            let value = rest.split_to(end.saturating_sub(begin).min(rest.len()));
            begin = begin.max(end);
            HeaderValue::from_maybe_shared(value).unwrap_or(HeaderValue::from_static(""))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(first: u8, one: u32, second: u8, two: u32) -> String {
        let mut values = Values::<2>::with_room_for(0);
        values.add_parameters(first, one, second, two);
        let [value, none] = values.done();
        assert!(none.is_empty());
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn limits_are_written_as_the_draft_says() {
        assert_eq!(parameters(b'r', 0, b't', 5), r#""pat";r=0;t=5"#);
        assert_eq!(parameters(b'q', u32::MAX, b'w', u32::MAX), r#""pat";q=4294967295;w=4294967295"#);
        assert_eq!(parameters(b'q', 100, b'w', 60), r#""pat";q=100;w=60"#);
        let limit = RateLimit::DEFAULT;
        assert_eq!(parameters(b'q', limit.calls(), b'w', limit.seconds()), DEFAULT_POLICY.to_str().unwrap());
    }

    #[test]
    fn each_value_is_what_was_added() {
        let mut values = Values::<4>::with_room_for(3);
        for value in ["", "one", "\n", "é"] {
            values.add(value.as_bytes());
        }
        assert_eq!(values.done().map(|value| value.as_bytes().to_vec()), [&b""[..], b"one", b"", "é".as_bytes()]);
    }
}
