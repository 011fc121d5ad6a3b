//! Refusals that programs read: problem documents (RFC 9457).
//!
//! A problem says what is wrong and what to do in `detail`, for people, and in `code`, for programs. Neither ever
//! carries a credential, or the text of an inner error: the log has the cause, under the request's id.

mod words;

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use latchkey_domain::ScopeName;
use latchkey_domain::path::UnsafePath;
use latchkey_service::Failure;
use latchkey_service::ports::StoreError;
use serde::Serialize;

/// After how many seconds asking again is worthwhile where the database does not answer.
const RETRY_SECONDS: &str = "5";

/// What is wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is said by its code and its status")]
pub enum ProblemCode {
    UnsafePath,
    MultipleCredentials,
    InvalidParameter,
    InvalidBody,
    CredentialMissing,
    MalformedCredential,
    InvalidToken,
    InvalidClient,
    AddressRefused,
    InsufficientScope,
    RateLimited,
    TooManyFailures,
    UntrustedProxy,
    NotAllowedFromHere,
    InvalidForwardingHeaders,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    CollectionFull,
    PreconditionFailed,
    BodyTooLarge,
    UnsupportedMediaType,
    PreconditionRequired,
    Internal,
    NotImplemented,
    Unavailable,
    RevocationUnconfirmed,
    UpstreamUnreachable,
    UpstreamTimeout,
    CredentialNotAccepted,
    CrossOrigin,
    NotAcceptable,
}

impl ProblemCode {
    /// Every code.
    pub const ALL: [Self; 32] = [
        Self::UnsafePath,
        Self::MultipleCredentials,
        Self::InvalidParameter,
        Self::InvalidBody,
        Self::CredentialMissing,
        Self::MalformedCredential,
        Self::InvalidToken,
        Self::InvalidClient,
        Self::AddressRefused,
        Self::InsufficientScope,
        Self::RateLimited,
        Self::TooManyFailures,
        Self::UntrustedProxy,
        Self::NotAllowedFromHere,
        Self::InvalidForwardingHeaders,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::CollectionFull,
        Self::PreconditionFailed,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::PreconditionRequired,
        Self::Internal,
        Self::NotImplemented,
        Self::Unavailable,
        Self::RevocationUnconfirmed,
        Self::UpstreamUnreachable,
        Self::UpstreamTimeout,
        Self::CredentialNotAccepted,
        Self::CrossOrigin,
        Self::NotAcceptable,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnsafePath => "unsafe_path",
            Self::MultipleCredentials => "multiple_credentials",
            Self::InvalidParameter => "invalid_parameter",
            Self::InvalidBody => "invalid_body",
            Self::CredentialMissing => "credential_missing",
            Self::MalformedCredential => "malformed_credential",
            Self::InvalidToken => "invalid_token",
            Self::InvalidClient => "invalid_client",
            Self::AddressRefused => "address_refused",
            Self::InsufficientScope => "insufficient_scope",
            Self::RateLimited => "rate_limited",
            Self::TooManyFailures => "too_many_failures",
            Self::UntrustedProxy => "untrusted_proxy",
            Self::NotAllowedFromHere => "not_allowed_from_here",
            Self::InvalidForwardingHeaders => "invalid_forwarding_headers",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::CollectionFull => "collection_full",
            Self::PreconditionFailed => "precondition_failed",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::PreconditionRequired => "precondition_required",
            Self::Internal => "internal",
            Self::NotImplemented => "not_implemented",
            Self::Unavailable => "unavailable",
            Self::RevocationUnconfirmed => "revocation_unconfirmed",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::CredentialNotAccepted => "credential_not_accepted",
            Self::CrossOrigin => "cross_origin",
            Self::NotAcceptable => "not_acceptable",
        }
    }

    /// The status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::UnsafePath
            | Self::MultipleCredentials
            | Self::InvalidParameter
            | Self::InvalidBody
            | Self::InvalidForwardingHeaders => StatusCode::BAD_REQUEST,
            Self::RateLimited | Self::TooManyFailures => StatusCode::TOO_MANY_REQUESTS,
            Self::CredentialMissing | Self::MalformedCredential | Self::InvalidToken | Self::InvalidClient => {
                StatusCode::UNAUTHORIZED
            }
            Self::AddressRefused
            | Self::InsufficientScope
            | Self::CredentialNotAccepted
            | Self::CrossOrigin
            | Self::UntrustedProxy
            | Self::NotAllowedFromHere => StatusCode::FORBIDDEN,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::CollectionFull => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable | Self::RevocationUnconfirmed => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamUnreachable => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// A refusal on its way to the wire.
