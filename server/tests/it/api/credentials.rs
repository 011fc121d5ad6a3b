//! Who gets in, and what the others are told.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use latchkey_domain::AccountSid;

use crate::support::{Answer, Caller as _, CredentialForm, Request, TestApp, Vendor};

const TOKEN: &str = "/api/v1/token";

async fn send(app: &TestApp, lines: &[(&str, String)]) -> Answer {
    let request = Request::new("GET", TOKEN);
    let request = lines.iter().fold(request, |request, (name, value)| request.header(name, value));
    app.anonymous().send(request).await
}

/// The secret with one character of its random part changed, so that its checksum fails.
fn mistyped(secret: &str) -> String {
    let mut text = secret.to_owned().into_bytes();
    text[20] = if text[20] == b'a' { b'b' } else { b'a' };
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn no_credential_gets_both_challenges_and_no_error_code() {
    let app = TestApp::start().await;
    insta::assert_snapshot!(app.anonymous().get(TOKEN).await.wire(), @r#"
        401 Unauthorized
        cache-control: no-store
        content-length: 182
        content-type: application/problem+json
        www-authenticate: Bearer realm="latchkey"
        www-authenticate: Basic realm="latchkey", charset="UTF-8"
        x-content-type-options: nosniff
        x-request-id: 01a208b4db007d6bb0555b6f1529ae3a

        {
          "code": "credential_missing",
          "detail": "Send an Auth Token with the request.",
          "request_id": "01a208b4db007d6bb0555b6f1529ae3a",
          "status": 401,
          "title": "Unauthorized",
          "type": "about:blank"
        }
        "#);
}

#[tokio::test]
async fn what_is_no_credential_of_ours_counts_as_none() {
    let app = TestApp::start().await;
    let missing = (401, "credential_missing".to_owned());
    assert_eq!(send(&app, &[("authorization", "Negotiate YII=".to_owned())]).await.refusal(), missing);
    assert_eq!(app.anonymous().get("/api/v1/token?access_token=x").await.refusal(), missing);
    // A session opens pages, not the API.
    assert_eq!(app.signed_in("ann@example.com").await.get(TOKEN).await.refusal(), missing);
}

#[tokio::test]
async fn every_form_opens() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    for form in CredentialForm::ALL {
        assert_eq!(vendor.by(form).get(TOKEN).await.status, 200, "{form:?}");
    }
    let pair = format!("{}:{}", vendor.token.sid, vendor.token.secret);
    for value in [
        format!("bearer {}", vendor.token.secret),
        format!("BEARER   {}", vendor.token.secret),
        format!("basic {}", STANDARD.encode(&pair)),
        format!("Basic {}", STANDARD_NO_PAD.encode(&pair)),
    ] {
        assert_eq!(send(&app, &[("authorization", value.clone())]).await.status, 200, "{value}");
    }
}

#[tokio::test]
async fn more_than_one_credential_is_refused_even_where_both_are_good() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    let (name, bearer) = CredentialForm::Bearer.header("", &vendor.token.secret);
    let (tw, pair) = CredentialForm::XTwToken.header(&vendor.token.sid.to_string(), &vendor.token.secret);
    let two = send(&app, &[(name, bearer.clone()), (tw, pair.clone())]).await;
    insta::assert_snapshot!(two.wire(), @r#"
        400 Bad Request
        cache-control: no-store
        content-length: 202
        content-type: application/problem+json
        www-authenticate: Bearer realm="latchkey", error="invalid_request", error_description="more than one credential"
        x-content-type-options: nosniff
        x-request-id: 01a208b4db0076e7afd6df6e94aa13b7

        {
          "code": "multiple_credentials",
          "detail": "The request carries more than one credential. Send one.",
          "request_id": "01a208b4db0076e7afd6df6e94aa13b7",
          "status": 400,
          "title": "Bad Request",
          "type": "about:blank"
        }
        "#);
    let refusal = (400, "multiple_credentials".to_owned());
    assert_eq!(send(&app, &[(name, bearer.clone()), (name, bearer.clone())]).await.refusal(), refusal);
    assert_eq!(send(&app, &[(tw, pair.clone()), (tw, pair)]).await.refusal(), refusal);
    assert_eq!(vendor.get("/api/v1/token?a=b&access_token=x").await.refusal(), refusal);
}

#[tokio::test]
async fn a_mistyped_credential_is_told_so_without_a_look_up() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    // Nothing could be looked up: a well-formed credential gets a 503 now.
    app.store.close().await;
    assert_eq!(vendor.get(TOKEN).await.status, 503);
    let answer = send(&app, &[("authorization", format!("Bearer {}", mistyped(&vendor.token.secret)))]).await;
    insta::assert_snapshot!(answer.wire(), @r#"
        401 Unauthorized
        cache-control: no-store
        content-length: 211
        content-type: application/problem+json
        www-authenticate: Bearer realm="latchkey", error="invalid_token", error_description="the Auth Token is incomplete or mistyped"
        www-authenticate: Basic realm="latchkey", charset="UTF-8"
        x-content-type-options: nosniff
        x-request-id: 01a208b4db007727b00c20aed5ea53f7

        {
          "code": "malformed_credential",
          "detail": "The Auth Token is incomplete or mistyped. Copy it again, whole.",
          "request_id": "01a208b4db007727b00c20aed5ea53f7",
          "status": 401,
          "title": "Unauthorized",
          "type": "about:blank"
        }
        "#);
    let sid = vendor.token.sid.to_string();
    let cut_off = &vendor.token.secret[..46];
    for (name, value) in [
        CredentialForm::Basic.header(&sid, cut_off),
        CredentialForm::Bearer.header(&sid, cut_off),
        CredentialForm::XTwToken.header(&sid, cut_off),
        ("authorization", "Bearer".to_owned()),
        ("authorization", "Basic !!!".to_owned()),
        ("authorization", format!("Basic {}", STANDARD.encode(&vendor.token.secret))),
        ("x-tw-token", vendor.token.secret.clone()),
        ("x-tw-token", String::new()),
        ("authorization", format!("Bearer {}", "x".repeat(5000))),
    ] {
        let refusal = send(&app, &[(name, value.clone())]).await.refusal();
        assert_eq!(refusal, (401, "malformed_credential".to_owned()), "{name}: {value}");
    }
}

#[tokio::test]
async fn every_credential_that_is_not_good_gets_the_same_words() {
    let app = TestApp::start().await;
    let revoked = app.vendor("employee-read").await;
    app.revoke(revoked.token.sid).await;
    let first = revoked.get(TOKEN).await;
    insta::assert_snapshot!(first.wire(), @r#"
        401 Unauthorized
        cache-control: no-store
        content-length: 233
        content-type: application/problem+json
        www-authenticate: Bearer realm="latchkey", error="invalid_token", error_description="the token is not valid"
        www-authenticate: Basic realm="latchkey", charset="UTF-8"
        x-content-type-options: nosniff
        x-request-id: 01a208b4db0076e7afd6df6e94aa13b7

        {
          "code": "invalid_token",
          "detail": "The token is not valid: unknown, expired, revoked, or sent with another token's Account SID.",
          "request_id": "01a208b4db0076e7afd6df6e94aa13b7",
          "status": 401,
          "title": "Unauthorized",
          "type": "about:blank"
        }
        "#);
    let same = |answer: &Answer| {
        let mut body = answer.json();
        body["request_id"] = first.json()["request_id"].clone();
        assert_eq!(body, first.json());
        for name in ["www-authenticate", "cache-control", "content-type", "latchkey-token-expires"] {
            assert_eq!(answer.header(name), first.header(name), "{name}");
        }
    };

    let vendor = app.vendor("employee-read").await;
    let mut unknown = vendor.token.clone();
    unknown.secret = "latchkey_7eL6x5QrIgZal0TwZOBERi5aFyvszIhE4BOzcy".to_owned();
    for form in CredentialForm::ALL {
        same(&Vendor::new(&app, unknown.clone()).by(form).get(TOKEN).await);
        same(&revoked.by(form).get(TOKEN).await);
    }
    for sid in [AccountSid::from_bytes([9; 16]).to_string(), revoked.token.sid.to_string(), "LK".to_owned()] {
        for form in [CredentialForm::Basic, CredentialForm::XTwToken] {
            let (name, value) = form.header(&sid, &vendor.token.secret);
            same(&send(&app, &[(name, value)]).await);
        }
    }

    app.set_disabled("ann@example.com", true).await;
    same(&vendor.get(TOKEN).await);
    app.set_disabled("ann@example.com", false).await;
    assert_eq!(vendor.get(TOKEN).await.status, 200);

    app.set_now(vendor.token.expires_at.plus_seconds(-1));
    assert_eq!(vendor.get(TOKEN).await.status, 200);
    app.set_now(vendor.token.expires_at);
    same(&vendor.get(TOKEN).await);
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-write").await;
    // Write does not imply read.
    insta::assert_snapshot!(vendor.get("/api/v1/employees").await.wire(), @r#"
        403 Forbidden
        cache-control: no-store
        content-length: 237
        content-type: application/problem+json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        www-authenticate: Bearer realm="latchkey", error="insufficient_scope", error_description="the token lacks a scope", scope="employee-read"
        x-content-type-options: nosniff
        x-request-id: 01a208b4db0076e7afd6df6e94aa13b7

        {
          "code": "insufficient_scope",
          "detail": "The token lacks the scope employee-read, which this needs.",
          "request_id": "01a208b4db0076e7afd6df6e94aa13b7",
          "required_scopes": [
            "employee-read"
          ],
          "status": 403,
          "title": "Forbidden",
          "type": "about:blank"
        }
        "#);
}

#[tokio::test]
async fn what_the_owner_may_not_grant_any_more_opens_nothing() {
    const CATALOG: &str = r#"
        [[scope]]
        name = "pay-read"
        label = "Pay Read"
        description = "See pay."
        routes = [{ method = "GET", path = "/api/v1/pay" }]
        [[scope]]
        name = "post-read"
        label = "Post Read"
        description = "See post."
        routes = [{ method = "GET", path = "/api/v1/post" }]
    "#;
    let app = TestApp::start_with(CATALOG).await;
    let token = app.vendor("pay-read post-read").await.token;
    // The same database under a catalog that keeps one scope for admins and has dropped the other.
    let narrowed = CATALOG.replacen("routes", "grant = \"admin\"\nroutes", 1).replace("post-read", "mail-read");
    let narrowed = app.restarted_with(&narrowed.replace("Post Read", "Mail Read")).await;
    let vendor = Vendor::new(&narrowed, token);
    assert_eq!(vendor.get("/api/v1/pay").await.refusal(), (403, "insufficient_scope".to_owned()));
    assert_eq!(vendor.get("/api/v1/post").await.refusal(), (403, "insufficient_scope".to_owned()));
    assert_eq!(vendor.get(TOKEN).await.json()["scopes"], serde_json::json!([]));
}

#[tokio::test]
async fn refusals_come_in_one_order() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    let mistyped = format!("Bearer {}", mistyped(&vendor.token.secret));
    let refusal = async |method: &str, path: &str, credentials: &[&str]| {
        let request = Request::new(method, path);
        let request = credentials.iter().fold(request, |request, value| request.header("authorization", value));
        app.anonymous().send(request).await.refusal().0
    };
    // 400 before 404 and 405, those before 401, that before 403; the database is asked last.
    assert_eq!(refusal("GET", "/api/nothing;x", &[&mistyped, &mistyped]).await, 400);
    assert_eq!(refusal("GET", "/api/nothing", &[&mistyped, &mistyped]).await, 400);
    assert_eq!(refusal("GET", "/api/nothing", &[&mistyped]).await, 404);
    assert_eq!(refusal("PATCH", "/api/v1/customers", &[&mistyped]).await, 405);
    assert_eq!(refusal("GET", "/api/v1/customers", &[&mistyped]).await, 401);
    assert_eq!(vendor.get("/api/nothing").await.refusal().0, 404);
    assert_eq!(vendor.call("PATCH", "/api/v1/customers").await.refusal().0, 405);
    assert_eq!(vendor.get("/api/v1/customers?limit=x").await.refusal().0, 403);
    assert_eq!(vendor.get("/api/v1/employees?limit=x").await.refusal().0, 400);
    app.store.close().await;
    assert_eq!(refusal("GET", "/api/v1/customers", &[]).await, 401);
    assert_eq!(vendor.get("/api/v1/customers").await.refusal().0, 503);
}

#[tokio::test]
async fn without_the_database_the_answer_is_neither_yes_nor_no() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    app.store.close().await;
    insta::assert_snapshot!(vendor.get(TOKEN).await.wire(), @r#"
        503 Service Unavailable
        cache-control: no-store
        content-length: 204
        content-type: application/problem+json
        retry-after: 5
        x-content-type-options: nosniff
        x-request-id: 01a208b4db0076e7afd6df6e94aa13b7

        {
          "code": "unavailable",
          "detail": "Latchkey cannot reach its database. Try again in a moment.",
          "request_id": "01a208b4db0076e7afd6df6e94aa13b7",
          "status": 503,
          "title": "Service Unavailable",
          "type": "about:blank"
        }
        "#);
}

#[tokio::test]
async fn headers_that_name_another_request_change_nothing() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/api/v1/customers"),
        ("x-rewrite-url", "/api/v1/customers"),
        ("x-forwarded-uri", "/api/v1/customers"),
    ] {
        let answer = vendor.send(Request::new("GET", TOKEN).header(name, value)).await;
        assert_eq!(answer.status, 200, "{name}");
    }
    assert_eq!(vendor.get("/api/v1/token?_method=DELETE").await.status, 200);
    assert_eq!(vendor.get(TOKEN).await.status, 200);
}
