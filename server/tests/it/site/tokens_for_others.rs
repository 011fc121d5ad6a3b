//! A token that an admin makes for somebody else.

use latchkey_domain::Role;

use crate::support::{Answer, Caller as _, NOW, PASSWORD, SignedIn, TestApp};

const NEW: &str = "/administration/personal-access-tokens/new";
const TOKENS: &str = "/settings/personal-access-tokens";
const ADMIN: &str = "admin@example.com";
const BEN: &str = "ben@example.com";

async fn with_admin() -> (TestApp, String) {
    let app = TestApp::start().await;
    app.person(ADMIN, Role::Admin).await;
    let ben = app.rep(BEN).await.id.to_string();
    (app, ben)
}

async fn form_id(admin: &SignedIn<'_>, rep: &str) -> String {
    let page = admin.get(&format!("{NEW}?rep={rep}")).await.text();
    let (_, rest) = page.split_once("name=\"form_id\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn add(admin: &SignedIn<'_>, rep: &str, form_id: &str, description: &str, scope: &str, password: &str) -> Answer {
    let fields = [
        ("form_id", form_id),
        ("rep", rep),
        ("description", description),
        ("expiration", "90d"),
        ("scope_choice", "selected"),
        ("scopes[]", scope),
        ("current_password", password),
    ];
    admin.post_form(NEW, &fields).await
}

fn secret_in(answer: &Answer) -> String {
    let text = answer.text();
    let at = text.find("latchkey_").unwrap();
    text[at..at + 47].to_owned()
}

#[tokio::test]
async fn owner_and_maker_are_shown_to_both() {
    let (app, ben) = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let form = form_id(&admin, &ben).await;
    let made = add(&admin, &ben, &form, "Payroll", "customer-read", "").await;
    assert_eq!(made.status, 200, "{}", made.text());
    let text = made.text();
    assert!(!text.contains("<script"));
    assert_eq!(made.header("cache-control"), "no-store");
    assert!(text.contains("Added by") && text.contains(BEN), "{text}");
    let secret = secret_in(&made);
    let auth = format!("Bearer {secret}");
    let call = crate::support::Request::new("GET", "/api/v1/token").header("authorization", &auth);
    let answer = app.anonymous().send(call).await.json();
    assert_eq!(answer["service_rep"]["email"], BEN);

    let owner = app.signed_in(BEN).await;
    assert!(owner.get(TOKENS).await.text().contains("Added by Ann Smith"));
    let sid = answer["account_sid"].as_str().unwrap();
    let own = owner.get(&format!("{TOKENS}/{sid}")).await.text();
    assert!(own.contains("Ann Smith, on the page"), "{own}");
    assert!(!own.contains(&secret));
    // Posted again: nothing is made, and nothing is shown.
    let again = add(&admin, &ben, &form, "Payroll", "customer-read", "").await;
    assert_eq!(again.leads_to(), (303, format!("/administration/service-reps/{ben}?notice=already-created")));
    let shown = admin.get(&again.header("location")).await.text();
    assert!(shown.contains("already been created"), "{shown}");
}

#[tokio::test]
async fn the_owners_rules_hold_and_the_admins_password_is_asked_for() {
    let (app, ben) = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let page = admin.get(&format!("{NEW}?rep={ben}")).await.text();
    assert!(!page.contains("scope-token-introspect"), "only what the owner may grant is offered");
    let form = form_id(&admin, &ben).await;
    let refused = add(&admin, &ben, &form, "A", "token-introspect", "").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("can only be granted by an admin"));
    // A sensitive scope, a while after signing in.
    app.set_now(NOW.plus_seconds(16 * 60));
    let refused = add(&admin, &ben, &form, "Ann &amp; Co", "employee-read", "").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("name=\"current_password\"") && refused.text().contains(&ben), "all is kept");
    let made = add(&admin, &ben, &form, "Payroll", "employee-read", PASSWORD).await;
    assert_eq!(made.status, 200);
    let form = form_id(&admin, &ben).await;
    let taken = add(&admin, &ben, &form, "PAYROLL", "customer-read", "").await;
    assert_eq!(taken.status, 422);
    assert!(taken.text().contains("Its owner has an active token with this description."));
}

#[tokio::test]
async fn the_owner_is_found_by_name_or_address_and_is_enabled() {
    let (app, ben) = with_admin().await;
    app.rep("dan@example.com").await;
    app.set_disabled("dan@example.com", true).await;
    let admin = app.signed_in(ADMIN).await;
    let all = admin.get(NEW).await.text();
    assert!(all.contains(BEN) && !all.contains("dan@example.com"), "{all}");
    let found = admin.get(&format!("{NEW}?q=BEN%40")).await.text();
    assert!(found.contains(&format!("{NEW}?rep={ben}")), "{found}");
    assert!(admin.get(&format!("{NEW}?q=nobody")).await.text().contains("Nobody is like that"));
    let dan = app.rep("dan@example.com").await.id.to_string();
    for rep in [dan.as_str(), "x", ""] {
        let answer = admin.get(&format!("{NEW}?rep={rep}")).await;
        assert_eq!(answer.status, 404, "{rep}");
        assert!(answer.text().contains("Choose somebody else"), "{rep}");
    }
    let answer = add(&admin, &dan, &form_id(&admin, &ben).await, "A", "customer-read", "").await;
    assert_eq!(answer.status, 404);
}
