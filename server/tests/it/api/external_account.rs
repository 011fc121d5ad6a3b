//! `/api/v1/external-service-account`

use std::collections::BTreeMap;

use latchkey_domain::external_account::{AccountForm, AccountTokenForm, ExternalAccountId, NewAccountForm, SetUpStep};
use latchkey_domain::{AccountSid, PlainText, Role};
use latchkey_service::{
    AccountStart, AccountSubmission, AccountTokenOutcome, AuditAction, AuditActor, AuditSubject, Caller as Person,
};
use serde_json::Value;
use sqlx::{AnyConnection, Connection as _, Executor as _};

use crate::support::{Caller as _, IssuedToken, NOW, Recording, TestApp, Vendor};

const PATH: &str = "/api/v1/external-service-account";
const ADMIN: &str = "admin@example.com";
const SECRETS: [&str; 2] = ["hunter-user-7f3a", "hunter-password-91cc"];

/// A draft of E-Verify for a branch, with its credentials.
async fn draft(app: &TestApp, admin: &Person) -> ExternalAccountId {
    let [integration, level, entity] = ["e-verify", "branch", "Denver"].map(str::to_owned);
    let form = NewAccountForm { integration, level, entity };
    let started = app.service.start_account(admin, &form).await.unwrap();
    let id = if let AccountStart::Started(id) = started { Some(id) } else { None }.unwrap();
    let mut form = AccountForm::empty(SetUpStep::Credentials, 1);
    for (name, secret) in ["user", "password"].into_iter().zip(SECRETS) {
        form.credentials.insert(name.to_owned(), PlainText::new(secret.to_owned()));
    }
    app.service.save_account(admin, id, &form).await.unwrap();
    id
}

/// Generates the token of an account.
async fn generate(app: &TestApp, admin: &Person, id: ExternalAccountId, reads_credentials: bool) -> IssuedToken {
    let offer = app.service.account_token_offer(admin, id).await.unwrap();
    let form = AccountTokenForm { reads_credentials, ..offer.form };
    let generated = app.service.generate_account_token(admin, id, &form, &PlainText::default(), "").await.unwrap();
    let generated = if let AccountTokenOutcome::Generated(generated) = generated { Some(generated) } else { None };
    let generated = generated.unwrap();
    let expires_at = NOW;
    IssuedToken { sid: generated.shown.sid, secret: generated.shown.auth_token.expose().to_owned(), expires_at }
}

async fn submit(app: &TestApp, admin: &Person, id: ExternalAccountId) {
    let version = app.service.account(admin, id).await.unwrap().summary.version;
    let values = [("client_company_id", "C-17"), ("notify_emails", "ann@example.com,bob@example.com")];
    let values: BTreeMap<String, String> =
        values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let form = AccountForm { values, ..AccountForm::empty(SetUpStep::Additional, version) };
    let submitted = app.service.submit_account(admin, id, &form).await.unwrap();
    assert!(matches!(submitted, AccountSubmission::Submitted), "{submitted:?}");
}

/// A vendor with the token of an active account.
async fn with_account(app: &TestApp, reads_credentials: bool) -> (Vendor<'_>, ExternalAccountId, Person) {
    let admin = app.admin(ADMIN).await;
    let id = draft(app, &admin).await;
    let token = generate(app, &admin, id, reads_credentials).await;
    submit(app, &admin, id).await;
    (Vendor::new(app, token), id, admin)
}

/// The database, from the side.
async fn connect(app: &TestApp) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(&app.database_url()).await.unwrap()
}

async fn reads(app: &TestApp) -> Vec<(AuditActor, AuditSubject, String)> {
    let entries = app.store.newest_audit_entries(100).await.unwrap();
    let reads = entries.into_iter().filter(|entry| entry.action == AuditAction::CredentialsRead);
    reads.map(|entry| (entry.actor, entry.subject, entry.detail)).collect()
}

#[tokio::test]
async fn a_token_reads_its_own_account() {
    let app = TestApp::start().await;
    let (vendor, id, _) = with_account(&app, false).await;
    let answer = vendor.get(PATH).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control").as_str()), (200, "no-store"));
    assert_eq!(answer.header("content-type"), "application/json");
    let expected = serde_json::json!({
        "id": id.to_string(),
        "integration": "e-verify",
        "level": "branch",
        "entity": "Denver",
        "state": "active",
        "settings": {
            "client_company_id": "C-17",
            "days_before_reminder": null,
            "notify_emails": ["ann@example.com", "bob@example.com"],
            "submit_automatically": false
        }
    });
    assert_eq!(answer.json(), expected);
    assert!(reads(&app).await.is_empty());
    assert_eq!(vendor.call("HEAD", PATH).await.header("content-length"), answer.body.len().to_string());
    assert_eq!(vendor.call("POST", PATH).await.refusal(), (405, "method_not_allowed".to_owned()));
}

