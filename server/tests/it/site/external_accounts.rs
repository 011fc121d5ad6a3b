//! How an admin sets integrations up, by forms without scripts.

use futures_util::future::join_all;
use latchkey_domain::Role;

use crate::support::{Answer, Caller as _, IssuedToken, NOW, PASSWORD, Request, Settings, SignedIn, TestApp, Vendor};

const LIST: &str = "/system-settings/external-service-accounts";
const NEW: &str = "/system-settings/external-service-accounts/new";
const ADMIN: &str = "admin@example.com";
const OTHER: &str = "other@example.com";
const SECRETS: [&str; 2] = ["vendors-user-7f3a", "vendors-password-91cc"];

type Fields<'a> = &'a [(&'a str, &'a str)];

/// What step 2 of Assess on Cloud holds when all is well.
const ADDITIONAL: [(&str, &str); 4] = [
    ("setting_days_to_expire", "30"),
    ("setting_manager_id", "M-17"),
    ("setting_manager_emails", "ann@example.com, bob@example.com"),
    ("setting_send_thank_you_email", "on"),
];

async fn with_admins() -> TestApp {
    let app = TestApp::start().await;
    app.person(ADMIN, Role::Admin).await;
    app.person(OTHER, Role::Admin).await;
    app
}

/// Starts a draft, and answers its path.
async fn start(admin: &SignedIn<'_>, integration: &str, entity: &str) -> String {
    let form = [("integration", integration), ("level", "company"), ("entity", entity)];
    let (status, location) = admin.post_form(NEW, &form).await.leads_to();
    assert_eq!(status, 303, "{location}");
    let (path, step) = location.split_once('?').unwrap();
    assert_eq!(step, "step=credentials");
    path.to_owned()
}

/// The text between the first `before` and the `after` that follows it.
fn between(text: &str, before: &str, after: &str) -> String {
    let (_, rest) = text.split_once(before).ok_or_else(|| format!("no {before} in {text}")).unwrap();
    rest.split(after).next().unwrap().to_owned()
}

/// The tag of the element with this id.
fn tag(text: &str, id: &str) -> String {
    let at = text.find(&format!(" id=\"{id}\"")).ok_or_else(|| format!("no {id} in {text}")).unwrap();
    let start = text[..at].rfind('<').unwrap();
    text[start..].split('>').next().unwrap().to_owned()
}

fn version_in(text: &str) -> String {
    between(text, "name=\"version\" value=\"", "\"")
}

async fn version_of(admin: &SignedIn<'_>, path: &str) -> String {
    version_in(&admin.get(path).await.text())
}

/// Sends a step of the version that is current.
async fn send(admin: &SignedIn<'_>, path: &str, step: &str, action: &str, fields: Fields<'_>) -> Answer {
    let version = version_of(admin, &format!("{path}?step={step}")).await;
    send_of(admin, path, &version, step, action, fields).await
}

async fn send_of(
    admin: &SignedIn<'_>,
    path: &str,
    version: &str,
    step: &str,
    action: &str,
    fields: Fields<'_>,
) -> Answer {
    let form = [&[("step", step), ("version", version), ("action", action)][..], fields].concat();
    admin.post_form(path, &form).await
}

/// Fills in the first step of Assess on Cloud.
async fn fill_in_credentials(admin: &SignedIn<'_>, path: &str) {
    let fields =
        [("setting_account_name", "Acme"), ("credential_user", SECRETS[0]), ("credential_password", SECRETS[1])];
    let next = send(admin, path, "credentials", "next", &fields).await;
    assert_eq!(next.leads_to(), (303, format!("{path}?step=additional")), "{}", next.text());
}

fn secret_in(answer: &Answer) -> String {
    let text = answer.text();
    let at = text.find("latchkey_").ok_or_else(|| format!("no secret in {text}")).unwrap();
    text[at..at + 47].to_owned()
}

/// Generates a token as the form proposes it.
async fn generate(admin: &SignedIn<'_>, path: &str) -> Answer {
    let form = admin.get(&format!("{path}?step=token")).await.text();
    let value = |name: &str| between(&form, &format!("name=\"{name}\" value=\""), "\"");
    let fields = [("token_owner", ADMIN), ("description", &value("description")), ("expiration", "180d")];
    send_of(admin, path, &version_in(&form), "token", "issue", &fields).await
}

