//! Lists as files to take away: written as they are read, so that a long one needs no more memory than a short one.

mod cell;

use axum::body::Body;
use axum::response::Response;
use futures_util::{Stream, StreamExt as _};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use latchkey_service::ports::StoreError;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// RFC 4180, with a head line.
    Csv,
    /// A JSON object in each line.
    JsonLines,
}

impl Format {
    /// The format that a form asks for.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// Its name for people.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::JsonLines => "JSON Lines",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            // Registered nowhere yet; what most programs call it.
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }
}

/// Rows as lines of CSV, each cell kept from being a formula.
pub(super) fn csv_lines<const COLUMNS: usize>(rows: impl IntoIterator<Item = [String; COLUMNS]>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // Writing to memory cannot fail, and each row has as many cells as the others.
        let _ = writer.write_record(row.iter().map(|text| cell::harmless(text).into_owned()));
    }
    writer.into_inner().unwrap_or_default()
}

/// A file to be kept by the browser. `name` is ours, without an extension. Where the database fails on the way, the
/// answer breaks off, so that nobody takes what they have for all of it.
pub(super) fn download(
    name: &str,
    format: Format,
    request_id: String,
    parts: impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + 'static,
) -> Response {
    let parts = parts.map(move |part| {
        if let Err(error) = &part {
            tracing::warn!(cause = %error, request_id, "an export broke off");
        }
        part
    });
    let mut response = Response::new(Body::from_stream(parts));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.extension());
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let rows = [["a".to_owned(), "=1".to_owned()], ["b, \"c\"\n".to_owned(), String::new()]];
        assert_eq!(csv_lines(rows), b"a,'=1\n\"b, \"\"c\"\"\n\",\n");
    }
}
