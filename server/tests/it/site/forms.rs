//! Forms as a browser without scripts sends them.

use latchkey_domain::{FieldProblem, PlainText, Refusal, ScopeChoice, TokenForm};
use latchkey_service::ports::{TokenFilter, TokenSource};
use latchkey_service::{AuditActor, Origin, TokenOwner};

use crate::support::{Answer, Caller as _, IssuedToken, NOW, PASSWORD, Request, SignedIn, TestApp, Vendor};

const TOKENS: &str = "/settings/personal-access-tokens";
const NEW_TOKEN: &str = "/settings/personal-access-tokens/new";
const GENERAL: &str = "/settings/general";
const ANN: &str = "ann@example.com";

type Fields<'a> = &'a [(&'a str, &'a str)];

/// The page without what differs between any two: the nonce of its scripts.
fn content(answer: &Answer) -> String {
    answer.text().split("</html>").next().unwrap().to_owned()
}

/// The input with this name, as it stands in the page.
fn input<'a>(page: &'a str, name: &str) -> &'a str {
    let at = page.find(&format!("name=\"{name}\"")).unwrap();
    let start = page[..at].rfind('<').unwrap();
    &page[start..=start + page[start..].find('>').unwrap()]
}

/// As text stands in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A refusal that is said on the page with 422, at a field where there is one.
fn assert_says(answer: &Answer, problem: FieldProblem) {
    let page = answer.text();
    assert_eq!(answer.status, 422, "{problem:?}");
    assert!(
        page.contains(&format!("{}</span>", escaped(&problem.sentence())))
            || page.contains(&format!("{}<!></span>", escaped(&problem.sentence()))),
        "{problem:?}: {page}"
    );
    assert!(page.contains("aria-invalid=\"true\""), "{problem:?}");
}

