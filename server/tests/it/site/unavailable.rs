//! The pages, while the database does not answer.

use latchkey_domain::Role;

use crate::support::{Caller, Request, TestApp};

const ANN: &str = "ann@example.com";
const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

#[tokio::test]
async fn a_reader_gets_a_page_that_says_so() {
    let app = TestApp::start().await;
    app.person(ANN, Role::Admin).await;
    let ann = app.signed_in(ANN).await;
    app.store.close().await;
    for path in ["/settings/personal-access-tokens?a=1&b=2", "/administration/audit-log", "/nothing/here"] {
        let answer = ann.send(Request::new("GET", path).header("accept", BROWSER)).await;
        let page = answer.text();
        assert_eq!((answer.status.as_u16(), answer.header("content-type").as_str()), (503, "text/html; charset=utf-8"));
        assert!(!answer.header("retry-after").is_empty(), "{path}");
        assert!(answer.header("content-security-policy").contains("style-src 'self'"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<h1>Not available for now<"), "{page}");
        assert!(page.contains(&format!("href=\"{}\"", path.replace('&', "&amp;"))), "{page}");
        assert!(page.contains("<title>Not available for now · Latchkey</title>"), "{page}");
        let request_id = answer.header("x-request-id");
        assert!(!request_id.is_empty() && page.contains(&request_id), "{page}");
    }
}

#[tokio::test]
async fn after_a_form_it_says_how_to_send_it_again() {
    let app = TestApp::start().await;
    app.person(ANN, Role::Admin).await;
    let ann = app.signed_in(ANN).await;
    app.store.close().await;
    let form = || Request::new("POST", "/administration/service-reps/new").form(&[("name", "Carl & Co")]);
    let page = ann.send(form().header("accept", BROWSER)).await;
    assert_eq!(page.status, 503);
    assert!(page.text().contains("Nothing was done. Reload this page"), "{}", page.text());
    assert!(!page.text().contains("href=\"/administration"), "{}", page.text());
    // Our own script keeps the form as it is, for which it needs no page.
    let problem = ann.send(form().header("accept", "text/html,application/problem+json")).await;
    assert_eq!(problem.refusal(), (503, "unavailable".to_owned()));
}

#[tokio::test]
async fn pages_before_the_sign_in_are_not_found_broken() {
    let app = TestApp::start().await;
    app.store.close().await;
    let typed = [("email", "ann@example.com"), ("password", "whatever it is")];
    let answer = app.visitor().post_form("/sign-in", &typed).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("value=\"ann@example.com\""), "{}", answer.text());
    assert!(!answer.text().contains("whatever it is"));
    for path in ["/setup?code=abc", "/invite?code=abc", "/reset-password?code=abc"] {
        assert_eq!(app.visitor().get(path).await.status, 503, "{path}");
    }
}
