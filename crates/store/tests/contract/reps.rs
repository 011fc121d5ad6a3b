use latchkey_domain::{Appearance, RepId, RepKind, Role};
use latchkey_service::ports::{EmailChange, NewRep, RepChange, RepInsertion, RepStore, SessionStore, StoreError};
use latchkey_service::{AuditAction, PasswordHash};

use crate::Fixture;
use crate::fixture::{NOW, after, email, entry, new_rep, new_session, rep_id, secret};

/// Starts two sessions of a rep and one of another.
async fn start_sessions(fixture: &Fixture) {
    for (number, rep) in [(1, 1), (2, 1), (3, 2)] {
        let session = new_session(number, rep_id(rep));
        fixture.sign_in(&session, secret(9), &entry(AuditAction::SignedIn)).await.unwrap();
    }
}

/// The numbers of the sessions that are left.
async fn sessions_left(fixture: &Fixture) -> Vec<u8> {
    let mut left = Vec::new();
    for number in 1..=3 {
        if fixture.store.session(secret(number)).await.unwrap().is_some() {
            left.push(number);
        }
    }
    left
}

pub(crate) async fn a_rep_is_found_by_id_and_address(fixture: Fixture) {
    let mut new = new_rep(1, Role::Admin);
    new.rep.email = "Émile@Example.com".into();
    new.rep.name = "Émile 'Zola\"; --".into();
    new.rep.appearance = Appearance::Dark;
    new.rep.disabled_at = Some(after(5));
    fixture.store.insert_rep(&new, &entry(AuditAction::RepAdded)).await.unwrap();

    // Stored in lower case, however it came.
    new.rep.email = "émile@example.com".into();
    assert_eq!(fixture.store.rep(rep_id(1)).await.unwrap().as_ref(), Some(&new.rep));
    let found = fixture.store.rep_by_email(&email("ÉMILE@example.COM")).await.unwrap();
    assert_eq!(found.as_ref(), Some(&new.rep));
    assert_eq!(fixture.store.password_hash(rep_id(1)).await.unwrap(), new.password);

    assert_eq!(fixture.store.rep(rep_id(2)).await.unwrap(), None);
    assert_eq!(fixture.store.rep_by_email(&email("a@example.com")).await.unwrap(), None);
    assert_eq!(fixture.store.password_hash(rep_id(2)).await.unwrap(), None);
}

pub(crate) async fn an_address_belongs_to_one_rep(fixture: Fixture) {
    fixture.rep(1).await;
    let mut second = new_rep(2, Role::Rep);
    second.rep.email = "REP1@example.com".into();
    let refused = fixture.store.insert_rep(&second, &entry(AuditAction::RepAdded)).await.unwrap();
    assert_eq!(refused, RepInsertion::EmailTaken);
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded]);

    // Another rule's violation is not this one's.
    let mut same_id = new_rep(1, Role::Rep);
    same_id.rep.email = "other@example.com".into();
    let error = fixture.store.insert_rep(&same_id, &entry(AuditAction::RepAdded)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}

pub(crate) async fn reps_are_listed_by_address(fixture: Fixture) {
    // The order of bytes, as on either engine: "_" between the cases, "é" behind "z".
    for (number, address) in [(1, "z@x"), (2, "a_b@x"), (3, "ab@x"), (4, "é@x"), (5, "a-b@x")] {
        let mut new = new_rep(number, Role::Rep);
        new.rep.email = address.to_owned();
        fixture.store.insert_rep(&new, &entry(AuditAction::RepAdded)).await.unwrap();
    }
    let listed: Vec<String> = fixture.store.reps().await.unwrap().into_iter().map(|rep| rep.email).collect();
    assert_eq!(listed, ["a-b@x", "a_b@x", "ab@x", "z@x", "é@x"]);
}

pub(crate) async fn a_system_rep_has_owners_and_no_password(fixture: Fixture) {
    let (one, two) = (fixture.rep(1).await, fixture.rep(2).await);
    let system = new_system_rep(3, &[one.id, two.id]);
    fixture.store.insert_rep(&system, &entry(AuditAction::RepAdded)).await.unwrap();
    assert_eq!(fixture.store.rep(system.rep.id).await.unwrap(), Some(system.rep.clone()));
    assert_eq!(fixture.store.password_hash(system.rep.id).await.unwrap(), None);
    assert_eq!(fixture.execute("DELETE FROM system_rep_owner").await.unwrap(), 2);
}