#[tokio::test]
async fn set_up_works_once_and_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let code = app.service.offer_set_up().await.unwrap().unwrap();
    let link = format!("/setup?code={}", code.expose());
    assert_eq!(app.visitor().get(&link).await.status, 200);
    assert_eq!(app.visitor().get("/setup?code=x").await.status, 410);

    let typed = [("name", "Ann & Co"), ("email", "ann"), ("password", "shortish")];
    let refused = app.visitor().post_form(&link, &typed).await;
    assert_says(&refused, FieldProblem::EmailInvalid);
    assert_says(&refused, FieldProblem::PasswordTooShort);
    let page = refused.text();
    assert!(input(&page, "name").contains("value=\"Ann &amp; Co\""), "{page}");
    assert!(input(&page, "email").contains("value=\"ann\""), "{page}");
    assert!(!page.contains("shortish"), "a password is not sent back");

    let typed = [("name", "Ann Smith"), ("email", ANN), ("password", PASSWORD)];
    let done = app.visitor().post_form(&link, &typed).await;
    assert_eq!(done.leads_to(), (303, TOKENS.to_owned()));
    let ann = SignedIn { app: &app, cookie: done.session_cookie() };
    assert_eq!(ann.get(TOKENS).await.status, 200);
    for again in [app.visitor().get(&link).await, app.visitor().post_form(&link, &typed).await] {
        assert_eq!(again.status, 410);
        let page = again.text();
        assert!(page.contains("href=\"/sign-in\""), "{page}");
        assert_eq!(again.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn a_known_address_is_refused_like_an_unknown_one() {
    let app = TestApp::start().await;
    app.rep("known@example.com").await;
    let mut pages = Vec::new();
    for email in ["known@example.com", "other@example.com"] {
        let typed = [("email", email), ("password", "not the password")];
        let answer = app.visitor().post_form("/sign-in", &typed).await;
        assert_eq!(answer.status, 422);
        let page = content(&answer);
        assert!(page.contains(&Refusal::WrongCredentials.sentence()));
        assert!(input(&page, "email").contains(&format!("value=\"{email}\"")), "{page}");
        assert!(!page.contains("not the password"));
        pages.push(page.replace(email, ""));
    }
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test]
async fn signing_in_leads_on_within_this_site_alone() {
    let app = TestApp::start().await;
    app.rep(ANN).await;
    for (next, way) in [
        ("/settings/general?x=1", "/settings/general?x=1"),
        ("", TOKENS),
        ("//evil.example", TOKENS),
        ("https://evil.example/", TOKENS),
        ("/\\evil.example", TOKENS),
        ("/\t/evil.example", TOKENS),
        ("javascript:alert(1)", TOKENS),
    ] {
        let typed = [("email", ANN), ("password", PASSWORD), ("next", next)];
        let answer = app.visitor().post_form("/sign-in", &typed).await;
        assert_eq!(answer.leads_to(), (303, way.to_owned()), "{next:?}");
        let cookie = answer.header("set-cookie");
        assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=604800"), "{cookie}");
    }
}

#[tokio::test]
async fn after_ten_failures_the_next_has_to_wait() {
    let app = TestApp::start().await;
    app.rep(ANN).await;
    for _ in 0..10 {
        let answer = app.visitor().post_form("/sign-in", &[("email", ANN), ("password", "wrong")]).await;
        assert_eq!(answer.status, 422);
    }
    let right = [("email", ANN), ("password", PASSWORD)];
    let answer = app.visitor().post_form("/sign-in", &right).await;
    assert_eq!(answer.status, 429);
    assert!(answer.text().contains("Too many failed attempts."), "the right password has to wait too");
    app.set_now(NOW.plus_seconds(15 * 60 + 1));
    assert_eq!(app.visitor().post_form("/sign-in", &right).await.status, 303);
}

#[tokio::test]
async fn another_address_of_the_same_subscriber_is_the_same_one() {
    let app = TestApp::start().await;
    app.rep(ANN).await;
    let sign_in = async |address: &str| {
        let form = Request::new("POST", "/sign-in").form(&[("email", ANN), ("password", "wrong")]);
        app.visitor().send(form.sent_from(address)).await.status.as_u16()
    };
    for number in 0..10 {
        assert_eq!(sign_in(&format!("2001:db8:1:2:{number}::7")).await, 422);
    }
    assert_eq!(sign_in("2001:db8:1:2:ffff::1").await, 429);
    assert_eq!(sign_in("2001:db8:1:3::1").await, 422);
}

/// A form for a new token, before it is spoilt.
#[derive(Clone)]
struct Typed<'a> {
    form_id: String,
    description: &'a str,
    expiration: &'a str,
    choice: &'a str,
    scopes: &'a [&'a str],
    password: &'a str,
}

impl Typed<'_> {
    async fn fresh<'a>(caller: &SignedIn<'_>) -> Typed<'a> {
        Typed {
            form_id: caller.form_id().await,
            description: "Example E-Verify",
            expiration: "180d",
            choice: "selected",
            scopes: &["customer-read", "customer-write"],
            password: "",
        }
    }

    async fn send(&self, caller: &SignedIn<'_>) -> Answer {
        let mut fields = vec![
            ("form_id", self.form_id.as_str()),
            ("description", self.description),
            ("expiration", self.expiration),
            ("scope_choice", self.choice),
            ("current_password", self.password),
        ];
        fields.extend(self.scopes.iter().map(|scope| ("scopes[]", *scope)));
        caller.post_form(NEW_TOKEN, &fields).await
    }
}

async fn count(app: &TestApp) -> usize {
    app.service.tokens(TokenFilter::default(), u32::MAX).await.unwrap().len()
}

