//! What answers say of the vendor and its token, in headers.
//!
//! These are written for each call that is let through, so they are put together in place rather than by way of
//! strings.

use http::{HeaderName, HeaderValue};
use latchkey_domain::{RateLimit, Usage};
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
    [
        (SID, value(&credential.sid.to_ascii())),
        (SERVICE_REP, value(credential.owner.email.as_bytes())),
        (SCOPES, value(credential.effective_scopes().text.as_bytes())),
        (REQUEST_ID, value(request_id.as_str().as_bytes())),
    ]
}

/// What every authenticated answer says of its token: when it expires, and how it stands with its limit.
pub(crate) fn standing(
    credential: &Known,
    usage: Option<&Usage>,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let expires = value(&credential.expires_at.to_rfc3339_ascii());
    let limits = usage.map(|usage| {
        [
            (RATE_LIMIT_COUNT, usage.calls.into()),
            (RATE_LIMIT_POLICY, policy(usage.limit)),
            (RATE_LIMIT, parameters(b'r', usage.remaining(), b't', usage.ends_in_seconds)),
        ]
    });
    std::iter::once((TOKEN_EXPIRES, expires)).chain(limits.into_iter().flatten())
}

fn policy(limit: RateLimit) -> HeaderValue {
    if limit == RateLimit::DEFAULT {
        return DEFAULT_POLICY;
    }
    parameters(b'q', limit.calls(), b'w', limit.seconds())
}

/// `"pat";r=24;t=5`: a policy's name with two parameters (RFC 9651 section 3.1).
fn parameters(first: u8, one: u32, second: u8, two: u32) -> HeaderValue {
    let mut text = Text { bytes: [0; 40], length: 0 };
    text.push(br#""pat";"#);
    text.push(&[first]);
    text.push(b"=");
    text.push_number(one);
    text.push(b";");
    text.push(&[second]);
    text.push(b"=");
    text.push_number(two);
    value(text.bytes.get(..text.length).unwrap_or_default())
}

/// Nothing that is written here is ever refused as a value.
fn value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static(""))
}

/// A short text under construction: room for both numbers at their longest.
struct Text {
    bytes: [u8; 40],
    length: usize,
}

impl Text {
    fn push(&mut self, text: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + text.len()) {
            place.copy_from_slice(text);
            self.length += text.len();
        }
    }

    fn push_number(&mut self, number: u32) {
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
        self.push(digits.get(digits.len() - count..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_as_the_draft_says() {
        assert_eq!(parameters(b'r', 0, b't', 5), r#""pat";r=0;t=5"#);
        assert_eq!(parameters(b'q', u32::MAX, b'w', u32::MAX), r#""pat";q=4294967295;w=4294967295"#);
        assert_eq!(policy(RateLimit::of(100, 60)), r#""pat";q=100;w=60"#);
        let limit = RateLimit::DEFAULT;
        assert_eq!(policy(limit), parameters(b'q', limit.calls(), b'w', limit.seconds()));
    }
}