fn vendor<'a>(app: &'a TestApp, generated: &Answer) -> Vendor<'a> {
    let sid = between(&generated.text(), "aria-label=\"Account SID\">", "<").parse().unwrap();
    Vendor::new(app, IssuedToken { sid, secret: secret_in(generated), expires_at: NOW })
}

/// An account of Assess on Cloud that is set up, and its vendor.
async fn set_up<'a>(app: &'a TestApp, admin: &SignedIn<'_>) -> (String, Vendor<'a>) {
    let path = start(admin, "assess-on-cloud", "Acme Staffing").await;
    fill_in_credentials(admin, &path).await;
    let generated = generate(admin, &path).await;
    assert_eq!(generated.status, 200, "{}", generated.text());
    let submitted = send(admin, &path, "additional", "submit", &ADDITIONAL).await;
    assert_eq!(submitted.leads_to(), (303, format!("{path}?notice=submitted")), "{}", submitted.text());
    (path, vendor(app, &generated))
}

#[tokio::test]
async fn a_set_up_is_walked_from_its_start_to_a_call() {
    let app = with_admins().await;
    let admin = app.signed_in(ADMIN).await;
    let empty = admin.get(LIST).await.text();
    assert!(empty.contains("No external service accounts") && empty.contains(NEW), "{empty}");
    let path = start(&admin, "assess-on-cloud", "Acme Staffing").await;
    let first = admin.get(&format!("{path}?step=credentials")).await.text();
    assert!(first.contains("aria-current=\"step\"") && first.contains("Next"), "{first}");
    fill_in_credentials(&admin, &path).await;

    // "+" keeps what is typed.
    let plus = send(&admin, &path, "additional", "generate", &ADDITIONAL).await;
    assert_eq!(plus.leads_to(), (303, format!("{path}?step=token")), "{}", plus.text());
    let generated = generate(&admin, &path).await;
    assert_eq!((generated.status.as_u16(), generated.header("cache-control").as_str()), (200, "no-store"));
    let text = generated.text();
    assert!(!text.contains("<script"), "what shows a secret runs no script");
    assert!(text.contains("Confirmed: every call that it makes would be let in."), "{text}");
    assert!(text.contains("POST /api/v1/assess-on-cloud-results") && text.contains("GET /api/v1/token"), "{text}");

    let second = admin.get(&format!("{path}?step=additional")).await.text();
    let vendor = vendor(&app, &generated);
    let caption = format!("value=\"{} · ", vendor.token.sid);
    assert!(second.contains(&caption) && !second.contains(&vendor.token.secret), "{second}");
    assert!(second.contains("value=\"M-17\"") && second.contains("✓"), "{second}");
    // The field as it stands is no token that was pasted.
    let shown = between(&tag(&second, "tempworks_token"), "value=\"", "\"");
    let fields = [&ADDITIONAL[..], &[("tempworks_token", &shown)]].concat();
    let submitted = send(&admin, &path, "additional", "submit", &fields).await;
    assert_eq!(submitted.leads_to(), (303, format!("{path}?notice=submitted")), "{}", submitted.text());

    let account = admin.get(&format!("{path}?notice=submitted")).await.text();
    for part in ["Submitted: the account is active", "pill good\">Active", "Replace the token", "value=\"M-17\""] {
        assert!(account.contains(part), "{part}: {account}");
    }
    assert!(!account.contains(&vendor.token.secret) && !SECRETS.iter().any(|secret| account.contains(secret)));
    let list = admin.get(LIST).await.text();
    assert!(list.contains("Company Acme Staffing") && list.contains("Active") && list.contains("#revoke"), "{list}");
    let read = vendor.get("/api/v1/external-service-account").await;
    assert_eq!(read.json()["settings"]["manager_id"], "M-17", "{}", read.json());
}

