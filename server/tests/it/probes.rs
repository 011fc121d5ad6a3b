//! `/healthz`, `/readyz`, and what holds for every answer.

use crate::support::{Caller as _, Request, TestApp};

#[tokio::test]
async fn the_process_is_up_and_ready() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = app.anonymous().get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control").as_str()), (200, "no-store"), "{path}");
    }
    assert_eq!(app.anonymous().call("POST", "/healthz").await.status, 405);
}

#[tokio::test]
async fn without_its_database_it_is_up_and_not_ready() {
    let app = TestApp::start().await;
    app.store.close().await;
    assert_eq!(app.anonymous().get("/healthz").await.status, 200);
    let answer = app.anonymous().get("/readyz").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after").as_str()), (503, "5"));
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let app = TestApp::start().await;
    let mut ids = std::collections::BTreeSet::new();
    for path in ["/healthz", "/readyz", "/api/v1/token", "/api/nothing", "/nothing", "/sign-in", "//"] {
        let answer = app.anonymous().send(Request::new("GET", path).header("x-request-id", "mine")).await;
        let id = answer.header("x-request-id");
        assert_eq!(id.len(), 32, "{path}: {id}");
        assert!(ids.insert(id), "{path}");
    }
}

#[tokio::test]
async fn what_is_nowhere_is_a_page_for_people_and_a_problem_for_programs() {
    let app = TestApp::start().await;
    for path in ["/api", "/api/", "/api/v2/token", "/oauth2/x", "/auth/x"] {
        assert_eq!(app.anonymous().get(path).await.refusal(), (404, "not_found".to_owned()), "{path}");
    }
    let answer = app.anonymous().get("/nothing").await;
    assert_eq!(answer.status, 404);
    assert!(answer.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn unsafe_paths_are_refused_wherever_they_lead() {
    let app = TestApp::start().await;
    for path in [
        "//",
        "/api//v1/token",
        "/api/v1/./token",
        "/api/v1/../v1/token",
        "/api/v1/%2e%2e/token",
        "/api/v1%2Ftoken",
        "/api/v1%5Ctoken",
        "/api/v1/token;x",
        "/api/v1/token%00",
        "/api/v1/%zz",
        "/api/v1/%ff",
        "/settings/../api/v1/token",
        "/healthz;x",
    ] {
        let answer = app.anonymous().send(Request::new("GET", path).header("authorization", "Bearer x")).await;
        assert_eq!(answer.refusal(), (400, "unsafe_path".to_owned()), "{path}");
        assert_eq!(answer.header("www-authenticate"), "", "{path}");
    }
}
