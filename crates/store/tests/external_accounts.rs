//! The use cases of external service accounts over a real database: what two people do at the same time, what becomes
//! of tokens, and what is never written anywhere.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has failed"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_domain::external_account::{
    AccountField, AccountForm, AccountProblem, AccountState, AccountTokenForm, AccountTrouble, ExternalAccountId,
    NewAccountForm, SetUpStep, SettingName, SettingProblem, SettingValue,
};
use latchkey_domain::{
    AccountSid, AuthToken, FieldProblem, PlainText, Presented, PresentedSid, Refusal, Role, ScopeChoice, TokenForm,
    TokenRateLimit, TokenSource, Verdict,
};
use latchkey_service::{
    AccountAttachment, AccountCancellation, AccountDetails, AccountSave, AccountStart, AccountSubmission,
    AccountTokenOutcome, AuditAction, Caller, DEFAULT_CATALOG, Failure, GeneratedAccountToken, Origin, RepForm,
    SecretKey, SecretKeys, Service, SignInForm, SystemClock, SystemRandom, read_catalog,
};
use latchkey_store::{Opening, SqlStore};
use tempfile::TempDir;

const ANN: &str = "ann@example.com";
const BEN: &str = "ben@example.com";
const REP: &str = "rep@example.com";
const PASSWORD: &str = "a long enough secret phrase";
const ASSESS: &str = "assess-on-cloud";

/// Two admins and a rep, at a server each over one database.
struct Place {
    services: [Arc<Service>; 2],
    store: SqlStore,
    ann: Caller,
    ben: Caller,
    rep: Caller,
    _directory: TempDir,
}

impl Place {
    async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("latchkey.db").display());
        Self::at(&url, directory, true).await
    }

    async fn without_keys() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("latchkey.db").display());
        Self::at(&url, directory, false).await
    }

    async fn at(url: &str, directory: TempDir, with_keys: bool) -> Self {
        let line = SecretKey::draw(&SystemRandom).unwrap().to_line();
        let mut services = Vec::new();
        let mut stores = Vec::new();
        for _ in 0..2 {
            let store = SqlStore::open(url, Opening::Serve).await.unwrap();
            let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
            let service =
                Service::new(Arc::new(store.clone()), Arc::new(SystemClock), Arc::new(SystemRandom), catalog).unwrap();
            let keys = with_keys.then(|| SecretKeys::parse(&line).ok()).flatten();
            let service = match keys {
                Some(keys) => service.with_secret_keys(keys),
                None => service,
            };
            services.push(Arc::new(service));
            stores.push(store);
        }
        let services: [Arc<Service>; 2] = services.try_into().ok().unwrap();
        let callers = [(ANN, Role::Admin), (BEN, Role::Admin), (REP, Role::Rep)];
        let mut people = Vec::new();
        for (email, role) in callers {
            people.push(signed_in(&services[0], email, role).await);
        }
        let [ann, ben, rep]: [Caller; 3] = people.try_into().ok().unwrap();
        Self { services, store: stores.remove(0), ann, ben, rep, _directory: directory }
    }

    fn service(&self) -> &Service {
        &self.services[0]
    }

    async fn start(&self, integration: &str, level: &str, entity: &str) -> AccountStart {
        let [integration, level, entity] = [integration, level, entity].map(str::to_owned);
        self.service().start_account(&self.ann, &NewAccountForm { integration, level, entity }).await.unwrap()
    }

    /// A draft of Assess on Cloud with its credentials in place.
    async fn draft(&self, entity: &str) -> ExternalAccountId {
        let AccountStart::Started(id) = self.start(ASSESS, "branch", entity).await else { panic!("not started") };
        let saved = self.service().save_account(&self.ann, id, &credentials(1)).await.unwrap();
        assert!(matches!(saved, AccountSave::Saved { version: 2, ref errors } if errors.is_empty()), "{saved:?}");
        id
    }

    async fn details(&self, id: ExternalAccountId) -> AccountDetails {
        self.service().account(&self.ann, id).await.unwrap()
    }

    async fn version(&self, id: ExternalAccountId) -> i64 {
        self.details(id).await.summary.version
    }

    async fn generate(&self, id: ExternalAccountId, owner: &str) -> GeneratedAccountToken {
        let form = self.token_form(id, owner).await;
        let none = PlainText::default();
        match self.service().generate_account_token(&self.ann, id, &form, &none, "http://x").await.unwrap() {
            AccountTokenOutcome::Generated(generated) => *generated,
            _ => panic!("not generated"),
        }
    }

    async fn token_form(&self, id: ExternalAccountId, owner: &str) -> AccountTokenForm {
        let offer = self.service().account_token_offer(&self.ann, id).await.unwrap();
        AccountTokenForm { owner: owner.to_owned(), ..offer.form }
    }

    async fn verdict(&self, secret: &PlainText) -> Verdict {
        let token = AuthToken::parse(secret.expose().as_bytes()).unwrap();
        let presented = Presented { sid: PresentedSid::Absent, token };
        self.service().look_up(&presented).await.unwrap().verdict
    }

    /// An active account, and its token's secret.
    async fn active(&self, entity: &str, owner: &str) -> (ExternalAccountId, GeneratedAccountToken) {
        let id = self.draft(entity).await;
        let generated = self.generate(id, owner).await;
        let submitted = self.service().submit_account(&self.ann, id, &additional(generated.version)).await.unwrap();
        assert!(matches!(submitted, AccountSubmission::Submitted), "{submitted:?}");
        (id, generated)
    }

    async fn audited(&self) -> Vec<AuditAction> {
        self.store.newest_audit_entries(100).await.unwrap().iter().map(|entry| entry.action).collect()
    }
}

