//! `/api/v1/token`

use latchkey_domain::DAY;

use crate::support::{Caller as _, NOW, TestApp};

#[tokio::test]
async fn says_what_the_token_is() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read customer-write").await;
    insta::assert_snapshot!(vendor.get("/api/v1/token").await.wire(), @r#"
        200 OK
        cache-control: no-store
        content-length: 310
        content-type: application/json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b4db0076e7afd6df6e94aa13b7

        {
          "account_sid": "LK01a208b4db007ea6b1959c2d5669ef76",
          "all_scopes": false,
          "created_at": "2026-11-23T14:00:00Z",
          "description": "Token 1",
          "expires_at": "2027-02-21T14:00:00Z",
          "last_used_at": null,
          "scopes": [
            "customer-write",
            "employee-read"
          ],
          "service_rep": {
            "email": "ann@example.com",
            "name": "Ann Smith"
          },
          "status": "active"
        }
        "#);
}

#[tokio::test]
async fn the_last_use_is_the_one_before() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    let last_used_at = async || vendor.get("/api/v1/token").await.json()["last_used_at"].clone();
    assert_eq!(last_used_at().await, serde_json::Value::Null);
    app.set_now(NOW.plus_seconds(60));
    assert_eq!(last_used_at().await, "2026-11-23T14:00:00Z");
    app.service.flush_last_use().await.unwrap();
    app.set_now(NOW.plus_seconds(90));
    assert_eq!(last_used_at().await, "2026-11-23T14:01:00Z");
}

#[tokio::test]
async fn a_call_that_lacks_the_scope_is_a_use_too() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    assert_eq!(vendor.get("/api/v1/customers").await.status, 403);
    assert_eq!(vendor.get("/api/v1/token").await.json()["last_used_at"], "2026-11-23T14:00:00Z");
}

#[tokio::test]
async fn the_status_follows_the_clock() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    let status = async |now| {
        app.set_now(now);
        vendor.get("/api/v1/token").await.json()["status"].clone()
    };
    assert_eq!(status(NOW).await, "active");
    assert_eq!(status(NOW.plus_seconds(76 * DAY - 1)).await, "active");
    assert_eq!(status(NOW.plus_seconds(76 * DAY)).await, "expiring_soon");
}

#[tokio::test]
async fn all_scopes_are_a_list_like_any_other() {
    let app = TestApp::start().await;
    let token = app.vendor("*").await.get("/api/v1/token").await.json();
    assert_eq!(token["all_scopes"], true);
    let scopes = token["scopes"].as_array().unwrap();
    assert_eq!(scopes.len(), 38);
    assert!(!scopes.contains(&"token-introspect".into()));
}

#[tokio::test]
async fn a_vendor_can_give_its_own_token_up() {
    let app = TestApp::start().await;
    let (vendor, other) = (app.vendor("employee-read").await, app.vendor("employee-read").await);
    insta::assert_snapshot!(vendor.call("DELETE", "/api/v1/token").await.wire(), @r#"
        204 No Content
        cache-control: no-store
        content-length: 0
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b4db007727b00c20aed5ea53f7
        "#);
    assert_eq!(vendor.get("/api/v1/token").await.refusal(), (401, "invalid_token".to_owned()));
    assert_eq!(vendor.call("DELETE", "/api/v1/token").await.refusal(), (401, "invalid_token".to_owned()));
    assert_eq!(other.get("/api/v1/token").await.status, 200);
}

#[tokio::test]
async fn head_says_what_get_says_without_the_body() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    vendor.get("/api/v1/token").await;
    let (get, head) = (vendor.get("/api/v1/token").await, vendor.call("HEAD", "/api/v1/token").await);
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("latchkey-token-expires"), "2027-02-21T14:00:00Z");
}

#[tokio::test]
async fn other_methods_are_named() {
    let app = TestApp::start().await;
    for method in ["POST", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW", "get"] {
        let answer = app.anonymous().call(method, "/api/v1/token").await;
        assert_eq!(answer.refusal(), (405, "method_not_allowed".to_owned()), "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD, DELETE", "{method}");
    }
}