#[tokio::test]
async fn what_is_wrong_with_a_new_token_is_said_at_its_field_and_all_typed_is_kept() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    let good = Typed::fresh(&ann).await;
    assert_eq!(good.send(&ann).await.status, 200);

    let long = "x".repeat(latchkey_domain::Description::MAX_LENGTH + 1);
    let other = Typed { description: "Another", ..Typed::fresh(&ann).await };
    for (spoilt, problem) in [
        (Typed { description: "", ..other.clone() }, FieldProblem::DescriptionMissing),
        (Typed { description: &long, ..other.clone() }, FieldProblem::DescriptionTooLong),
        (Typed { description: "a\u{202E}b", ..other.clone() }, FieldProblem::DescriptionForbiddenCharacter),
        (Typed { description: "EXAMPLE e-verify", ..other.clone() }, FieldProblem::DescriptionTaken),
        (Typed { expiration: "2y", ..other.clone() }, FieldProblem::ExpirationUnknown),
        (Typed { scopes: &[], ..other.clone() }, FieldProblem::ScopesMissing),
        (Typed { scopes: &["customer-read", "no-such"], ..other.clone() }, FieldProblem::ScopeUnknown),
        (Typed { choice: "", ..other.clone() }, FieldProblem::ScopeChoiceMissing),
    ] {
        let answer = spoilt.send(&ann).await;
        assert_says(&answer, problem);
        let page = answer.text();
        let value = format!("value=\"{}\"", spoilt.description);
        assert!(spoilt.description.is_empty() || input(&page, "description").contains(&value), "{problem:?}");
        assert!(input(&page, "form_id").contains(&spoilt.form_id), "{problem:?}: the form can be sent again");
        if spoilt.expiration == "180d" {
            assert!(page.contains("<option value=\"180d\" selected"), "{problem:?}: {page}");
        }
        for scope in ["customer-read", "customer-write"] {
            let at = page.find(&format!("id=\"scope-{scope}\"")).unwrap();
            let end = at + page[at..].find('>').unwrap();
            let is_ticked = page[at..end].contains("checked");
            assert_eq!(is_ticked, spoilt.scopes.contains(&scope), "{problem:?}: {scope}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(count(&app).await, 1);
    assert_eq!(other.send(&ann).await.status, 200, "the corrected form makes its token");
}

#[tokio::test]
async fn the_answer_shows_the_secret_above_the_list() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    let answer = Typed::fresh(&ann).await.send(&ann).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control").as_str()), (200, "no-store"));
    let page = answer.text();
    let panel = page.find("id=\"reveal-title\"").unwrap();
    let secret = page.find("latchkey_").unwrap();
    let table = page.find("<table").unwrap();
    assert!(panel < secret && secret < table, "{page}");
    let secret = &page[secret..secret + 47];
    assert!(!ann.get(TOKENS).await.text().contains(secret), "the list by itself does not show it");
}

#[tokio::test]
async fn the_answer_that_shows_the_secret_carries_no_script() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    let page = Typed::fresh(&ann).await.send(&ann).await.text();
    let scripts: Vec<&str> = page.match_indices("<script").map(|(at, _)| &page[at..]).collect();
    assert!(scripts.is_empty(), "{scripts:#?}");
}

#[tokio::test]
async fn one_form_makes_one_token() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    let form = Typed::fresh(&ann).await;
    assert_eq!(form.send(&ann).await.status, 200);
    let list = format!("{TOKENS}?notice=already-created");
    assert_eq!(form.send(&ann).await.leads_to(), (303, list.clone()));
    let changed = Typed { description: "Another", ..form };
    assert_eq!(changed.send(&ann).await.leads_to(), (303, list.clone()));
    assert_eq!(count(&app).await, 1);
    assert!(ann.get(&list).await.text().contains("This token has already been created"));
}

#[tokio::test]
async fn nobody_has_more_than_500_live_tokens() {
    let app = TestApp::start().await;
    let rep = app.rep(ANN).await;
    let origin = Origin { address: String::new(), request_id: "test".to_owned() };
    for number in 0..Refusal::MAX_LIVE_TOKENS {
        let form = TokenForm {
            form_id: String::new(),
            description: format!("Token {number}"),
            expiration: "90d".to_owned(),
            scope_choice: ScopeChoice::ALL_CODE.to_owned(),
            scopes: Vec::new(),
            addresses: String::new(),
        };
        let (actor, source) = (AuditActor::CommandLine, TokenSource::CommandLine);
        let owner = TokenOwner {
            rep: &rep,
            actor,
            source,
            rate_limit: latchkey_domain::TokenRateLimit::Default,
            origin: &origin,
            maker: None,
        };
        app.service.issue(owner, &form.parse().unwrap(), None).await.unwrap();
    }
    let ann = app.signed_in(ANN).await;
    let answer = Typed::fresh(&ann).await.send(&ann).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains(&Refusal::TooManyTokens.sentence()));
    assert!(input(&answer.text(), "description").contains("value=\"Example E-Verify\""));
    assert_eq!(count(&app).await, Refusal::MAX_LIVE_TOKENS);
}

