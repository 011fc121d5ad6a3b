//! The policy's page, and what holds once it is saved.

use latchkey_domain::{DAY, Role};
use latchkey_service::AuditAction;

use crate::support::{Answer, Caller as _, NOW, PASSWORD, SignedIn, TestApp, Vendor};

const POLICY: &str = "/administration/policy";
const ALL: &str = "/administration/personal-access-tokens";
const NEW: &str = "/settings/personal-access-tokens/new";
const ADMIN: &str = "admin@example.com";
const ANN: &str = "ann@example.com";

/// The form of the policy.
#[derive(Clone)]
struct Typed(Vec<(&'static str, String)>);

impl Typed {
    /// As it is before anybody has changed anything.
    fn new() -> Self {
        let fields = [
            ("version", "1"),
            ("longest", "1y"),
            ("all_scopes", "1"),
            ("idle_days", ""),
            ("address_use", "may"),
            ("networks", ""),
        ];
        Self(fields.map(|(name, value)| (name, value.to_owned())).to_vec())
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        if name != "admin_scopes[]" {
            self.0.retain(|(known, _)| *known != name);
        }
        self.0.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self
    }

    async fn send(&self, admin: &SignedIn<'_>, action: &str) -> Answer {
        let fields = self.0.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = std::iter::once(("action", action)).chain(fields).collect();
        admin.post_form(POLICY, &fields).await
    }

    async fn save(&self, admin: &SignedIn<'_>) {
        let saved = self.send(admin, "save").await;
        assert_eq!(saved.leads_to().0, 303, "{}", saved.text());
    }
}

async fn with_admin() -> TestApp {
    let app = TestApp::start().await;
    app.person(ADMIN, Role::Admin).await;
    app.rep(ANN).await;
    app
}

async fn add(rep: &SignedIn<'_>, description: &str, more: &[(&str, &str)]) -> Answer {
    let id = rep.form_id().await;
    let fields = [("form_id", id.as_str()), ("description", description)];
    rep.post_form(NEW, &fields.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>()).await
}

const SELECTED: [(&str, &str); 3] =
    [("expiration", "90d"), ("scope_choice", "selected"), ("scopes[]", "customer-read")];

#[tokio::test]
async fn a_change_is_shown_before_it_is_saved_and_written_down() {
    let app = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let page = admin.get(POLICY).await.text();
    assert!(page.contains("Every live token is as the policy says."), "{page}");
    let typed = Typed::new().with("longest", "90d").without("all_scopes").with("networks", "10.0.0.0/8");
    let review = typed.send(&admin, "review").await;
    assert_eq!(review.status, 200);
    let text = review.text();
    for said in [
        "Longest lifetime: 90 Days (was 1 Year).",
        "All Scopes: not allowed (was allowed).",
        "Networks: 10.0.0.0/8 (was any).",
        "Save the policy",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("Address rules: "), "what stays is not named");
    assert_eq!(app.store.newest_audit_entries(1).await.unwrap()[0].action, AuditAction::SignedIn, "nothing is saved");

    typed.save(&admin).await;
    let entry = app.store.newest_audit_entries(1).await.unwrap().remove(0);
    assert_eq!(entry.action, AuditAction::PolicyChanged);
    assert!(entry.detail.contains("Longest lifetime: 90 Days (was 1 Year)."), "{}", entry.detail);
    let page = admin.get(POLICY).await.text();
    assert!(page.contains("Chosen by ") && page.contains("Ann Smith") && page.contains("10.0.0.0/8"), "{page}");
    let again = typed.with("version", "2").send(&admin, "review").await.text();
    assert!(again.contains("Nothing would change"), "{again}");
}

#[tokio::test]
async fn the_password_is_asked_for_a_while_after_signing_in() {
    let app = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    app.set_now(NOW.plus_seconds(16 * 60));
    let typed = Typed::new().with("longest", "90d");
    assert!(typed.send(&admin, "review").await.text().contains("name=\"current_password\""));
    for (password, problem) in [("", "Enter your current password."), ("wrong", "This is not your current password.")] {
        let refused = typed.clone().with("current_password", password).send(&admin, "save").await;
        assert_eq!(refused.status, 422);
        let text = refused.text();
        assert!(text.contains(problem) && text.contains("Longest lifetime: 90 Days (was 1 Year)."), "{text}");
    }
    typed.with("current_password", PASSWORD).save(&admin).await;
}

#[tokio::test]
async fn of_two_who_change_it_the_second_is_told_and_loses_nothing() {
    let app = with_admin().await;
    let (one, other) = (app.signed_in(ADMIN).await, app.signed_in(ADMIN).await);
    Typed::new().with("longest", "90d").save(&one).await;
    let late = Typed::new().with("longest", "180d").with("networks", "203.0.113.0/24");
    for action in ["review", "save"] {
        let told = late.send(&other, action).await;
        assert_eq!(told.status, 409, "{action}");
        let text = told.text();
        for kept in ["Somebody else has changed this meanwhile", "203.0.113.0/24", "What holds now"] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        assert!(text.contains("name=\"version\" value=\"2\""), "sending it again means to replace what holds now");
    }
    late.with("version", "2").save(&other).await;
}

#[tokio::test]
async fn what_contradicts_itself_or_locks_out_is_refused_at_its_field() {
    let app = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let owner = app.rep(ADMIN).await;
    for (typed, problem) in [
        (Typed::new().with("longest", "2y"), "Choose how long tokens live at most."),
        (Typed::new().with("idle", "1").with("idle_days", "29"), "Enter 30 to 365 days."),
        (Typed::new().with("idle", "1").with("idle_days", "many"), "Enter 30 to 365 days."),
        (Typed::new().with("address_use", "none").with("networks", "10.0.0.0/8"), "no networks can be named"),
        (Typed::new().with("networks", "10.0.0.0/8, 10.1.2.3/8"), "Entry 2 goes on beyond its length"),
        (Typed::new().with("networks", "0.0.0.0"), "No call can come from entry 1"),
        (Typed::new().with("admin_scopes[]", "customer-read"), "only sensitive scopes"),
        (Typed::new().with("admin_scopes[]", "no-such"), "only sensitive scopes"),
    ] {
        for action in ["review", "save"] {
            let refused = typed.send(&admin, action).await;
            assert_eq!(refused.status, 422, "{problem}");
            let text = refused.text();
            assert!(text.contains(problem) && text.contains("aria-invalid=\"true\""), "{problem}: {text}");
            let networks = &typed.0.iter().find(|(name, _)| *name == "networks").unwrap().1;
            assert!(text.contains(networks.as_str()), "what was typed is kept");
        }
    }
    // A token of the admin's own that nobody has used.
    let form = admin.form_id().await;
    let fields = [("form_id", form.as_str()), ("description", "Mine")];
    admin.post_form(NEW, &fields.into_iter().chain(SELECTED).collect::<Vec<_>>()).await;
    app.set_now(NOW.plus_seconds(31 * DAY));
    let admin = app.signed_in(ADMIN).await;
    let refused = Typed::new().with("idle", "1").with("idle_days", "30").send(&admin, "review").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("at once revoke a token of your own"));
    assert_eq!(owner.role, Role::Admin);
    Typed::new().with("idle", "1").with("idle_days", "32").save(&admin).await;
}

#[tokio::test]
async fn what_becomes_the_admins_stops_counting_at_once() {
    let app = with_admin().await;
    let vendor = app.vendor("employee-read customer-read").await;
    let admin = app.signed_in(ADMIN).await;
    app.service.build_index().await.unwrap();
    assert_eq!(vendor.get("/api/v1/employees").await.status, 200);
    let typed = Typed::new().with("admin_scopes[]", "employee-read").with("admin_scopes[]", "e-verify-write");
    let text = typed.send(&admin, "review").await.text();
    assert!(text.contains("1 token loses Employee Read") && !text.contains("lose E-Verify Write"), "{text}");
    typed.save(&admin).await;
    assert_eq!(vendor.get("/api/v1/employees").await.refusal(), (403, "insufficient_scope".to_owned()));
    assert_eq!(vendor.get("/api/v1/customers").await.status, 200);
    let text = admin.get(POLICY).await.text();
    assert!(text.contains("1 token of reps was given scopes that only admins may grant"), "{text}");
    let listed = admin.get(&format!("{ALL}?breaks=admin-scopes")).await.text();
    assert!(listed.contains("Token 1") && listed.contains("Revoke the one that matches"), "{listed}");
    // What is taken off the list counts again.
    Typed::new().with("version", "2").save(&admin).await;
    assert_eq!(vendor.get("/api/v1/employees").await.status, 200);
}

#[tokio::test]
async fn the_add_form_offers_what_is_allowed_and_says_why() {
    let app = with_admin().await;
    let (admin, ann) = (app.signed_in(ADMIN).await, app.signed_in(ANN).await);
    let before = ann.get(NEW).await.text();
    assert!(before.contains("Addresses (optional)") && before.contains("value=\"all\""), "{before}");
    Typed::new()
        .with("longest", "180d")
        .without("all_scopes")
        .with("admin_scopes[]", "employee-read")
        .with("address_use", "must")
        .with("networks", "10.0.0.0/8")
        .save(&admin)
        .await;
    let page = ann.get(NEW).await.text();
    for said in [
        "Your admins allow at most 180 Days.",
        "Your admins do not allow All Scopes. Only for tokens of admins: Employee Read.",
        "Your admins ask for them. Within: 10.0.0.0/8.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for gone in ["value=\"1y\"", "type=\"radio\" name=\"scope_choice\" value=\"all\"", "scope-employee-read"] {
        assert!(!page.contains(gone), "{gone}");
    }
    let own = admin.get(NEW).await.text();
    assert!(own.contains("scope-employee-read"), "admins may grant it");

    // Whoever has the form of before open is told, and loses nothing.
    let late = [("expiration", "1y"), ("scope_choice", "all"), ("addresses", "10.1.0.0/16 192.0.2.7")];
    let refused = add(&ann, "Payroll", &late).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    for said in [
        "Your admins allow at most 180 Days: choose a shorter time.",
        "Your admins do not allow All Scopes: select the scopes.",
        "Name only networks within those that your admins allow.",
        "value=\"Payroll\"",
        "value=\"10.1.0.0/16 192.0.2.7\"",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let missing = add(&ann, "Payroll", &SELECTED).await;
    assert!(missing.text().contains("Enter the networks that the token will be used from."));
    let reserved = [
        ("expiration", "90d"),
        ("scope_choice", "selected"),
        ("scopes[]", "employee-read"),
        ("addresses", "10.0.0.0/8"),
    ];
    assert!(add(&ann, "Payroll", &reserved).await.text().contains("can only be granted by an admin"));
    let bound: Vec<_> = SELECTED.into_iter().chain([("addresses", "10.1.0.0/16")]).collect();
    assert_eq!(add(&ann, "Payroll", &bound).await.status, 200);
    // The live page's function obeys as well.
    let id = ann.form_id().await;
    let function = [
        ("form_id", id.as_str()),
        ("description", "Live"),
        ("expiration", "90d"),
        ("scope_choice", "selected"),
        ("scopes[0]", "customer-read"),
        ("addresses", "192.0.2.7"),
    ];
    let refused = ann.post_form("/internal/tokens/add", &function).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("AddressesOutside"), "{}", refused.text());
}

#[tokio::test]
async fn without_address_rules_there_is_no_field_for_them() {
    let app = with_admin().await;
    let (admin, ann) = (app.signed_in(ADMIN).await, app.signed_in(ANN).await);
    Typed::new().with("address_use", "none").save(&admin).await;
    assert!(!ann.get(NEW).await.text().contains("name=\"addresses\""));
    let bound: Vec<_> = SELECTED.into_iter().chain([("addresses", "10.1.0.0/16")]).collect();
    let refused = add(&ann, "Payroll", &bound).await.text();
    assert!(refused.contains("do not allow address rules") && refused.contains("10.1.0.0/16"), "{refused}");
    assert_eq!(add(&ann, "Payroll", &SELECTED).await.status, 200);
}

#[tokio::test]
async fn tokens_from_before_are_counted_and_led_to_and_stay() {
    let app = with_admin().await;
    let ann = app.signed_in(ANN).await;
    let long = [("expiration", "1y"), ("scope_choice", "all"), ("addresses", "192.0.2.7")];
    let id = ann.form_id().await;
    let fields = [("form_id", id.as_str()), ("description", "Long"), ("current_password", PASSWORD)];
    let made = ann.post_form(NEW, &fields.into_iter().chain(long).collect::<Vec<_>>()).await;
    assert_eq!(made.status, 200, "{}", made.text());
    app.token("customer-read").await;
    let admin = app.signed_in(ADMIN).await;
    let typed = Typed::new()
        .with("longest", "180d")
        .without("all_scopes")
        .with("address_use", "must")
        .with("networks", "10.0.0.0/8");
    let review = typed.send(&admin, "review").await.text();
    typed.save(&admin).await;
    let page = admin.get(POLICY).await.text();
    for (sentence, code, description) in [
        ("1 token lives longer than is allowed", "lifetime", "Long"),
        ("1 token was given All Scopes", "all-scopes", "Long"),
        ("1 token carries address rules otherwise than is allowed", "addresses", "Token 2"),
        ("1 token has address rules outside of the networks", "networks", "Long"),
    ] {
        assert!(review.contains(sentence), "{sentence}: {review}");
        assert!(page.contains(sentence) && page.contains(&format!("breaks={}", code.replace('-', "%2D"))), "{page}");
        let listed = admin.get(&format!("{ALL}?breaks={code}")).await.text();
        assert!(listed.contains(&format!(">{description}<")), "{code}: {listed}");
        assert!(listed.contains("1 token<"), "{code}: {listed}");
    }
    let unknown = admin.get(&format!("{ALL}?breaks=idle")).await.text();
    assert!(unknown.contains("Left out: the rule of the policy, since the policy has no such rule now"), "{unknown}");
    // All that match are revoked by the way that there is for it.
    let chosen = admin.post_form(ALL, &[("action", "choose-all"), ("breaks", "lifetime")]).await;
    let (status, set) = chosen.leads_to();
    assert_eq!(status, 303);
    assert!(admin.get(&set).await.text().contains("1 token would be revoked"));
}

#[tokio::test]
async fn what_would_be_revoked_is_shown_and_then_revoked() {
    let app = with_admin().await;
    let idle = app.vendor("customer-read").await;
    let used = app.vendor("customer-read").await;
    app.service.build_index().await.unwrap();
    app.set_now(NOW.plus_seconds(40 * DAY));
    // Noted, and not written yet.
    assert_eq!(used.get("/api/v1/token").await.status, 200);
    let admin = app.signed_in(ADMIN).await;
    let typed = Typed::new().with("idle", "1").with("idle_days", "30");
    let text = typed.send(&admin, "review").await.text();
    for said in
        ["1 token would be revoked", "Token 1", "Save the policy and revoke 1 token", "never used, made 40 days ago"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("Token 2"), "{text}");
    // Whoever was told of fewer is asked anew.
    let asked = typed.clone().with("shown_idle", "0").send(&admin, "save").await;
    assert_eq!(asked.status, 409);
    assert!(asked.text().contains("more tokens would be revoked than you were told"));
    assert_eq!(idle.get("/api/v1/customers?limit=1").await.status, 200, "nothing is saved");
    // That was a use of it. Later nobody has used it again.
    app.set_now(NOW.plus_seconds(75 * DAY));
    assert_eq!(used.get("/api/v1/token").await.status, 200);
    let admin = app.signed_in(ADMIN).await;
    let saved = typed.with("shown_idle", "1").send(&admin, "save").await;
    assert_eq!(saved.leads_to(), (303, format!("{POLICY}?notice=saved-and-revoking")));
    // The work goes on beside the answer; here it is done again, which does no harm.
    app.service.revoke_idle_tokens().await.unwrap();
    let is_revoked = async |vendor: &Vendor<'_>| vendor.get("/api/v1/token").await.status == 401;
    assert!(is_revoked(&idle).await && !is_revoked(&used).await);
    let log = app.store.newest_audit_entries(10).await.unwrap();
    let entries: Vec<_> = log.iter().filter(|entry| entry.action == AuditAction::IdleTokenRevoked).collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].detail, "not used for 30 days");
    let shown = admin.get("/administration/audit-log?actor=policy").await.text();
    assert!(shown.contains("The policy") && shown.contains("Token revoked, not used for long"), "{shown}");
}

#[tokio::test]
async fn a_form_whose_session_had_ended_is_kept() {
    let app = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    app.set_now(NOW.plus_seconds(13 * 60 * 60));
    let typed = Typed::new().with("networks", "203.0.113.0/24");
    let led = typed.send(&admin, "review").await;
    assert_eq!(led.leads_to(), (303, format!("/sign-in?next={POLICY}")));
    let kept = led.header("set-cookie");
    let again = app.signed_in(ADMIN).await;
    let cookie = format!("{}; latchkey={}", kept.split(';').next().unwrap(), again.cookie);
    let request = crate::support::Request::new("GET", POLICY).header("cookie", cookie);
    let shown = app.anonymous().send(request).await.text();
    assert!(shown.contains("203.0.113.0/24") && shown.contains("Your session had ended"), "{shown}");
}