#[tokio::test]
async fn each_error_stands_at_its_field_and_nothing_typed_is_lost() {
    let app = with_admins().await;
    let admin = app.signed_in(ADMIN).await;
    let path = start(&admin, "assess-on-cloud", "Acme Staffing").await;
    let missing = send(&admin, &path, "credentials", "next", &[("credential_user", SECRETS[0])]).await;
    assert_eq!(missing.status, 422);
    let text = missing.text();
    assert!(text.contains("Account Name is required.") && text.contains("Password is required."), "{text}");
    assert!(!text.contains("User Name is required.") && !text.contains(SECRETS[0]), "it was kept: {text}");

    let wrong = [
        ("setting_days_to_expire", "4 weeks"),
        ("setting_manager_id", "<M & 17>"),
        ("setting_manager_emails", "ann@example.com, bob"),
        ("setting_send_thank_you_email", "on"),
        ("setting_retake_after_days", "900"),
        ("tempworks_token", "latchkey_secretly"),
    ];
    for action in ["save", "submit", "go-credentials", "generate"] {
        let refused = send(&admin, &path, "additional", action, &wrong).await;
        assert_eq!(refused.status, 422, "{action}");
        let text = refused.text();
        for part in [
            "href=\"#setting_days_to_expire\">Enter a whole number from 1 to 365.",
            "“bob” is no e-mail address.",
            "Enter a whole number from 0 to 365.",
            "The Auth Token is incomplete or mistyped.",
            "value=\"4 weeks\"",
            "value=\"&lt;M &amp; 17&gt;\"",
            "value=\"ann@example.com, bob\"",
            "value=\"900\"",
            "<details open class=\"advanced\"",
        ] {
            assert!(text.contains(part), "{action}: {part}: {text}");
        }
        let days = tag(&text, "setting_days_to_expire");
        let described = "setting_days_to_expire-help setting_days_to_expire-message";
        assert!(days.contains("autofocus") && days.contains("aria-invalid=\"true\"") && days.contains(described));
        assert_eq!(text.matches(" autofocus").count(), 1);
        assert!(tag(&text, "setting_send_thank_you_email").contains("checked"), "{text}");
        assert!(!text.contains("latchkey_secretly"), "a secret is not shown again");
    }
    // What was right was kept.
    let kept = admin.get(&format!("{path}?step=additional")).await.text();
    assert!(kept.contains("value=\"&lt;M &amp; 17&gt;\"") && !kept.contains("4 weeks"), "{kept}");

    // What is missing elsewhere leads there.
    let refused = send(&admin, &path, "additional", "submit", &ADDITIONAL).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    let link = format!("href=\"{path}?step=credentials#setting_account_name\">Account Name is required.");
    assert!(text.contains("href=\"#tempworks_token\">Tempworks Token is required.") && text.contains(&link), "{text}");
    assert!(tag(&text, "tempworks_token").contains("aria-invalid=\"true\""));
}

#[tokio::test]
async fn a_start_says_what_is_wrong_and_what_is_there_already() {
    let app = with_admins().await;
    app.rep("ben@example.com").await;
    let admin = app.signed_in(ADMIN).await;
    for (fields, says) in [
        (&[][..], "Choose one of the integrations."),
        (&[("integration", "e-verify"), ("level", "branch"), ("entity", " ")], "href=\"#entity\""),
        (&[("integration", "job-boards"), ("level", "service_rep"), ("entity_rep", "ben@example.com")], "#level"),
        (&[("integration", "e-verify"), ("level", "service_rep"), ("entity_rep", "nobody@example.com")], "#entity_rep"),
        (&[("integration", "e-verify"), ("level", "planet")], "Choose a level."),
    ] {
        let refused = admin.post_form(NEW, fields).await;
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(refused.text().contains(says), "{fields:?}: {}", refused.text());
    }
    let of_ben = [("integration", "e-verify"), ("level", "service_rep"), ("entity_rep", "Ben@Example.com")];
    let (status, location) = admin.post_form(NEW, &of_ben).await.leads_to();
    assert_eq!(status, 303);
    let path = location.split('?').next().unwrap();
    assert!(admin.get(LIST).await.text().contains("Service Rep Ann Smith"));
    let again = admin.post_form(NEW, &of_ben).await;
    assert_eq!(again.status, 409);
    let text = again.text();
    assert!(text.contains(&format!("href=\"{path}\"")) && text.contains("value=\"Ben@Example.com\""), "{text}");
}