async fn signed_in(service: &Service, email: &str, role: Role) -> Caller {
    let form = RepForm {
        email: email.to_owned(),
        name: email.split('@').next().unwrap().to_owned(),
        role,
        password: Some(PlainText::new(PASSWORD.to_owned())),
        owners: Vec::new(),
    };
    service.add_rep(&form, &origin()).await.unwrap();
    let form = SignInForm { email: email.to_owned(), password: PlainText::new(PASSWORD.to_owned()) };
    let started = service.sign_in(&form, &origin(), "test").await.unwrap();
    let (rep, session) = service.resume(started.cookie.expose()).await.unwrap().unwrap();
    Caller { rep, session, origin: origin() }
}

fn origin() -> Origin {
    Origin { address: String::new(), request_id: "test".to_owned() }
}

fn credentials(version: i64) -> AccountForm {
    let mut form = AccountForm::empty(SetUpStep::Credentials, version);
    form.values.insert("account_name".to_owned(), "Northwind".to_owned());
    for name in ["user", "password"] {
        form.credentials.insert(name.to_owned(), PlainText::new(format!("hunter-{name}")));
    }
    form
}

fn additional(version: i64) -> AccountForm {
    let values = [("days_to_expire", "30"), ("manager_emails", "ann@example.com, bob@example.com")];
    let values: BTreeMap<String, String> =
        values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    AccountForm { values, ..AccountForm::empty(SetUpStep::Additional, version) }
}

fn setting(name: &str) -> AccountField {
    AccountField::Setting(name.parse().unwrap())
}

