//! What gateways ask, and what they are told.

use latchkey_domain::RateLimit;
use latchkey_server::NetworkSettings;
use latchkey_service::VendorLimits;

use crate::support::{Answer, Caller, Request, Settings, TestApp};

const GATEWAY: &str = "10.0.0.1";

async fn start() -> TestApp {
    start_limited(None).await
}

async fn start_limited(calls: Option<RateLimit>) -> TestApp {
    let network = NetworkSettings { trusted_proxies: "10.0.0.0/8".parse().unwrap(), ..NetworkSettings::default() };
    let limits = VendorLimits { calls, introspections: None };
    TestApp::start_set(Settings { limits, network, ..Settings::default() }).await
}

/// The ways to ask, each with what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Forward,
    Nginx,
    Envoy,
}

impl Dialect {
    const ALL: [Self; 3] = [Self::Forward, Self::Nginx, Self::Envoy];

    fn question(self, method: &str, target: &str) -> Request {
        match self {
            Self::Forward => Request::new("GET", "/auth/forward")
                .header("x-forwarded-method", method)
                .header("x-forwarded-uri", target),
            Self::Nginx => {
                Request::new("GET", "/auth/nginx").header("x-original-method", method).header("x-original-uri", target)
            }
            Self::Envoy => Request::new(method, &format!("/auth/envoy{target}")),
        }
        .sent_from(GATEWAY)
    }

    /// The status that the vendor gets in the end.
    fn status(self, answer: &Answer) -> u16 {
        let told = answer.header("x-latchkey-status");
        if self == Self::Nginx && !told.is_empty() { told.parse().unwrap() } else { answer.status.as_u16() }
    }
}

async fn ask(caller: &impl Caller, dialect: Dialect, method: &str, target: &str) -> Answer {
    caller.send(dialect.question(method, target)).await
}

#[tokio::test]
async fn a_good_call_is_let_through_and_its_caller_named() {
    let app = start().await;
    let vendor = app.vendor("employee-read employee-write").await;
    for dialect in Dialect::ALL {
        for (method, target) in [
            ("GET", "/api/v1/employees"),
            ("HEAD", "/api/v1/employees?limit=5"),
            ("DELETE", "/api/v1/employees/some%20one"),
            ("POST", "/api/v1/employees"),
        ] {
            let answer = ask(&vendor, dialect, method, target).await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0), "{dialect:?} {method} {target}");
            assert_eq!(answer.header("x-latchkey-sid"), vendor.token.sid.to_string());
            assert_eq!(answer.header("x-latchkey-service-rep"), "ann@example.com");
            assert_eq!(answer.header("x-latchkey-scopes"), "employee-read employee-write");
            assert_eq!(answer.header("x-request-id").len(), 32);
            assert_eq!(answer.header("content-length"), "0");
            assert!(!answer.header("latchkey-token-expires").is_empty());
        }
    }
}

#[tokio::test]
async fn every_refusal_is_the_apis_own() {
    let app = start_limited(Some(RateLimit::of(3, 5))).await;
    for dialect in Dialect::ALL {
        let vendor = app.vendor("employee-read").await;
        let anonymous = app.anonymous();
        let status = async |method: &str, target: &str| {
            let answer = ask(&vendor, dialect, method, target).await;
            (dialect.status(&answer), answer.status.as_u16())
        };
        let at_nginx = |real: u16| if dialect == Dialect::Nginx && real != 401 { 403 } else { real };
        for (real, method, target) in [
            (400, "GET", "/api/v1/employees;x"),
            (404, "GET", "/api/v1/nothing"),
            (404, "GET", "/api/v1/token"),
            (405, "PATCH", "/api/v1/employees"),
            (403, "GET", "/api/v1/documents"),
            (200, "GET", "/api/v1/employees"),
            (200, "GET", "/api/v1/employees"),
            (429, "GET", "/api/v1/employees"),
        ] {
            let expected = if real == 200 { (200, 200) } else { (real, at_nginx(real)) };
            assert_eq!(status(method, target).await, expected, "{dialect:?} {method} {target}");
        }
        let missing = ask(&anonymous, dialect, "GET", "/api/v1/employees").await;
        assert_eq!((missing.status.as_u16(), dialect.status(&missing)), (401, 401));
        assert!(missing.header("www-authenticate").contains("Basic"), "{dialect:?}");
    }
}

