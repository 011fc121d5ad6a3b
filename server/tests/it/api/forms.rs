//! The three forms of a credential are one: whatever is asked with whatever token, they get the same answer.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Caller as _, CredentialForm, IssuedToken, Request, TestApp};

/// Requests that change nothing, so that three in a row meet the same state.
const REQUESTS: [(&str, &str); 11] = [
    ("GET", "/api/v1/token"),
    ("HEAD", "/api/v1/token"),
    ("POST", "/api/v1/token"),
    ("GET", "/api/v1/employees"),
    ("GET", "/api/v1/employees?limit=x"),
    ("GET", "/api/v1/employees/0193584c7be07d2c9f0e6a51b2c4d8e7"),
    ("POST", "/api/v1/employees"),
    ("PUT", "/api/v1/employees/x"),
    ("DELETE", "/api/v1/employees/x"),
    ("GET", "/api/v1/search?q=x"),
    ("GET", "/api/v1/nothing"),
];

#[test]
fn every_form_gets_the_same_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (app, tokens) = runtime.block_on(prepare());
    let cases = if std::env::var_os("LATCHKEY_FULL").is_some() { 4096 } else { 256 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    // Most secrets are left whole: a changed one is malformed whatever else holds.
    let change = prop::option::weighted(0.3, (0..47_usize, "[0-9A-Za-z_]"));
    let strategy = (0..tokens.len(), 0..REQUESTS.len(), change);
    let done = runner.run(&strategy, |(token, request, change)| {
        let mut secret = tokens[token].secret.clone();
        if let Some((at, character)) = change {
            secret.replace_range(at..=at, &character);
        }
        let sid = tokens[token].sid.to_string();
        let answers = CredentialForm::ALL.map(|form| {
            let (name, value) = form.header(&sid, &secret);
            let (method, path) = REQUESTS[request];
            let request = Request::new(method, path).header(name, value);
            runtime.block_on(app.anonymous().send(request))
        });
        let seen = answers.map(|mut answer| {
            answer.headers.remove("x-request-id");
            let mut body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if let Some(problem) = body.as_object_mut() {
                problem.remove("request_id");
            }
            (answer.status, answer.headers, body)
        });
        prop_assert_eq!(&seen[0], &seen[1]);
        prop_assert_eq!(&seen[0], &seen[2]);
        Ok(())
    });
    done.unwrap();
}

async fn prepare() -> (TestApp, Vec<IssuedToken>) {
    let app = TestApp::start().await;
    let mut tokens = Vec::new();
    for scopes in ["*", "employee-read", "employee-write", "universal-search", "customer-read", "customer-read"] {
        let vendor = app.vendor(scopes).await;
        // Used once, so that the last use is the same from here on.
        vendor.get("/api/v1/token").await;
        tokens.push(vendor.token.clone());
    }
    app.revoke(tokens.last().unwrap().sid).await;
    (app, tokens)
}
