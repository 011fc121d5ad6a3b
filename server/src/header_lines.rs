//! The header lines of a request, whoever has read them.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header lines of a request.
pub(crate) trait HeaderLines {
    /// The values of a header, in the order in which they were sent.
    fn values(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]>;
}

impl HeaderLines for HeaderMap {
    fn values(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}

/// A value as text, where it is plain ASCII.
pub(crate) fn text_of(value: &[u8]) -> Option<&str> {
    // All of it is looked at, which is done for many bytes at once.
    let is_plain = value.iter().fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~' | b'\t'));
    if is_plain { std::str::from_utf8(value).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_plain_ascii() {
        let every_byte = (0..=u8::MAX).filter_map(|byte| HeaderValue::from_bytes(&[b'a', byte]).ok());
        for value in every_byte {
            assert_eq!(text_of(value.as_bytes()), value.to_str().ok(), "{value:?}");
        }
        assert_eq!(text_of(b"a\r"), None);
    }
}
