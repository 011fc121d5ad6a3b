//! The bodies of requests and answers, as schemas.
//!
//! These types are read by the derive macro alone. What the server writes stands beside its handlers; the tests
//! compare both.

#![expect(dead_code, reason = "only the derived schemas are used")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

/// A personal access token, as it describes itself.
#[derive(ToSchema)]
pub(super) struct Token {
    /// The token's public identifier.
    #[schema(pattern = "^LK[0-9a-f]{32}$", example = "LK0193584c7be07d2c9f0e6a51b2c4d8e7")]
    account_sid: String,
    /// What it is for.
    #[schema(example = "Example E-Verify")]
    description: String,
    service_rep: ServiceRep,
    /// The names of the scopes that it has now, in alphabetical order.
    #[schema(example = json!(["e-verify-read", "e-verify-write"]))]
    scopes: Vec<String>,
    /// Whether it was given All Scopes: those of the day on which it was made.
    all_scopes: bool,
    status: TokenStatus,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-11-23T14:00:00Z")]
    created_at: String,
    /// The first instant at which it is no longer valid.
    #[schema(format = DateTime, example = "2027-05-22T14:00:00Z")]
    expires_at: String,
    /// The last call before this one; null for the first.
    #[schema(required = true, format = DateTime, example = "2026-11-24T08:15:30Z")]
    last_used_at: Option<String>,
    /// The networks that it may be used from; left out where that is everywhere.
    #[schema(nullable = false, example = json!(["203.0.113.0/24", "2001:db8::/32"]))]
    addresses: Option<Vec<String>>,
}

/// Whoever made the token, and answers for it.
#[derive(ToSchema)]
pub(super) struct ServiceRep {
    /// Their name.
    #[schema(example = "Ann Mercer")]
    name: String,
    /// Their e-mail address.
    #[schema(example = "ann@example.com")]
    email: String,
}

/// `expiring_soon` from 14 days before the end on. Only a live token can ask, so nobody is told the other two here.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum TokenStatus {
    Active,
    ExpiringSoon,
    Expired,
    Revoked,
}

/// The external service account that a token belongs to.
#[derive(ToSchema)]
pub(super) struct ExternalServiceAccount {
    /// Its id.
    #[schema(pattern = "^[0-9a-f]{32}$", example = "0193584c7be07d2c9f0e6a51b2c4d8e7")]
    id: String,
    /// The integration's code.
    #[schema(example = "assess-on-cloud")]
    integration: String,
    level: AccountLevel,
    /// The company's, branch's or service rep's name; null for the whole system.
    #[schema(required = true, example = "Denver")]
    entity: Option<String>,
    state: AccountState,
    /// Every setting of the integration by its name: a number, a text, a list of e-mail addresses, true or false; null
    /// for one that is left empty.
    #[schema(example = json!({ "days_to_expire": 30, "manager_id": null, "send_thank_you_email": true }))]
    settings: BTreeMap<String, Value>,
    /// Every credential by its name; null for one that is not set. Left out for a token without the scope
    /// `external-credential-read`.
    #[schema(nullable = false, example = json!({ "user": "USER", "password": "PASSWORD" }))]
    credentials: Option<BTreeMap<String, Option<String>>>,
}

/// Whom an account is for.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum AccountLevel {
    System,
    Company,
    Branch,
    ServiceRep,
}

/// `expiring` from 14 days before the token's end on; `failing` where the token may not do all that is needed.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum AccountState {
    Active,
    Expiring,
    Failing,
}

/// The content of a record: any JSON object of at most 64 KiB.
#[derive(ToSchema)]
#[schema(example = json!({ "name": "Northwind" }))]
pub(super) struct RecordData(BTreeMap<String, Value>);

/// A record.
#[derive(ToSchema)]
pub(super) struct Record {
    /// Its id. Ids sort by the time at which records were made.
    #[schema(pattern = "^[0-9a-f]{32}$", example = "0193584c7be07d2c9f0e6a51b2c4d8e7")]
    id: String,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-11-23T14:00:00Z")]
    created_at: String,
    /// When it was last replaced.
    #[schema(format = DateTime, example = "2026-11-23T14:00:00Z")]
    updated_at: String,
    data: RecordData,
}

