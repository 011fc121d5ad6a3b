//! What the page of a token says about a call is what the API does with it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use latchkey_domain::{AskedCall, DAY, Explanation, Timestamp};
use latchkey_service::{Caller as Owner, Origin};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Answer, Caller as _, CredentialForm, IssuedToken, NOW, Request, TestApp};

const ANN: &str = "ann@example.com";

/// The catalog under which the tokens are made. Later `gone` has left it, and only admins may grant `kept`.
const BEFORE: &str = r#"
[[scope]]
name = "one-read"
label = "One Read"
description = "See ones."
routes = [{ method = "GET", path = "/api/v1/ones" }, { method = "GET", path = "/api/v1/ones/{id}" }]

[[scope]]
name = "one-write"
label = "One Write"
description = "Change ones."
routes = [
    { method = "POST", path = "/api/v1/ones" },
    { method = "PUT", path = "/api/v1/ones/{id}" },
    { method = "DELETE", path = "/api/v1/ones/{id}" },
]

[[scope]]
name = "kept"
label = "Kept"
description = "See what is elsewhere."
routes = [{ method = "GET", path = "/elsewhere/v2/{kind}/things" }, { method = "PATCH", path = "/api/v1/ones/{id}" }]

[[scope]]
name = "gone"
label = "Gone"
description = "See what is no more."
routes = [{ method = "GET", path = "/api/v1/gone" }]
"#;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"];

/// Paths of all kinds: known, unknown, unsafe, of the pages.
fn paths() -> impl Strategy<Value = String> {
    let known =
        select(vec!["/api/v1/ones", "/api/v1/ones/x", "/elsewhere/v2/a/things", "/api/v1/gone", "/api/v1/token"]);
    let odd = select(vec![
        "/",
        "/api",
        "/api/v1/Ones",
        "/api/v1/ones/",
        "/api/v1/ones/x/y",
        "/api/v1/ones/%C3%A9",
        "/api/v1/ones/%2e%2e",
        "/api/v1/ones/..",
        "/api/v1//ones",
        "/api/v1/ones%2Fx",
        "/api/v1/ones;v=1",
        "/api/v1/ones/%00",
        "/api/v1/ones/%zz",
        "/api/v1/ones/%FF",
        "/api/v1/%6Fnes",
        "/nowhere",
        "/auth/nowhere",
        "/settings/general",
        "/settings/personal-access-tokens/nonsense",
        "/healthz",
    ]);
    let spliced = ("(/api/v1/ones|/elsewhere/v2|)", "(/|//|/\\.|%2F|;|%|[a-z]){0,4}")
        .prop_map(|(start, end)| format!("{start}{end}"));
    prop_oneof![
        4 => known.prop_map(str::to_owned),
        2 => odd.prop_map(str::to_owned),
        2 => spliced,
    ]
    .prop_filter("a request has such a path", |path| {
        path.starts_with('/') && http::Uri::try_from(path.as_str()).is_ok_and(|uri| uri.path() == path)
    })
}

/// The tokens: every choice of scopes, and some revoked.
async fn prepare() -> (TestApp, Vec<IssuedToken>) {
    let app = TestApp::start_with(BEFORE).await;
    let mut tokens = Vec::new();
    for scopes in ["one-read", "one-write", "kept", "gone", "one-read one-write", "gone kept one-read", "*"] {
        tokens.push(app.token(scopes).await);
    }
    for scopes in ["one-read", "*"] {
        let token = app.token(scopes).await;
        app.revoke(token.sid).await;
        tokens.push(token);
    }
    let (now, _) = BEFORE.split_once("[[scope]]\nname = \"gone\"").unwrap();
    let now = now.replace("label = \"Kept\"\n", "label = \"Kept\"\ngrant = \"admin\"\n");
    (app.restarted_with(&now).await, tokens)
}

