//! Introspection (RFC 7662) and revocation (RFC 7009).

use latchkey_domain::{RateLimit, Role, TokenRateLimit};
use latchkey_service::VendorLimits;
use serde_json::json;

use crate::support::{Answer, Caller, CredentialForm, IssuedToken, Request, Settings, TestApp, Vendor};

const INTROSPECT: &str = "/oauth2/introspect";
const REVOKE: &str = "/oauth2/revoke";

/// A service of the company's, which may ask what tokens are.
async fn resource_server(app: &TestApp) -> Vendor<'_> {
    app.person("ann@example.com", Role::Admin).await;
    app.vendor("token-introspect").await
}

async fn introspect(caller: &impl Caller, token: &str) -> Answer {
    caller.post_form(INTROSPECT, &[("token", token)]).await
}

async fn revoke(caller: &impl Caller, token: &str) -> Answer {
    caller.post_form(REVOKE, &[("token", token)]).await
}

fn is_inactive(answer: &Answer) -> bool {
    answer.status == 200 && answer.json() == json!({ "active": false })
}

async fn works(app: &TestApp, token: &IssuedToken) -> bool {
    Vendor::new(app, token.clone()).get("/api/v1/token").await.status == 200
}

#[tokio::test]
async fn a_good_token_is_described() {
    let app = TestApp::start().await;
    let server = resource_server(&app).await;
    let token = app.token("employee-read e-verify-write").await;
    let pair = format!("{}:{}", token.sid, token.secret);
    for text in [token.secret.as_str(), pair.as_str()] {
        let answer = introspect(&server, text).await;
        let owner = app.rep("ann@example.com").await;
        let expected = json!({
            "active": true,
            "scope": "e-verify-write employee-read",
            "client_id": token.sid.to_string(),
            "username": "ann@example.com",
            "sub": owner.id.to_string(),
            "exp": token.expires_at.unix_seconds(),
            "iat": 1_795_442_400,
            "iss": "http://localhost",
            "token_type": "Bearer",
        });
        assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(!answer.header("latchkey-token-expires").is_empty());
    }
    // Asking is no use of the token that is asked about.
    let own = Vendor::new(&app, token).get("/api/v1/token").await;
    assert_eq!(own.json()["last_used_at"], json!(null));
}

#[tokio::test]
async fn whatever_is_not_a_good_token_is_inactive_and_nothing_more() {
    let app = TestApp::start().await;
    let server = resource_server(&app).await;
    let (revoked, other) = (app.token("employee-read").await, app.token("employee-read").await);
    app.revoke(revoked.sid).await;
    for text in [
        revoked.secret.clone(),
        "nonsense".to_owned(),
        other.sid.to_string(),
        format!("{}:{}", revoked.sid, other.secret),
        format!("x:{}", other.secret),
        format!("{}x", other.secret),
    ] {
        assert!(is_inactive(&introspect(&server, &text).await), "{text}");
    }
    assert!(!is_inactive(&introspect(&server, &other.secret).await));
}