#[tokio::test]
async fn two_admins_on_one_draft_are_told_the_truth() {
    let app = with_admins().await;
    let (ann, other) = (app.signed_in(ADMIN).await, app.signed_in(OTHER).await);
    let path = start(&ann, "assess-on-cloud", "Acme Staffing").await;
    fill_in_credentials(&ann, &path).await;
    let generated = generate(&ann, &path).await;
    let version = version_of(&ann, &path).await;
    let of_other = [("setting_days_to_expire", "90"), ("setting_manager_id", "M-18")];
    assert_eq!(send_of(&other, &path, &version, "additional", "save", &of_other).await.status, 303);
    for action in ["save", "submit", "generate"] {
        let late = send_of(&ann, &path, &version, "additional", action, &ADDITIONAL).await;
        assert_eq!(late.status, 409, "{action}");
        let text = late.text();
        assert!(text.contains("has changed this account meanwhile"), "{text}");
        assert!(text.contains("value=\"M-17\"") && text.contains("Saved meanwhile: <strong>M-18"), "{text}");
        assert_ne!(version_in(&text), version, "sent again, it is of what is shown");
    }
    let late = send_of(&ann, &path, &version, "", "discard", &[]).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("nothing was cancelled") && late.text().contains("M-18"));

    // Both submit: one account, one token, and both learn what happened.
    let version = version_of(&ann, &path).await;
    let both =
        join_all([&ann, &other].map(|admin| send_of(admin, &path, &version, "additional", "submit", &ADDITIONAL)))
            .await;
    let mut statuses: Vec<u16> = both.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    let late = both.iter().find(|answer| answer.status == 409).unwrap().text();
    assert!(late.contains("submitted this account meanwhile") || late.contains("changed this account"), "{late}");
    let late = send_of(&ann, &path, &version, "additional", "submit", &ADDITIONAL).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("submitted this account meanwhile: it is active"), "{}", late.text());
    assert_eq!(vendor(&app, &generated).get("/api/v1/token").await.status, 200);
}

#[tokio::test]
async fn cancelling_asks_once_and_ends_the_token() {
    let app = with_admins().await;
    let admin = app.signed_in(ADMIN).await;
    let path = start(&admin, "assess-on-cloud", "Acme Staffing").await;
    let generated = generate(&admin, &path).await;
    let vendor = vendor(&app, &generated);
    let typed = [("setting_manager_id", "typed, not saved"), ("setting_manager_emails", "bob")];
    let asked = send(&admin, &path, "additional", "cancel", &typed).await;
    assert_eq!(asked.status, 200);
    let text = asked.text();
    assert!(text.contains("<dialog") && text.contains("is revoked at once"), "{text}");
    assert!(text.contains("value=\"typed, not saved\"") && text.contains("value=\"bob\""), "{text}");
    assert_eq!(vendor.get("/api/v1/token").await.status, 200, "nothing was done yet");
    let done = send_of(&admin, &path, &version_in(&text), "", "discard", &[]).await;
    assert_eq!(done.leads_to(), (303, format!("{LIST}?notice=cancelled-revoked")), "{}", done.text());
    assert_eq!(vendor.get("/api/v1/token").await.status, 401);
    assert!(admin.get(&done.header("location")).await.text().contains("Its token is revoked."));
    for late in [admin.get(&path).await, send_of(&admin, &path, "3", "additional", "submit", &ADDITIONAL).await] {
        assert_eq!(late.status, 404);
    }
}