pub(crate) async fn a_system_rep_has_two_enabled_people_as_owners(fixture: Fixture) {
    for number in 1..=4 {
        fixture.rep(number).await;
    }
    let first = new_system_rep(5, &[rep_id(1), rep_id(2)]);
    let added = AuditAction::RepAdded;
    assert_eq!(fixture.store.insert_rep(&first, &entry(added)).await.unwrap(), RepInsertion::Inserted);
    fixture.store.set_disabled(rep_id(3), Some(NOW), &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
    fixture.execute("UPDATE service_rep SET password_hash = NULL WHERE name = 'Rep 4'").await.unwrap();
    for owners in [
        vec![],
        vec![rep_id(1)],
        vec![rep_id(1), rep_id(1)],
        vec![rep_id(1), rep_id(9)],
        vec![rep_id(1), rep_id(3)],
        vec![rep_id(1), rep_id(4)],
        vec![rep_id(1), rep_id(5)],
    ] {
        let system = new_system_rep(6, &owners);
        let refused = fixture.store.insert_rep(&system, &entry(added)).await.unwrap();
        assert_eq!(refused, RepInsertion::OwnersUnfit, "{owners:?}");
    }
    assert_eq!(fixture.store.rep(rep_id(6)).await.unwrap(), None);
}

fn new_system_rep(number: u8, owners: &[RepId]) -> NewRep {
    let mut system = new_rep(number, Role::Rep);
    system.rep.kind = RepKind::System;
    system.password = None;
    system.owners = owners.to_vec();
    system
}

pub(crate) async fn a_rep_is_renamed(fixture: Fixture) {
    let rep = fixture.rep(1).await;
    for name in ["New", "New"] {
        fixture.store.rename_rep(rep.id, name, &entry(AuditAction::RepRenamed)).await.unwrap();
    }
    assert_eq!(fixture.store.rep(rep.id).await.unwrap().unwrap().name, "New");
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::RepRenamed]);
}

pub(crate) async fn an_appearance_is_chosen(fixture: Fixture) {
    let rep = fixture.rep(1).await;
    for appearance in Appearance::ALL {
        fixture.store.set_appearance(rep.id, appearance, &entry(AuditAction::AppearanceChanged)).await.unwrap();
        assert_eq!(fixture.store.rep(rep.id).await.unwrap().unwrap().appearance, appearance);
    }
    // The first was the one there was.
    let changed = AuditAction::AppearanceChanged;
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, changed, changed]);
}

pub(crate) async fn a_changed_address_ends_other_sessions(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.rep(2).await;
    start_sessions(&fixture).await;
    let change = async |address: &str| {
        let entry = entry(AuditAction::EmailChanged);
        fixture.store.change_email(rep_id(1), &email(address), secret(1), &entry).await.unwrap().unsettled()
    };
    assert_eq!(change("rep2@example.com").await, EmailChange::EmailTaken);
    assert_eq!(change("rep1@example.com").await, EmailChange::Changed { ended_sessions: 0 });
    assert_eq!(sessions_left(&fixture).await, [1, 2, 3]);
    assert_eq!(change("new@example.com").await, EmailChange::Changed { ended_sessions: 1 });
    assert_eq!(sessions_left(&fixture).await, [1, 3]);
    assert_eq!(fixture.store.rep_by_email(&email("new@example.com")).await.unwrap().unwrap().id, rep_id(1));
    let entries = fixture.audited().await;
    assert_eq!(entries.iter().filter(|action| **action == AuditAction::EmailChanged).count(), 1);
}

pub(crate) async fn a_changed_password_ends_other_sessions(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.rep(2).await;
    start_sessions(&fixture).await;
    let password = PasswordHash::from_phc("$argon2id$new".to_owned());
    let entry = entry(AuditAction::PasswordChanged);
    assert_eq!(fixture.store.change_password(rep_id(1), &password, secret(2), &entry).await.unwrap(), 1);
    assert_eq!(sessions_left(&fixture).await, [2, 3]);
    assert_eq!(fixture.store.password_hash(rep_id(1)).await.unwrap(), Some(password));
    assert_eq!(fixture.audited().await.last(), Some(&AuditAction::PasswordChanged));
}

pub(crate) async fn nobody_is_changed_without_a_trace(fixture: Fixture) {
    let store = &fixture.store;
    let nobody = rep_id(9);
    store.rename_rep(nobody, "X", &entry(AuditAction::RepRenamed)).await.unwrap();
    store.set_appearance(nobody, Appearance::Dark, &entry(AuditAction::AppearanceChanged)).await.unwrap();
    let changed = store
        .change_email(nobody, &email("a@x"), secret(1), &entry(AuditAction::EmailChanged))
        .await
        .unwrap()
        .unsettled();
    assert_eq!(changed, EmailChange::Changed { ended_sessions: 0 });
    let password = PasswordHash::from_phc("x".to_owned());
    let entry = entry(AuditAction::PasswordChanged);
    assert_eq!(store.change_password(nobody, &password, secret(1), &entry).await.unwrap(), 0);
    assert_eq!(store.set_disabled(nobody, Some(NOW), &entry).await.unwrap().unsettled(), RepChange::NotFound);
    assert_eq!(store.set_role(nobody, Role::Admin, &entry).await.unwrap().unsettled(), RepChange::NotFound);
    assert!(fixture.audited().await.is_empty());
}
