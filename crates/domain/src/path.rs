//! Which request paths are safe to act on.
//!
//! A gateway and the API behind it must read a path alike. Wherever two readers could differ (an encoded slash,
//! a dot segment, a semicolon that one takes for a parameter) a scope check on one reading says nothing about
//! the other, so such paths are refused before anything else is decided, and what is matched is passed on byte
//! for byte.

/// The path has a part that different servers read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsafePath {
    /// It does not begin with a slash.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// An empty segment: two slashes in a row.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// A segment of one or two dots, encoded or not.
    #[error("the path has a dot segment")]
    DotSegment,
    /// A backslash, a semicolon, or another character that no path may hold unencoded.
    #[error("the path has a character that is not allowed in it")]
    ForbiddenCharacter,
    /// `%2F`, `%5C`, a control character, or a character that needs no encoding, in encoded form.
    #[error("the path has an encoded character that is not allowed in it")]
    ForbiddenEscape,
    /// An escape in lower case, which a normalizing reader would write in upper case (RFC 3986 section 6.2.2.1).
    #[error("the path has an escape in lower case; write %C3, not %c3")]
    LowerCaseEscape,
    /// A percent sign without two hexadecimal digits.
    #[error("the path has an incomplete percent escape")]
    BadEscape,
    /// What the escapes stand for is not UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
}

/// Checks the raw path of a request target, without its query.
///
/// # Errors
/// The first reason why the path is refused.
pub fn check(raw: &str) -> Result<(), UnsafePath> {
    if is_plain(raw) { Ok(()) } else { check_segments(raw) }
}

fn check_segments(raw: &str) -> Result<(), UnsafePath> {
    let rest = raw.strip_prefix('/').ok_or(UnsafePath::NotAbsolute)?;
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if segment.is_empty() && !is_last {
            return Err(UnsafePath::EmptySegment);
        }
        check_segment(segment)?;
    }
    Ok(())
}

/// Whether a path has no escape, no dot and no empty segment but the last: nearly every one, and nothing is left to be
/// asked about it.
fn is_plain(raw: &str) -> bool {
    let mut before = 0;
    raw.starts_with('/')
        && raw.bytes().all(|byte| {
            let follows = std::mem::replace(&mut before, byte);
            if byte == b'/' { follows != b'/' } else { PLAIN.get(usize::from(byte)).is_some_and(|is_plain| *is_plain) }
        })
}

/// Which bytes a segment may have wherever they stand.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut rest: &mut [bool] = &mut plain;
    let mut byte = 0;
    while let Some((first, others)) = rest.split_first_mut() {
        *first = is_path_character(byte) && byte != b'.';
        byte = byte.wrapping_add(1);
        rest = others;
    }
    plain
};

fn check_segment(segment: &str) -> Result<(), UnsafePath> {
    if !segment.contains('%') {
        // Nearly all of them: nothing is to be decoded.
        return match segment {
            "." | ".." => Err(UnsafePath::DotSegment),
            _ if segment.bytes().all(is_path_character) => Ok(()),
            _ => Err(UnsafePath::ForbiddenCharacter),
        };
    }
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            if !is_path_character(byte) {
                return Err(UnsafePath::ForbiddenCharacter);
            }
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(UnsafePath::BadEscape);
        };
        let value = u8::try_from(high * 16 + low).map_err(|_| UnsafePath::BadEscape)?;
        match value {
            b'.' => {}
            b'/' | b'\\' | b';' => return Err(UnsafePath::ForbiddenEscape),
            control if control.is_ascii_control() => return Err(UnsafePath::ForbiddenEscape),
            // RFC 3986 section 6.2.2.2: a normalizing reader would decode these, and see another path.
            unreserved if is_unreserved(unreserved) => return Err(UnsafePath::ForbiddenEscape),
            _ => {}
        }
        decoded.push(value);
    }
    if decoded == b"." || decoded == b".." {
        return Err(UnsafePath::DotSegment);
    }
    if segment.to_ascii_lowercase().contains("%2e") {
        return Err(UnsafePath::ForbiddenEscape);
    }
    if has_lower_case_escape(segment) {
        return Err(UnsafePath::LowerCaseEscape);
    }
    std::str::from_utf8(&decoded).map(|_| ()).map_err(|_| UnsafePath::NotUtf8)
}

/// Whether one of the escapes, all of which are whole, has a digit in lower case.
fn has_lower_case_escape(segment: &str) -> bool {
    let escapes = segment.split('%').skip(1);
    escapes.into_iter().any(|rest| rest.bytes().take(2).any(|digit| digit.is_ascii_lowercase()))
}