#[tokio::test]
async fn nginx_gets_the_problem_in_a_header() {
    let app = start().await;
    let answer = ask(&app.vendor("employee-read").await, Dialect::Nginx, "GET", "/api/v1/documents").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (403, 0));
    let problem: serde_json::Value = serde_json::from_str(&answer.header("x-latchkey-problem")).unwrap();
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(403), Some("insufficient_scope")));
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
}

#[tokio::test]
async fn only_trusted_gateways_are_believed() {
    let app = start().await;
    let vendor = app.vendor("employee-read").await;
    for dialect in [Dialect::Forward, Dialect::Nginx] {
        for stranger in ["192.0.2.1", "127.0.0.1", "::1"] {
            let answer = vendor.send(dialect.question("GET", "/api/v1/employees").sent_from(stranger)).await;
            assert_eq!(answer.status, 403, "{dialect:?} {stranger}");
            assert_eq!(answer.header("x-latchkey-sid"), "");
        }
    }
    // Envoy's question is the request itself: there is nobody to believe.
    let answer = vendor.send(Dialect::Envoy.question("GET", "/api/v1/employees").sent_from("192.0.2.1")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn what_the_gateway_says_it_says_once() {
    let app = start().await;
    let vendor = app.vendor("employee-read").await;
    let code = async |request: Request| vendor.send(request.sent_from(GATEWAY)).await.refusal();
    let invalid = (400, "invalid_forwarding_headers".to_owned());
    let forward = || Request::new("GET", "/auth/forward");
    assert_eq!(code(forward()).await, invalid);
    assert_eq!(code(forward().header("x-forwarded-method", "GET")).await, invalid);
    assert_eq!(code(forward().header("x-forwarded-uri", "/api/v1/employees")).await, invalid);
    let twice = Dialect::Forward.question("GET", "/api/v1/employees").header("x-forwarded-uri", "/api/v1/documents");
    assert_eq!(code(twice).await, invalid);
    // A whole URL is no path.
    let question = Dialect::Forward.question("GET", "http://a/api/v1/employees");
    assert_eq!(code(question).await, (400, "unsafe_path".to_owned()));
    // The other dialect's lines are a vendor's own, and not looked at.
    let mixed = Dialect::Nginx.question("GET", "/api/v1/documents").header("x-forwarded-uri", "/api/v1/employees");
    assert_eq!(vendor.send(mixed).await.header("x-latchkey-status"), "403");
}

#[tokio::test]
async fn credentials_in_the_asked_query_count() {
    let app = start().await;
    let vendor = app.vendor("employee-read").await;
    for dialect in Dialect::ALL {
        let answer = ask(&vendor, dialect, "GET", "/api/v1/employees?access_token=x").await;
        assert_eq!(dialect.status(&answer), 400, "{dialect:?}");
    }
}

#[tokio::test]
async fn the_clients_address_is_the_one_that_the_gateway_names() {
    let app = start().await;
    let ended = app.token("employee-read").await;
    app.revoke(ended.sid).await;
    let guess = async |client: &str| {
        let question = Dialect::Forward.question("GET", "/api/v1/employees").header("x-forwarded-for", client);
        let request = question.header("authorization", format!("Bearer {}", ended.secret));
        app.anonymous().send(request).await.status.as_u16()
    };
    for _ in 0..300 {
        assert_eq!(guess("192.0.2.1").await, 401);
    }
    assert_eq!(guess("192.0.2.1").await, 429);
    assert_eq!(guess("192.0.2.2").await, 401);
}

#[tokio::test]
async fn only_the_exact_paths_are_asked_at() {
    let app = start().await;
    for path in
        ["/auth", "/auth/", "/auth/forward/", "/auth/forward/x", "/auth/nginx/", "/auth/envoy", "/auth/envoys/x"]
    {
        assert_eq!(app.anonymous().get(path).await.refusal(), (404, "not_found".to_owned()), "{path}");
    }
}