#[tokio::test]
async fn a_token_is_pasted_only_where_it_does_what_is_needed() {
    let app = with_admins().await;
    let admin = app.signed_in(ADMIN).await;
    let path = start(&admin, "generic-vendor", "Acme Staffing").await;
    let fields = [("setting_vendor_name", "Northwind")];
    assert_eq!(send(&admin, &path, "credentials", "next", &fields).await.status, 303);
    let none = send(&admin, &path, "additional", "generate", &[]).await;
    assert_eq!(none.status, 422);
    assert!(none.text().contains("href=\"#scopes\">Select at least one scope."), "{}", none.text());

    let (fit, unfit) = (app.token("customer-read order-read").await, app.token("customer-read").await);
    let with = |token: &str| {
        [("scopes[]", "customer-read"), ("scopes[]", "order-read"), ("tempworks_token", token)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    for (token, says) in [
        (unfit.secret.as_str(), "This token lacks order-read."),
        ("nonsense", "incomplete or mistyped"),
        (SECRETS[0], "incomplete or mistyped"),
    ] {
        let fields = with(token);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let refused = send(&admin, &path, "additional", "submit", &fields).await;
        assert_eq!(refused.status, 422, "{says}");
        let text = refused.text();
        assert!(text.contains(says) && !text.contains(&format!("value=\"{token}")), "{says}: {text}");
        assert!(tag(&text, "scope-order-read").contains("checked"), "{text}");
    }
    let fields = with(&fit.secret);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let submitted = send(&admin, &path, "additional", "submit", &fields).await;
    assert_eq!(submitted.leads_to(), (303, format!("{path}?notice=submitted")), "{}", submitted.text());
    let account = admin.get(&path).await.text();
    assert!(account.contains(&fit.sid.to_string()) && !account.contains(&fit.secret), "{account}");
}

#[tokio::test]
async fn generating_asks_for_what_it_needs_and_a_repeated_form_makes_nothing() {
    let app = with_admins().await;
    app.rep("ben@example.com").await;
    let admin = app.signed_in(ADMIN).await;
    let path = start(&admin, "assess-on-cloud", "Acme Staffing").await;
    app.set_now(NOW.plus_seconds(16 * 60));
    let form = admin.get(&format!("{path}?step=token")).await.text();
    assert!(form.contains("name=\"current_password\"") && form.contains("Employee Read"), "{form}");
    let version = version_in(&form);
    let wrong = [("token_owner", "nobody@example.com"), ("description", "A & B"), ("expiration", "90d")];
    let refused = send_of(&admin, &path, &version, "token", "issue", &wrong).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    assert!(text.contains("value=\"A &amp; B\"") && text.contains("value=\"nobody@example.com\""), "{text}");
    let fields = [("token_owner", "ben@example.com"), ("description", " "), ("expiration", "90d")];
    let refused = send_of(&admin, &path, &version, "token", "issue", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("href=\"#description\">Enter what this token is for."), "{}", refused.text());
    let fields = [
        ("token_owner", "ben@example.com"),
        ("description", "Assess"),
        ("expiration", "90d"),
        ("current_password", PASSWORD),
    ];
    let made = send_of(&admin, &path, &version, "token", "issue", &fields).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let again = send_of(&admin, &path, &version, "token", "issue", &fields).await;
    assert_eq!(again.status, 409);
    assert!(again.text().contains("this form may have been sent twice") && !again.text().contains(&secret_in(&made)));
    let second = admin.get(&format!("{path}?step=additional")).await.text();
    assert!(second.contains("· Assess\""), "{second}");
}

#[tokio::test]
async fn an_account_is_changed_replaced_and_revoked_on_its_page() {
    let app = with_admins().await;
    let admin = app.signed_in(ADMIN).await;
    let (path, first) = set_up(&app, &admin).await;
    let version = version_of(&admin, &path).await;
    let wrong = [("setting_days_to_expire", "0"), ("setting_manager_id", "M-19")];
    let refused = send_of(&admin, &path, &version, "additional", "save", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("value=\"M-19\"") && refused.text().contains("from 1 to 365"));
    let saved = send_of(&admin, &path, &version, "additional", "save", &ADDITIONAL[..2]).await;
    assert_eq!(saved.leads_to(), (303, format!("{path}?notice=saved")), "{}", saved.text());
    // What was refused is still of the version that it was made of.
    assert_eq!(version_in(&refused.text()), version);
    let right = [("setting_days_to_expire", "31"), ("setting_manager_id", "M-19")];
    let late = send_of(&admin, &path, &version, "additional", "save", &right).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("Saved meanwhile: <strong>M-17"), "{}", late.text());

    let replaced = generate(&admin, &path).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text());
    let second = vendor(&app, &replaced);
    assert_eq!(first.get("/api/v1/token").await.status, 401);
    assert_eq!(second.get("/api/v1/token").await.status, 200);
    let page = admin.get(&path).await.text();
    assert!(page.contains("id=\"revoke\"") && page.contains("ends at once, and every call with it is refused"));
    let revoke = || admin.post_form(&path, &[("action", "revoke")]);
    assert_eq!(revoke().await.leads_to(), (303, format!("{path}?notice=revoked")));
    assert_eq!(second.get("/api/v1/token").await.status, 401);
    assert_eq!(revoke().await.leads_to(), (303, format!("{path}?notice=had-ended")));
    let page = admin.get(&format!("{path}?notice=revoked")).await.text();
    assert!(page.contains("Failing") && page.contains("Its token was revoked.") && !page.contains("id=\"revoke\""));
}

