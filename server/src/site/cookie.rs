//! The cookie that holds a session.

use cookie::{Cookie, SameSite};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use latchkey_domain::PlainText;
use latchkey_service::StartedSession;

use crate::WebSettings;

/// The name over https: the prefix makes browsers insist on `Secure`, this host, and the whole site
/// (RFC 6265bis section 4.1.3.2).
const SECURE_NAME: &str = "__Host-latchkey";
/// The name over plain http, on which the prefix is not allowed.
const PLAIN_NAME: &str = "latchkey";

/// Every name. No answer that is not Latchkey's own may set one, and no other service may see one.
pub(crate) const NAMES: [&str; 4] = [SECURE_NAME, PLAIN_NAME, KEPT_SECURE_NAME, KEPT_PLAIN_NAME];

/// Holds the code of a form that is kept until its sender has signed in again.
const KEPT_SECURE_NAME: &str = "__Host-latchkey-kept";
/// The same over plain http.
const KEPT_PLAIN_NAME: &str = "latchkey-kept";

/// The value of the session's cookie in a request.
pub(super) fn read(headers: &HeaderMap, web: &WebSettings) -> Option<String> {
    read_named(name(web), headers)
}

/// The code of a form that is kept.
pub(super) fn read_kept(headers: &HeaderMap, web: &WebSettings) -> Option<String> {
    read_named(kept_name(web), headers)
}

fn read_named(name: &str, headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| Cookie::split_parse(line).filter_map(Result::ok))
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// The header that gives a browser its session.
pub(super) fn start(session: &StartedSession, web: &WebSettings) -> Option<HeaderValue> {
    let max_age = cookie::time::Duration::seconds(session.max_age_seconds);
    write(name(web), session.cookie.expose(), max_age, web)
}

/// The header that takes it away.
pub(super) fn end(web: &WebSettings) -> Option<HeaderValue> {
    write(name(web), "", cookie::time::Duration::ZERO, web)
}

/// The header that gives a browser the code of a form that is kept, for so many seconds.
pub(super) fn keep(code: &PlainText, seconds: i64, web: &WebSettings) -> Option<HeaderValue> {
    write(kept_name(web), code.expose(), cookie::time::Duration::seconds(seconds), web)
}

/// The header that takes that away.
pub(super) fn end_kept(web: &WebSettings) -> Option<HeaderValue> {
    write(kept_name(web), "", cookie::time::Duration::ZERO, web)
}

fn write(name: &str, value: &str, max_age: cookie::time::Duration, web: &WebSettings) -> Option<HeaderValue> {
    let cookie = Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(web.is_https())
        .max_age(max_age)
        .build();
    let mut header = HeaderValue::from_str(&cookie.to_string()).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn name(web: &WebSettings) -> &'static str {
    if web.is_https() { SECURE_NAME } else { PLAIN_NAME }
}

fn kept_name(web: &WebSettings) -> &'static str {
    if web.is_https() { KEPT_SECURE_NAME } else { KEPT_PLAIN_NAME }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(url: Option<&str>) -> WebSettings {
        WebSettings { public_url: url.map(str::to_owned), ..WebSettings::default() }
    }

    #[test]
    fn a_session_is_written_for_its_scheme() {
        let session = StartedSession { cookie: PlainText::new("value".to_owned()), max_age_seconds: 60 };
        assert_eq!(start(&session, &web(None)).unwrap(), "latchkey=value; HttpOnly; SameSite=Lax; Path=/; Max-Age=60");
        assert_eq!(
            start(&session, &web(Some("https://pat.example.com"))).unwrap(),
            "__Host-latchkey=value; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"
        );
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("a=1; latchkey=value; b=2"))]);
        assert_eq!(read(&headers, &web(None)).as_deref(), Some("value"));
        assert_eq!(read(&headers, &web(Some("https://pat.example.com"))), None);
    }
}
