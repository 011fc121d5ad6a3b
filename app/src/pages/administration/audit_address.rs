//! Addresses of the audit log.

use latchkey_service::AuditQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::paths;

/// What is encoded in an address: all but RFC 3986's unreserved characters.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The log's address under a filter, going on after an entry.
pub(super) fn address(query: &AuditQuery, after: &str) -> String {
    let encode = |value: &str| utf8_percent_encode(value, &ENCODED).to_string();
    let fields = query.fields().into_iter().chain([("after", after)]);
    let pairs: Vec<String> = fields
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    format!("{}{mark}{}", paths::AUDIT_LOG, pairs.join("&"))
}