#[tokio::test]
async fn credentials_are_set_replaced_and_removed_and_never_shown() {
    let app = with_admins().await;
    let admin = app.signed_in(ADMIN).await;
    let path = start(&admin, "e-verify", "Acme Staffing").await;
    let credentials = format!("{path}?step=credentials");
    let page = admin.get(&credentials).await.text();
    let field = tag(&page, "setting_password");
    assert!(field.contains("type=\"password\"") && field.contains("autocomplete=\"off\""), "{field}");
    assert!(!field.contains("value=") && page.contains("Not set. It is kept encrypted"), "{page}");
    let typed = [("credential_user", SECRETS[0]), ("credential_password", SECRETS[1])];
    assert_eq!(send(&admin, &path, "credentials", "save", &typed).await.status, 303);
    let page = admin.get(&credentials).await.text();
    assert!(!SECRETS.iter().any(|secret| page.contains(secret)));
    assert_eq!(page.matches("Set. It is not shown again").count(), 2, "{page}");
    assert_eq!(send(&admin, &path, "credentials", "save", &[("forget", "user")]).await.status, 303);
    let page = admin.get(&credentials).await.text();
    assert_eq!(page.matches("Set. It is not shown again").count(), 1, "{page}");
}

#[tokio::test]
async fn without_a_key_credentials_cannot_be_typed_and_the_page_says_why() {
    let app = TestApp::start_set(Settings { keeps_credentials: false, ..Settings::default() }).await;
    app.person(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    let path = start(&admin, "e-verify", "Acme Staffing").await;
    let page = admin.get(&format!("{path}?step=credentials")).await.text();
    assert!(page.contains("--secret-key-file"), "{page}");
    assert_eq!(page.matches("type=\"password\"").count(), 2);
    assert!(tag(&page, "setting_user").contains("disabled"), "{page}");
    let forced = send(&admin, &path, "credentials", "save", &[("credential_user", SECRETS[0])]).await;
    assert_eq!(forced.status, 422);
    assert!(!forced.text().contains(SECRETS[0]));
    assert_eq!(send(&admin, &path, "credentials", "next", &[]).await.status, 303);
}

#[tokio::test]
async fn a_step_that_lost_its_session_comes_back_without_its_secrets() {
    let app = with_admins().await;
    let admin = app.signed_in(ADMIN).await;
    let path = start(&admin, "e-verify", "Acme Staffing").await;
    let version = version_of(&admin, &path).await;
    app.set_now(NOW.plus_seconds(13 * 3600));
    let secret = app.token("customer-read").await.secret;
    for (step, fields, value) in [
        ("credentials", &[("credential_user", SECRETS[0]), ("credential_password", SECRETS[1])][..], "step=\"\""),
        ("additional", &[("setting_client_company_id", "Typed here"), ("tempworks_token", &secret)], "Typed here"),
        ("token", &[("token_owner", ADMIN), ("description", "Typed here")], "Typed here"),
    ] {
        let lost = send_of(&admin, &path, &version, step, "save", fields).await;
        assert_eq!(lost.leads_to(), (303, format!("/sign-in?next={path}")));
        let line = lost.header("set-cookie");
        let kept = line.strip_prefix("latchkey-kept=").unwrap().split(';').next().unwrap();
        let again = app.signed_in(ADMIN).await;
        let cookies = format!("latchkey={}; latchkey-kept={kept}", again.cookie);
        let page = app.visitor().send(Request::new("GET", &path).header("cookie", cookies)).await.text();
        assert!(page.contains("Your session had ended, and nothing was done."), "{step}: {page}");
        assert!(value == "step=\"\"" || page.contains(value), "{step}: {page}");
        assert_eq!(version_in(&page), version);
        for secret in [SECRETS[0], SECRETS[1], secret.as_str()] {
            assert!(!page.contains(secret), "{step}");
        }
    }
}
