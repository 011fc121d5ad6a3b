//! The page of one token, as its owner and others get it.

use latchkey_domain::{ScopeChoice, TokenForm};

use crate::support::{Answer, Caller as _, SignedIn, TestApp, Vendor, origin};

const TOKENS: &str = "/settings/personal-access-tokens";

/// The page's content, without the scripts and nonces around it, and without the marks that Leptos leaves.
fn content(answer: &Answer) -> String {
    let text = answer.text();
    let (_, rest) = text.split_once("<main").unwrap();
    rest.split("</main>").next().unwrap().replace("<!>", "").replace("<!---->", "")
}

async fn asked(ann: &SignedIn<'_>, sid: &str, query: &str) -> String {
    let answer = ann.get(&format!("{TOKENS}/{sid}?{query}")).await;
    assert_eq!(answer.status, 200, "{query}");
    content(&answer)
}

#[tokio::test]
async fn it_says_what_the_token_is_and_nothing_secret() {
    let app = TestApp::start().await;
    let token = app.token("employee-read").await;
    let ann = app.signed_in("ann@example.com").await;
    let answer = ann.get(&format!("{TOKENS}/{}", token.sid)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.text().contains("<title>Token 1 · Latchkey</title>"));
    assert!(!answer.text().contains("latchkey_ssr") && !answer.text().contains(&token.secret));
    let content = content(&answer);
    for said in [
        &token.sid.to_string(),
        "Employee Read",
        "sensitive",
        "/api/v1/employees/{id}",
        "Never, as of 30 seconds ago",
        "An operator, on the command line",
        &format!("&amp;revoke={}", token.sid),
    ] {
        assert!(content.contains(said), "{said}: {content}");
    }
    assert!(content.contains("No limit of calls"), "{content}");
    let own = latchkey_domain::TokenRateLimit::Own(latchkey_domain::RateLimit::of(7, 1));
    app.service.limit_token(token.sid, own, &origin()).await.unwrap();
    let page = asked(&ann, &token.sid.to_string(), "").await;
    assert!(page.contains("7 calls in 1 second; more get 429"), "{page}");
    let sid = token.sid;
    let call = Vendor::new(&app, token).get("/api/v1/token").await;
    assert_eq!(call.status, 200);
    let page = asked(&ann, &sid.to_string(), "").await;
    assert!(page.contains("A call through another server shows here within 30 seconds."), "{page}");
    app.revoke(sid).await;
    let page = asked(&ann, &sid.to_string(), "").await;
    assert!(page.contains("Revoked") && !page.contains("revoke="), "{page}");
}

#[tokio::test]
async fn only_its_owner_sees_it_and_nobody_learns_that_it_is_there() {
    let app = TestApp::start().await;
    let sid = app.token("employee-read").await.sid.to_string();
    let ben = app.signed_in("ben@example.com").await;
    let mut pages = Vec::new();
    for last in [&sid, "LK00000000000000000000000000000000", "nonsense", &sid.to_lowercase()] {
        let answer = ben.get(&format!("{TOKENS}/{last}")).await;
        assert_eq!(answer.status, 404, "{last}");
        pages.push(answer.text());
    }
    assert!(pages[0].contains("There is no page at this address.") && !pages[0].contains("Token 1"));
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");

    let target = format!("{TOKENS}/{sid}?method=GET&path=/api/v1/x");
    let (status, way) = app.visitor().get(&target).await.leads_to();
    let next = format!("/sign-in?next={TOKENS}/{sid}%3Fmethod%3DGET%26path%3D/api/v1/x");
    assert_eq!((status, way), (303, next));
    assert_eq!(app.visitor().get(&format!("{TOKENS}/nonsense")).await.status, 404);
}

