//! Examples of bodies, each as the server writes them.

use serde_json::{Value, json};

use crate::problem::ProblemCode;

/// A record's id, and a request's.
pub(super) const ID: &str = "0193584c7be07d2c9f0e6a51b2c4d8e7";
/// An Account SID.
pub(super) const SID: &str = "LK0193584c7be07d2c9f0e6a51b2c4d8e7";
const MADE: &str = "2026-11-23T14:00:00Z";

/// The content of a record.
pub(super) fn record_data() -> Value {
    json!({ "name": "Northwind" })
}

/// A record.
pub(super) fn record() -> Value {
    json!({ "id": ID, "created_at": MADE, "updated_at": MADE, "data": record_data() })
}

/// The last page of a collection.
pub(super) fn record_list() -> Value {
    json!({ "data": [record()], "next": null })
}

/// The last page of what was found.
pub(super) fn search_results() -> Value {
    let mut found = record();
    if let Some(members) = found.as_object_mut() {
        members.insert("collection".to_owned(), json!("/api/v1/customers"));
    }
    json!({ "data": [found], "next": null })
}

/// A token.
pub(super) fn token() -> Value {
    json!({
        "account_sid": SID,
        "description": "Example E-Verify",
        "service_rep": { "name": "Ann Mercer", "email": "ann@example.com" },
        "scopes": ["e-verify-read", "e-verify-write"],
        "all_scopes": false,
        "status": "active",
        "created_at": MADE,
        "expires_at": "2027-05-22T14:00:00Z",
        "last_used_at": null
    })
}

/// An external service account, as a token without the scope for credentials reads it.
pub(super) fn external_account() -> Value {
    json!({
        "id": ID,
        "integration": "assess-on-cloud",
        "level": "branch",
        "entity": "Denver",
        "state": "active",
        "settings": {
            "days_to_expire": 30,
            "manager_emails": ["ann@example.com", "bob@example.com"],
            "manager_id": null,
            "send_thank_you_email": true
        }
    })
}

/// What is sent to revoke a token. The value is no token: a real one looks like a secret to scanners.
pub(super) fn token_form() -> Value {
    json!({ "token": "AUTH_TOKEN", "token_type_hint": "access_token" })
}

/// What is sent to introspect a token.
pub(super) fn introspection_form() -> Value {
    json!({ "token": "AUTH_TOKEN", "token_type_hint": "access_token", "client_address": "203.0.113.7" })
}

/// A token that is good.
pub(super) fn introspection() -> Value {
    json!({
        "active": true,
        "scope": "e-verify-read e-verify-write",
        "client_id": SID,
        "username": "ann@example.com",
        "sub": ID,
        "exp": 1_810_994_400,
        "iat": 1_795_442_400,
        "iss": "https://pat.example.com",
        "token_type": "Bearer"
    })
}

/// A refusal as OAuth 2.0 writes them.
pub(super) fn oauth_error(error: &str) -> Value {
    json!({ "error": error, "error_description": "What is wrong, in a sentence." })
}

/// A refusal.
pub(super) fn problem(code: ProblemCode) -> Value {
    let status = code.status();
    let mut problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": format!("{} {}", code.summary(), code.advice()).replace('`', ""),
        "code": code.as_str(),
        "request_id": ID
    });
    if code == ProblemCode::InsufficientScope
        && let Some(members) = problem.as_object_mut()
    {
        members.insert("required_scopes".to_owned(), json!(["e-verify-read"]));
    }
    problem
}