/// Holds an explanation against what the API has answered.
fn compare(explanation: &Explanation, answer: &Answer) -> Result<(), TestCaseError> {
    let status = answer.status.as_u16();
    let is_problem = answer.header("content-type") == "application/problem+json";
    let code = if is_problem && !answer.body.is_empty() { answer.code() } else { String::new() };
    // Every answer to a good credential says when its token ends; so does the refusal for a missing scope.
    let is_good = !answer.header("latchkey-token-expires").is_empty();
    match (explanation, explanation.refusal()) {
        (Explanation::Allowed(_), _) => prop_assert!(is_good && status != 403 && status != 401, "{status} {code}"),
        (Explanation::OutsideApi, _) => {
            prop_assert!(
                !is_good && ["", "not_found", "credential_not_accepted"].contains(&code.as_str()),
                "{status} {code}"
            );
        }
        (Explanation::MissingScope { scope, .. }, Some((expected, _))) => {
            prop_assert_eq!(status, expected);
            if !code.is_empty() {
                prop_assert_eq!(&answer.json()["required_scopes"], &serde_json::json!([scope]));
            }
        }
        (Explanation::MethodNotAllowed(methods), Some((expected, _))) => {
            prop_assert_eq!(status, expected);
            prop_assert_eq!(answer.header("allow"), latchkey_domain::Method::list(methods));
        }
        (_, Some((expected, _))) => prop_assert_eq!(status, expected),
        (_, None) => prop_assert!(false, "{explanation:?}"),
    }
    if let (Some((_, expected)), false) = (explanation.refusal(), code.is_empty()) {
        prop_assert_eq!(code, expected);
    }
    Ok(())
}

#[test]
fn what_is_explained_is_what_is_enforced() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (app, tokens) = runtime.block_on(prepare());
    let session = runtime.block_on(async {
        let ann = app.signed_in(ANN).await;
        app.service.resume(&ann.cookie).await.unwrap().unwrap().1
    });
    let cases = if std::env::var_os("LATCHKEY_FULL").is_some() { 4096 } else { 256 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let instants = select(vec![NOW, NOW, NOW, NOW.plus_seconds(90 * DAY - 1), NOW.plus_seconds(90 * DAY)]);
    let strategy = (0..tokens.len(), select(METHODS.to_vec()), paths(), instants, prop::bool::weighted(0.1));
    let seen = RefCell::new(BTreeSet::new());
    let done = runner.run(&strategy, |(token, method, path, now, is_disabled): (_, _, _, Timestamp, _)| {
        // Giving up a token would leave it revoked for what follows; every other call leaves it as it is.
        prop_assume!((method, path.as_str()) != ("DELETE", "/api/v1/token"));
        let token = &tokens[token];
        app.set_now(now);
        let (explanation, answer) = runtime.block_on(async {
            app.set_disabled(ANN, is_disabled).await;
            let origin = Origin { address: String::new(), request_id: String::new() };
            let owner = Owner { rep: app.rep(ANN).await, session: session.clone(), origin };
            let asked = AskedCall::read(method, &path, "");
            let explained = app.service.explain_token(&owner, token.sid, asked).await.unwrap();
            let (name, value) = CredentialForm::Bearer.header("", &token.secret);
            let answer = app.anonymous().send(Request::new(method, &path).header(name, value)).await;
            (explained.answer.unwrap().explanation, answer)
        });
        seen.borrow_mut().insert(explanation.refusal().map_or(0, |(status, _)| status));
        compare(&explanation, &answer)
    });
    done.unwrap();
    assert_eq!(seen.into_inner(), BTreeSet::from([0, 400, 401, 403, 404, 405]), "every kind of answer came up");
}

#[tokio::test]
async fn a_token_that_may_give_itself_up_is_told_so() {
    let app = TestApp::start().await;
    let vendor = app.vendor("customer-read").await;
    let ann = app.signed_in(ANN).await;
    let page = format!("/settings/personal-access-tokens/{}?method=DELETE&path=/api/v1/token", vendor.token.sid);
    assert!(ann.get(&page).await.text().contains("Any good token may do this"));
    assert_eq!(vendor.call("DELETE", "/api/v1/token").await.status, 204);
    assert!(ann.get(&page).await.text().contains("The token is revoked."));
    assert_eq!(vendor.call("DELETE", "/api/v1/token").await.status, 401);
}
