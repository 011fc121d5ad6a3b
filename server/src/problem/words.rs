//! What the codes of problems mean, in words: for the contract and the documentation.

use super::ProblemCode;

impl ProblemCode {
    /// When it occurs.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::UnsafePath => "The path could be read in two ways: `//`, dot segments, `%2F`, `;`, a bad escape.",
            Self::MultipleCredentials => "The request carries more than one credential.",
            Self::InvalidParameter => "A parameter in the query, or `If-Match`, cannot be read.",
            Self::InvalidBody => "The body is not a JSON object, or ended early.",
            Self::CredentialMissing => "The request carries no credential.",
            Self::MalformedCredential => "The Auth Token is incomplete or mistyped: its checksum does not fit.",
            Self::InvalidToken => "The token is unknown, expired, revoked, or belongs to another Account SID.",
            Self::InvalidClient => "The credential beside a token to be revoked is not that token.",
            Self::AddressRefused => "The token may not be used from this address.",
            Self::InsufficientScope => "The token is good, and lacks the scope that `required_scopes` names.",
            Self::RateLimited => "The token has made its calls for this window.",
            Self::TooManyFailures => "Too many bad credentials came from this address.",
            Self::UntrustedProxy => "A gateway's question came from an address that `--trusted-proxies` does not name.",
            Self::NotAllowedFromHere => "Metrics were asked for from an address that `--metrics-allow` does not name.",
            Self::InvalidForwardingHeaders => "A gateway did not say method and target of the request once each.",
            Self::NotFound => "There is nothing at this path, or no record with this id.",
            Self::MethodNotAllowed => "The path does not have this method.",
            Self::RequestTimeout => "The request did not arrive whole within 30 seconds.",
            Self::CollectionFull => "The collection holds 10,000 records, the most that it can.",
            Self::PreconditionFailed => "The record has changed since the version that `If-Match` names.",
            Self::BodyTooLarge => "The body is larger than 64 KiB.",
            Self::UnsupportedMediaType => "The body is not sent as `application/json`.",
            Self::PreconditionRequired => "A record is to be replaced, and `If-Match` does not say which version.",
            Self::Internal => "Something went wrong inside Latchkey.",
            Self::NotImplemented => "The catalog opens this method here, but the record store does not have it.",
            Self::Unavailable => "Latchkey could not answer: its database does not answer, or something took too long.",
            Self::RevocationUnconfirmed => {
                "A token was to be revoked, and the database was lost at that moment: it may be revoked, or not."
            }
            Self::UpstreamUnreachable => "The service behind Latchkey could not be reached, or broke off.",
            Self::UpstreamTimeout => "The service behind Latchkey did not answer in time.",
            Self::CredentialNotAccepted => "A token was sent to a page for people.",
            Self::CrossOrigin => "A form or function of the pages was called from elsewhere.",
            Self::NotAcceptable => "A function of the pages was asked for an answer in another format.",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::UnsafePath => "Send the path in its plain form.",
            Self::MultipleCredentials => "Send one credential, in one header, and none in the query.",
            Self::InvalidParameter | Self::InvalidBody => "Correct what `detail` names.",
            Self::CredentialMissing => "Send the credential as HTTP Basic, as Bearer, or in `x-tw-token`.",
            Self::MalformedCredential => "Copy the Auth Token again, whole.",
            Self::InvalidToken => "Stop calling, and ask your service rep for a new token.",
            Self::InvalidClient => "Send the form without a credential, or with the very token.",
            Self::RateLimited => "Wait for `Retry-After` seconds; `RateLimit` says how many calls are left.",
            Self::TooManyFailures => "Correct the credential, and wait for `Retry-After` seconds.",
            Self::UntrustedProxy | Self::NotAllowedFromHere => "Ask the operator to name this address.",
            Self::InvalidForwardingHeaders => "Set the gateway up as `docs/gateways` shows.",
            Self::AddressRefused => "Call from an address that the token's rules name, or ask your service rep.",
            Self::InsufficientScope => "Ask your service rep for a token with this scope.",
            Self::NotFound => "Check the path and the id.",
            Self::MethodNotAllowed => "Use a method that `Allow` names.",
            Self::RequestTimeout => "Send the request again.",
            Self::CollectionFull => "Delete records that are no longer needed.",
            Self::PreconditionFailed => "Read the record again, and repeat the change with its new `ETag`.",
            Self::BodyTooLarge => "Send less.",
            Self::UnsupportedMediaType => "Send JSON, with `Content-Type: application/json`.",
            Self::PreconditionRequired => "Send the record's `ETag` as `If-Match`.",
            Self::Internal => "Try again; if it stays so, name the `request_id` when asking for help.",
            Self::NotImplemented => "Ask the operator: the route needs an upstream.",
            Self::Unavailable => {
                "Try again after `Retry-After` seconds. Where `detail` says that it may have been done, look first."
            }
            Self::RevocationUnconfirmed => {
                "Repeat it by `POST /oauth2/revoke` after `Retry-After` seconds; a token is revoked once."
            }
            Self::UpstreamUnreachable | Self::UpstreamTimeout => "Try again in a moment; it may be restarting.",
            Self::CredentialNotAccepted => "Call the API below `/api/v1` instead.",
            Self::CrossOrigin | Self::NotAcceptable => "Use Latchkey's own pages.",
        }
    }
}