#[tokio::test]
async fn a_sensitive_scope_asks_for_the_password_of_an_older_session() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    let form = Typed { scopes: &["e-verify-read"], ..Typed::fresh(&ann).await };
    app.set_now(NOW.plus_seconds(15 * 60));
    let asked = form.send(&ann).await;
    assert_says(&asked, FieldProblem::PasswordNeededForSensitiveScopes);
    assert!(input(&asked.text(), "current_password").contains("type=\"password\""));
    let wrong = Typed { password: "not the password", ..form.clone() }.send(&ann).await;
    assert_says(&wrong, FieldProblem::CurrentPasswordWrong);
    assert!(!wrong.text().contains("not the password"));
    let right = Typed { password: PASSWORD, ..form }.send(&ann).await;
    assert_eq!(right.status, 200);
    assert!(!right.text().contains(PASSWORD));
    // Now the session is confirmed again.
    let next = Typed { description: "Next", scopes: &["e-verify-write"], ..Typed::fresh(&ann).await };
    assert_eq!(next.send(&ann).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let app = TestApp::start().await;
    let token: IssuedToken = app.token("customer-read").await;
    let ann = app.signed_in(ANN).await;
    let vendor = Vendor::new(&app, token.clone());
    assert_eq!(vendor.get("/api/v1/customers").await.status, 200);
    let sid = token.sid.to_string();
    let question = ann.get(&format!("{TOKENS}?revoke={sid}")).await.text();
    assert!(question.contains("name=\"revoke\""), "{question}");
    let revoked = ann.post_form(TOKENS, &[("revoke", &sid)]).await;
    assert_eq!(revoked.leads_to(), (303, format!("{TOKENS}?notice=revoked")));
    assert_eq!(vendor.get("/api/v1/customers").await.refusal(), (401, "invalid_token".to_owned()));
    assert!(ann.get(&format!("{TOKENS}?notice=revoked")).await.text().contains("The token is revoked."));
    let again = ann.post_form(TOKENS, &[("revoke", &sid)]).await;
    assert_eq!(again.leads_to(), (303, format!("{TOKENS}?notice=had-ended")));
}

#[tokio::test]
async fn each_section_of_the_settings_saves_and_says_so() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    let new_password = "another horse battery staple";
    let cases: [(&str, Fields<'_>); 5] = [
        ("profile", &[("name", "Ann Jones")]),
        ("appearance", &[("appearance", "dark")]),
        ("email", &[("email", "jones@example.com"), ("current_password", PASSWORD)]),
        ("password", &[("password", new_password), ("current_password", PASSWORD)]),
        ("sessions", &[]),
    ];
    for (section, fields) in cases {
        let fields = [&[("section", section)], fields].concat();
        let answer = ann.post_form(GENERAL, &fields).await;
        let saved = format!("{GENERAL}?saved={section}");
        assert_eq!(answer.leads_to(), (303, saved.clone()), "{section}");
        let done = latchkey_app::SettingsSection::parse(section).unwrap().done();
        assert!(ann.get(&saved).await.text().contains(done), "{section}");
    }
    let page = ann.get(GENERAL).await.text();
    assert!(page.contains("Ann Jones") && page.contains("jones@example.com") && page.contains("data-theme=\"dark\""));
    let sign_in = async |email: &str, password: &str| {
        app.visitor().post_form("/sign-in", &[("email", email), ("password", password)]).await.status.as_u16()
    };
    assert_eq!(sign_in(ANN, new_password).await, 422);
    assert_eq!(sign_in("jones@example.com", PASSWORD).await, 422);
    assert_eq!(sign_in("jones@example.com", new_password).await, 303);
}