#[tokio::test]
async fn a_question_is_answered_in_words() {
    let app = TestApp::start().await;
    let sid = app.token("employee-read").await.sid.to_string();
    let ann = app.signed_in("ann@example.com").await;
    for (query, said) in [
        ("method=GET&path=/api/v1/employees", &["Allowed", "The token has Employee Read, which opens this."][..]),
        ("path=%2Fapi%2Fv1%2Femployees", &["Allowed"]),
        ("method=POST&path=/api/v1/employees", &["Refused", "403", "insufficient_scope", "needs Employee Write"]),
        ("method=PATCH&path=/api/v1/employees", &["405", "It has GET, HEAD, POST."]),
        ("method=GET&path=/api/v1/nothing", &["404", "not_found"]),
        ("method=GET&path=/api/v1/../token", &["400", "unsafe_path", "the path has a dot segment"]),
        ("method=GET&path=/api/v1/a+b", &["400", "a character that is not allowed in it"]),
        ("method=GET&path=/settings/general", &["Refused", "belongs to Latchkey itself"]),
        (
            "method=GET&path=https://h/api/v1/employees%3Flimit%3D5",
            &["Allowed", "Only the path of the address decides; its query"],
        ),
        ("method=GET&path=/x%3C/code%3E%3Cscript%3E", &["400", "&lt;script&gt;"]),
        ("method=%3Cb%3E&path=/api/v1/token", &["405", "&lt;b&gt;"]),
    ] {
        let page = asked(&ann, &sid, query).await;
        for words in said {
            assert!(page.contains(words), "{query}: {words}: {page}");
        }
        assert!(!page.contains("<script") && !page.contains("<b>"), "{query}");
    }
    assert!(!asked(&ann, &sid, "method=GET&path=").await.contains("class=\"answer\""));
    assert!(ann.get(TOKENS).await.text().contains("never used"), "asking is no use");
}

#[tokio::test]
async fn scopes_that_do_not_count_say_so() {
    const SCOPES: &str = r#"
[[scope]]
name = "one"
label = "One"
description = "See ones."
routes = [{ method = "GET", path = "/api/v1/ones" }]

[[scope]]
name = "two"
label = "Two"
description = "See twos."
"#;
    let app = TestApp::start_with(SCOPES).await;
    let sid = app.token("*").await.sid.to_string();
    let later = SCOPES
        .replace("label = \"One\"\n", "label = \"One\"\ngrant = \"admin\"\n")
        .replace("two", "three")
        .replace("Two", "Three");
    let app = app.restarted_with(&later).await;
    let ann = app.signed_in("ann@example.com").await;
    let page = asked(&ann, &sid, "method=GET&path=/api/v1/ones").await;
    for said in [
        "You may not grant this scope any longer",
        "Not in the catalog",
        "The token was given it, but you may not grant it any longer.",
        "403",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test]
async fn a_description_is_only_text() {
    let app = TestApp::start().await;
    app.rep("ann@example.com").await;
    let ann = app.signed_in("ann@example.com").await;
    let form = TokenForm {
        form_id: ann.form_id().await,
        description: "</title><script>alert(1)</script> & co".to_owned(),
        expiration: "90d".to_owned(),
        scope_choice: ScopeChoice::SELECTED_CODE.to_owned(),
        scopes: Vec::new(),
        addresses: String::new(),
    };
    let fields = [
        ("form_id", form.form_id.as_str()),
        ("description", &form.description),
        ("expiration", &form.expiration),
        ("scope_choice", &form.scope_choice),
        ("scopes[]", "customer-read"),
    ];
    assert_eq!(ann.post_form(&format!("{TOKENS}/new"), &fields).await.status, 200);
    let tokens = app.service.tokens(latchkey_service::ports::TokenFilter::default(), 1).await.unwrap();
    let page = ann.get(&format!("{TOKENS}/{}", tokens[0].sid)).await.text();
    assert!(page.contains("<title>&lt;/title>&lt;script>alert(1)&lt;/script> &amp; co · Latchkey</title>"), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(page.contains("You, on the page"));
}
