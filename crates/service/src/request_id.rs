//! Names of requests.

use std::fmt;

/// A request's id: 32 hexadecimal digits that sort by time. It names a request in answers, logs and the audit log,
/// and is no secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 32]);

impl Default for RequestId {
    fn default() -> Self {
        Self::from_bytes([0; 16])
    }
}

impl RequestId {
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        let mut text = [0; 32];
        uuid::Uuid::from_bytes(bytes).simple().encode_lower(&mut text);
        Self(text)
    }

    /// The digits, as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
