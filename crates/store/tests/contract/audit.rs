use latchkey_domain::external_account::ExternalAccountId;
use latchkey_service::ports::{RepStore, SessionStore, StoreError, TokenFilter, TokenStore};
use latchkey_service::{AuditAction, AuditActor, AuditEntry, AuditSubject, Origin};

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_session, new_token, rep_id, secret, sid, token_hash};

pub(crate) async fn every_actor_and_subject_comes_back(fixture: Fixture) {
    let actors =
        [AuditActor::Rep(rep_id(1)), AuditActor::Token(sid(2)), AuditActor::CommandLine, AuditActor::Anonymous];
    let account = ExternalAccountId::from_bytes([5; 16]);
    let subjects = [
        AuditSubject::Rep(rep_id(3)),
        AuditSubject::Token(sid(4)),
        AuditSubject::ExternalAccount(account),
        AuditSubject::Nothing,
    ];
    let mut written = Vec::new();
    for actor in actors {
        for subject in subjects {
            let entry = AuditEntry {
                at: after(5),
                actor,
                action: AuditAction::SignInFailed,
                subject,
                origin: Origin { address: "2001:db8::1".to_owned(), request_id: "r-é".to_owned() },
                detail: "3 scopes".to_owned(),
            };
            fixture.store.record_failed_attempt(&entry).await.unwrap();
            written.push(entry);
        }
    }
    written.reverse();
    assert_eq!(fixture.audit_log().await, written);
}

pub(crate) async fn every_action_comes_back(fixture: Fixture) {
    for action in AuditAction::ALL {
        fixture.store.record_failed_attempt(&entry(action)).await.unwrap();
    }
    assert_eq!(fixture.audited().await, AuditAction::ALL);
}

pub(crate) async fn the_newest_entry_comes_first(fixture: Fixture) {
    // By when it was written: the clock of another node may be behind.
    for (second, action) in [(5, AuditAction::SignInFailed), (3, AuditAction::SignedIn), (4, AuditAction::SignedOut)] {
        let entry = AuditEntry { at: after(second), ..entry(action) };
        fixture.store.record_failed_attempt(&entry).await.unwrap();
    }
    let newest = fixture.store.newest_audit_entries(2).await.unwrap();
    let actions: Vec<AuditAction> = newest.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [AuditAction::SignedOut, AuditAction::SignedIn]);
    assert_eq!(fixture.store.newest_audit_entries(0).await.unwrap(), []);
}

pub(crate) async fn what_fails_leaves_no_entry(fixture: Fixture) {
    // A session of nobody is none.
    let entry = entry(AuditAction::SignedIn);
    assert!(!fixture.sign_in(&new_session(1, rep_id(9)), secret(9), &entry).await.unwrap());
    assert!(fixture.audited().await.is_empty());
    // The other way round: where the entry cannot be written, the change does not happen.
    let owner = fixture.rep(1).await.id;
    fixture.execute("ALTER TABLE audit_entry RENAME TO elsewhere").await.unwrap();
    assert!(fixture.store.insert_token(&new_token(1, owner, "A"), 500, &entry).await.is_err());
    assert!(fixture.store.set_disabled(owner, Some(NOW), &entry).await.is_err());
    assert_eq!(fixture.store.credential(token_hash(1)).await.unwrap(), None);
    assert!(fixture.store.rep(owner).await.unwrap().unwrap().is_enabled());
    // The failure has cost no connection.
    fixture.execute("ALTER TABLE elsewhere RENAME TO audit_entry").await.unwrap();
    fixture.token(1, owner).await;
}

pub(crate) async fn unreadable_values_are_named(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    fixture.execute("UPDATE token SET scopes = 'Not A Scope'").await.unwrap();
    let errors = [
        fixture.store.token(sid(1), None).await.unwrap_err(),
        fixture.store.tokens(TokenFilter::default(), 1).await.unwrap_err(),
        fixture.store.credential(token_hash(1)).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Inconsistent { table: "token", column: "scopes" }), "{error}");
    }
    fixture.execute("UPDATE service_rep SET role = 'owner'").await.unwrap();
    let error = fixture.store.reps().await.unwrap_err();
    assert_eq!(error.to_string(), "the database holds a role in service_rep that cannot be read");
    fixture.execute("UPDATE audit_entry SET actor_kind = 'rep', actor_id = NULL").await.unwrap();
    let error = fixture.store.newest_audit_entries(1).await.unwrap_err();
    assert!(matches!(error, StoreError::Inconsistent { table: "audit_entry", column: "actor_kind" }), "{error}");
}

pub(crate) async fn errors_quote_no_rows(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let session = new_session(1, owner);
    fixture.sign_in(&session, secret(9), &entry(AuditAction::SignedIn)).await.unwrap();
    let error = fixture.sign_in(&session, secret(9), &entry(AuditAction::SignedIn)).await.unwrap_err();
    // PostgreSQL's own error would quote the hash: Key (hash)=(\x0101…) already exists.
    for printed in [format!("{error}"), format!("{error:?}")] {
        assert!(printed.contains("session"), "{printed}");
        assert!(!printed.contains("0101"), "{printed}");
    }
}
