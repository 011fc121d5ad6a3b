//! The pages about the API.

use latchkey_server::openapi::PAGES;

use crate::support::{Caller as _, Request, TestApp};

#[tokio::test]
async fn they_are_public_plain_and_the_same_for_everybody() {
    let app = TestApp::start().await;
    let ann = app.signed_in("ann@example.com").await;
    let vendor = app.vendor("*").await;
    for path in PAGES {
        let answer = app.anonymous().get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie").as_str()), (200, ""), "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let page = answer.text();
        assert!(!page.contains("<script") && !page.contains(" style="), "{path}");
        assert!(page.contains("</html>"), "{path}");
        for answer in [ann.get(path).await, vendor.get(path).await] {
            assert_eq!((answer.status.as_u16(), answer.text()), (200, page.clone()), "{path}");
        }
        let answer = app.anonymous().call("POST", path).await;
        assert_eq!(answer.refusal(), (405, "method_not_allowed".to_owned()), "{path}");
    }
    for path in ["/api/docs/", "/api/docs/nothing"] {
        assert_eq!(app.anonymous().get(path).await.refusal(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn every_operation_has_its_place() {
    let app = TestApp::start().await;
    let page = app.anonymous().get("/api/docs").await.text();
    let document = app.anonymous().get("/api/openapi.json").await.json();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
            assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
        }
    }
    for part in
        ["order-read", "any token", "no token", "insufficient_scope", "/api/docs/quick-start", "/api/openapi.json"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[tokio::test]
async fn the_search_is_the_servers() {
    let app = TestApp::start().await;
    let count = async |query: &str| {
        let page = app.anonymous().get(&format!("/api/docs?q={query}")).await.text();
        page.matches("<details class=\"operation\"").count()
    };
    assert_eq!(count("e-verify").await, 5);
    assert_eq!(count("post+customers").await, 1);
    assert_eq!(count("Customer%20DELETE").await, 1);
    assert_eq!(count("customer-read").await, 2);
    assert_eq!(count("nothingatall").await, 0);
    assert_eq!(count("%20").await, count("").await);
    let page = app.anonymous().get("/api/docs?q=%22%3E%3Cscript%3E").await.text();
    assert!(!page.contains("<script"), "what was searched for stays text");
    assert!(page.contains("No operation has all these words"));
    let long = Request::new("GET", &format!("/api/docs?q={}", "x".repeat(4000)));
    assert_eq!(app.anonymous().send(long).await.status, 200);
}

#[tokio::test]
async fn the_quick_start_shows_the_programs_that_are_tested() {
    let app = TestApp::start().await;
    let page = app.anonymous().get("/api/docs/quick-start").await.text();
    for part in
        ["curl -sS", "urllib.request", "await fetch(", "HttpClient", "LATCHKEY_URL", "required_scopes", "Retry-After"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("href=\"/api/docs\"") && page.contains("href=\"/api/openapi.json\""));
}
