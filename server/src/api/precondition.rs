//! `If-Match`: which version of a record a change is meant for (RFC 9110 section 13.1.1).

use http::HeaderMap;
use http::header::IF_MATCH;

use crate::problem::{Problem, ProblemCode};

/// What `If-Match` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// Any version: `*`.
    Any,
    /// One of these. Weak and foreign tags are left out: they match no version.
    OneOf(Vec<i64>),
}

impl Expected {
    /// Reads the header; `None` where there is none.
    ///
    /// # Errors
    /// 400 where it is neither `*` nor quoted tags.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        if !headers.contains_key(IF_MATCH) {
            return Ok(None);
        }
        let malformed = || Problem::new(ProblemCode::InvalidParameter, "If-Match is * or the quoted value of an ETag.");
        let lines: Result<Vec<&str>, _> = headers.get_all(IF_MATCH).iter().map(http::HeaderValue::to_str).collect();
        let list = lines.map_err(|_| malformed())?.join(",");
        if list.trim() == "*" {
            return Ok(Some(Self::Any));
        }
        // Latchkey's tags hold no comma; one that does is foreign, and its pieces are malformed.
        let tags: Vec<&str> = list.split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect();
        if tags.is_empty() {
            return Err(malformed());
        }
        let mut versions = Vec::new();
        for tag in tags {
            let (is_weak, quoted) = tag.strip_prefix("W/").map_or((false, tag), |rest| (true, rest));
            let opaque = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(malformed)?;
            // Tags are compared as text: "01" is not "1".
            let version = opaque.parse().ok().filter(|version: &i64| version.to_string() == opaque);
            versions.extend(version.filter(|_| !is_weak));
        }
        Ok(Some(Self::OneOf(versions)))
    }
}

/// The tag of a version.
pub(super) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&[u8]]) -> Result<Option<Expected>, ()> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_bytes(line).unwrap());
        }
        Expected::of(&headers).map_err(drop)
    }

    #[test]
    fn each_form_is_read() {
        let one_of = |versions: &[i64]| Ok(Some(Expected::OneOf(versions.to_vec())));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[b" * "]), Ok(Some(Expected::Any)));
        assert_eq!(read(&[b"\"3\""]), one_of(&[3]));
        assert_eq!(read(&[b"\"3\", \"4\"", b"\"5\""]), one_of(&[3, 4, 5]));
        assert_eq!(read(&[b"W/\"3\", \"abc\", \"01\", \"\""]), one_of(&[]));
    }

    #[test]
    fn what_is_not_quoted_is_refused() {
        for line in [&b""[..], b" , ", b"3", b"\"3", b"W/3", b"*, \"3\"", b"\xff", b"\""] {
            assert_eq!(read(&[line]), Err(()), "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_gets_an_answer(line in any::<Vec<u8>>()) {
            if let Ok(value) = HeaderValue::from_bytes(&line) {
                let _ = Expected::of(&HeaderMap::from_iter([(IF_MATCH, value)])).is_ok();
            }
        }
    }
}
