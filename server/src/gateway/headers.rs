//! What is removed from headers and added to them, in both directions.
//!
//! Names are compared as CGI and its successors read them, where `x_latchkey_sid` and `x-latchkey-sid` are the
//! same variable. What is added is added last, so nothing that the other side sent survives under such a name,
//! and nothing that it named as its connection's own takes it away.

use std::collections::HashSet;

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, COOKIE, SET_COOKIE, TE, TRANSFER_ENCODING,
    UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::upgrade::WEBSOCKET;
use crate::site::SESSION_COOKIES;

/// What belongs to one connection (RFC 9110 section 7.6.1), and to the proxy at its other end.
const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The vendor's credential, and what would name another caller, method, path, host or client.
const NOT_SENT_ON: [&str; 14] = [
    "authorization",
    "content-length",
    "cookie",
    "forwarded",
    "host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-request-id",
    "x-rewrite-url",
    "x-tw-token",
];

/// What an answer may not say: it would speak for the whole origin, which is Latchkey's, or for Latchkey.
const NOT_ANSWERED: [&str; 11] = [
    "alt-svc",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "latchkey-token-expires",
    "nel",
    "report-to",
    "service-worker-allowed",
    "strict-transport-security",
    "x-content-type-options",
    "x-request-id",
];

const LATCHKEYS: &str = "x-latchkey-";
const FORWARDED: &str = "x-forwarded-";

/// The headers to send on to the upstream. `added` replaces what the client sent; `length` is the body's, where it
/// is known.
pub(super) fn for_upstream(
    sent: &HeaderMap,
    added: Vec<(HeaderName, HeaderValue)>,
    length: Option<u64>,
    is_upgrade: bool,
) -> HeaderMap {
    let own = connections_own(sent);
    let mut headers = HeaderMap::with_capacity(sent.len());
    for (name, value) in sent {
        let read = as_read(name);
        let is_removed = own.contains(&read)
            || NOT_SENT_ON.contains(&&*read)
            || read.starts_with(LATCHKEYS)
            || read.starts_with(FORWARDED);
        if !is_removed {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Some(cookies) = others_cookies(sent) {
        headers.insert(COOKIE, cookies);
    }
    if let (Some(length), true) = (length, sent.contains_key(CONTENT_LENGTH)) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    if is_upgrade {
        turn_to_websocket(&mut headers);
    } else if named(sent, &TE).any(|coding| coding == "trailers") {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
    }
    headers.extend(added);
    headers
}

/// The headers to answer the client with.
pub(super) fn for_client(answered: &HeaderMap, is_upgrade: bool) -> HeaderMap {
    let own = connections_own(answered);
    // RFC 9112 section 6.3: with both, the length is not to be believed.
    let has_false_length = answered.contains_key(TRANSFER_ENCODING);
    let mut headers = HeaderMap::with_capacity(answered.len() + 4);
    for (name, value) in answered {
        let read = as_read(name);
        let is_removed = own.contains(&read)
            || NOT_ANSWERED.contains(&&*read)
            || read.starts_with(LATCHKEYS)
            || (*name == SET_COOKIE && is_latchkeys(first_pair(value)))
            || (*name == CONTENT_LENGTH && has_false_length);
        if !is_removed {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if is_upgrade {
        turn_to_websocket(&mut headers);
    }
    headers
}

/// The words of a header that is a list, in lower case.
pub(super) fn named<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> + 'a {
    let words = headers.get_all(name).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    words.map(|word| String::from_utf8_lossy(word.trim_ascii()).to_ascii_lowercase())
}

/// What belongs to the connection alone: by definition, or because its `Connection` header says so.
fn connections_own(headers: &HeaderMap) -> HashSet<String> {
    let own = HOP_BY_HOP.into_iter().map(str::to_owned);
    own.chain(named(headers, &CONNECTION).map(|name| name.replace('_', "-"))).collect()
}

fn as_read(name: &HeaderName) -> String {
    name.as_str().replace('_', "-")
}

fn turn_to_websocket(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
}

/// The cookies that are not Latchkey's, in one line.
fn others_cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let others: Vec<&[u8]> =
        pairs.map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty() && !is_latchkeys(pair)).collect();
    if others.is_empty() { None } else { HeaderValue::from_bytes(&others.join(&b"; "[..])).ok() }
}

fn first_pair(set_cookie: &HeaderValue) -> &[u8] {
    set_cookie.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default()
}

/// Whether a cookie has one of Latchkey's names. One without a name is taken by its value, which is what browsers
/// send back of it.
fn is_latchkeys(pair: &[u8]) -> bool {
    let begin = pair.iter().position(|byte| *byte != b'=' && !byte.is_ascii_whitespace()).unwrap_or(pair.len());
    let name = pair.get(begin..).unwrap_or_default().split(|byte| *byte == b'=').next().unwrap_or_default();
    SESSION_COOKIES.iter().any(|ours| ours.as_bytes().eq_ignore_ascii_case(name.trim_ascii()))
}
