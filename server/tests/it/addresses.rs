//! Tokens that may be used from some networks only, at everything that takes a token.

use http::header::AUTHORIZATION;
use latchkey_domain::{RateLimit, Role, ScopeChoice, TokenForm, TokenRateLimit};
use latchkey_server::NetworkSettings;
use latchkey_service::ports::TokenSource;
use latchkey_service::{AuditActor, Origin, TokenOwner, VendorLimits};
use serde_json::json;

use crate::support::{Answer, Caller as _, IssuedToken, Request, Settings, TestApp, Vendor};

const OFFICE: &str = "203.0.113.0/24, 2001:db8::/32";
const INSIDE: &str = "203.0.113.7";
const OUTSIDE: &str = "198.51.100.7";

/// A token with these scopes for calls from the office.
async fn bound(app: &TestApp, scopes: &str) -> IssuedToken {
    let rep = app.rep("ann@example.com").await;
    let form = TokenForm {
        description: format!("Bound to {scopes}"),
        expiration: "90d".to_owned(),
        scope_choice: ScopeChoice::ALL_CODE.to_owned(),
        addresses: OFFICE.to_owned(),
        ..TokenForm::default()
    };
    let mut draft = form.parse().unwrap();
    draft.scopes = ScopeChoice::Selected(scopes.parse().unwrap());
    let owner = TokenOwner {
        rep: &rep,
        actor: AuditActor::CommandLine,
        source: TokenSource::CommandLine,
        rate_limit: TokenRateLimit::Default,
        origin: &Origin { address: String::new(), request_id: String::new() },
        maker: None,
    };
    let issued = app.service.issue(owner, &draft, None).await.unwrap();
    IssuedToken {
        sid: issued.token.sid,
        secret: issued.secret.expose().to_owned(),
        expires_at: issued.token.expires_at,
    }
}

async fn call(app: &TestApp, token: &IssuedToken, from: &str, path: &str) -> Answer {
    let request = Request::new("GET", path).header(AUTHORIZATION.as_str(), format!("Bearer {}", token.secret));
    let request = if from.is_empty() { request } else { request.sent_from(from) };
    app.anonymous().send(request).await
}

fn refused() -> (u16, String) {
    (403, "address_refused".to_owned())
}

#[tokio::test]
async fn a_bound_token_is_good_from_its_networks_alone() {
    let app = TestApp::start().await;
    let token = bound(&app, "customer-read").await;
    for _from_memory in [false, true] {
        for inside in [INSIDE, "::ffff:203.0.113.200", "2001:db8:7::1"] {
            let answer = call(&app, &token, inside, "/api/v1/token").await;
            assert_eq!(answer.status, 200, "{inside}");
            assert_eq!(answer.json()["addresses"], json!(["203.0.113.0/24", "2001:db8::/32"]));
            assert_eq!(call(&app, &token, inside, "/api/v1/customers").await.status, 200);
        }
        for outside in [OUTSIDE, "2001:db9::1", ""] {
            // Whether it has the scope is not told either.
            for path in ["/api/v1/token", "/api/v1/customers", "/api/v1/employees"] {
                let answer = call(&app, &token, outside, path).await;
                assert_eq!(answer.refusal(), refused(), "{outside:?} {path}");
                assert!(answer.json().get("required_scopes").is_none());
                assert_eq!(answer.header("latchkey-token-expires"), "");
            }
        }
        assert_eq!(call(&app, &token, INSIDE, "/api/v1/employees").await.refusal().1, "insufficient_scope");
        app.service.build_index().await.unwrap();
    }
    let unbound = app.token("customer-read").await;
    let answer = call(&app, &unbound, OUTSIDE, "/api/v1/token").await;
    assert_eq!(answer.status, 200);
    assert!(answer.json().get("addresses").is_none(), "the contract's members are as they were");
    app.revoke(token.sid).await;
    assert_eq!(call(&app, &token, OUTSIDE, "/api/v1/token").await.status, 401, "what has ended is told first");
}

#[tokio::test]
async fn calls_from_elsewhere_use_nothing_up_and_count_against_their_address() {
    let limits = VendorLimits { calls: Some(RateLimit::of(2, 60)), introspections: None };
    let app = TestApp::start_set(Settings { limits, ..Settings::default() }).await;
    let token = bound(&app, "customer-read").await;
    for _ in 0..300 {
        assert_eq!(call(&app, &token, OUTSIDE, "/api/v1/token").await.refusal(), refused());
    }
    let told = call(&app, &token, OUTSIDE, "/api/v1/token").await;
    assert_eq!(told.refusal(), (429, "too_many_failures".to_owned()));
    for status in [200, 200, 429] {
        assert_eq!(call(&app, &token, INSIDE, "/api/v1/token").await.status, status);
    }
    // From elsewhere it is not told that the calls are used up.
    assert_eq!(call(&app, &token, "198.51.100.8", "/api/v1/token").await.refusal(), refused());
}

