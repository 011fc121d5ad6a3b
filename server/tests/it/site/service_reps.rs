//! What admins do to service reps, by forms without scripts.

use futures_util::future::join_all;
use latchkey_domain::Role;

use crate::support::{Answer, Caller as _, NOW, PASSWORD, SignedIn, TestApp};

const REPS: &str = "/administration/service-reps";
const NEW: &str = "/administration/service-reps/new";
const TOKENS: &str = "/settings/personal-access-tokens";
const ADMIN: &str = "admin@example.com";
const BEN: &str = "ben@example.com";

async fn with_admin() -> TestApp {
    let app = TestApp::start().await;
    app.person(ADMIN, Role::Admin).await;
    app
}

async fn page_of(app: &TestApp, email: &str) -> String {
    format!("{REPS}/{}", app.rep(email).await.id)
}

/// The page without what differs between any two: the nonce of its scripts.
fn content(answer: &Answer) -> String {
    answer.text().split("</html>").next().unwrap().to_owned()
}

/// The path of the link that a page shows.
fn link_in(answer: &Answer, page: &str) -> String {
    let text = answer.text();
    let at = text.find(&format!("{page}?code=")).unwrap();
    text[at..].split('<').next().unwrap().to_owned()
}

async fn act(caller: &SignedIn<'_>, page: &str, action: &str) -> Answer {
    caller.post_form(page, &[("action", action)]).await
}

async fn invite(admin: &SignedIn<'_>, email: &str) -> Answer {
    let typed = [("kind", "human"), ("name", "Carl & Co"), ("email", email), ("role", "rep")];
    admin.post_form(NEW, &typed).await
}

#[tokio::test]
async fn an_invitation_is_accepted_once_and_looking_changes_nothing() {
    let app = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let invited = invite(&admin, "Carl@Example.com").await;
    assert_eq!(invited.status, 200);
    assert_eq!(invited.header("cache-control"), "no-store");
    assert!(!invited.text().contains("<script"), "what shows a secret runs no script");
    let link = link_in(&invited, "/invite");
    for _ in 0..3 {
        let page = app.visitor().get(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("Carl &amp; Co") && page.text().contains("carl@example.com"), "{}", page.text());
    }
    for (password, says) in [("", "Enter a password."), ("short", "at least 12"), ("password1234", "too easy to guess")]
    {
        let refused = app.visitor().post_form(&link, &[("password", password)]).await;
        assert_eq!(refused.status, 422, "{password}");
        assert!(refused.text().contains(says), "{}", refused.text());
        assert_eq!(refused.header("set-cookie"), "");
    }
    let accepted = app.visitor().post_form(&link, &[("password", PASSWORD)]).await;
    assert_eq!(accepted.leads_to(), (303, TOKENS.to_owned()));
    let carl = SignedIn { app: &app, cookie: accepted.session_cookie() };
    assert_eq!(carl.get(TOKENS).await.status, 200);
    assert_eq!(carl.get(REPS).await.status, 403);
    let again = app.visitor().post_form(&link, &[("password", "another long password")]).await;
    assert_eq!((again.status.as_u16(), again.header("set-cookie")), (410, String::new()));
    app.signed_in("carl@example.com").await;
}

