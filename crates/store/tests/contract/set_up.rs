use futures_util::future::join_all;
use latchkey_domain::Role;
use latchkey_service::AuditAction;
use latchkey_service::ports::{FirstAdmin, RepStore, SessionStore, SetUpState, SetUpStore};

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_rep, new_session, secret};

async fn create(fixture: &Fixture, code: u8, number: u8) -> FirstAdmin {
    let admin = new_rep(number, Role::Admin);
    let session = new_session(number, admin.rep.id);
    let entry = entry(AuditAction::FirstAdminCreated);
    fixture.store.create_first_admin(secret(code), &admin, &session, &entry).await.unwrap()
}

async fn state(fixture: &Fixture, code: u8) -> SetUpState {
    fixture.store.set_up_state(secret(code), NOW).await.unwrap()
}

pub(crate) async fn a_code_opens_until_it_expires(fixture: Fixture) {
    assert_eq!(state(&fixture, 1).await, SetUpState::LinkInvalid);
    assert!(fixture.store.offer_set_up(secret(1), after(60)).await.unwrap());
    for (at, expected) in [(0, SetUpState::Open), (59, SetUpState::Open), (60, SetUpState::LinkInvalid)] {
        assert_eq!(fixture.store.set_up_state(secret(1), after(at)).await.unwrap(), expected, "{at}");
    }
}

pub(crate) async fn a_new_code_replaces_the_old_one(fixture: Fixture) {
    for code in [1, 2] {
        assert!(fixture.store.offer_set_up(secret(code), after(60)).await.unwrap());
    }
    assert_eq!(state(&fixture, 1).await, SetUpState::LinkInvalid);
    assert_eq!(state(&fixture, 2).await, SetUpState::Open);
}

pub(crate) async fn the_first_admin_uses_up_the_code(fixture: Fixture) {
    fixture.store.offer_set_up(secret(1), after(60)).await.unwrap();
    assert_eq!(create(&fixture, 1, 1).await, FirstAdmin::Created);

    let (session, rep) = fixture.store.session(secret(1)).await.unwrap().unwrap();
    assert_eq!(session, new_session(1, rep.id));
    assert_eq!(rep, new_rep(1, Role::Admin).rep);
    assert_eq!(create(&fixture, 1, 2).await, FirstAdmin::Refused(SetUpState::Closed));
    assert!(!fixture.store.offer_set_up(secret(2), after(60)).await.unwrap());
    assert_eq!(fixture.audited().await, [AuditAction::FirstAdminCreated]);
}

pub(crate) async fn a_wrong_code_makes_nothing(fixture: Fixture) {
    fixture.store.offer_set_up(secret(1), NOW).await.unwrap();
    for code in [1, 2] {
        assert_eq!(create(&fixture, code, 1).await, FirstAdmin::Refused(SetUpState::LinkInvalid), "{code}");
    }
    assert!(fixture.store.reps().await.unwrap().is_empty());
    assert!(fixture.audited().await.is_empty());
}

pub(crate) async fn a_taken_address_leaves_the_code(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.store.offer_set_up(secret(1), after(60)).await.unwrap();
    let mut admin = new_rep(2, Role::Admin);
    admin.rep.email = "rep1@example.com".into();
    let session = new_session(2, admin.rep.id);
    let entry = entry(AuditAction::FirstAdminCreated);
    let refused = fixture.store.create_first_admin(secret(1), &admin, &session, &entry).await.unwrap();
    assert_eq!(refused, FirstAdmin::EmailTaken);
    assert_eq!(create(&fixture, 1, 3).await, FirstAdmin::Created);
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::FirstAdminCreated]);
}

pub(crate) async fn many_at_once_make_one_admin(fixture: Fixture) {
    fixture.store.offer_set_up(secret(1), after(60)).await.unwrap();
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let admins: Vec<_> = (0..8)
        .map(|number| new_rep(number, Role::Admin))
        .map(|admin| (new_session(admin.rep.id.as_bytes()[0], admin.rep.id), admin))
        .collect();
    let entry = entry(AuditAction::FirstAdminCreated);
    let creations = admins
        .iter()
        .enumerate()
        .map(|(index, (session, admin))| nodes[index % 2].create_first_admin(secret(1), admin, session, &entry));
    let outcomes: Vec<FirstAdmin> = join_all(creations).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    let count = |outcome| outcomes.iter().filter(|found| **found == outcome).count();
    assert_eq!(count(FirstAdmin::Created), 1, "{outcomes:?}");
    assert_eq!(count(FirstAdmin::Refused(SetUpState::Closed)), 7, "{outcomes:?}");
    assert_eq!(fixture.store.reps().await.unwrap().len(), 1);
    assert_eq!(fixture.audited().await, [AuditAction::FirstAdminCreated]);
}

pub(crate) async fn any_admin_closes_the_set_up(fixture: Fixture) {
    fixture.store.offer_set_up(secret(1), after(60)).await.unwrap();
    fixture.rep(1).await;
    assert_eq!(state(&fixture, 1).await, SetUpState::Open);
    fixture.store.insert_rep(&new_rep(2, Role::Admin), &entry(AuditAction::RepAdded)).await.unwrap();
    assert_eq!(state(&fixture, 1).await, SetUpState::Closed);
    assert_eq!(create(&fixture, 1, 3).await, FirstAdmin::Refused(SetUpState::Closed));
}

pub(crate) async fn an_admin_who_cannot_sign_in_does_not_count(fixture: Fixture) {
    fixture.store.offer_set_up(secret(1), after(60)).await.unwrap();
    fixture.store.insert_rep(&new_rep(1, Role::Admin), &entry(AuditAction::RepAdded)).await.unwrap();
    for change in ["password_hash = NULL", "password_hash = 'x', kind = 'system'"] {
        fixture.execute(&format!("UPDATE service_rep SET {change}")).await.unwrap();
        assert!(fixture.store.offer_set_up(secret(2), after(60)).await.unwrap(), "{change}");
        assert_eq!(state(&fixture, 2).await, SetUpState::Open, "{change}");
    }
}

pub(crate) async fn a_disabled_admin_does_not_count(fixture: Fixture) {
    fixture.store.offer_set_up(secret(1), after(60)).await.unwrap();
    let admin = new_rep(1, Role::Admin);
    fixture.store.insert_rep(&admin, &entry(AuditAction::RepAdded)).await.unwrap();
    // No operation leaves nobody; an older version may have.
    fixture.execute("UPDATE service_rep SET disabled_at = 1").await.unwrap();
    // The code from before that admin does not come back.
    assert_eq!(state(&fixture, 1).await, SetUpState::LinkInvalid);
    assert!(fixture.store.offer_set_up(secret(2), after(60)).await.unwrap());
    assert_eq!(create(&fixture, 2, 2).await, FirstAdmin::Created);
}