/// RFC 3986 `pchar` without its escapes and without the semicolon, which some servers cut a segment at.
const fn is_path_character(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@')
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_paths_pass() {
        for path in [
            "/",
            "/api/v1/employees",
            "/api/v1/employees/",
            "/a/caf%C3%A9",
            "/a/b%20c",
            "/a/x.json",
            "/a/...",
            "/a/@b:c",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
        assert!(is_plain("/api/v1/employees/0193584c7be0") && is_plain("/a-b_c~(1)/") && !is_plain("/a.b"));
    }

    #[test]
    fn ambiguous_paths_are_refused() {
        for (path, reason) in [
            ("", UnsafePath::NotAbsolute),
            ("*", UnsafePath::NotAbsolute),
            ("//", UnsafePath::EmptySegment),
            ("/api//v1", UnsafePath::EmptySegment),
            ("/api/./v1", UnsafePath::DotSegment),
            ("/api/..", UnsafePath::DotSegment),
            ("/api/%2e%2E/v1", UnsafePath::DotSegment),
            ("/api/.%2e/v1", UnsafePath::DotSegment),
            ("/api/x%2ejson", UnsafePath::ForbiddenEscape),
            ("/api%2Fv1", UnsafePath::ForbiddenEscape),
            ("/api%2fv1", UnsafePath::ForbiddenEscape),
            ("/api%5Cv1", UnsafePath::ForbiddenEscape),
            ("/api\\v1", UnsafePath::ForbiddenCharacter),
            ("/api;v=1/token", UnsafePath::ForbiddenCharacter),
            ("/api%3Bv=1", UnsafePath::ForbiddenEscape),
            ("/api/%00", UnsafePath::ForbiddenEscape),
            ("/api/%0A", UnsafePath::ForbiddenEscape),
            ("/%61pi", UnsafePath::ForbiddenEscape),
            ("/api/%", UnsafePath::BadEscape),
            ("/api/%4", UnsafePath::BadEscape),
            ("/api/%zz", UnsafePath::BadEscape),
            ("/api/caf%c3%A9", UnsafePath::LowerCaseEscape),
            ("/api/%FF", UnsafePath::NotUtf8),
            ("/api/\u{e9}", UnsafePath::ForbiddenCharacter),
            ("/api/a b", UnsafePath::ForbiddenCharacter),
        ] {
            assert_eq!(check(path), Err(reason), "{path}");
        }
    }

    /// RFC 3986 section 6.2.2, in the plainest way.
    fn normalized(path: &str) -> String {
        let mut text = String::new();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            let (digits, after) = after.split_at(2);
            let value = u8::from_str_radix(digits, 16).unwrap();
            if is_unreserved(value) {
                text.push(char::from(value));
            } else {
                text.push('%');
                text.push_str(&digits.to_ascii_uppercase());
            }
            rest = after;
        }
        text.push_str(rest);
        let mut segments: Vec<&str> = Vec::new();
        let last = text.rsplit('/').next().unwrap_or_default().to_owned();
        for segment in text.split('/').skip(1) {
            match segment {
                "." => {}
                ".." => drop(segments.pop()),
                other => segments.push(other),
            }
        }
        if last == "." || last == ".." {
            segments.push("");
        }
        format!("/{}", segments.join("/"))
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(path in any::<String>()) {
            let _ = check(&path);
        }

        /// The short way lets nothing through that the long one would not.
        #[test]
        fn a_plain_path_is_checked_as_any_other(path in "/?[a-z./%;~@é\\\\ ]{0,12}", byte in any::<char>()) {
            for path in [path.clone(), format!("/{path}{byte}")] {
                prop_assert!(!is_plain(&path) || check_segments(&path).is_ok());
            }
        }

        /// What is let through is the same path to a reader that applies any of the normalizations of RFC 3986
        /// section 6.2.2: case, escapes, dot segments.
        #[test]
        fn no_normalization_changes_a_safe_path(path in "(/(%[0-9a-fA-F]{2}|[a-zA-Z.~;\\\\é]|\\.\\.?){0,4}){1,4}") {
            if check(&path).is_ok() {
                prop_assert_eq!(normalized(&path), path);
            }
        }

        #[test]
        fn a_safe_path_has_no_segment_that_a_reader_would_resolve(path in "(/[a-z.%2eEfF5cC;]{0,6}){1,4}") {
            if check(&path).is_ok() {
                let lower = path.to_lowercase();
                prop_assert!(!lower.contains("%2e") && !lower.contains("%2f") && !lower.contains("%5c"));
                prop_assert!(!lower.split('/').any(|segment| segment == "." || segment == ".."));
                prop_assert!(!lower.contains("//") && !lower.contains(';'));
            }
        }
    }
}