#[tokio::test]
async fn every_link_that_opens_nothing_gets_the_same_answer() {
    let app = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let used = link_in(&invite(&admin, "used@example.com").await, "/invite");
    app.visitor().post_form(&used, &[("password", PASSWORD)]).await;
    let replaced = link_in(&invite(&admin, "replaced@example.com").await, "/invite");
    let page = page_of(&app, "replaced@example.com").await;
    let expired = link_in(&act(&admin, &page, "invite-again").await, "/invite");
    let withdrawn = link_in(&invite(&admin, "withdrawn@example.com").await, "/invite");
    let page = page_of(&app, "withdrawn@example.com").await;
    assert_eq!(act(&admin, &page, "withdraw").await.leads_to(), (303, format!("{REPS}?notice=withdrawn")));
    assert_eq!(app.visitor().get(&expired).await.status, 200);
    app.set_now(NOW.plus_seconds(48 * 3600));
    let tampered = format!("{}A", &expired[..expired.len() - 1]);
    let links =
        [&*used, &replaced, &expired, &withdrawn, &tampered, "/invite?code=", "/invite?code=nonsense", "/invite"];
    let mut answers = Vec::new();
    for link in links {
        let shown = app.visitor().get(link).await;
        let sent = app.visitor().post_form(link, &[("password", PASSWORD)]).await;
        for answer in [shown, sent] {
            assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (410, String::new()), "{link}");
            answers.push(content(&answer));
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // An invitation is no reset.
    let other = expired.replace("/invite", "/reset-password");
    assert_eq!(app.visitor().get(&other).await.status, 410);
}

#[tokio::test]
async fn a_reset_needs_the_admins_password_and_ends_sessions_when_it_is_used() {
    let app = with_admin().await;
    let ben = app.signed_in(BEN).await;
    let admin = app.signed_in(ADMIN).await;
    let page = page_of(&app, BEN).await;
    app.set_now(NOW.plus_seconds(16 * 60));
    let refused = act(&admin, &page, "reset-password").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Enter your current password."));
    let wrong = [("action", "reset-password"), ("current_password", "not the password")];
    assert!(admin.post_form(&page, &wrong).await.text().contains("This is not your current password."));
    let offered = admin.post_form(&page, &[("action", "reset-password"), ("current_password", PASSWORD)]).await;
    assert_eq!(offered.status, 200);
    assert!(!offered.text().contains("<script"));
    let link = link_in(&offered, "/reset-password");
    assert_eq!(app.visitor().get(&link).await.status, 200);
    assert_eq!(ben.get(TOKENS).await.status, 200, "nothing has changed yet");
    let done = app.visitor().post_form(&link, &[("password", "nine paper kites over harbour")]).await;
    assert_eq!(done.leads_to(), (303, TOKENS.to_owned()));
    assert_eq!(ben.get(TOKENS).await.status, 303, "the earlier session has ended");
    let old = app.visitor().post_form("/sign-in", &[("email", BEN), ("password", PASSWORD)]).await;
    assert_eq!(old.status, 422);
    let new = [("email", BEN), ("password", "nine paper kites over harbour")];
    assert_eq!(app.visitor().post_form("/sign-in", &new).await.status, 303);
    assert_eq!(app.visitor().post_form(&link, &[("password", PASSWORD)]).await.status, 410);
}

#[tokio::test]
async fn disabling_stops_everything_at_once_and_enabling_restores_what_is_in_time() {
    let app = with_admin().await;
    let vendor = app.vendor("customer-read").await;
    let ann = app.signed_in("ann@example.com").await;
    let admins = [app.signed_in(ADMIN).await, app.signed_in(ADMIN).await];
    let page = page_of(&app, "ann@example.com").await;
    let done = act(&admins[0], &page, "disable").await;
    assert_eq!(done.leads_to(), (303, format!("{page}?notice=disable&sessions=1&tokens=1")));
    assert_eq!(vendor.get("/api/v1/token").await.status, 401);
    assert_eq!(ann.get(TOKENS).await.status, 303);
    let said = admins[0].get(&done.header("location")).await.text();
    assert!(said.contains("Disabled: 1 session ended and 1 token stopped."), "{said}");

    let late = act(&admins[1], &page, "disable").await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("They are disabled already"), "{}", late.text());
    assert!(late.text().contains("value=\"enable\""), "the page is the one of now");
    assert_eq!(act(&admins[1], &page, "reset-password").await.status, 409);

    assert_eq!(
        act(&admins[0], &page, "enable").await.leads_to().1,
        format!("{page}?notice=enable&sessions=0&tokens=1")
    );
    assert_eq!(vendor.get("/api/v1/token").await.status, 200);
    assert_eq!(ann.get(TOKENS).await.status, 303, "sessions do not come back");
    act(&admins[0], &page, "disable").await;
    app.set_now(vendor.token.expires_at);
    let admin = app.signed_in(ADMIN).await;
    let late = act(&admin, &page, "enable").await;
    assert_eq!(late.leads_to().1, format!("{page}?notice=enable&sessions=0&tokens=0"));
    assert_eq!(vendor.get("/api/v1/token").await.status, 401);
}

#[tokio::test]
async fn two_admins_who_disable_each_other_at_once_leave_one() {
    let app = with_admin().await;
    app.person("other@example.com", Role::Admin).await;
    let one = app.signed_in(ADMIN).await;
    let other = app.signed_in("other@example.com").await;
    let (page_of_one, page_of_other) = (page_of(&app, ADMIN).await, page_of(&app, "other@example.com").await);
    let answers = join_all(vec![act(&one, &page_of_other, "disable"), act(&other, &page_of_one, "disable")]).await;
    let done =
        answers.iter().filter(|answer| answer.status == 303 && answer.header("location").contains("notice=")).count();
    assert_eq!(done, 1, "{answers:#?}");
    let left = [&one, &other];
    let mut working = 0;
    for admin in left {
        working += usize::from(admin.get(REPS).await.status == 200);
    }
    assert_eq!(working, 1);
}