#[tokio::test]
async fn credentials_need_their_scope_and_are_written_down() {
    let app = TestApp::start().await;
    let recording = Recording::start();
    let (vendor, id, admin) = with_account(&app, true).await;
    let answer = vendor.get(PATH).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control").as_str()), (200, "no-store"));
    let credentials = &answer.json()["credentials"];
    assert_eq!(*credentials, serde_json::json!({ "user": SECRETS[0], "password": SECRETS[1] }));
    vendor.get(PATH).await;
    let actor = AuditActor::Token(vendor.token.sid);
    let read = (actor, AuditSubject::ExternalAccount(id), "password, user".to_owned());
    assert_eq!(reads(&app).await, [read.clone(), read]);

    // The owner is no admin any more, and so the scope does not count.
    let other = app.admin("other@example.com").await;
    let rep = admin.rep.id;
    app.service
        .set_rep_role(latchkey_service::Authority::Admin(&other), rep, Role::Rep, &PlainText::default())
        .await
        .unwrap();
    let answer = vendor.get(PATH).await.json();
    assert!(answer.get("credentials").is_none(), "{answer}");
    assert_eq!(answer["state"], "active", "what it needs, it still may");
    assert_eq!(reads(&app).await.len(), 2);

    for place in [recording.bytes(), app.database_files().concat()] {
        for secret in SECRETS {
            assert!(
                !place.windows(secret.len()).any(|window| window == secret.as_bytes()),
                "{secret} is in plain text"
            );
        }
    }
}

#[tokio::test]
async fn a_credential_that_cannot_be_written_down_is_not_given_out() {
    let app = TestApp::start().await;
    let (vendor, ..) = with_account(&app, true).await;
    let mut connection = connect(&app).await;
    let sql = "CREATE TRIGGER no_entry BEFORE INSERT ON audit_entry WHEN new.action = 'credentials_read' \
               BEGIN SELECT RAISE(ABORT, 'not written'); END";
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
    let answer = vendor.get(PATH).await;
    assert_eq!(answer.refusal(), (503, "unavailable".to_owned()));
    assert!(!SECRETS.iter().any(|secret| answer.text().contains(secret)));
}

#[tokio::test]
async fn a_credential_that_was_changed_is_not_given_out() {
    let app = TestApp::start().await;
    let recording = Recording::start();
    let (vendor, ..) = with_account(&app, true).await;
    let mut connection = connect(&app).await;
    connection.execute("UPDATE external_account_credential SET sealed = substr(sealed, 2)").await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(vendor.get(PATH).await.refusal(), (500, "internal".to_owned()));
    assert!(reads(&app).await.is_empty());
    let logged = String::from_utf8_lossy(&recording.bytes()).into_owned();
    assert!(logged.contains("did not open"), "{logged}");
}

#[tokio::test]
async fn a_credential_that_the_integration_asks_for_no_longer_is_not_given_out() {
    let app = TestApp::start().await;
    let (vendor, ..) = with_account(&app, true).await;
    let before = vendor.get(PATH).await.json()["credentials"].clone();
    assert!(before.as_object().unwrap().values().all(Value::is_string), "{before}");
    let mut connection = connect(&app).await;
    connection.execute("UPDATE external_account_credential SET name = name || '_x'").await.unwrap();
    connection.close().await.unwrap();
    let after = vendor.get(PATH).await.json()["credentials"].clone();
    assert!(after.as_object().unwrap().values().all(Value::is_null), "{after}");
    assert_eq!(after.as_object().unwrap().len(), before.as_object().unwrap().len());
}

#[tokio::test]
async fn a_token_of_no_active_account_finds_none() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read").await;
    assert_eq!(vendor.get(PATH).await.refusal(), (404, "not_found".to_owned()));
    let admin = app.admin(ADMIN).await;
    let id = draft(&app, &admin).await;
    let token = generate(&app, &admin, id, true).await;
    let vendor = Vendor::new(&app, token);
    let answer = vendor.get(PATH).await;
    assert_eq!(answer.refusal(), (404, "not_found".to_owned()), "a draft is nobody's to read");
    assert!(reads(&app).await.is_empty());
    submit(&app, &admin, id).await;
    assert_eq!(vendor.get(PATH).await.status, 200);
    app.service.revoke_account(&admin, id).await.unwrap();
    assert_eq!(vendor.get(PATH).await.refusal(), (401, "invalid_token".to_owned()));
    assert_eq!(app.anonymous().get(PATH).await.refusal(), (401, "credential_missing".to_owned()));
}

#[tokio::test]
async fn the_state_follows_the_clock() {
    let app = TestApp::start().await;
    let (vendor, ..) = with_account(&app, false).await;
    app.set_now(NOW.plus_seconds(170 * latchkey_domain::DAY));
    assert_eq!(vendor.get(PATH).await.json()["state"], "expiring");
}

#[tokio::test]
async fn a_confirmation_counts_no_call_and_notes_no_use() {
    let app = TestApp::start().await;
    let admin = app.admin(ADMIN).await;
    let id = draft(&app, &admin).await;
    let token = generate(&app, &admin, id, false).await;
    app.service.flush_last_use().await.unwrap();
    let sid: AccountSid = token.sid;
    let (record, _) = app.service.token_and_owner(sid).await.unwrap().unwrap();
    assert_eq!(record.last_used_at, None);
    let records = Vendor::new(&app, token).get("/api/v1/employees").await.json();
    assert_eq!(records["data"], serde_json::json!([]), "nothing was written");
}
