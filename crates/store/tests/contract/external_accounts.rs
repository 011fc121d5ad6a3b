use std::sync::LazyLock;

use futures_util::future::join_all;
use latchkey_domain::external_account::{AccountLevel, ExternalAccountId, SettingName};
use latchkey_domain::{AccountSid, Role, ScopeSet, TokenSource};
use latchkey_service::ports::{
    AccountChange, AccountContent, AccountRecord, AccountStage, AccountTarget, Activation, CancelledDraft, ChangeStore,
    Committed, DraftInsertion, ExternalAccountStore, NewDraft, NewToken, PolicyVersion, Revision, StoreResult,
    TokenChange, TokenGift, TokenGiftAudits, TokenInsertion, TokenStore,
};
use latchkey_service::{AuditAction, AuditActor, AuditEntry, AuditSubject, KeyId, SealedCredential};
use latchkey_store::SqlStore;

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_token, rep_id, sid, token_hash};

fn id(number: u8) -> ExternalAccountId {
    ExternalAccountId::from_bytes([number; 16])
}

fn draft(number: u8, key: &str) -> NewDraft {
    NewDraft {
        id: id(number),
        integration: "assess-on-cloud".parse().unwrap(),
        level: AccountLevel::Branch,
        entity: key.to_owned(),
        entity_rep: None,
        entity_key: key.to_lowercase(),
        settings: "{}".to_owned(),
        by: rep_id(1),
    }
}

fn target(number: u8, version: i64, stage: AccountStage) -> AccountTarget {
    AccountTarget { id: id(number), version, stage, by: rep_id(1) }
}

fn on_draft(number: u8, version: i64) -> AccountTarget {
    target(number, version, AccountStage::Draft)
}

fn name(text: &str) -> SettingName {
    text.parse().unwrap()
}

fn sealed(number: u8, setting: &str, key: u8, content: u8) -> SealedCredential {
    SealedCredential {
        account: id(number),
        name: name(setting),
        key: KeyId::from_bytes([key; 8]),
        sealed: vec![content; 48],
    }
}

static NO_SCOPES: LazyLock<ScopeSet> = LazyLock::new(ScopeSet::default);

fn content(settings: &str) -> AccountContent<'_> {
    AccountContent { settings, scopes: &NO_SCOPES, sealed: &[], forgotten: &[] }
}

/// A token as the set-up of an integration makes it.
fn integration_token(number: u8, description: &str) -> NewToken {
    let mut token = new_token(number, rep_id(1), description);
    token.token.source = TokenSource::Integration;
    token.form = None;
    token
}

/// A fixture with an admin and a draft.
async fn with_draft(fixture: &Fixture) {
    fixture.person(1, Role::Admin).await;
    insert(fixture, &draft(1, "Denver")).await;
}

async fn insert(fixture: &Fixture, draft: &NewDraft) -> DraftInsertion {
    fixture.store.insert_draft(draft, &about(draft.id, AuditAction::ExternalAccountStarted)).await.unwrap()
}

fn about(id: ExternalAccountId, action: AuditAction) -> AuditEntry {
    AuditEntry { subject: AuditSubject::ExternalAccount(id), ..entry(action) }
}

async fn account(fixture: &Fixture, number: u8) -> Option<AccountRecord> {
    fixture.store.external_account(id(number)).await.unwrap()
}

async fn give(store: &SqlStore, target: AccountTarget, token: &NewToken) -> AccountChange<TokenGift> {
    let audits = TokenGiftAudits {
        token: &entry(AuditAction::TokenCreated),
        account: &about(target.id, AuditAction::ExternalAccountTokenGenerated),
        each: &entry(AuditAction::TokenRevoked),
    };
    store.give_new_token(target, token, 500, audits).await.unwrap().unsettled()
}

async fn attach(fixture: &Fixture, target: AccountTarget, token: AccountSid) -> AccountChange<Option<i64>> {
    let (audit, each) = (about(target.id, AuditAction::ExternalAccountTokenPasted), entry(AuditAction::TokenRevoked));
    fixture.store.attach_token(target, token, &audit, &each).await.unwrap().unsettled()
}

