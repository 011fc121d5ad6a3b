//! The body of a request: one JSON object.

use std::error::Error;

use axum::body::{Body, to_bytes};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::LengthLimitError;
use serde_json::{Map, Value};

use crate::problem::{Problem, ProblemCode};

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// Reads a JSON object.
///
/// # Errors
/// 415 where the body is not said to be JSON, 413 where it is too large, 400 where it is no JSON object.
pub(super) async fn read_object(headers: &HeaderMap, body: Body) -> Result<Map<String, Value>, Problem> {
    if !is_json(headers) {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, "Send the body as application/json."));
    }
    let too_large = || Problem::new(ProblemCode::BodyTooLarge, format!("A body has at most {} KiB.", MAX_BODY / 1024));
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > MAX_BODY)) {
        return Err(too_large());
    }
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|error| {
        if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) {
            too_large()
        } else {
            Problem::new(ProblemCode::InvalidBody, "The body ended early.")
        }
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        // The message of serde_json may quote the body; the place does not.
        let detail = format!("The body is not a JSON object (line {}, column {}).", error.line(), error.column());
        Problem::new(ProblemCode::InvalidBody, detail)
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value.to_str().ok().and_then(|value| value.split(';').next()).unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || essence.strip_prefix("application/").is_some_and(|subtype| {
            // RFC 6839 section 3.1: a structured syntax has a name before its suffix.
            subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn json_is_told_by_its_media_type() {
        let is_json =
            |value: &'static str| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]));
        for value in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.latchkey.v1+json"] {
            assert!(is_json(value), "{value}");
        }
        for value in ["", "text/plain", "text/json", "application/jsonp", "application/+json", "json"] {
            assert!(!is_json(value), "{value}");
        }
        assert!(!super::is_json(&HeaderMap::new()));
    }
}