#[tokio::test]
async fn an_account_is_set_up_step_by_step() {
    let place = Place::sqlite().await;
    let id = place.draft("Denver").await;
    let details = place.details(id).await;
    assert_eq!(details.summary.state, AccountState::Draft);
    assert_eq!(details.credentials.iter().map(SettingName::as_str).collect::<Vec<_>>(), ["password", "user"]);
    assert_eq!(details.missing.at(&AccountField::Token), Some(&AccountProblem::TokenMissing));
    assert!(details.missing.at(&setting("days_to_expire")).is_some());

    // What is wrong is named and stays as it was; what is good is kept.
    let mut wrong = additional(2);
    wrong.values.insert("days_to_expire".to_owned(), "366".to_owned());
    wrong.values.insert("manager_id".to_owned(), "17".to_owned());
    wrong.values.insert("manager_emails".to_owned(), "ann@example.com, bob".to_owned());
    let AccountSave::Saved { version, errors } = place.service().save_account(&place.ann, id, &wrong).await.unwrap()
    else {
        panic!("not saved")
    };
    let problem = |name: &str| errors.at(&setting(name)).cloned();
    assert!(matches!(problem("days_to_expire"), Some(AccountProblem::Setting(_, SettingProblem::OutOfRange))));
    assert!(matches!(
        problem("manager_emails"),
        Some(AccountProblem::Setting(_, SettingProblem::EmailInvalid { position: 1 }))
    ));
    let details = place.details(id).await;
    let value = |name: &str| details.settings.get(&name.parse().unwrap()).cloned();
    assert_eq!(value("manager_id"), Some(SettingValue::Text("17".to_owned())));
    assert_eq!(value("days_to_expire"), None);

    // Without a token it cannot be submitted.
    let submitted = place.service().submit_account(&place.ann, id, &additional(version)).await.unwrap();
    let AccountSubmission::Invalid { errors, checks: None } = submitted else { panic!("{submitted:?}") };
    assert_eq!(errors.at(&AccountField::Token).unwrap().sentence(None, ""), "Tempworks Token is required.");

    let generated = place.generate(id, ANN).await;
    let confirmation = generated.confirmation.unwrap();
    assert!(confirmation.is_green(), "{confirmation:?}");
    let routes: usize = confirmation.scopes.iter().map(|check| check.routes.len()).sum();
    let catalog = place.service().catalog();
    let needed = place.details(id).await.scopes;
    assert_eq!(routes, needed.iter().map(|name| catalog.scope(name).unwrap().routes.len()).sum::<usize>());
    let token = place.store_token(generated.shown.sid).await;
    assert_eq!((token.scopes, token.source), (needed, TokenSource::Integration));
    assert_eq!(token.last_used_at, None, "nothing was noted as used");
    assert_eq!(generated.shown.description, "Assess on Cloud, Branch Denver");

    let submitted = place.service().submit_account(&place.ann, id, &additional(generated.version)).await.unwrap();
    assert!(matches!(submitted, AccountSubmission::Submitted), "{submitted:?}");
    let details = place.details(id).await;
    assert_eq!(details.summary.state, AccountState::Active);
    assert_eq!(details.summary.submitted.unwrap().name, "ann");
    assert!(details.missing.is_empty());
    let listed = place.service().accounts(&place.ann, 10).await.unwrap();
    assert_eq!((listed.accounts.len(), listed.more), (1, false));
    assert_eq!(listed.accounts[0].token.as_ref().unwrap().owner_email, ANN);
}

impl Place {
    async fn store_token(&self, sid: AccountSid) -> latchkey_service::ports::TokenRecord {
        self.service().token_and_owner(sid).await.unwrap().unwrap().0
    }
}

#[tokio::test]
async fn only_admins_are_let_in() {
    let place = Place::sqlite().await;
    let (id, _) = place.active("Denver", ANN).await;
    let (service, rep) = (place.service(), &place.rep);
    let none = PlainText::default();
    let token_form = place.token_form(id, ANN).await;
    let refusals = [
        service.accounts(rep, 10).await.err(),
        service.account(rep, id).await.err(),
        service.start_account(rep, &NewAccountForm::default()).await.err(),
        service.save_account(rep, id, &additional(1)).await.err(),
        service.account_token_offer(rep, id).await.err(),
        service.generate_account_token(rep, id, &token_form, &none, "").await.err(),
        service.replace_account_token(rep, id, &token_form, &none, "").await.err(),
        service.attach_account_token(rep, id, 1, &none).await.err(),
        service.confirm_account_token(rep, id, &none).await.err(),
        service.submit_account(rep, id, &additional(1)).await.err(),
        service.cancel_account(rep, id, 1).await.err(),
        service.revoke_account(rep, id).await.err(),
    ];
    for (index, refusal) in refusals.into_iter().enumerate() {
        assert!(matches!(refusal, Some(Failure::Refused(Refusal::Forbidden))), "{index}");
    }
}

