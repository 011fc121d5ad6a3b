//! Answers as HTTP/1.1 sends them.

use std::time::SystemTime;

use axum::body::to_bytes;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderName, StatusCode};
use httpdate::HttpDate;
use tokio::time::{Duration, Instant};

use crate::vendor_headers::{Lines, write_number};

/// Answers that are to be sent on one connection, one behind the other.
#[derive(Debug, Default)]
pub struct AnswerText {
    text: Vec<u8>,
    /// The line that says the date (RFC 9110 section 6.6.1).
    date: String,
    /// From when on the date is another one.
    date_ends: Option<Instant>,
}

impl AnswerText {
    /// Begins an answer, now.
    pub(crate) fn begin(&mut self, status: StatusCode, now: Instant) {
        if self.date_ends.is_none_or(|end| now >= end) {
            self.set_date(now);
        }
        if status == StatusCode::OK {
            self.text.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        } else {
            let reason = status.canonical_reason().unwrap_or_default();
            self.text.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
        }
        self.text.extend_from_slice(self.date.as_bytes());
    }

    /// Begins an answer that is as this response, which is in memory, and gives its body back for the end.
    pub(crate) async fn begin_as(&mut self, response: Response, now: Instant) -> Bytes {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        self.begin(parts.status, now);
        for (name, value) in &parts.headers {
            write_line(&mut self.text, name, |to| to.extend_from_slice(value.as_bytes()));
        }
        self.line(CONTENT_LENGTH, |value| write_number(value, body.len()));
        body
    }

    /// Ends the head, and adds the body.
    pub(crate) fn end(&mut self, body: &[u8]) {
        self.text.extend_from_slice(b"\r\n");
        self.text.extend_from_slice(body);
    }

    /// What is to be sent.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Begins anew, once that is sent.
    pub(super) fn clear(&mut self) {
        self.text.clear();
    }

    fn set_date(&mut self, now: Instant) {
        #[expect(clippy::disallowed_methods, reason = "no rule goes by an answer's date")]
        let time = SystemTime::now();
        let into_second = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().subsec_nanos();
        self.date = format!("{DATE}: {}\r\n", HttpDate::from(time));
        self.date_ends = Some(now + Duration::from_secs(1).saturating_sub(Duration::from_nanos(into_second.into())));
    }
}

impl Lines for AnswerText {
    fn line(&mut self, name: HeaderName, write: impl FnOnce(&mut Vec<u8>)) {
        write_line(&mut self.text, &name, write);
    }

    fn text_line(&mut self, name: HeaderName, text: &str) {
        let text = if text.bytes().all(is_allowed) { text } else { "" };
        self.line(name, |value| value.extend_from_slice(text.as_bytes()));
    }
}

/// Whether a value may have it: what could end the line, or the head, is no part of one (RFC 9110 section 5.5).
const fn is_allowed(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

fn write_line(text: &mut Vec<u8>, name: &HeaderName, write: impl FnOnce(&mut Vec<u8>)) {
    text.extend_from_slice(name.as_str().as_bytes());
    text.extend_from_slice(b": ");
    let begin = text.len();
    write(text);
    debug_assert!(text.iter().skip(begin).all(|byte| is_allowed(*byte)), "{name} has a value that no header may have");
    text.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::header::{ALLOW, LOCATION};

    use super::*;

    fn written(answers: &AnswerText) -> String {
        let text = String::from_utf8(answers.text().to_vec()).unwrap();
        let (first, rest) = text.split_once("\r\ndate: ").unwrap();
        let (date, rest) = rest.split_once("\r\n").unwrap();
        assert!(httpdate::parse_http_date(date).is_ok(), "{date}");
        format!("{first}|{}", rest.replace("\r\n", "|"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_is_written_with_its_length() {
        let response = Response::builder().status(404).header(ALLOW, "GET").header(ALLOW, "PUT");
        let response = response.body(Body::from("none")).unwrap();
        let mut answers = AnswerText::default();
        let body = answers.begin_as(response, Instant::now()).await;
        answers.end(&body);
        assert_eq!(written(&answers), "HTTP/1.1 404 Not Found|allow: GET|allow: PUT|content-length: 4||none");
        answers.clear();
        assert!(answers.text().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn no_text_ends_its_line() {
        for bad in ["a\r\nb: c", "a\nb", "\0", "\u{7f}"] {
            let mut answers = AnswerText::default();
            answers.begin(StatusCode::OK, Instant::now());
            answers.text_line(LOCATION, bad);
            answers.text_line(ALLOW, "é\t~");
            answers.end(b"");
            assert_eq!(written(&answers), "HTTP/1.1 200 OK|location: |allow: é\t~||", "{bad:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_date_is_written_anew_when_its_second_is_over() {
        let (mut answers, now) = (AnswerText::default(), Instant::now());
        answers.begin(StatusCode::OK, now);
        let first = answers.date_ends.unwrap();
        assert!(first > now && first <= now + Duration::from_secs(1));
        answers.date = "kept".to_owned();
        answers.begin(StatusCode::OK, first - Duration::from_nanos(1));
        assert!(answers.text().ends_with(b"200 OK\r\nkept"));
        answers.begin(StatusCode::OK, first);
        assert_ne!(answers.date, "kept");
    }
}