/// A page of a collection, in order of id.
#[derive(ToSchema)]
pub(super) struct RecordList {
    /// The records.
    data: Vec<Record>,
    /// The value of `after` that asks for the page after this one; null on the last page.
    #[schema(required = true, example = "0193584c7be07d2c9f0e6a51b2c4d8e7")]
    next: Option<String>,
}

/// A record that was found, and where.
#[derive(ToSchema)]
pub(super) struct FoundRecord {
    /// The path of its collection.
    #[schema(example = "/api/v1/customers")]
    collection: String,
    /// Its id.
    #[schema(pattern = "^[0-9a-f]{32}$", example = "0193584c7be07d2c9f0e6a51b2c4d8e7")]
    id: String,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-11-23T14:00:00Z")]
    created_at: String,
    /// When it was last replaced.
    #[schema(format = DateTime, example = "2026-11-23T14:00:00Z")]
    updated_at: String,
    data: RecordData,
}

/// A page of what a search found, in order of id.
#[derive(ToSchema)]
pub(super) struct SearchResults {
    /// The records.
    data: Vec<FoundRecord>,
    /// The value of `after` that asks for the page after this one; null on the last page.
    #[schema(required = true, example = "0193584c7be07d2c9f0e6a51b2c4d8e7")]
    next: Option<String>,
}

/// What an Auth Token is good for (RFC 7662). All but `active` are left out where it is false.
#[derive(ToSchema)]
pub(super) struct Introspection {
    /// Whether the token is good now.
    active: bool,
    /// The names of its scopes, with spaces between.
    #[schema(nullable = false, example = "e-verify-read e-verify-write")]
    scope: Option<String>,
    /// Its Account SID.
    #[schema(nullable = false, example = "LK0193584c7be07d2c9f0e6a51b2c4d8e7")]
    client_id: Option<String>,
    /// The e-mail address of its service rep.
    #[schema(nullable = false, example = "ann@example.com")]
    username: Option<String>,
    /// The id of its service rep.
    #[schema(nullable = false)]
    sub: Option<String>,
    /// When it expires, in seconds since 1970.
    #[schema(nullable = false, example = 1_810_994_400_i64)]
    exp: Option<i64>,
    /// When it was made, in seconds since 1970.
    #[schema(nullable = false, example = 1_795_442_400_i64)]
    iat: Option<i64>,
    /// Where Latchkey is reached.
    #[schema(nullable = false, example = "https://pat.example.com")]
    iss: Option<String>,
    /// Always `Bearer`.
    #[schema(nullable = false, example = "Bearer")]
    token_type: Option<String>,
}

/// What is sent to revoke a token.
#[derive(ToSchema)]
pub(super) struct TokenForm {
    /// The Auth Token, or Account SID and Auth Token with a colon between.
    token: String,
    /// What kind of token it is; Latchkey has one kind and does not need to be told.
    #[schema(nullable = false, example = "access_token")]
    token_type_hint: Option<String>,
}

/// What is sent to introspect a token.
#[derive(ToSchema)]
pub(super) struct IntrospectionForm {
    /// The Auth Token, or Account SID and Auth Token with a colon between.
    token: String,
    /// What kind of token it is; Latchkey has one kind and does not need to be told.
    #[schema(nullable = false, example = "access_token")]
    token_type_hint: Option<String>,
    /// The IP address of whoever presented the token. A token that has address rules is active only where this is
    /// within them; without it such a token is not active.
    #[schema(nullable = false, example = "203.0.113.7")]
    client_address: Option<String>,
}

/// A refusal as OAuth 2.0 writes them (RFC 6749 section 5.2).
#[derive(ToSchema)]
pub(super) struct OAuthError {
    error: OAuthErrorCode,
    /// What is wrong, in a sentence.
    #[schema(nullable = false)]
    error_description: Option<String>,
}

/// What is wrong, for programs.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum OAuthErrorCode {
    InvalidRequest,
    InvalidClient,
    InvalidToken,
    InsufficientScope,
    UnauthorizedClient,
    TemporarilyUnavailable,
    ServerError,
}