async fn submit(store: &SqlStore, target: AccountTarget) -> AccountChange<Activation> {
    let audit = about(target.id, AuditAction::ExternalAccountSubmitted);
    store.submit_external_account(target, content("{}"), &audit).await.unwrap()
}

async fn cancel(store: &SqlStore, target: AccountTarget) -> AccountChange<CancelledDraft> {
    let (audit, each) = (about(target.id, AuditAction::ExternalAccountCancelled), entry(AuditAction::TokenRevoked));
    store.cancel_draft(target, &audit, &each).await.unwrap().unsettled()
}

async fn is_live(fixture: &Fixture, number: u8) -> bool {
    fixture.store.token(sid(number), None).await.unwrap().is_some_and(|token| token.revoked_at.is_none())
}

fn is_overtaken<T>(change: &AccountChange<T>) -> bool {
    matches!(change, AccountChange::Overtaken(_))
}

pub(crate) async fn a_draft_comes_back_as_it_was_stored(fixture: Fixture) {
    fixture.person(1, Role::Admin).await;
    fixture.rep(2).await;
    assert_eq!(insert(&fixture, &draft(1, "Zürich Nord")).await, DraftInsertion::Inserted);
    let of_rep = NewDraft {
        integration: "e-verify".parse().unwrap(),
        level: AccountLevel::ServiceRep,
        entity: String::new(),
        entity_rep: Some(rep_id(2)),
        entity_key: rep_id(2).to_string(),
        settings: r#"{"days":30}"#.to_owned(),
        ..draft(2, "")
    };
    assert_eq!(insert(&fixture, &of_rep).await, DraftInsertion::Inserted);

    let record = account(&fixture, 1).await.unwrap();
    assert_eq!((record.integration.as_str(), record.level), ("assess-on-cloud", AccountLevel::Branch));
    assert_eq!((record.entity.as_str(), record.entity_rep.clone()), ("Zürich Nord", None));
    assert_eq!((record.stage, record.version, record.token), (AccountStage::Draft, 1, None));
    assert_eq!((record.settings.as_str(), record.scopes.is_empty()), ("{}", true));
    assert_eq!((record.started.name.as_str(), record.started.at), ("Rep 1", NOW));
    assert_eq!((&record.changed, record.submitted.clone(), record.confirmed_at), (&record.started, None, None));
    let other = account(&fixture, 2).await.unwrap();
    assert_eq!(other.entity_rep, Some((rep_id(2), "Rep 2".to_owned())));
    assert_eq!(account(&fixture, 3).await, None);
    let listed = fixture.store.external_accounts(10).await.unwrap();
    assert_eq!(listed, [record, other]);
    assert_eq!(fixture.store.external_accounts(1).await.unwrap().len(), 1);
    assert_eq!(fixture.audit_log().await[0].subject, AuditSubject::ExternalAccount(id(2)));
}

pub(crate) async fn a_place_is_taken_once(fixture: Fixture) {
    with_draft(&fixture).await;
    assert_eq!(insert(&fixture, &draft(2, "DENVER")).await, DraftInsertion::Taken(id(1)));
    assert_eq!(
        insert(&fixture, &NewDraft { level: AccountLevel::Company, ..draft(2, "Denver") }).await,
        DraftInsertion::Inserted
    );
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let audit = entry(AuditAction::ExternalAccountStarted);
    let drafts: Vec<NewDraft> = (10..18).map(|number| draft(number, "Boston")).collect();
    let insertions = drafts.iter().enumerate().map(|(index, draft)| nodes[index % 2].insert_draft(draft, &audit));
    let outcomes: Vec<DraftInsertion> = join_all(insertions).await.into_iter().map(Result::unwrap).collect();
    let made = outcomes.iter().position(|outcome| *outcome == DraftInsertion::Inserted).unwrap();
    for (index, outcome) in outcomes.iter().enumerate().filter(|(index, _)| *index != made) {
        assert_eq!(*outcome, DraftInsertion::Taken(drafts[made].id), "{index}");
    }
    assert_eq!(fixture.store.external_accounts(10).await.unwrap().len(), 3);
}

