//! Requests that have arrived whole.
//!
//! Gateways and services send small questions, one after the other, on connections that they keep. Such a question lies
//! whole in what one read brings, says nothing about its connection, and wants an answer that is written at once. [`read`]
//! finds those by the parser that hyper uses too; everything else (a part that is still missing, a body in chunks, another
//! version of HTTP, a connection that is to become something else) is not for this, and hyper reads it.

use std::mem::MaybeUninit;

use http::HeaderName;
use http::header::CONTENT_LENGTH;
use httparse::{Header, Status};

use crate::header_lines::HeaderLines;

/// The most header lines of a request that is read here. One with more is hyper's to read, or to refuse.
const MAX_LINES: usize = 32;

/// Room for a request's header lines.
pub(super) type Room<'a> = [MaybeUninit<Header<'a>>; MAX_LINES];

/// Room that nothing is in.
pub(super) const fn room<'a>() -> Room<'a> {
    [const { MaybeUninit::uninit() }; MAX_LINES]
}

/// A request of HTTP/1.1 that has arrived whole, on a connection that goes on after it: GET without a body, or POST with
/// one.
#[derive(Debug)]
pub struct Whole<'a> {
    pub(crate) method: &'a str,
    /// What is asked for, as it was sent: a path, with a query where there is one.
    pub(crate) path: &'a str,
    lines: &'a [Header<'a>],
    pub(crate) body: &'a [u8],
}

impl HeaderLines for Whole<'_> {
    fn values(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        let length = name.as_str().len();
        let has_name = move |name: &HeaderName, line: &Header<'_>| line.name.eq_ignore_ascii_case(name.as_str());
        let lines = self.lines.iter().filter(move |line| line.name.len() == length && has_name(&name, line));
        lines.map(|line| line.value)
    }
}

/// The request that this text begins with, and how long it is, if it is one of those.
pub(super) fn read<'a>(text: &'a [u8], room: &'a mut Room<'a>) -> Option<(Whole<'a>, usize)> {
    let mut request = httparse::Request::new(&mut []);
    let Ok(Status::Complete(length)) = request.parse_with_uninit_headers(text, room) else { return None };
    let (Some(method @ ("GET" | "POST")), Some(1), Some(path)) = (request.method, request.version, request.path) else {
        return None;
    };
    let lines: &[Header<'_>] = request.headers;
    if !lines.iter().all(is_plain) {
        return None;
    }
    let mut whole = Whole { method, path, lines, body: &[] };
    let end = {
        let mut lengths = whole.values(CONTENT_LENGTH).map(length_in);
        match (method, lengths.next(), lengths.next()) {
            ("GET", None | Some(Some(0)), None) => length,
            ("POST", Some(Some(body)), None) => length.checked_add(body)?,
            _ => return None,
        }
    };
    whole.body = text.get(length..end)?;
    Some((whole, end))
}

/// A body's length, written as a plain number.
fn length_in(value: &[u8]) -> Option<usize> {
    let is_number = value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| is_number)?.parse().ok()
}

/// Whether a line says nothing of a body in chunks, or of what becomes of the connection.
fn is_plain(line: &Header<'_>) -> bool {
    let is = |name: &str| line.name.eq_ignore_ascii_case(name);
    match line.name.len() {
        6 => !is("expect"),
        7 => !is("upgrade"),
        10 => !is("connection") || line.value.eq_ignore_ascii_case(b"keep-alive"),
        17 => !is("transfer-encoding"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, HOST};

    use super::*;

    const LINES: &str = "Host: a\r\nX-Forwarded-For: 192.0.2.1\r\nx-forwarded-for:192.0.2.2 \r\n";

    fn is_whole(text: &str) -> bool {
        read(text.as_bytes(), &mut room()).is_some()
    }

    #[test]
    fn a_question_is_read_with_its_lines() {
        let text = format!("GET /auth/forward?a=b HTTP/1.1\r\n{LINES}\r\nGET /next");
        let mut room = room();
        let (whole, length) = read(text.as_bytes(), &mut room).unwrap();
        assert_eq!((whole.method, whole.path, &text[length..]), ("GET", "/auth/forward?a=b", "GET /next"));
        let values = |name: HeaderName| -> Vec<String> {
            whole.values(name).map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
        };
        assert_eq!(values(HOST), ["a"]);
        assert_eq!(values(HeaderName::from_static("x-forwarded-for")), ["192.0.2.1", "192.0.2.2"]);
        assert!(values(ACCEPT).is_empty());
    }

    #[test]
    fn a_body_is_as_long_as_it_says() {
        let text = format!("POST /oauth2/introspect HTTP/1.1\r\n{LINES}Content-Length: 7\r\n\r\ntoken=xGET /");
        let mut room = room();
        let (whole, length) = read(text.as_bytes(), &mut room).unwrap();
        assert_eq!((whole.method, whole.body, &text[length..]), ("POST", &b"token=x"[..], "GET /"));
        for bad in ["7, 7", "+7", "-7", "0x7", "", "7 7", "99999999999999999999", "18446744073709551615"] {
            assert!(!is_whole(&text.replace("h: 7", &format!("h: {bad}"))), "{bad}");
        }
    }

    #[test]
    fn whatever_lacks_a_part_is_not_whole() {
        for text in [
            format!("GET /auth/forward HTTP/1.1\r\n{LINES}\r\n"),
            format!("POST /oauth2/introspect HTTP/1.1\r\n{LINES}content-length: 7\r\n\r\ntoken=x"),
        ] {
            assert!(is_whole(&text));
            for end in 0..text.len() {
                assert!(!is_whole(&text[..end]), "{end}");
            }
        }
    }

    #[test]
    fn whatever_is_more_than_a_question_is_left_to_hyper() {
        let with = |line: &str| format!("GET /auth/forward HTTP/1.1\r\n{LINES}{line}\r\n\r\n");
        for line in ["Connection: Keep-Alive", "Content-Length: 0", "x-connection: close", "content-length: 00"] {
            assert!(is_whole(&with(line)), "{line}");
        }
        for line in [
            "Connection: close",
            "connection: keep-alive, x-forwarded-uri",
            "CONNECTION: upgrade",
            "Content-Length: 1",
            "content-length: 0, 0",
            "content-length: 0\r\ncontent-length: 0",
            "content-length:",
            "content-length: +0",
            "Transfer-Encoding: identity",
            "transfer-encoding: chunked",
            "Expect: 100-continue",
            "Upgrade: h2c",
            "no colon",
            "space : before",
            " folded: line",
        ] {
            assert!(!is_whole(&with(line)), "{line}");
        }
        for first in [
            "POST /auth/forward HTTP/1.1",
            "PUT /auth/forward HTTP/1.1",
            "HEAD /auth/forward HTTP/1.1",
            "get /auth/forward HTTP/1.1",
            "GET /auth/forward HTTP/1.0",
            "GET  /auth/forward HTTP/1.1",
            "GET /auth/forward",
            "PRI * HTTP/2.0",
        ] {
            assert!(!is_whole(&format!("{first}\r\n{LINES}\r\n")), "{first}");
        }
        let many = "a: b\r\n".repeat(MAX_LINES);
        assert!(is_whole(&format!("GET / HTTP/1.1\r\n{many}\r\n")));
        assert!(!is_whole(&format!("GET / HTTP/1.1\r\n{many}a: b\r\n\r\n")));
    }
}
