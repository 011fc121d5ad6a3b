//! How many calls a token may make, and how many bad credentials an address may send.

use latchkey_domain::{RateLimit, TokenRateLimit};
use latchkey_service::{Origin, VendorLimits};

use crate::support::{Anonymous, Caller as _, NOW, Request, Settings, TestApp, Vendor};

const TOKEN: &str = "/api/v1/token";

async fn limited(calls: Option<RateLimit>) -> TestApp {
    TestApp::start_set(Settings { limits: VendorLimits { calls, introspections: None }, ..Settings::default() }).await
}

async fn statuses(vendor: &Vendor<'_>, calls: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..calls {
        statuses.push(vendor.get(TOKEN).await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn the_twenty_sixth_call_in_five_seconds_is_refused_until_the_window_ends() {
    let app = limited(Some(RateLimit::DEFAULT)).await;
    let vendor = app.vendor("employee-read").await;
    let first = vendor.get(TOKEN).await;
    let told = |name: &str| first.header(name);
    assert_eq!((told("x-rate-limit-count").as_str(), told("ratelimit").as_str()), ("1", r#""pat";r=24;t=5"#));
    assert_eq!(told("ratelimit-policy"), r#""pat";q=25;w=5"#);
    assert_eq!(statuses(&vendor, 24).await, [200; 24]);

    let over = vendor.get(TOKEN).await;
    assert_eq!(over.refusal(), (429, "rate_limited".to_owned()));
    assert_eq!((over.header("retry-after").as_str(), over.header("x-rate-limit-count").as_str()), ("5", "26"));
    assert_eq!(over.header("ratelimit"), r#""pat";r=0;t=5"#);
    assert!(!over.header("latchkey-token-expires").is_empty());
    assert_eq!(over.json()["detail"], "25 requests / 5 sec limit. The next call is let through in 5 seconds.");

    app.set_now(NOW.plus_seconds(4));
    assert_eq!(vendor.get(TOKEN).await.header("retry-after"), "1");
    app.set_now(NOW.plus_seconds(5));
    assert_eq!(vendor.get(TOKEN).await.header("x-rate-limit-count"), "1");
}

#[tokio::test]
async fn every_call_with_a_good_token_counts_and_the_limit_goes_before_the_scope() {
    let app = limited(Some(RateLimit::of(2, 5))).await;
    let vendor = app.vendor("employee-read").await;
    let refused = vendor.get("/api/v1/documents").await;
    assert_eq!(refused.refusal(), (403, "insufficient_scope".to_owned()));
    assert_eq!(refused.header("x-rate-limit-count"), "1");
    assert_eq!(vendor.get("/api/v1/employees").await.status, 200);
    assert_eq!(vendor.get("/api/v1/documents").await.refusal(), (429, "rate_limited".to_owned()));
    // What comes before the credential comes before the limit too, and is not counted.
    assert_eq!(vendor.get("/api/v1/nothing").await.status, 404);
    assert_eq!(vendor.call("PATCH", "/api/v1/employees").await.status, 405);
    // Another token has calls of its own.
    assert_eq!(app.vendor("employee-read").await.get(TOKEN).await.status, 200);
}

#[tokio::test]
async fn a_token_can_have_a_limit_of_its_own() {
    let app = limited(Some(RateLimit::of(1, 5))).await;
    let (free, own) = (app.vendor("employee-read").await, app.vendor("employee-read").await);
    let origin = Origin { address: String::new(), request_id: "test".to_owned() };
    app.service.limit_token(free.token.sid, TokenRateLimit::Off, &origin).await.unwrap();
    app.service.limit_token(own.token.sid, TokenRateLimit::Own(RateLimit::of(3, 60)), &origin).await.unwrap();
    assert_eq!(statuses(&free, 40).await, [200; 40]);
    assert_eq!(free.get(TOKEN).await.header("x-rate-limit-count"), "");
    assert_eq!(statuses(&own, 5).await, [200, 200, 200, 429, 429]);
    app.service.limit_token(own.token.sid, TokenRateLimit::Default, &origin).await.unwrap();
    assert_eq!(statuses(&own, 1).await, [200], "the server's window is another, and begins with this call");
}

#[tokio::test]
async fn an_address_that_guesses_is_refused_for_a_while_and_others_are_not() {
    let app = limited(None).await;
    let vendor = app.vendor("employee-read").await;
    let unknown = app.token("employee-read").await;
    app.revoke(unknown.sid).await;
    let guess = async |address: &str| {
        let request = Request::new("GET", TOKEN).sent_from(address);
        let request = request.header("authorization", format!("Bearer {}", unknown.secret));
        Anonymous(&app).send(request).await
    };
    for _ in 0..300 {
        assert_eq!(guess("192.0.2.1").await.refusal(), (401, "invalid_token".to_owned()));
    }
    let refused = guess("192.0.2.1").await;
    assert_eq!(refused.refusal(), (429, "too_many_failures".to_owned()));
    assert_eq!(refused.header("retry-after"), "60");
    // The same for everybody at that address: whether a credential is good is not looked at.
    let good = vendor.send(Request::new("GET", TOKEN).sent_from("192.0.2.1")).await;
    assert_eq!(good.refusal(), (429, "too_many_failures".to_owned()));
    assert_eq!(vendor.send(Request::new("GET", TOKEN).sent_from("192.0.2.2")).await.status, 200);
    app.set_now(NOW.plus_seconds(60));
    assert_eq!(vendor.send(Request::new("GET", TOKEN).sent_from("192.0.2.1")).await.status, 200);
}

#[tokio::test]
async fn good_calls_and_calls_without_a_credential_are_no_failures() {
    let app = limited(None).await;
    let vendor = app.vendor("employee-read").await;
    for _ in 0..320 {
        let answer = vendor.send(Request::new("GET", TOKEN).sent_from("192.0.2.1")).await;
        assert_eq!(answer.status, 200);
        let answer = app.anonymous().send(Request::new("GET", TOKEN).sent_from("192.0.2.1")).await;
        assert_eq!(answer.status, 401);
    }
}
