//! What is removed from headers and added to them, in both directions.
//!
//! Names are compared as CGI and its successors read them, where `x_latchkey_sid` and `x-latchkey-sid` are the
//! same variable. What is added is added last, so nothing that the other side sent survives under such a name,
//! and nothing that it named as its connection's own takes it away.

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
    added: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    length: Option<u64>,
    is_upgrade: bool,
) -> HeaderMap {
    let own = ConnectionsOwn::of(sent);
    let mut headers = HeaderMap::with_capacity(sent.len() + 8);
    for (name, value) in sent {
        let name_text = name.as_str();
        let is_removed = own.contains(name_text)
            || NOT_SENT_ON.iter().any(|other| reads_as(name_text, other))
            || begins_as(name_text, LATCHKEYS)
            || begins_as(name_text, FORWARDED);
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
    let own = ConnectionsOwn::of(answered);
    // RFC 9112 section 6.3: with both, the length is not to be believed.
    let has_false_length = answered.contains_key(TRANSFER_ENCODING);
    let mut headers = HeaderMap::with_capacity(answered.len() + 4);
    for (name, value) in answered {
        let name_text = name.as_str();
        let is_removed = own.contains(name_text)
            || NOT_ANSWERED.iter().any(|other| reads_as(name_text, other))
            || begins_as(name_text, LATCHKEYS)
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
struct ConnectionsOwn(Vec<String>);

impl ConnectionsOwn {
    fn of(headers: &HeaderMap) -> Self {
        Self(named(headers, &CONNECTION).collect())
    }

    fn contains(&self, name: &str) -> bool {
        HOP_BY_HOP.iter().any(|own| reads_as(name, own)) || self.0.iter().any(|own| reads_as(name, own))
    }
}

/// Whether two names are one to those who read them as CGI does.
fn reads_as(name: &str, other: &str) -> bool {
    name.len() == other.len() && begins_as(name, other)
}

fn begins_as(name: &str, start: &str) -> bool {
    let same = |(one, other): (u8, u8)| one == other || matches!((one, other), (b'_', b'-') | (b'-', b'_'));
    name.len() >= start.len() && name.bytes().zip(start.bytes()).all(same)
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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Names that matter, in any case and with underscores, and others.
    fn names() -> impl Strategy<Value = HeaderName> {
        let known = HOP_BY_HOP.iter().chain(&NOT_SENT_ON).chain(&NOT_ANSWERED);
        let known: Vec<&str> = known.copied().chain(["x-latchkey-sid", "x-forwarded-for", "set-cookie"]).collect();
        let known = (proptest::sample::select(known), any::<bool>()).prop_map(|(name, is_other)| {
            if is_other { name.replace('-', "_").to_uppercase() } else { name.to_owned() }
        });
        let any = prop_oneof![3 => known, 1 => "[a-z_-]{1,12}", 1 => "x[-_]latchkey[-_][a-z]{0,3}"];
        any.prop_map(|name| HeaderName::from_bytes(name.as_bytes()).unwrap())
    }

    fn values() -> impl Strategy<Value = HeaderValue> {
        let bytes = prop_oneof![
            vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8], 0..24),
            "[ =]{0,2}(__Host-|__HOST-)?latchkey ?(=[a-z; ]{0,6}|)".prop_map(String::into_bytes),
            "(upgrade|te|x-a|x_latchkey_sid|trailers|websocket|, ?){0,4}".prop_map(String::into_bytes),
        ];
        bytes.prop_map(|bytes| HeaderValue::from_bytes(&bytes).unwrap())
    }

    fn maps() -> impl Strategy<Value = HeaderMap> {
        vec((names(), values()), 0..24).prop_map(|lines| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(name, value);
            }
            headers
        })
    }

    fn values_of(headers: &HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
        headers.get_all(name).iter().cloned().collect()
    }

    /// As CGI reads a name, on paths of its own.
    fn as_read(name: &HeaderName) -> String {
        name.as_str().replace('_', "-")
    }

    fn connections_own(headers: &HeaderMap) -> Vec<String> {
        let named = named(headers, &CONNECTION).map(|name| name.replace('_', "-"));
        HOP_BY_HOP.into_iter().map(str::to_owned).chain(named).collect()
    }

    proptest! {
        #[test]
        fn nothing_forbidden_is_sent_on(sent in maps(), length in proptest::option::of(0..9_u64), is_upgrade: bool) {
            let sid = HeaderName::from_static("x-latchkey-sid");
            let ours = HeaderValue::from_static("ours");
            let headers = for_upstream(&sent, vec![(sid.clone(), ours.clone())], length, is_upgrade);
            prop_assert_eq!(values_of(&headers, &sid), [ours]);
            let own = connections_own(&sent);
            for name in headers.keys().filter(|name| **name != sid) {
                let read = as_read(name);
                prop_assert!(!read.starts_with(LATCHKEYS) && !read.starts_with(FORWARDED), "{}", name);
                let is_set = [COOKIE, CONTENT_LENGTH, TE, CONNECTION, UPGRADE].contains(name);
                prop_assert!(is_set || !(NOT_SENT_ON.contains(&&*read) || own.contains(&read)), "{}", name);
            }
            prop_assert_eq!(headers.contains_key(UPGRADE), is_upgrade);
            let length = length.filter(|_| sent.contains_key(CONTENT_LENGTH));
            prop_assert_eq!(headers.get(CONTENT_LENGTH).cloned(), length.map(HeaderValue::from));
            for line in headers.get_all(COOKIE) {
                prop_assert!(!line.as_bytes().split(|byte| *byte == b';').any(is_latchkeys), "{:?}", line);
            }
            for value in headers.get_all(TE) {
                prop_assert_eq!(value, "trailers");
            }
        }

        #[test]
        fn nothing_forbidden_is_answered(answered in maps(), is_upgrade: bool) {
            let headers = for_client(&answered, is_upgrade);
            let own = connections_own(&answered);
            for name in headers.keys() {
                let read = as_read(name);
                prop_assert!(!read.starts_with(LATCHKEYS), "{}", name);
                let is_set = [CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS, CACHE_CONTROL, CONNECTION, UPGRADE];
                let is_removed = NOT_ANSWERED.contains(&&*read) || own.contains(&read);
                prop_assert!(is_set.contains(name) || !is_removed, "{}", name);
            }
            prop_assert_eq!(values_of(&headers, &CONTENT_SECURITY_POLICY), ["sandbox; default-src 'none'"]);
            prop_assert_eq!(values_of(&headers, &X_CONTENT_TYPE_OPTIONS), ["nosniff"]);
            prop_assert!(headers.contains_key(CACHE_CONTROL));
            prop_assert_eq!(headers.contains_key(UPGRADE), is_upgrade);
            for cookie in headers.get_all(SET_COOKIE) {
                prop_assert!(!is_latchkeys(first_pair(cookie)), "{:?}", cookie);
            }
        }
    }
}