#[tokio::test]
async fn the_last_admin_stays_one() {
    let app = with_admin().await;
    app.rep(BEN).await;
    let admin = app.signed_in(ADMIN).await;
    let page = page_of(&app, ADMIN).await;
    for action in ["disable", "make-rep"] {
        let refused = act(&admin, &page, action).await;
        assert_eq!(refused.status, 409, "{action}");
        assert!(refused.text().contains("the last admin who can sign in"), "{action}");
    }
    // Whoever has only been invited cannot take over.
    let typed = [("kind", "human"), ("name", "Carl"), ("email", "carl@example.com"), ("role", "admin")];
    assert_eq!(admin.post_form(NEW, &typed).await.status, 200);
    assert_eq!(act(&admin, &page, "disable").await.status, 409);
    let of_ben = page_of(&app, BEN).await;
    assert!(act(&admin, &of_ben, "make-admin").await.leads_to().1.contains("notice=make-admin"));
    assert_eq!(act(&admin, &of_ben, "make-admin").await.status, 409);
    assert_eq!(act(&admin, &page, "make-rep").await.status, 303);
    assert_eq!(admin.get(REPS).await.status, 403);
}

#[tokio::test]
async fn a_role_is_changed_with_a_recent_password() {
    let app = with_admin().await;
    app.rep(BEN).await;
    let admin = app.signed_in(ADMIN).await;
    let page = page_of(&app, BEN).await;
    app.set_now(NOW.plus_seconds(15 * 60));
    assert!(admin.get(&page).await.text().contains("name=\"current_password\""));
    assert_eq!(act(&admin, &page, "make-admin").await.status, 422);
    let typed = [("kind", "human"), ("name", "Carl"), ("email", "carl@example.com"), ("role", "admin")];
    let refused = admin.post_form(NEW, &typed).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("value=\"carl@example.com\""), "what was typed stays");
    let confirmed = [("action", "make-admin"), ("current_password", PASSWORD)];
    assert_eq!(admin.post_form(&page, &confirmed).await.status, 303);
    assert_eq!(admin.post_form(NEW, &typed).await.status, 200, "the password was given a moment ago");
}

#[tokio::test]
async fn a_service_has_two_people_who_are_enabled() {
    let app = with_admin().await;
    app.rep(BEN).await;
    app.rep("dan@example.com").await;
    app.set_disabled("dan@example.com", true).await;
    let admin = app.signed_in(ADMIN).await;
    let add = async |owner: &str, second: &str| {
        let typed = [
            ("kind", "system"),
            ("name", "Job feed"),
            ("email", "feed@example.com"),
            ("owner", owner),
            ("second_owner", second),
        ];
        admin.post_form(NEW, &typed).await
    };
    for (owner, second, says) in [
        ("", BEN, "Enter the address of somebody"),
        (ADMIN, "nobody@example.com", "Enter the address of a second person"),
        (ADMIN, "dan@example.com", "Enter the address of a second person"),
        (BEN, BEN, "the two owners are the same"),
    ] {
        let refused = add(owner, second).await;
        assert_eq!(refused.status, 422, "{owner} {second}");
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
        assert!(refused.text().contains("value=\"Job feed\""));
    }
    assert!(add(ADMIN, BEN).await.leads_to().1.ends_with("?notice=added"));
    let page = page_of(&app, "feed@example.com").await;
    let shown = admin.get(&page).await.text();
    assert!(!shown.contains("value=\"reset-password\""), "a service has no password");
    app.set_disabled(BEN, true).await;
    assert!(admin.get(&page).await.text().contains("fewer than two people answer for this service"));
    let of_ben = admin.get(&page_of(&app, BEN).await).await.text();
    assert!(of_ben.contains("still named as an owner") && of_ben.contains("Job feed"), "{of_ben}");
    assert_eq!(act(&admin, &page, "reset-password").await.status, 409);
}