#[tokio::test]
async fn the_asker_must_be_a_token_with_the_scope() {
    let app = TestApp::start().await;
    let server = resource_server(&app).await;
    let token = app.token("employee-read").await;
    for form in [CredentialForm::Basic, CredentialForm::Bearer] {
        assert_eq!(introspect(&server.by(form), &token.secret).await.status, 200);
    }
    let refused = introspect(&server.by(CredentialForm::XTwToken), &token.secret).await;
    assert_eq!(refused.oauth_refusal(), (401, "invalid_client".to_owned()));
    let anonymous = introspect(&app.anonymous(), &token.secret).await;
    assert_eq!(anonymous.oauth_refusal(), (401, "invalid_client".to_owned()));
    assert!(anonymous.header("www-authenticate").contains("Basic"));
    let without = introspect(&app.vendor("employee-read").await, &token.secret).await;
    assert_eq!(without.oauth_refusal(), (403, "insufficient_scope".to_owned()));
    app.revoke(server.token.sid).await;
    assert_eq!(introspect(&server, &token.secret).await.oauth_refusal(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn forms_that_are_none_are_refused_in_oauths_words() {
    let app = TestApp::start().await;
    let server = resource_server(&app).await;
    let invalid = (400, "invalid_request".to_owned());
    for path in [INTROSPECT, REVOKE] {
        let caller: Vec<Answer> = vec![
            server.post_form(path, &[]).await,
            server.post_form(path, &[("token", "")]).await,
            server.post_form(path, &[("token", "a"), ("token", "b")]).await,
            server.send(Request::new("POST", path).json(&json!({ "token": "a" }))).await,
            server.send(Request::new("POST", path).body("token=a")).await,
            server.post_form(path, &[("token", &"x".repeat(9_000))]).await,
        ];
        for answer in caller {
            assert_eq!(answer.oauth_refusal(), invalid, "{path}");
        }
        let got = server.get(path).await;
        assert_eq!((got.status.as_u16(), got.header("allow").as_str()), (405, "POST"), "{path}");
    }
}

#[tokio::test]
async fn introspections_are_counted_apart_from_calls() {
    let limits = VendorLimits { calls: Some(RateLimit::of(1, 5)), introspections: Some(RateLimit::of(2, 5)) };
    let app = TestApp::start_set(Settings { limits, ..Settings::default() }).await;
    let server = resource_server(&app).await;
    assert_eq!(server.get("/api/v1/token").await.status, 200);
    for status in [200, 200, 429] {
        assert_eq!(introspect(&server, "nonsense").await.status, status);
    }
    let origin = latchkey_service::Origin { address: String::new(), request_id: "test".to_owned() };
    app.service.limit_token(server.token.sid, TokenRateLimit::Off, &origin).await.unwrap();
    assert_eq!(introspect(&server, "nonsense").await.status, 429, "its own limit is one of calls");
}

#[tokio::test]
async fn whoever_holds_a_token_can_end_it() {
    let app = TestApp::start().await;
    for form in [None, Some(CredentialForm::Basic), Some(CredentialForm::Bearer), Some(CredentialForm::XTwToken)] {
        let token = app.token("employee-read").await;
        let bystander = app.token("employee-read").await;
        let answer = match form {
            None => revoke(&app.anonymous(), &token.secret).await,
            Some(form) => revoke(&Vendor::new(&app, token.clone()).by(form), &token.secret).await,
        };
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0), "{form:?}");
        assert!(!works(&app, &token).await, "{form:?}");
        assert!(works(&app, &bystander).await, "{form:?}");
        // Again: it is good no longer, as before.
        assert_eq!(revoke(&app.anonymous(), &token.secret).await.status, 200);
    }
    let token = app.token("employee-read").await;
    let fields = [("token", token.secret.as_str()), ("token_type_hint", "refresh_token"), ("other", "x")];
    assert_eq!(app.anonymous().post_form(REVOKE, &fields).await.status, 200);
    assert!(!works(&app, &token).await);
}

#[tokio::test]
async fn what_is_no_token_is_answered_like_one_that_was_ended() {
    let app = TestApp::start().await;
    let token = app.token("employee-read").await;
    for text in ["nonsense".to_owned(), token.sid.to_string(), format!("x:{}", token.secret)] {
        let answer = revoke(&app.anonymous(), &text).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0), "{text}");
    }
    assert!(works(&app, &token).await);
}

#[tokio::test]
async fn a_credential_beside_the_form_must_be_the_token_itself() {
    let app = TestApp::start().await;
    let (token, other) = (app.token("employee-read").await, app.token("employee-read").await);
    let refused = (401, "invalid_client".to_owned());
    let answer = revoke(&Vendor::new(&app, other.clone()), &token.secret).await;
    assert_eq!(answer.oauth_refusal(), refused);
    assert!(!answer.header("www-authenticate").is_empty());
    assert_eq!(revoke(&Vendor::new(&app, other), "nonsense").await.oauth_refusal(), refused);
    let malformed = Request::new("POST", REVOKE).form(&[("token", &token.secret)]).header("authorization", "Bearer x");
    assert_eq!(app.anonymous().send(malformed).await.oauth_refusal(), refused);
    assert!(works(&app, &token).await);
}

#[tokio::test]
async fn sessions_open_neither() {
    let app = TestApp::start().await;
    let ann = app.signed_in("ann@example.com").await;
    assert_eq!(introspect(&ann, "x").await.oauth_refusal(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn without_the_database_it_is_neither_yes_nor_no() {
    let app = TestApp::start().await;
    let server = resource_server(&app).await;
    let token = app.token("employee-read").await;
    app.store.close().await;
    for answer in [introspect(&server, &token.secret).await, revoke(&app.anonymous(), &token.secret).await] {
        assert_eq!(answer.oauth_refusal(), (503, "temporarily_unavailable".to_owned()));
        assert!(!answer.header("retry-after").is_empty());
    }
}