#[derive(Debug)]
pub struct Problem {
    code: ProblemCode,
    detail: Cow<'static, str>,
    required_scopes: Option<Vec<ScopeName>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    required_scopes: Option<&'a [ScopeName]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'a str>,
}

impl Problem {
    /// A problem; `detail` says in a sentence what is wrong and what to do.
    pub fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), required_scopes: None, headers: Vec::new() }
    }

    /// One that passes: it says when to ask again.
    fn for_now(code: ProblemCode, detail: &'static str) -> Self {
        Self::new(code, detail).with_header(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS))
    }

    /// The database does not answer: neither yes nor no.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::for_now(ProblemCode::Unavailable, "Latchkey cannot reach its database. Try again in a moment.")
    }

    /// Something that the answer waits for takes too long.
    #[must_use]
    pub fn too_slow() -> Self {
        Self::for_now(ProblemCode::Unavailable, "Latchkey could not answer in time. Try again in a moment.")
    }

    /// The database was lost at the moment at which it was to keep what was asked.
    #[must_use]
    pub fn in_doubt() -> Self {
        let detail = "It is not known whether this was done: the database was lost at that moment. Look before you \
                      repeat it.";
        Self::for_now(ProblemCode::Unavailable, detail)
    }

    /// A token could not be revoked, or it is not known whether it was.
    #[must_use]
    pub fn not_revoked(failure: &Failure) -> Self {
        let Failure::Store(StoreError::Unconfirmed(_)) = failure else { return Self::unavailable() };
        let detail = "It is not known whether the token was revoked: the database was lost at that moment. Ask again.";
        Self::for_now(ProblemCode::RevocationUnconfirmed, detail)
    }

    /// Two readers could read the path differently.
    #[must_use]
    pub fn unsafe_path(reason: UnsafePath) -> Self {
        Self::new(ProblemCode::UnsafePath, format!("This path is refused: {reason}."))
    }

    /// The path is known, with other methods: these.
    #[must_use]
    pub fn method_not_allowed(allowed: HeaderValue) -> Self {
        Self::new(ProblemCode::MethodNotAllowed, "This path does not have this method. Allow names those it has.")
            .with_header(ALLOW, allowed)
    }

    /// The same problem with another header line, beside those of the same name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same problem with more header lines.
    #[must_use]
    pub fn with_headers(mut self, lines: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        self.headers.extend(lines);
        self
    }

    /// What is wrong, for programs.
    #[must_use]
    pub const fn code(&self) -> ProblemCode {
        self.code
    }

    /// The same problem, naming the scopes that would have opened what was asked for.
    #[must_use]
    pub fn with_required_scopes(mut self, scopes: Vec<ScopeName>) -> Self {
        self.required_scopes = Some(scopes);
        self
    }

    /// The document, on one line of ASCII where `detail` is ASCII, as all of them are.
    #[must_use]
    pub fn document(&self, request_id: &str) -> String {
        serde_json::to_string(&self.members(request_id, None)).unwrap_or_default()
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response {
        let body = self.document(request_id);
        self.respond(body, HeaderValue::from_static("application/problem+json"))
    }

    /// The answer in OAuth's form (RFC 6749 section 5.2): the problem's members beside `error` and
    /// `error_description`.
    #[must_use]
    pub fn into_oauth_response(self, error: &'static str, request_id: &str) -> Response {
        let body = serde_json::to_string(&self.members(request_id, Some(error))).unwrap_or_default();
        self.respond(body, HeaderValue::from_static("application/json"))
    }

    fn members<'a>(&'a self, request_id: &'a str, error: Option<&'static str>) -> Document<'a> {
        let status = self.code.status();
        Document {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            request_id,
            required_scopes: self.required_scopes.as_deref(),
            error,
            error_description: error.map(|_| &*self.detail),
        }
    }

    fn respond(self, body: String, media_type: HeaderValue) -> Response {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_its_own_and_says_no() {
        let codes: BTreeSet<&str> = ProblemCode::ALL.into_iter().map(ProblemCode::as_str).collect();
        assert_eq!(codes.len(), ProblemCode::ALL.len());
        for code in ProblemCode::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
            assert!(code.status().canonical_reason().is_some(), "{code:?}");
        }
    }
}