#[tokio::test]
async fn a_leavers_tokens_go_to_another_and_vendors_do_not_notice() {
    let app = with_admin().await;
    let vendor = app.vendor("customer-read").await;
    let clash = app.token("customer-read").await;
    app.rep(BEN).await;
    let admin = app.signed_in(ADMIN).await;
    let from = page_of(&app, "ann@example.com").await;
    let page = format!("{from}/move");
    // Ben has one of the second one's description.
    let ben = app.signed_in(BEN).await;
    let own = [
        ("form_id", &*ben.form_id().await),
        ("description", "TOKEN 2"),
        ("expiration", "90d"),
        ("scope_choice", "selected"),
        ("scopes[]", "customer-read"),
    ];
    assert_eq!(ben.post_form(&format!("{TOKENS}/new"), &own).await.status, 200);

    act(&admin, &from, "disable").await;
    assert_eq!(vendor.get("/api/v1/token").await.status, 401);
    let preview = admin.get(&format!("{page}?to={BEN}")).await.text();
    assert!(preview.contains("Move 1 token") && preview.contains("Staying: 1 token"), "{preview}");
    let moved = admin.post_form(&page, &[("to", BEN)]).await;
    assert_eq!(moved.leads_to(), (303, format!("{from}?notice=moved&tokens=1&stayed=1")));
    assert_eq!(vendor.get("/api/v1/token").await.json()["service_rep"]["email"], BEN);
    let of_clash = app.service.tokens(latchkey_service::ports::TokenFilter::default(), 10).await.unwrap();
    let stayed = of_clash.iter().find(|token| token.sid == clash.sid).unwrap();
    assert_eq!(stayed.owner_email, "ann@example.com");
    let again = admin.post_form(&page, &[("to", BEN)]).await;
    assert_eq!(again.status, 409);
    assert!(again.text().contains("has live tokens of the same descriptions"), "{}", again.text());
    for to in ["nobody@example.com", "ann@example.com", "", "x"] {
        let refused = admin.post_form(&page, &[("to", to)]).await;
        assert_eq!(refused.status, 422, "{to}");
        assert!(refused.text().contains("Enter the address of another service rep"), "{to}");
    }
}

#[tokio::test]
async fn the_list_is_filtered_by_its_address_and_names_what_makes_no_sense() {
    let app = with_admin().await;
    app.rep(BEN).await;
    let admin = app.signed_in(ADMIN).await;
    invite(&admin, "carl@example.com").await;
    let shown = async |query: &str| {
        let answer = admin.get(&format!("{REPS}?{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        let text = answer.text();
        let table = text.split("<tbody").nth(1).unwrap_or_default().to_owned();
        ["admin@", "ben@", "carl@"].into_iter().filter(|name| table.contains(name)).collect::<Vec<_>>()
    };
    assert_eq!(shown("").await, ["admin@", "ben@", "carl@"]);
    assert_eq!(shown("q=CARL").await, ["carl@"]);
    assert_eq!(shown("role=admin").await, ["admin@"]);
    assert_eq!(shown("state=invited").await, ["carl@"]);
    assert_eq!(shown("kind=system").await, Vec::<&str>::new());
    assert_eq!(shown("q=%25").await, Vec::<&str>::new());
    assert_eq!(shown("q=%00%FF").await, Vec::<&str>::new());
    assert_eq!(shown("role=king&rows=many&state=gone").await, ["admin@", "ben@", "carl@"]);
    let nonsense = admin.get(&format!("{REPS}?role=king&rows=many")).await.text();
    assert!(nonsense.contains("Left out, since there is no such choice: the role, the number of rows."), "{nonsense}");
    assert_eq!(shown("rows=1").await, ["admin@"]);
    let more = admin.get(&format!("{REPS}?rows=1&q=e")).await.text();
    assert!(more.contains("Show more") && more.contains("rows=101"), "{more}");
    assert!(more.contains("q=e&amp;role="), "the filter stays: {more}");
}

#[tokio::test]
async fn a_page_of_nobody_is_not_found() {
    let app = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let nobody = "0".repeat(32);
    for path in [format!("{REPS}/{nobody}"), format!("{REPS}/x"), format!("{REPS}/{nobody}/move")] {
        assert_eq!(admin.get(&path).await.status, 404, "{path}");
        assert_eq!(admin.post_form(&path, &[("action", "disable"), ("to", ADMIN)]).await.status, 404, "{path}");
    }
    let page = page_of(&app, ADMIN).await;
    assert_eq!(act(&admin, &page, "promote").await.status, 404);
}