#[tokio::test]
async fn gateways_say_where_a_call_comes_from() {
    let network = NetworkSettings { trusted_proxies: "10.0.0.0/8".parse().unwrap(), ..NetworkSettings::default() };
    let app = TestApp::start_set(Settings { network, ..Settings::default() }).await;
    let token = bound(&app, "customer-read").await;
    let ask = async |path: &str, forwarded_for: &str| {
        let request = Request::new("GET", path)
            .header(AUTHORIZATION.as_str(), format!("Bearer {}", token.secret))
            .header("x-forwarded-method", "GET")
            .header("x-forwarded-uri", "/api/v1/customers")
            .header("x-original-method", "GET")
            .header("x-original-uri", "/api/v1/customers")
            .sent_from("10.0.0.1");
        let request = if forwarded_for.is_empty() { request } else { request.header("x-forwarded-for", forwarded_for) };
        app.anonymous().send(request).await
    };
    for path in ["/auth/forward", "/auth/nginx", "/auth/envoy/api/v1/customers"] {
        assert_eq!(ask(path, INSIDE).await.status, 200, "{path}");
        for elsewhere in [OUTSIDE, "", "203.0.113.7, 198.51.100.7", "unknown"] {
            let answer = ask(path, elsewhere).await;
            assert_eq!(answer.status, 403, "{path} {elsewhere:?}");
            assert!(answer.wire().contains("address_refused"), "{path}: {}", answer.wire());
        }
    }
}

#[tokio::test]
async fn introspection_is_told_where_a_token_is_used() {
    let app = TestApp::start().await;
    app.person("ann@example.com", Role::Admin).await;
    let server = app.vendor("token-introspect").await;
    let token = bound(&app, "customer-read").await;
    let ask = async |more: &[(&str, &str)]| {
        let fields: Vec<_> = [("token", token.secret.as_str())].into_iter().chain(more.iter().copied()).collect();
        server.post_form("/oauth2/introspect", &fields).await
    };
    assert_eq!(ask(&[("client_address", INSIDE)]).await.json()["active"], json!(true));
    for without in [&[][..], &[("client_address", OUTSIDE)], &[("client_address", "")]] {
        assert_eq!(ask(without).await.json(), json!({ "active": false }), "{without:?}");
    }
    assert_eq!(ask(&[("client_address", "here")]).await.oauth_refusal(), (400, "invalid_request".to_owned()));
    // A token that is not bound is active wherever it is used.
    let free = app.token("customer-read").await;
    let asked = server.post_form("/oauth2/introspect", &[("token", &free.secret)]).await;
    assert_eq!(asked.json()["active"], json!(true));

    // The caller's own token is judged by the caller's own address.
    let caller = bound(&app, "token-introspect").await;
    let ask = async |from: &str| {
        let request = Request::new("POST", "/oauth2/introspect")
            .header(AUTHORIZATION.as_str(), format!("Bearer {}", caller.secret))
            .sent_from(from)
            .form(&[("token", &free.secret), ("client_address", INSIDE)]);
        app.anonymous().send(request).await
    };
    assert_eq!(ask(INSIDE).await.json()["active"], json!(true));
    let answer = ask(OUTSIDE).await;
    assert_eq!(answer.oauth_refusal(), (403, "unauthorized_client".to_owned()));
    assert_eq!(answer.json()["code"], "address_refused");
}

#[tokio::test]
async fn a_found_token_can_be_ended_from_anywhere() {
    let app = TestApp::start().await;
    let token = bound(&app, "customer-read").await;
    let request = Request::new("DELETE", "/api/v1/token")
        .header(AUTHORIZATION.as_str(), format!("Bearer {}", token.secret))
        .sent_from(OUTSIDE);
    assert_eq!(app.anonymous().send(request).await.refusal(), refused());
    let revoked = Request::new("POST", "/oauth2/revoke").sent_from(OUTSIDE).form(&[("token", &token.secret)]);
    assert_eq!(app.anonymous().send(revoked).await.status, 200);
    assert_eq!(call(&app, &token, INSIDE, "/api/v1/token").await.status, 401);
}

#[tokio::test]
async fn an_owner_asks_what_becomes_of_a_call_from_somewhere() {
    let app = TestApp::start().await;
    let token = bound(&app, "customer-read").await;
    let ann = app.signed_in("ann@example.com").await;
    let ask = async |from: &str| {
        let path = format!("/settings/personal-access-tokens/{}?path=/api/v1/customers&from={from}", token.sid);
        ann.get(&path).await.text()
    };
    let page = ask("").await;
    assert!(page.contains("203.0.113.0/24, 2001:db8::/32") && page.contains(">Allowed<"), "{page}");
    assert!(ask(INSIDE).await.contains(">Allowed<"));
    let page = ask(OUTSIDE).await;
    assert!(page.contains("address_refused") && page.contains("may not be used from this address"), "{page}");
    assert!(ask("here").await.contains("no address of a client"));
    let vendor = Vendor::new(&app, token.clone());
    assert_eq!(vendor.get("/api/v1/token").await.status, 403, "asking is no call");
}
