//! The configurations of `docs/gateways`, run by the real programs. A gateway that is not installed is an error:
//! `cargo xtask test --full` installs them.

mod program;
mod upstream;

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::{PATIENCE, Place, Server, client, is_full};
use program::Program;
use upstream::Upstream;

const EMPLOYEES: &str = "/api/v1/employees";

/// A gateway in front of an API, with a Latchkey to ask, and a vendor's token.
struct Setting {
    _place: Place,
    _latchkey: Server,
    _program: Program,
    upstream: Upstream,
    url: String,
    sid: String,
    secret: String,
}

impl Setting {
    async fn start(gateway: program::Gateway) -> Self {
        let place = Place::new();
        place.add_rep("ann@example.com", &[]);
        let arguments = ["token", "add", "--rep", "ann@example.com", "--expires", "90d", "--description", "Payroll"];
        let token = place.run(&[&arguments[..], &["--scope", "employee-read"]].concat()).json();
        let latchkey = place.serve(&["--trusted-proxies", "127.0.0.1", "--rate-limit", "20/5s"]);
        let upstream = Upstream::start().await;
        let program = Program::start(gateway, &place, latchkey.address(), upstream.address());
        let url = format!("http://{}", program.address());
        answers_at(&format!("{url}{EMPLOYEES}")).await;
        let text = |name: &str| token[name].as_str().unwrap().to_owned();
        Self {
            _place: place,
            _latchkey: latchkey,
            _program: program,
            upstream,
            url,
            sid: text("account_sid"),
            secret: text("auth_token"),
        }
    }

    fn request(&self, method: Method, target: &str) -> reqwest::RequestBuilder {
        client().request(method, format!("{}{target}", self.url))
    }

    fn call(&self, method: Method, target: &str) -> reqwest::RequestBuilder {
        self.request(method, target).basic_auth(&self.sid, Some(&self.secret))
    }
}

/// Waits until the gateway asks Latchkey: a refusal is not of its own making.
async fn answers_at(url: &str) {
    let (probe, deadline) = (client(), Instant::now() + PATIENCE);
    while !probe.get(url).send().await.is_ok_and(|answer| answer.status() == StatusCode::UNAUTHORIZED) {
        assert!(Instant::now() < deadline, "the gateway does not answer at {url}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn problem(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let body = answer.text().await.unwrap();
    assert!(media_type.starts_with("application/problem+json"), "{status} {media_type} {body}");
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(document["status"], status, "{body}");
    (status, document["code"].as_str().unwrap().to_owned())
}

async fn walk(gateway: program::Gateway) {
    if !is_full() {
        return;
    }
    let setting = Setting::start(gateway).await;

    // 200: through, byte for byte, the caller named, the credential kept back, forgeries overwritten.
    let target = "/api/v1/employees/a%20b~c?x=1&y=%2F";
    let answer = setting
        .call(Method::GET, target)
        .header("x-latchkey-sid", "forged")
        .header("x-latchkey-service-rep", "forged")
        .header("x-latchkey-scopes", "forged")
        .header("x-request-id", "forged")
        .header("x-tw-other", "kept")
        .header("x-http-method-override", "DELETE")
        // A vendor's own word on where it is going.
        .header("x-forwarded-uri", "/api/v1/nothing")
        .header("x-forwarded-method", "PATCH")
        .header("x-original-uri", "/api/v1/nothing")
        .header("x-original-method", "PATCH")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{gateway:?}");
    let seen = setting.upstream.last();
    assert_eq!(seen.target, target, "{gateway:?}");
    assert_eq!(seen.all("x-latchkey-sid"), [setting.sid.as_str()], "{gateway:?}");
    assert_eq!(seen.all("x-latchkey-service-rep"), ["ann@example.com"], "{gateway:?}");
    assert_eq!(seen.all("x-latchkey-scopes"), ["employee-read"], "{gateway:?}");
    assert!(seen.all("x-request-id").iter().all(|id| id.len() == 32), "{gateway:?}");
    assert_eq!(seen.all("x-tw-other"), ["kept"], "{gateway:?}");
    for removed in ["authorization", "x-tw-token", "x-http-method-override"] {
        assert!(seen.all(removed).iter().all(|value| value.is_empty()), "{gateway:?} {removed}");
    }

    // The other way round: what is not allowed is not let through by claiming something else.
    let sent = setting.upstream.count();
    let claims = setting
        .call(Method::GET, "/api/v1/documents")
        .header("x-forwarded-uri", EMPLOYEES)
        .header("x-original-uri", EMPLOYEES)
        .header("x-forwarded-method", "GET")
        .header("x-original-method", "GET");
    assert_eq!(problem(claims).await, (403, "insufficient_scope".to_owned()), "{gateway:?}");

    assert_eq!(problem(setting.request(Method::GET, EMPLOYEES)).await, (401, "credential_missing".to_owned()));
    let challenged = setting.request(Method::GET, EMPLOYEES).send().await.unwrap();
    assert!(challenged.headers().contains_key("www-authenticate"), "{gateway:?}");
    let wrong = setting.request(Method::GET, EMPLOYEES).bearer_auth("latchkey_x");
    assert_eq!(problem(wrong).await, (401, "malformed_credential".to_owned()), "{gateway:?}");
    assert_eq!(problem(setting.call(Method::GET, "/api/v1/nothing")).await, (404, "not_found".to_owned()));
    assert_eq!(problem(setting.call(Method::PATCH, EMPLOYEES)).await, (405, "method_not_allowed".to_owned()));

    let mut refused = None;
    for _ in 0..25 {
        let answer = setting.call(Method::GET, "/api/v1/documents").send().await.unwrap();
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer.headers().get("retry-after").is_some());
            break;
        }
    }
    assert_eq!(refused, Some(true), "{gateway:?}");
    assert_eq!(problem(setting.call(Method::GET, EMPLOYEES)).await, (429, "rate_limited".to_owned()), "{gateway:?}");
    assert_eq!(setting.upstream.count(), sent, "{gateway:?}: a refused call reached the API");
}

#[tokio::test]
async fn nginx_asks_and_restores_the_refusals() {
    walk(program::Gateway::Nginx).await;
}

#[tokio::test]
async fn caddy_asks_and_passes_the_refusals_on() {
    walk(program::Gateway::Caddy).await;
}

#[tokio::test]
async fn traefik_asks_and_passes_the_refusals_on() {
    walk(program::Gateway::Traefik).await;
}

#[tokio::test]
async fn envoy_asks_and_passes_the_refusals_on() {
    walk(program::Gateway::Envoy).await;
}
