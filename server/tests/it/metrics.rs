//! What `/metrics` shows, and to whom.

use crate::support::{Caller as _, Request, TestApp};

async fn shown(app: &TestApp) -> String {
    let answer = app.anonymous().send(Request::new("GET", "/metrics").sent_from("127.0.0.1")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    answer.text()
}

#[tokio::test]
async fn calls_are_counted_by_verdict_and_route() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    vendor.get("/api/v1/employees").await;
    vendor.get("/api/v1/documents").await;
    app.anonymous().get("/api/v1/employees").await;
    app.revoke(vendor.token.sid).await;
    vendor.get("/api/v1/employees").await;
    let text = shown(&app).await;
    for line in [
        r#"latchkey_credentials_total{verdict="active"} 1"#,
        r#"latchkey_credentials_total{verdict="missing_scope"} 1"#,
        r#"latchkey_credentials_total{verdict="revoked"} 1"#,
        r#"latchkey_credentials_total{verdict="no_credential"} 1"#,
        r#"latchkey_requests_total{route="api",status="200"} 1"#,
        r#"latchkey_requests_total{route="api",status="401"} 2"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    for telling in [vendor.token.secret.as_str(), &vendor.token.sid.to_string(), "employees", "ann@example.com"] {
        assert!(!text.contains(telling), "{telling}");
    }
}

#[tokio::test]
async fn strangers_see_nothing() {
    let app = TestApp::start().await;
    let ask = async |request: Request| app.anonymous().send(request).await.refusal();
    let refused = (403, "not_allowed_from_here".to_owned());
    assert_eq!(ask(Request::new("GET", "/metrics").sent_from("192.0.2.1")).await, refused);
    // What a header says of the address is not believed.
    let claims = Request::new("GET", "/metrics").sent_from("192.0.2.1").header("x-forwarded-for", "127.0.0.1");
    assert_eq!(ask(claims).await, refused);
}