#[tokio::test]
async fn a_start_says_what_is_there_already() {
    let place = Place::sqlite().await;
    let AccountStart::Started(id) = place.start("e-verify", "branch", "Denver").await else { panic!() };
    assert!(matches!(place.start("e-verify", "branch", "  DENVER ").await, AccountStart::Taken(there) if there == id));
    assert!(matches!(place.start(ASSESS, "branch", "Denver").await, AccountStart::Started(_)));
    assert!(matches!(place.start("e-verify", "service_rep", "REP@example.com").await, AccountStart::Started(_)));
    assert!(matches!(place.start("e-verify", "service_rep", REP).await, AccountStart::Taken(_)));
    let nobody = place.start("e-verify", "service_rep", "nobody@example.com").await;
    let AccountStart::Invalid(errors) = nobody else { panic!("{nobody:?}") };
    assert_eq!(errors.at(&AccountField::Entity), Some(&AccountProblem::EntityNotARep));
    let listed = place.service().accounts(&place.ann, 10).await.unwrap();
    assert!(listed.accounts.iter().any(|account| account.entity == "rep"));
}

/// Both press Submit on the same page at the same time, each on a node of their own.
async fn two_submit(place: Place) {
    for round in 0..4 {
        let id = place.draft(&format!("Branch {round}")).await;
        let generated = place.generate(id, ANN).await;
        let (for_ann, for_ben) = (additional(generated.version), additional(generated.version));
        let (first, second) = tokio::join!(
            place.services[0].submit_account(&place.ann, id, &for_ann),
            place.services[1].submit_account(&place.ben, id, &for_ben),
        );
        let outcomes = [(first.unwrap(), "ben"), (second.unwrap(), "ann")];
        let done = outcomes.iter().filter(|(outcome, _)| matches!(outcome, AccountSubmission::Submitted)).count();
        assert_eq!(done, 1, "{outcomes:?}");
        for (outcome, other) in &outcomes {
            match outcome {
                AccountSubmission::Submitted => {}
                AccountSubmission::AlreadySubmitted(acted) => assert_eq!(acted.name, *other),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(place.verdict(&generated.shown.auth_token).await, Verdict::Active);
        assert_eq!(place.details(id).await.summary.token.unwrap().sid, generated.shown.sid);
    }
    assert_eq!(place.service().accounts(&place.ann, 10).await.unwrap().accounts.len(), 4);
}

/// One submits and the other cancels: one of the two happens, and the token goes with it.
async fn one_submits_and_one_cancels(place: Place) {
    for round in 0..6 {
        let id = place.draft(&format!("Branch {round}")).await;
        let generated = place.generate(id, ANN).await;
        let form = additional(generated.version);
        let (submitted, cancelled) = tokio::join!(
            place.services[round % 2].submit_account(&place.ann, id, &form),
            place.services[(round + 1) % 2].cancel_account(&place.ben, id, generated.version),
        );
        let verdict = place.verdict(&generated.shown.auth_token).await;
        match (submitted, cancelled.unwrap()) {
            (Ok(AccountSubmission::Submitted), AccountCancellation::Submitted(acted)) => {
                assert_eq!((acted.name.as_str(), verdict), ("ann", Verdict::Active));
            }
            (
                Err(Failure::Refused(Refusal::NotFound)),
                AccountCancellation::Cancelled { revoked, left_alone: None },
            ) => {
                assert_eq!((revoked, verdict), (Some(generated.shown.sid), Verdict::Revoked));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Two generate: one of the tokens lives, and it is the draft's.
async fn two_generate(place: Place) {
    let id = place.draft("Denver").await;
    let form = place.token_form(id, ANN).await;
    let none = PlainText::default();
    let (first, second) = tokio::join!(
        place.services[0].generate_account_token(&place.ann, id, &form, &none, ""),
        place.services[1].generate_account_token(&place.ben, id, &form, &none, ""),
    );
    let mut generated = Vec::new();
    for outcome in [first.unwrap(), second.unwrap()] {
        match outcome {
            AccountTokenOutcome::Generated(token) => generated.push(token.shown.sid),
            AccountTokenOutcome::Stale(acted) => assert!(["ann", "ben"].contains(&acted.name.as_str())),
            _ => panic!("neither"),
        }
    }
    assert_eq!(generated, [place.details(id).await.summary.token.unwrap().sid]);
}

macro_rules! on_both_engines {
    ($($case:ident),+) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$case(crate::Place::sqlite().await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let cluster = latchkey_throwaway_postgres::Cluster::start().unwrap();
                let url = cluster.create_database().unwrap();
                crate::$case(crate::Place::at(&url, tempfile::tempdir().unwrap(), true).await).await;
            })+
        }
    };
}

on_both_engines! { two_submit, one_submits_and_one_cancels, two_generate }

#[tokio::test]
async fn a_stale_form_changes_nothing_and_says_who_was_there() {
    let place = Place::sqlite().await;
    let id = place.draft("Denver").await;
    let saved = place.service().save_account(&place.ben, id, &additional(2)).await.unwrap();
    assert!(matches!(saved, AccountSave::Saved { version: 3, .. }));
    let stale = place.service().save_account(&place.ann, id, &additional(2)).await.unwrap();
    assert!(matches!(&stale, AccountSave::Stale(acted) if acted.name == "ben"), "{stale:?}");
    let stale = place.service().submit_account(&place.ann, id, &additional(2)).await.unwrap();
    assert!(matches!(&stale, AccountSubmission::Stale(acted) if acted.name == "ben"), "{stale:?}");
    let stale = place.service().cancel_account(&place.ann, id, 2).await.unwrap();
    assert!(matches!(&stale, AccountCancellation::Stale(acted) if acted.name == "ben"), "{stale:?}");
}

#[tokio::test]
async fn a_pasted_token_has_to_work_and_to_fit() {
    let place = Place::sqlite().await;
    let id = place.draft("Denver").await;
    let version = place.version(id).await;
    let paste = async |id, version, text: &str| {
        place.service().attach_account_token(&place.ann, id, version, &PlainText::new(text.to_owned())).await.unwrap()
    };
    let problem = async |text: &str| match paste(id, version, text).await {
        AccountAttachment::Invalid(errors) => errors.at(&AccountField::Token).cloned().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(problem("latchkey_nonsense").await, AccountProblem::TokenMalformed);
    let unknown = AuthToken::mint(|buffer| {
        buffer.fill(7);
        Ok::<(), ()>(())
    })
    .unwrap();
    assert_eq!(problem(unknown.expose()).await, AccountProblem::TokenNotLive);
    let weak = made(&place, "Weak", "employee-read").await;
    let AccountProblem::TokenLacks(lacks) = problem(weak.auth_token.expose()).await else { panic!() };
    assert!(lacks.iter().any(|name| name.as_str() == "assess-on-cloud-results-write"));

    let needed = place.details(id).await.scopes.to_string();
    let good = made(&place, "Good", &needed).await;
    let pair = format!(" {}:{} ", good.sid, good.auth_token.expose());
    let AccountAttachment::Attached { confirmation, version } = paste(id, version, &pair).await else { panic!() };
    assert!(confirmation.is_green());
    assert!(place.details(id).await.confirmed_at.is_some());
    let other = place.draft("Boston").await;
    let taken = paste(other, 2, good.auth_token.expose()).await;
    let AccountAttachment::Invalid(errors) = taken else { panic!("{taken:?}") };
    assert_eq!(errors.at(&AccountField::Token), Some(&AccountProblem::TokenOfAnotherAccount));

    // It is left alone when the draft goes.
    let cancelled = place.service().cancel_account(&place.ann, id, version).await.unwrap();
    assert!(matches!(
        cancelled,
        AccountCancellation::Cancelled { revoked: None, left_alone: Some(sid) } if sid == good.sid
    ));
    assert_eq!(place.verdict(&good.auth_token).await, Verdict::Active);
}

/// A token that Ann makes in her user settings.
async fn made(place: &Place, description: &str, scopes: &str) -> latchkey_domain::view::NewTokenView {
    let form = TokenForm {
        form_id: place.service().new_token_form(&place.ann).await.unwrap().form_id,
        description: description.to_owned(),
        expiration: "90d".to_owned(),
        scope_choice: ScopeChoice::SELECTED_CODE.to_owned(),
        scopes: scopes.split(' ').map(str::to_owned).collect(),
        ..TokenForm::default()
    };
    place.service().add_token(&place.ann, &form, &PlainText::default(), "").await.unwrap()
}

#[tokio::test]
async fn an_account_is_as_good_as_its_token() {
    let place = Place::sqlite().await;
    let (id, generated) = place.active("Denver", REP).await;
    let state = async || place.details(id).await.summary.state;
    assert_eq!(state().await, AccountState::Active);

    // Moved to somebody else, it goes on, and who set it up stays named.
    let rep = place.rep.rep.id;
    place.service().move_tokens(&place.ann, rep, BEN).await.unwrap();
    assert_eq!(state().await, AccountState::Active);
    let details = place.details(id).await;
    assert_eq!(details.summary.token.unwrap().owner_email, BEN);
    assert_eq!(place.store_token(generated.shown.sid).await.maker.unwrap().name, "ann");

    // Revoked among all tokens, it fails.
    place.service().revoke_token_of(&place.ann, generated.shown.sid).await.unwrap();
    assert_eq!(state().await, AccountState::Failing(AccountTrouble::TokenRevoked));
    let revoked = place.service().revoke_account(&place.ann, id).await.unwrap();
    assert!(revoked.had_ended);

    // Replaced, it works again.
    let form = place.token_form(id, ANN).await;
    let none = PlainText::default();
    let replaced = place.service().replace_account_token(&place.ann, id, &form, &none, "").await.unwrap();
    let AccountTokenOutcome::Generated(replaced) = replaced else { panic!() };
    assert!(replaced.confirmation.unwrap().is_green());
    assert_eq!(state().await, AccountState::Active);
    // Once more: the one before ends with it.
    let form = place.token_form(id, ANN).await;
    let again = place.service().replace_account_token(&place.ann, id, &form, &none, "").await.unwrap();
    let AccountTokenOutcome::Generated(again) = again else { panic!() };
    assert_eq!(place.verdict(&replaced.shown.auth_token).await, Verdict::Revoked);
    assert_eq!(place.verdict(&again.shown.auth_token).await, Verdict::Active);
    // A draft's way is closed to it.
    let generated = place.service().generate_account_token(&place.ann, id, &form, &none, "").await.unwrap();
    assert!(matches!(generated, AccountTokenOutcome::Submitted(acted) if acted.name == "ann"));
}

#[tokio::test]
async fn the_token_is_for_an_owner_who_may_grant_it() {
    let place = Place::sqlite().await;
    let id = place.draft("Denver").await;
    let none = PlainText::default();
    let generate =
        async |form: &AccountTokenForm| place.service().generate_account_token(&place.ann, id, form, &none, "").await;
    let problem = async |form: &AccountTokenForm| match generate(form).await.unwrap() {
        AccountTokenOutcome::Invalid(errors) => errors.at(&AccountField::TokenOwner).cloned().unwrap(),
        _ => panic!("not invalid"),
    };
    let nobody = place.token_form(id, "nobody@example.com").await;
    assert_eq!(problem(&nobody).await, AccountProblem::TokenOwnerUnfit);
    let with_credentials = AccountTokenForm { reads_credentials: true, ..place.token_form(id, REP).await };
    let AccountProblem::OwnerMayNotGrant(beyond) = problem(&with_credentials).await else { panic!() };
    assert_eq!(beyond.to_string(), "external-credential-read");
    let untold = AccountTokenForm { description: String::new(), ..place.token_form(id, REP).await };
    let refused = generate(&untold).await.err();
    let Some(Failure::Refused(Refusal::Invalid(errors))) = refused else { panic!("not refused") };
    assert!(errors.iter().eq([FieldProblem::DescriptionMissing]));
    let generated = generate(&AccountTokenForm { reads_credentials: true, ..place.token_form(id, BEN).await }).await;
    let AccountTokenOutcome::Generated(generated) = generated.unwrap() else { panic!() };
    let token = place.store_token(generated.shown.sid).await;
    assert!(token.scopes.iter().any(|name| name.as_str() == "external-credential-read"));
    assert_eq!(token.maker.unwrap().name, "ann");
    assert_eq!(token.rate_limit, TokenRateLimit::Default);
}

#[tokio::test]
async fn a_sensitive_scope_asks_for_the_password() {
    let place = Place::sqlite().await;
    let id = place.draft("Denver").await;
    let mut ann = place.ann.clone();
    ann.session.confirmed_at = ann.session.confirmed_at.plus_seconds(-3600);
    let form = place.token_form(id, ANN).await;
    let generate = async |password: &str| {
        let password = PlainText::new(password.to_owned());
        place.service().generate_account_token(&ann, id, &form, &password, "").await
    };
    for (password, problem) in
        [("", FieldProblem::PasswordNeededForSensitiveScopes), ("wrong", FieldProblem::CurrentPasswordWrong)]
    {
        let refused = generate(password).await.err();
        let Some(Failure::Refused(Refusal::Invalid(errors))) = refused else { panic!("not refused") };
        assert!(errors.iter().eq([problem]));
    }
    assert!(matches!(generate(PASSWORD).await, Ok(AccountTokenOutcome::Generated(_))));
}

#[tokio::test]
async fn scopes_of_the_generic_vendor_are_chosen() {
    let place = Place::sqlite().await;
    let AccountStart::Started(id) = place.start("generic-vendor", "system", "").await else { panic!() };
    let mut form = AccountForm::empty(SetUpStep::Credentials, 1);
    form.values.insert("vendor_name".to_owned(), "Northwind".to_owned());
    place.service().save_account(&place.ann, id, &form).await.unwrap();
    let none = PlainText::default();
    let early = place.token_form(id, ANN).await;
    let early = place.service().generate_account_token(&place.ann, id, &early, &none, "").await.unwrap();
    assert!(matches!(early, AccountTokenOutcome::Invalid(errors) if errors.at(&AccountField::Scopes).is_some()));
    assert!(!place.details(id).await.offered_scopes.is_empty());
    let choose = async |version, scopes: &[&str]| {
        let scopes = Some(scopes.iter().map(|&scope| scope.to_owned()).collect());
        let form = AccountForm { scopes, ..AccountForm::empty(SetUpStep::Additional, version) };
        let AccountSave::Saved { errors, .. } = place.service().save_account(&place.ann, id, &form).await.unwrap()
        else {
            panic!("not saved")
        };
        errors.at(&AccountField::Scopes).cloned()
    };
    assert_eq!(choose(2, &["no-such"]).await, Some(AccountProblem::ScopeUnknown));
    assert_eq!(choose(3, &["customer-read", "order-read"]).await, None);
    let generated = place.generate(id, REP).await;
    assert_eq!(place.store_token(generated.shown.sid).await.scopes.to_string(), "customer-read order-read");
    // One scope more, and the token that was confirmed is red.
    assert_eq!(choose(generated.version, &["customer-read", "order-read", "order-write"]).await, None);
    let missing = place.details(id).await.missing;
    assert!(matches!(missing.at(&AccountField::Token), Some(AccountProblem::TokenLacks(_))), "{missing:?}");
    // One less, and it has to be confirmed anew.
    let version = place.version(id).await;
    assert_eq!(choose(version, &["customer-read"]).await, None);
    let missing = place.details(id).await.missing;
    assert_eq!(missing.at(&AccountField::Token), Some(&AccountProblem::TokenNotConfirmed));
    let confirmed = place.service().confirm_account_token(&place.ann, id, &generated.shown.auth_token).await.unwrap();
    assert!(confirmed.unwrap().is_green());
    assert!(place.details(id).await.missing.is_empty());
}

#[tokio::test]
async fn without_a_key_no_credential_is_kept_and_none_is_asked_for() {
    let place = Place::without_keys().await;
    let AccountStart::Started(id) = place.start("e-verify", "system", "").await else { panic!() };
    let mut form = AccountForm::empty(SetUpStep::Credentials, 1);
    form.credentials.insert("password".to_owned(), PlainText::new("hunter2".to_owned()));
    let AccountSave::Saved { errors, .. } = place.service().save_account(&place.ann, id, &form).await.unwrap() else {
        panic!("not saved")
    };
    let problem = errors.at(&setting("password"));
    assert!(matches!(problem, Some(AccountProblem::Setting(_, SettingProblem::CannotBeKept))));
    let details = place.details(id).await;
    assert!(!details.can_keep_credentials && details.credentials.is_empty());
    assert!(details.missing.at(&setting("password")).is_none());
    assert!(place.service().missing_secret_keys().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_active_account_stays_whole() {
    let place = Place::sqlite().await;
    let (id, _) = place.active("Denver", ANN).await;
    let version = place.version(id).await;
    let mut form = additional(version);
    form.values.remove("days_to_expire");
    let saved = place.service().save_account(&place.ann, id, &form).await.unwrap();
    assert!(
        matches!(&saved, AccountSave::Invalid(errors) if errors.at(&setting("days_to_expire")).is_some()),
        "{saved:?}"
    );
    let mut form = credentials(version);
    form.credentials.clear();
    form.forgotten.push("password".to_owned());
    let saved = place.service().save_account(&place.ann, id, &form).await.unwrap();
    assert!(matches!(&saved, AccountSave::Invalid(errors) if errors.at(&setting("password")).is_some()), "{saved:?}");
    form.forgotten.clear();
    let saved = place.service().save_account(&place.ann, id, &form).await.unwrap();
    assert!(matches!(saved, AccountSave::Saved { .. }), "{saved:?}");
    assert_eq!(place.details(id).await.credentials.len(), 2);
}

#[tokio::test]
async fn every_change_is_written_down_and_no_secret_is() {
    let place = Place::sqlite().await;
    let (id, generated) = place.active("Denver", ANN).await;
    place.service().revoke_account(&place.ann, id).await.unwrap();
    let mut log = place.audited().await;
    log.reverse();
    let about: Vec<AuditAction> =
        log.into_iter().skip_while(|action| *action != AuditAction::ExternalAccountStarted).collect();
    assert_eq!(
        about,
        [
            AuditAction::ExternalAccountStarted,
            AuditAction::ExternalAccountSaved,
            AuditAction::TokenCreated,
            AuditAction::ExternalAccountTokenGenerated,
            AuditAction::ExternalAccountConfirmed,
            AuditAction::ExternalAccountSubmitted,
            AuditAction::TokenRevoked,
            AuditAction::ExternalAccountTokenRevoked,
        ]
    );
    let entries = place.store.newest_audit_entries(100).await.unwrap();
    let written = format!("{entries:?} {:?}", place.details(id).await);
    for secret in ["hunter-user", "hunter-password", generated.shown.auth_token.expose()] {
        assert!(!written.contains(secret), "{secret}");
    }
    let details: String = entries.iter().map(|entry| entry.detail.as_str()).collect();
    assert!(!details.contains("Denver") && !details.contains("bob@"), "what was typed stands in no entry");
}
