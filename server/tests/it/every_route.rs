//! Every route of the router, read from the router itself: each is of one kind, and keeps to that kind's rules.
//!
//! What the catalog opens, and what lies below `/auth` and `/oauth2`, is routed by data: the other tables here name
//! that. A route that stands in none of them fails the first test.

use std::collections::BTreeSet;

use latchkey_app::PAGES;
use latchkey_domain::Role;
use latchkey_server::openapi::{PAGES as CONTRACT_PAGES, PATH as CONTRACT};
use latchkey_server::routing::{Application, Surface};
use latchkey_server::site::{FORMS, PUBLIC_PAGES};
use latchkey_server::{NetworkSettings, ServerState, WebSettings};
use leptos::server_fn::axum::server_fn_paths;

use crate::support::{Caller as _, CredentialForm, Request, TestApp};

/// For everybody, without a session; a token or a cookie that comes along is not looked at.
const PUBLIC: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/pkg/{hash}/{name}"];
/// Lead people home.
const WAYS_HOME: [&str; 2] = ["/", "/settings"];
/// Take credentials of their own, and no cookie.
const FOR_PROGRAMS: [(&str, &str); 8] = [
    ("POST", "/oauth2/introspect"),
    ("POST", "/oauth2/revoke"),
    ("GET", "/auth/forward"),
    ("GET", "/auth/nginx"),
    ("GET", "/auth/envoy/api/v1/customers"),
    ("GET", "/api/v1/token"),
    ("DELETE", "/api/v1/token"),
    ("GET", "/api/v1/external-service-account"),
];

/// The paths that the router has, as they were given to it. Nothing but its `Debug` tells them.
fn paths_of(app: &TestApp, surface: Surface) -> BTreeSet<String> {
    let state =
        ServerState::new(app.service.clone(), WebSettings::default(), NetworkSettings::default(), app.gateway.clone());
    let text = format!("{:?}", Application::new(state, surface).routes());
    // A fallback stands in it as "/" and "/{*…}".
    let paths: BTreeSet<String> = text
        .split('"')
        .filter(|part| part.starts_with('/') && *part != "/" && !part.contains("{*"))
        .map(str::to_owned)
        .collect();
    assert!(paths.contains("/healthz"), "the router tells its paths in another way now: {text}");
    paths
}

fn public() -> BTreeSet<String> {
    PUBLIC.into_iter().chain(CONTRACT_PAGES).chain([CONTRACT]).map(str::to_owned).collect()
}

fn of_sessions() -> BTreeSet<String> {
    let functions = server_fn_paths().map(|(path, _)| path);
    PAGES.into_iter().chain(FORMS).chain(WAYS_HOME).chain(functions).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_route_of_the_router_is_on_one_list() {
    let app = TestApp::start().await;
    assert!(public().is_disjoint(&of_sessions()));
    assert_eq!(paths_of(&app, Surface::Vendors), public());
    let mut all: BTreeSet<String> = public().union(&of_sessions()).cloned().collect();
    all.remove("/");
    assert_eq!(paths_of(&app, Surface::Everything), all);
    assert_eq!(paths_of(&app, Surface::Pages), all);
}

#[tokio::test]
async fn no_token_is_let_in_where_sessions_are() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    let (sid, secret) = (vendor.token.sid.to_string(), vendor.token.secret.clone());
    for path in of_sessions() {
        let path = path.replace("{sid}", &sid).replace("{id}", "x").replace("{set}", "x");
        for form in CredentialForm::ALL {
            let (name, value) = form.header(&sid, &secret);
            for method in ["GET", "POST"] {
                let answer = app.visitor().send(Request::new(method, &path).header(name, value.clone())).await;
                // A method that the route does not have may be refused for that.
                if answer.status != 405 {
                    let refusal = (403, "credential_not_accepted".to_owned());
                    assert_eq!(answer.refusal(), refusal, "{method} {path} by {form:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn without_a_session_nothing_but_the_front_door_opens() {
    let app = TestApp::start().await;
    app.person("admin@example.com", Role::Admin).await;
    for path in of_sessions() {
        let answer = app.visitor().get(&path.replace("{sid}", "x").replace("{id}", "x").replace("{set}", "x")).await;
        if PUBLIC_PAGES.contains(&path.as_str()) {
            continue;
        }
        let status = answer.status.as_u16();
        let leads_on =
            status == 303 && (answer.header("location").starts_with("/sign-in") || WAYS_HOME.contains(&&*path));
        assert!(leads_on || matches!(status, 400 | 401 | 404 | 405), "{path}: {status} {}", answer.header("location"));
    }
}

#[tokio::test]
async fn a_cookie_changes_nothing_where_programs_call() {
    let app = TestApp::start().await;
    let admin = app.person("admin@example.com", Role::Admin).await;
    let admin = app.signed_in(&admin.email).await;
    let public = public();
    let gets = public.iter().map(|path| ("GET", path.as_str()));
    for (method, path) in FOR_PROGRAMS.into_iter().chain(gets) {
        let without = app.visitor().call(method, path).await;
        let with = admin.call(method, path).await;
        assert_eq!((with.status, with.header("set-cookie")), (without.status, String::new()), "{method} {path}");
        if FOR_PROGRAMS.contains(&(method, path)) {
            assert!([400, 401, 403].contains(&with.status.as_u16()), "{method} {path}: {}", with.status);
        }
    }
}

#[tokio::test]
async fn a_function_that_is_called_without_its_arguments_says_so() {
    let app = TestApp::start().await;
    let ann = app.signed_in("ann@example.com").await;
    assert_eq!(ann.get("/internal/tokens/list").await.status, 400);
    assert_eq!(ann.get("/internal/tokens/list?rows=many").await.status, 400);
    assert_eq!(ann.post_form("/internal/tokens/revoke", &[]).await.status, 400);
}
