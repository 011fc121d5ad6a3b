//! A session that timed out while a form was filled in.

use latchkey_domain::Role;

use crate::support::{Answer, Caller, NOW, PASSWORD, Request, SignedIn, TestApp};

const ADMIN: &str = "admin@example.com";
type Fields<'a> = &'a [(&'a str, &'a str)];

const NEW: &str = "/administration/service-reps/new";

/// The cookie of a form that is kept.
fn kept_cookie(answer: &Answer) -> String {
    let line = answer.header("set-cookie");
    line.strip_prefix("latchkey-kept=").unwrap_or_default().split(';').next().unwrap().to_owned()
}

async fn open(app: &TestApp, session: &str, kept: &str, path: &str) -> Answer {
    let cookies = format!("latchkey={session}; latchkey-kept={kept}");
    app.visitor().send(Request::new("GET", path).header("cookie", cookies)).await
}

async fn reps(app: &TestApp) -> usize {
    app.service.list_reps().await.unwrap().len()
}

#[tokio::test]
async fn what_was_typed_is_there_again_once_and_nothing_is_done() {
    let app = TestApp::start().await;
    app.person(ADMIN, Role::Admin).await;
    app.person("other@example.com", Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    app.set_now(NOW.plus_seconds(13 * 3600));
    let typed = [
        ("kind", "human"),
        ("name", "Carl & Co"),
        ("email", "carl@example.com"),
        ("role", "admin"),
        ("current_password", PASSWORD),
    ];
    let lost = admin.post_form(NEW, &typed).await;
    assert_eq!(lost.leads_to(), (303, format!("/sign-in?next={NEW}")));
    assert!(lost.header("set-cookie").contains("HttpOnly; SameSite=Lax"), "{}", lost.header("set-cookie"));
    let kept = kept_cookie(&lost);
    assert_eq!(reps(&app).await, 2);

    // Somebody else who signs in here does not get it.
    let other = app.signed_in("other@example.com").await;
    assert!(!open(&app, &other.cookie, &kept, NEW).await.text().contains("Carl"));
    let again = app.signed_in(ADMIN).await;
    let other_page = open(&app, &again.cookie, &kept, "/administration/service-reps").await;
    assert_eq!(other_page.header("set-cookie"), "");
    let page = open(&app, &again.cookie, &kept, NEW).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("value=\"Carl &amp; Co\"") && text.contains("value=\"carl@example.com\""), "{text}");
    assert!(text.contains("Your session had ended, and nothing was done."), "{text}");
    assert!(!text.contains(PASSWORD));
    assert!(page.header("set-cookie").starts_with("latchkey-kept=;"), "{}", page.header("set-cookie"));
    assert_eq!(reps(&app).await, 2);
    assert!(!open(&app, &again.cookie, &kept, NEW).await.text().contains("Carl"), "once");
}

#[tokio::test]
async fn every_form_worth_keeping_comes_back() {
    let app = TestApp::start().await;
    app.person(ADMIN, Role::Admin).await;
    let ben = app.rep("ben@example.com").await.id.to_string();
    let of_ben = format!("/administration/service-reps/{ben}/move");
    let token = [
        ("form_id", "00112233445566778899aabbccddeeff"),
        ("description", "Typed here"),
        ("expiration", "1y"),
        ("scope_choice", "selected"),
        ("scopes[]", "customer-read"),
    ];
    let for_ben = [&token[..], &[("rep", &ben)]].concat();
    let forms: [(&str, Fields<'_>, &str); 6] = [
        ("/settings/personal-access-tokens/new", &token, "value=\"Typed here\""),
        ("/administration/personal-access-tokens/new", &for_ben, "value=\"Typed here\""),
        ("/settings/general", &[("section", "profile"), ("name", "Typed here")], "value=\"Typed here\""),
        (NEW, &[("kind", "system"), ("name", "Typed here"), ("owner", "x@y")], "value=\"x@y\""),
        (&of_ben, &[("to", "typed@example.com")], "value=\"typed@example.com\""),
        (
            "/system-settings/external-service-accounts/new",
            &[("integration", "e-verify"), ("level", "branch"), ("entity", "Typed here")],
            "value=\"Typed here\"",
        ),
    ];
    for (path, fields, value) in forms {
        // A browser that has lost its cookie altogether.
        let lost = app.visitor().post_form(path, fields).await;
        let kept = kept_cookie(&lost);
        let admin: SignedIn<'_> = app.signed_in(ADMIN).await;
        let page = open(&app, &admin.cookie, &kept, path).await;
        assert!(page.text().contains(value), "{path}: {}", page.text());
    }
    assert!(app.service.tokens(latchkey_service::ports::TokenFilter::default(), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_too_old_or_forged_is_gone() {
    let app = TestApp::start().await;
    app.person(ADMIN, Role::Admin).await;
    let lost = app.visitor().post_form(NEW, &[("name", "Carl")]).await;
    let kept = kept_cookie(&lost);
    app.set_now(NOW.plus_seconds(3600));
    let admin = app.signed_in(ADMIN).await;
    for code in [kept.as_str(), "nonsense", ""] {
        let page = open(&app, &admin.cookie, code, NEW).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("Carl"), "{code}");
    }
    // Signing in itself is never kept.
    let sign_in = app.visitor().post_form("/sign-in", &[("email", "x"), ("password", "y")]).await;
    assert_eq!(sign_in.header("set-cookie"), "");
}

#[tokio::test]
async fn a_form_of_nothing_but_fields_is_not_kept() {
    let app = TestApp::start().await;
    for (fields, is_kept) in [(500, true), (501, false)] {
        let typed = vec![("a", ""); fields];
        let lost = app.visitor().post_form(NEW, &typed).await;
        assert_eq!(lost.leads_to(), (303, format!("/sign-in?next={NEW}")));
        assert_eq!(!lost.header("set-cookie").is_empty(), is_kept, "{fields}");
    }
}