#[tokio::test]
async fn settings_that_are_wrong_are_refused_at_their_field() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    app.rep("ben@example.com").await;
    let new = ("password", "another horse battery staple");
    let cases: [(&str, Fields<'_>, FieldProblem); 9] = [
        ("profile", &[("name", "")], FieldProblem::NameMissing),
        ("profile", &[("name", "a\u{202E}b")], FieldProblem::NameForbiddenCharacter),
        ("email", &[("email", "x"), ("current_password", PASSWORD)], FieldProblem::EmailInvalid),
        ("email", &[("email", "b@example.com"), ("current_password", "")], FieldProblem::CurrentPasswordMissing),
        ("email", &[("email", "b@example.com"), ("current_password", "wrong")], FieldProblem::CurrentPasswordWrong),
        ("email", &[("email", "ben@example.com"), ("current_password", PASSWORD)], FieldProblem::EmailTaken),
        ("password", &[new, ("current_password", "wrong")], FieldProblem::CurrentPasswordWrong),
        ("password", &[("password", "short"), ("current_password", PASSWORD)], FieldProblem::PasswordTooShort),
        ("password", &[("password", PASSWORD), ("current_password", "")], FieldProblem::CurrentPasswordMissing),
    ];
    for (section, fields, problem) in cases {
        let answer = ann.post_form(GENERAL, &[&[("section", section)], fields].concat()).await;
        assert_says(&answer, problem);
        let page = answer.text();
        for (name, value) in fields {
            if ["name", "email"].contains(name) {
                assert!(input(&page, name).contains(&format!("value=\"{value}\"")), "{problem:?}: {page}");
            } else {
                assert!(!page.contains(&format!("value=\"{value}\"")) || value.is_empty(), "{problem:?}");
            }
        }
    }
    let answer = ann.post_form(GENERAL, &[("section", "appearance"), ("appearance", "pink")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains(&FieldProblem::AppearanceUnknown.sentence()));
    assert_eq!(ann.post_form(GENERAL, &[("section", "nothing")]).await.status, 404);
}

#[tokio::test]
async fn other_sessions_end_and_ones_own_stays() {
    for (section, fields) in [
        ("email", &[("email", "jones@example.com"), ("current_password", PASSWORD)][..]),
        ("password", &[("password", "another horse battery staple"), ("current_password", PASSWORD)]),
        ("sessions", &[]),
    ] {
        let app = TestApp::start().await;
        let (here, there) = (app.signed_in(ANN).await, app.signed_in(ANN).await);
        let answer = here.post_form(GENERAL, &[&[("section", section)], fields].concat()).await;
        assert_eq!(answer.status, 303, "{section}");
        assert_eq!(here.get(GENERAL).await.status, 200, "{section}");
        assert_eq!(there.get(GENERAL).await.status, 303, "{section}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_itself() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    let answer = ann.post_form("/sign-out", &[]).await;
    assert_eq!(answer.leads_to(), (303, "/sign-in".to_owned()));
    assert!(answer.header("set-cookie").starts_with("latchkey=; "), "{}", answer.header("set-cookie"));
    assert_eq!(ann.get(TOKENS).await.status, 303, "the old cookie opens nothing");
}

#[tokio::test]
async fn every_page_carries_its_headers() {
    let app = TestApp::start().await;
    let ann = app.signed_in(ANN).await;
    let code: PlainText = app.service.offer_set_up().await.unwrap().unwrap();
    let set_up = format!("/setup?code={}", code.expose());
    let mut answers = vec![app.visitor().get("/sign-in").await, app.visitor().get(&set_up).await];
    for path in [TOKENS, NEW_TOKEN, GENERAL, "/settings/diagnostics", "/nothing"] {
        answers.push(ann.get(path).await);
    }
    let mut nonces = std::collections::BTreeSet::new();
    for answer in answers {
        let page = answer.text();
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        let (_, rest) = policy.split_once("'nonce-").unwrap();
        let nonce = rest.split('\'').next().unwrap();
        assert!(nonce.len() >= 22 && nonces.insert(nonce.to_owned()), "{nonce}");
        for (at, _) in page.match_indices("<script") {
            let tag = &page[at..at + page[at..].find('>').unwrap()];
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{tag} under {policy}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
    }
    let redirect = app.visitor().get(TOKENS).await;
    assert_eq!(redirect.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
}