pub(crate) async fn a_step_is_kept_under_the_next_version(fixture: Fixture) {
    with_draft(&fixture).await;
    fixture.person(2, Role::Admin).await;
    let audit = about(id(1), AuditAction::ExternalAccountSaved);
    let save = async |target: AccountTarget, content: AccountContent<'_>| {
        fixture.store.save_external_account(target, content, &audit).await.unwrap()
    };
    let scopes: ScopeSet = "employee-read".parse().unwrap();
    let both = [sealed(1, "password", 7, 1), sealed(1, "user", 7, 2)];
    let first = AccountContent { settings: r#"{"days":30}"#, scopes: &scopes, sealed: &both, forgotten: &[] };
    let by_another = AccountTarget { by: rep_id(2), ..on_draft(1, 1) };
    assert_eq!(save(by_another, first).await, AccountChange::Done(2));
    let record = account(&fixture, 1).await.unwrap();
    assert_eq!((record.settings.as_str(), &record.scopes, record.version), (r#"{"days":30}"#, &scopes, 2));
    assert_eq!((record.changed.name.as_str(), record.started.name.as_str()), ("Rep 2", "Rep 1"));
    assert_eq!(fixture.store.sealed_credentials(id(1)).await.unwrap(), both);

    // The same form again, another stage, another account.
    let before = fixture.audited().await.len();
    let overtaken = save(on_draft(1, 1), content("[]")).await;
    assert!(matches!(&overtaken, AccountChange::Overtaken(found) if found.changed.name == "Rep 2"), "{overtaken:?}");
    assert!(is_overtaken(&save(target(1, 2, AccountStage::Active), content("[]")).await));
    assert_eq!(save(on_draft(9, 1), content("[]")).await, AccountChange::NotFound);
    assert_eq!(fixture.audited().await.len(), before);

    let (replaced, forgotten) = ([sealed(1, "password", 8, 3)], [name("user"), name("never_set")]);
    let second = AccountContent { sealed: &replaced, forgotten: &forgotten, scopes: &scopes, ..content("{}") };
    assert_eq!(save(on_draft(1, 2), second).await, AccountChange::Done(3));
    assert_eq!(fixture.store.sealed_credentials(id(1)).await.unwrap(), replaced);
}

pub(crate) async fn a_generated_token_comes_with_its_draft(fixture: Fixture) {
    with_draft(&fixture).await;
    let first = integration_token(1, "Assess on Cloud");
    assert_eq!(give(&fixture.store, on_draft(1, 1), &first).await, AccountChange::Done(TokenGift::Given(2)));
    assert_eq!(account(&fixture, 1).await.unwrap().token, Some((sid(1), true)));
    assert_eq!(fixture.store.external_account_of(sid(1)).await.unwrap().unwrap().id, id(1));
    assert_eq!(fixture.store.token(sid(1), None).await.unwrap().unwrap().source, TokenSource::Integration);

    // Another of the same description takes its place: both tokens are changes of one revision.
    let revision = fixture.store.token_changes(Revision::default()).await.unwrap().latest;
    let second = integration_token(2, "assess on cloud");
    assert_eq!(give(&fixture.store, on_draft(1, 2), &second).await, AccountChange::Done(TokenGift::Given(3)));
    assert_eq!((is_live(&fixture, 1).await, is_live(&fixture, 2).await), (false, true));
    assert_eq!(account(&fixture, 1).await.unwrap().token, Some((sid(2), true)));
    let changes = fixture.store.token_changes(revision).await.unwrap();
    let mut named = changes.changes.unwrap();
    named.sort_unstable();
    assert_eq!(named, [TokenChange::Token(sid(2)), TokenChange::Revoked(sid(1))]);
    assert_eq!(changes.latest.number(), revision.number() + 1);

    // The same form again makes nothing, and neither does one whose token is refused.
    assert!(is_overtaken(&give(&fixture.store, on_draft(1, 2), &integration_token(3, "x")).await));
    fixture.token(9, rep_id(1)).await;
    let taken = give(&fixture.store, on_draft(1, 3), &integration_token(3, "Token 9")).await;
    assert_eq!(taken, AccountChange::Done(TokenGift::Refused(TokenInsertion::DescriptionTaken)));
    assert_eq!((is_live(&fixture, 2).await, fixture.store.token(sid(3), None).await.unwrap()), (true, None));
    assert_eq!(account(&fixture, 1).await.unwrap().token, Some((sid(2), true)));
    let log = fixture.audited().await;
    assert_eq!(log.iter().filter(|action| **action == AuditAction::TokenRevoked).count(), 1);
}

pub(crate) async fn a_pasted_token_is_one_accounts(fixture: Fixture) {
    with_draft(&fixture).await;
    insert(&fixture, &draft(2, "Boston")).await;
    fixture.token(5, rep_id(1)).await;
    give(&fixture.store, on_draft(1, 1), &integration_token(1, "Generated")).await;

    // The one that was generated stays one that was.
    assert_eq!(attach(&fixture, on_draft(1, 2), sid(1)).await, AccountChange::Done(Some(3)));
    assert_eq!(account(&fixture, 1).await.unwrap().token, Some((sid(1), true)));
    assert!(is_live(&fixture, 1).await);
    // A pasted one takes its place, and it ends.
    assert_eq!(attach(&fixture, on_draft(1, 3), sid(5)).await, AccountChange::Done(Some(4)));
    assert_eq!(account(&fixture, 1).await.unwrap().token, Some((sid(5), false)));
    assert_eq!((is_live(&fixture, 1).await, is_live(&fixture, 5).await), (false, true));
    // No other account can have it.
    assert_eq!(attach(&fixture, on_draft(2, 1), sid(5)).await, AccountChange::Done(None));
    assert_eq!(account(&fixture, 2).await.unwrap().version, 1);
    // What is generated after it leaves it alone.
    let given = give(&fixture.store, on_draft(1, 4), &integration_token(2, "Generated")).await;
    assert_eq!(given, AccountChange::Done(TokenGift::Given(5)));
    assert_eq!((is_live(&fixture, 5).await, is_live(&fixture, 2).await), (true, true));
    assert_eq!(attach(&fixture, on_draft(2, 1), sid(5)).await, AccountChange::Done(Some(2)));
}

pub(crate) async fn a_submission_needs_a_live_token(fixture: Fixture) {
    with_draft(&fixture).await;
    assert_eq!(submit(&fixture.store, on_draft(1, 1)).await, AccountChange::Done(Activation::TokenEnded));
    give(&fixture.store, on_draft(1, 1), &integration_token(1, "Generated")).await;
    fixture.store.revoke_token(sid(1), None, NOW, &entry(AuditAction::TokenRevoked)).await.unwrap().unsettled();
    assert_eq!(submit(&fixture.store, on_draft(1, 2)).await, AccountChange::Done(Activation::TokenEnded));
    assert_eq!(account(&fixture, 1).await.unwrap().stage, AccountStage::Draft);
    let mut short = integration_token(2, "Generated");
    short.token.expires_at = NOW;
    give(&fixture.store, on_draft(1, 2), &short).await;
    assert_eq!(submit(&fixture.store, on_draft(1, 3)).await, AccountChange::Done(Activation::TokenEnded));
    give(&fixture.store, on_draft(1, 3), &integration_token(3, "Generated")).await;
    assert_eq!(submit(&fixture.store, on_draft(1, 4)).await, AccountChange::Done(Activation::Active));
    let record = account(&fixture, 1).await.unwrap();
    assert_eq!((record.stage, record.submitted.unwrap().name.as_str()), (AccountStage::Active, "Rep 1"));
    // Whatever the program did: not without a token.
    assert!(fixture.execute("UPDATE external_account SET token = NULL").await.is_err());
}

pub(crate) async fn parallel_submissions_make_one(fixture: Fixture) {
    with_draft(&fixture).await;
    for number in 2..=4 {
        fixture.person(number, Role::Admin).await;
    }
    give(&fixture.store, on_draft(1, 1), &integration_token(1, "Generated")).await;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let submissions = (1..=4_u8).map(|by| {
        let target = AccountTarget { by: rep_id(by), ..on_draft(1, 2) };
        submit(&nodes[usize::from(by) % 2], target)
    });
    let outcomes = join_all(submissions).await;
    let made: Vec<usize> = (0..4).filter(|index| outcomes[*index] == AccountChange::Done(Activation::Active)).collect();
    assert_eq!(made.len(), 1, "{outcomes:?}");
    let winner = format!("Rep {}", made[0] + 1);
    for outcome in &outcomes {
        if let AccountChange::Overtaken(found) = outcome {
            assert_eq!(found.submitted.as_ref().map(|acted| acted.name.as_str()), Some(winner.as_str()));
        }
    }
    let submitted =
        fixture.audited().await.into_iter().filter(|action| *action == AuditAction::ExternalAccountSubmitted);
    assert_eq!(submitted.count(), 1);
}

pub(crate) async fn a_cancelled_draft_takes_its_generated_token_along(fixture: Fixture) {
    with_draft(&fixture).await;
    insert(&fixture, &draft(2, "Boston")).await;
    fixture.token(5, rep_id(1)).await;
    give(&fixture.store, on_draft(1, 1), &integration_token(1, "Generated")).await;
    attach(&fixture, on_draft(2, 1), sid(5)).await;
    let credentials = [sealed(1, "password", 7, 1)];
    let with_credentials = AccountContent { sealed: &credentials, ..content("{}") };
    fixture
        .store
        .save_external_account(on_draft(1, 2), with_credentials, &entry(AuditAction::ExternalAccountSaved))
        .await
        .unwrap();

    assert!(is_overtaken(&cancel(&fixture.store, on_draft(1, 2)).await));
    let gone = CancelledDraft { revoked: Some(sid(1)), left_alone: None };
    assert_eq!(cancel(&fixture.store, on_draft(1, 3)).await, AccountChange::Done(gone));
    assert_eq!((account(&fixture, 1).await, is_live(&fixture, 1).await), (None, false));
    assert_eq!(fixture.store.sealed_credentials(id(1)).await.unwrap(), []);
    assert_eq!(cancel(&fixture.store, on_draft(1, 3)).await, AccountChange::NotFound);

    let left = CancelledDraft { revoked: None, left_alone: Some(sid(5)) };
    assert_eq!(cancel(&fixture.store, on_draft(2, 2)).await, AccountChange::Done(left));
    assert!(is_live(&fixture, 5).await);
    assert_eq!(insert(&fixture, &draft(3, "Denver")).await, DraftInsertion::Inserted, "its place is free again");
}

pub(crate) async fn submissions_and_cancellations_at_once_leave_one_of_the_two(fixture: Fixture) {
    fixture.person(1, Role::Admin).await;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    for number in 1..=8_u8 {
        insert(&fixture, &draft(number, &format!("Branch {number}"))).await;
        give(&fixture.store, on_draft(number, 1), &integration_token(number, &format!("Token {number}"))).await;
        let target = on_draft(number, 2);
        let (submitted, cancelled) = if number % 2 == 0 {
            tokio::join!(submit(&nodes[0], target), cancel(&nodes[1], target))
        } else {
            let (cancelled, submitted) = tokio::join!(cancel(&nodes[0], target), submit(&nodes[1], target));
            (submitted, cancelled)
        };
        let is_active = submitted == AccountChange::Done(Activation::Active);
        let is_cancelled = matches!(cancelled, AccountChange::Done(_));
        assert!(is_active != is_cancelled, "{submitted:?} {cancelled:?}");
        let record = account(&fixture, number).await;
        assert_eq!(record.map(|record| record.stage), is_active.then_some(AccountStage::Active));
        assert_eq!(is_live(&fixture, number).await, is_active, "no token without its account, and none lost");
    }
}

pub(crate) async fn an_active_account_keeps_a_token(fixture: Fixture) {
    with_draft(&fixture).await;
    let revoke = async || {
        let (audit, each) = (about(id(1), AuditAction::ExternalAccountTokenRevoked), entry(AuditAction::TokenRevoked));
        fixture.store.revoke_account_token(id(1), &audit, &each).await.unwrap().unsettled()
    };
    assert_eq!(revoke().await, None);
    fixture.token(5, rep_id(1)).await;
    attach(&fixture, on_draft(1, 1), sid(5)).await;
    assert_eq!(revoke().await, None, "it is a draft");
    submit(&fixture.store, on_draft(1, 2)).await;
    let record = account(&fixture, 1).await.unwrap();
    let active = |version| target(1, version, AccountStage::Active);
    // A pasted token ends too when it is replaced: the account was given it.
    let given = give(&fixture.store, active(record.version), &integration_token(6, "Another")).await;
    assert_eq!(given, AccountChange::Done(TokenGift::Given(record.version + 1)));
    assert_eq!((is_live(&fixture, 5).await, is_live(&fixture, 6).await), (false, true));
    assert_eq!(revoke().await, Some((sid(6), false)));
    assert_eq!(revoke().await, Some((sid(6), true)));
    let record = account(&fixture, 1).await.unwrap();
    assert_eq!((record.stage, record.token), (AccountStage::Active, Some((sid(6), true))));
    assert!(is_overtaken(&cancel(&fixture.store, on_draft(1, record.version)).await));
    let credential = fixture.store.credential(token_hash(6)).await.unwrap().unwrap();
    assert_eq!(credential.token.revoked_at, Some(NOW));
}

pub(crate) async fn tokens_for_accounts_and_others_do_not_wait_for_each_other(fixture: Fixture) {
    fixture.person(1, Role::Admin).await;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    for number in 1..=8_u8 {
        insert(&fixture, &draft(number, &format!("Branch {number}"))).await;
    }
    // Each locks the policy and the owner, one for an account and the other for itself.
    let audit = entry(AuditAction::TokenCreated);
    let others: Vec<NewToken> =
        (1..=8_u8).map(|number| new_token(100 + number, rep_id(1), &format!("Other {number}"))).collect();
    for version in 1..=4 {
        let given = (1..=8_u8).map(|number| {
            let token = integration_token(number + 10 * u8::try_from(version).unwrap(), &format!("Account {number}"));
            let store = &nodes[usize::from(number) % 2];
            async move { give(store, on_draft(number, version), &token).await }
        });
        let made = others.iter().enumerate().map(|(index, token)| nodes[index % 2].insert_token(token, 500, &audit));
        let (given, made) = tokio::join!(join_all(given), join_all(made));
        assert!(made.into_iter().all(|made| made.is_ok()));
        for change in given {
            assert_eq!(change, AccountChange::Done(TokenGift::Given(version + 1)));
        }
    }
}

pub(crate) async fn a_token_of_another_policy_is_not_given(fixture: Fixture) {
    with_draft(&fixture).await;
    give(&fixture.store, on_draft(1, 1), &integration_token(1, "Generated")).await;
    let mut token = integration_token(2, "Generated");
    token.policy = PolicyVersion::from_number(7);
    let given = give(&fixture.store, on_draft(1, 2), &token).await;
    assert_eq!(given, AccountChange::Done(TokenGift::Refused(TokenInsertion::PolicyChanged)));
    assert!(is_live(&fixture, 1).await);
}

pub(crate) async fn a_confirmation_is_of_one_token(fixture: Fixture) {
    with_draft(&fixture).await;
    give(&fixture.store, on_draft(1, 1), &integration_token(1, "Generated")).await;
    let mut audit = about(id(1), AuditAction::ExternalAccountConfirmed);
    audit.at = after(5);
    let scopes = |names: &str| -> ScopeSet { names.parse().unwrap() };
    let note = async |token, names: &str, confirmed| {
        fixture.store.note_confirmation(id(1), token, &scopes(names), confirmed, &audit).await.unwrap()
    };
    assert!(!note(sid(2), "", true).await);
    assert!(!note(sid(1), "employee-read", true).await, "those are not the account's");
    assert!(note(sid(1), "", true).await);
    let record = account(&fixture, 1).await.unwrap();
    assert_eq!((record.confirmed_at, record.version), (Some(after(5)), 2));
    // Other scopes, and another token, were not confirmed.
    let saved = async |names: &str, version| {
        let scopes = scopes(names);
        let content = AccountContent { scopes: &scopes, ..content("{}") };
        fixture.store.save_external_account(on_draft(1, version), content, &audit).await.unwrap();
        account(&fixture, 1).await.unwrap().confirmed_at
    };
    assert_eq!(saved("", 2).await, Some(after(5)));
    assert_eq!(saved("employee-read", 3).await, None);
    assert!(!note(sid(1), "", true).await, "what was asked before the scopes changed");
    assert!(note(sid(1), "employee-read", true).await);
    assert!(note(sid(1), "employee-read", false).await);
    assert_eq!(account(&fixture, 1).await.unwrap().confirmed_at, None);
    assert!(note(sid(1), "employee-read", true).await);
    give(&fixture.store, on_draft(1, 4), &integration_token(2, "Generated")).await;
    assert_eq!(account(&fixture, 1).await.unwrap().confirmed_at, None);
}

pub(crate) async fn credentials_are_sealed_anew_one_by_one(fixture: Fixture) {
    with_draft(&fixture).await;
    insert(&fixture, &draft(2, "Boston")).await;
    let keep = async |number: u8, credentials: &[SealedCredential]| {
        let content = AccountContent { sealed: credentials, ..content("{}") };
        let audit = entry(AuditAction::ExternalAccountSaved);
        fixture.store.save_external_account(on_draft(number, 1), content, &audit).await.unwrap();
    };
    keep(1, &[sealed(1, "password", 7, 1), sealed(1, "user", 8, 2)]).await;
    keep(2, &[sealed(2, "password", 7, 3)]).await;
    let keys = async || -> StoreResult<Vec<(KeyId, u64)>> { fixture.store.sealing_keys().await };
    let key = |number: u8| KeyId::from_bytes([number; 8]);
    assert_eq!(keys().await.unwrap(), [(key(7), 2), (key(8), 1)]);
    let waiting = fixture.store.credentials_to_reseal(key(8), 10).await.unwrap();
    assert_eq!(waiting, [sealed(1, "password", 7, 1), sealed(2, "password", 7, 3)]);
    assert_eq!(fixture.store.credentials_to_reseal(key(8), 1).await.unwrap().len(), 1);

    let reseal = async |from: &SealedCredential, to: &SealedCredential| {
        let audit = about(from.account, AuditAction::CredentialResealed);
        fixture.store.reseal_credential(from, to, &audit).await.unwrap()
    };
    assert!(reseal(&waiting[0], &sealed(1, "password", 8, 9)).await);
    // What was replaced meanwhile is not touched, and leaves no entry.
    assert!(!reseal(&waiting[0], &sealed(1, "password", 8, 10)).await);
    assert_eq!(keys().await.unwrap(), [(key(7), 1), (key(8), 2)]);
    let resealed = fixture.audited().await.into_iter().filter(|action| *action == AuditAction::CredentialResealed);
    assert_eq!(resealed.count(), 1);
    let kept = fixture.store.sealed_credentials(id(1)).await.unwrap();
    assert_eq!(kept, [sealed(1, "password", 8, 9), sealed(1, "user", 8, 2)]);
}

pub(crate) async fn whoever_is_no_admin_any_longer_changes_no_account(fixture: Fixture) {
    with_draft(&fixture).await;
    let store = &fixture.store;
    assert_eq!(fixture.execute("UPDATE service_rep SET role = 'rep'").await.unwrap(), 1);
    let by_rep = AuditEntry { actor: AuditActor::Rep(rep_id(1)), ..about(id(1), AuditAction::ExternalAccountSaved) };
    let before = (store.external_account(id(1)).await.unwrap(), fixture.audit_log().await.len());
    assert_eq!(insert(&fixture, &draft(2, "Boulder")).await, DraftInsertion::NotAllowed);
    let saved = store.save_external_account(on_draft(1, 1), content("{}"), &by_rep).await.unwrap();
    assert_eq!(saved, AccountChange::NotAllowed);
    let submitted = store.submit_external_account(on_draft(1, 1), content("{}"), &by_rep).await.unwrap();
    assert_eq!(submitted, AccountChange::NotAllowed);
    let attached = store.attach_token(on_draft(1, 1), sid(1), &by_rep, &by_rep).await.unwrap();
    assert_eq!(attached, Committed::unchanged(AccountChange::NotAllowed));
    let cancelled = store.cancel_draft(on_draft(1, 1), &by_rep, &by_rep).await.unwrap();
    assert_eq!(cancelled, Committed::unchanged(AccountChange::NotAllowed));
    let revoked = store.revoke_account_token(id(1), &by_rep, &by_rep).await.unwrap();
    assert_eq!(revoked, Committed::unchanged(None));
    assert!(!store.note_confirmation(id(1), sid(1), &ScopeSet::default(), true, &by_rep).await.unwrap());
    assert_eq!((store.external_account(id(1)).await.unwrap(), fixture.audit_log().await.len()), before);
}
