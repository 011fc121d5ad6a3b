use futures_util::future::join_all;
use latchkey_domain::{RepId, Role};
use latchkey_service::ports::{RepChange, RepStore, SessionStore};
use latchkey_service::{AuditAction, AuditActor, AuditEntry};

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_session, rep_id, secret};

fn by(actor: RepId, action: AuditAction) -> AuditEntry {
    AuditEntry { actor: AuditActor::Rep(actor), ..entry(action) }
}

async fn disable(fixture: &Fixture, number: u8) -> RepChange {
    let entry = entry(AuditAction::RepDisabled);
    fixture.store.set_disabled(rep_id(number), Some(NOW), &entry).await.unwrap().unsettled()
}

async fn enable(fixture: &Fixture, number: u8) -> RepChange {
    fixture.store.set_disabled(rep_id(number), None, &entry(AuditAction::RepEnabled)).await.unwrap().unsettled()
}

async fn set_role(fixture: &Fixture, number: u8, role: Role) -> RepChange {
    fixture.store.set_role(rep_id(number), role, &entry(AuditAction::RoleChanged)).await.unwrap().unsettled()
}

async fn working_admins(fixture: &Fixture) -> usize {
    let reps = fixture.store.reps().await.unwrap();
    reps.iter().filter(|rep| rep.role == Role::Admin && rep.is_enabled()).count()
}

/// How often `outcome` came about.
fn count(outcomes: &[RepChange], outcome: RepChange) -> usize {
    outcomes.iter().filter(|found| **found == outcome).count()
}

pub(crate) async fn disabling_ends_sessions_and_stops_tokens_once(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.rep(2).await;
    for (number, rep) in [(1, 1), (2, 1), (3, 2)] {
        let session = new_session(number, rep_id(rep));
        fixture.sign_in(&session, secret(9), &entry(AuditAction::SignedIn)).await.unwrap();
        fixture.token(number, rep_id(rep)).await;
    }
    fixture.token(4, rep_id(1)).await;
    fixture.execute("UPDATE token SET expires_at = 1 WHERE description = 'Token 4'").await.unwrap();

    assert_eq!(disable(&fixture, 1).await, RepChange::Changed { ended_sessions: 2, live_tokens: 2 });
    assert_eq!(disable(&fixture, 1).await, RepChange::Unchanged);
    assert!(fixture.store.session(secret(1)).await.unwrap().is_none());
    assert!(fixture.store.session(secret(3)).await.unwrap().is_some());
    assert_eq!(fixture.store.rep(rep_id(1)).await.unwrap().unwrap().disabled_at, Some(NOW));
    let log = fixture.audit_log().await;
    assert_eq!(log[0].detail, "sessions ended: 2; tokens stopped: 2");

    // A sign-in that was under way does not begin, and nothing of it is there when they are let in again.
    let session = new_session(5, rep_id(1));
    assert!(!fixture.sign_in(&session, secret(9), &entry(AuditAction::SignedIn)).await.unwrap());
    assert_eq!(enable(&fixture, 1).await, RepChange::Changed { ended_sessions: 0, live_tokens: 2 });
    assert_eq!(enable(&fixture, 1).await, RepChange::Unchanged);
    assert_eq!(fixture.store.session(secret(5)).await.unwrap(), None);
    assert!(fixture.store.rep(rep_id(1)).await.unwrap().unwrap().is_enabled());
    assert_eq!(fixture.audit_log().await[0].detail, "tokens that work again: 2");
    let entries = fixture.audited().await;
    assert_eq!(entries.iter().filter(|action| **action == AuditAction::RepDisabled).count(), 1);
    assert_eq!(entries.iter().filter(|action| **action == AuditAction::RepEnabled).count(), 1);
}

pub(crate) async fn a_new_role_is_set_once(fixture: Fixture) {
    fixture.person(1, Role::Admin).await;
    fixture.rep(2).await;
    fixture.token(2, rep_id(2)).await;
    assert_eq!(set_role(&fixture, 2, Role::Admin).await, RepChange::Changed { ended_sessions: 0, live_tokens: 1 });
    assert_eq!(set_role(&fixture, 2, Role::Admin).await, RepChange::Unchanged);
    assert_eq!(fixture.store.rep(rep_id(2)).await.unwrap().unwrap().role, Role::Admin);
    assert_eq!(fixture.audit_log().await[0].detail, "now: admin; tokens concerned: 1");
    assert!(matches!(set_role(&fixture, 2, Role::Rep).await, RepChange::Changed { .. }));
    let changes = fixture.audited().await.into_iter().filter(|action| *action == AuditAction::RoleChanged);
    assert_eq!(changes.count(), 2);
}

pub(crate) async fn the_last_admin_stays(fixture: Fixture) {
    fixture.person(1, Role::Admin).await;
    fixture.rep(2).await;
    assert_eq!(disable(&fixture, 1).await, RepChange::LastAdmin);
    assert_eq!(set_role(&fixture, 1, Role::Rep).await, RepChange::LastAdmin);
    // Nobody is needed for those who are not.
    assert!(matches!(disable(&fixture, 2).await, RepChange::Changed { .. }));
    assert_eq!(working_admins(&fixture).await, 1);
    assert_eq!(fixture.audited().await.len(), 3, "what is refused leaves no entry");

    enable(&fixture, 2).await;
    set_role(&fixture, 2, Role::Admin).await;
    assert!(matches!(set_role(&fixture, 1, Role::Rep).await, RepChange::Changed { .. }));
    assert_eq!(disable(&fixture, 2).await, RepChange::LastAdmin);
}

pub(crate) async fn only_admins_who_can_sign_in_count(fixture: Fixture) {
    for number in 1..=4 {
        fixture.person(number, Role::Admin).await;
    }
    // One who was invited, a service, one who is disabled.
    fixture.execute("UPDATE service_rep SET password_hash = NULL WHERE name = 'Rep 2'").await.unwrap();
    fixture.execute("UPDATE service_rep SET kind = 'system', password_hash = NULL WHERE name = 'Rep 3'").await.unwrap();
    assert!(matches!(disable(&fixture, 4).await, RepChange::Changed { .. }));
    assert_eq!(disable(&fixture, 1).await, RepChange::LastAdmin);
    for number in 2..=4 {
        assert!(matches!(set_role(&fixture, number, Role::Rep).await, RepChange::Changed { .. }), "{number}");
    }
    assert_eq!(set_role(&fixture, 1, Role::Rep).await, RepChange::LastAdmin);
}

pub(crate) async fn whoever_is_no_admin_any_longer_changes_nothing(fixture: Fixture) {
    for number in 1..=3 {
        fixture.person(number, Role::Admin).await;
    }
    fixture.rep(4).await;
    disable(&fixture, 2).await;
    set_role(&fixture, 3, Role::Rep).await;
    let entries = fixture.audited().await.len();
    for actor in [2, 3, 4, 9] {
        let disabling = by(rep_id(actor), AuditAction::RepDisabled);
        let changed = fixture.store.set_disabled(rep_id(1), Some(NOW), &disabling).await.unwrap().unsettled();
        assert_eq!(changed, RepChange::NotAllowed, "{actor}");
        let promoting = by(rep_id(actor), AuditAction::RoleChanged);
        let changed = fixture.store.set_role(rep_id(4), Role::Admin, &promoting).await.unwrap().unsettled();
        assert_eq!(changed, RepChange::NotAllowed, "{actor}");
    }
    assert_eq!(fixture.audited().await.len(), entries);
}

pub(crate) async fn two_admins_who_disable_each_other_leave_one(fixture: Fixture) {
    for number in [1, 2] {
        fixture.person(number, Role::Admin).await;
    }
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let one = by(rep_id(1), AuditAction::RepDisabled);
    let two = by(rep_id(2), AuditAction::RepDisabled);
    let outcomes = tokio::join!(
        nodes[0].set_disabled(rep_id(2), Some(NOW), &one),
        nodes[1].set_disabled(rep_id(1), Some(NOW), &two),
    );
    let outcomes = [outcomes.0.unwrap().unsettled(), outcomes.1.unwrap().unsettled()];
    assert_eq!(count(&outcomes, RepChange::Changed { ended_sessions: 0, live_tokens: 0 }), 1, "{outcomes:?}");
    // The second is told that they are no admin any longer.
    assert_eq!(count(&outcomes, RepChange::NotAllowed), 1, "{outcomes:?}");
    assert_eq!(working_admins(&fixture).await, 1);
}

pub(crate) async fn admins_who_demote_each_other_leave_one(fixture: Fixture) {
    for number in 0..6 {
        fixture.person(number, Role::Admin).await;
    }
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    // By operators, so that nobody stops being allowed: only the rule about the last one holds.
    let entry = entry(AuditAction::RoleChanged);
    let demotions = (0..6_u8).map(|number| nodes[usize::from(number) % 2].set_role(rep_id(number), Role::Rep, &entry));
    let outcomes: Vec<RepChange> =
        join_all(demotions).await.into_iter().map(|outcome| outcome.unwrap().unsettled()).collect();
    assert_eq!(count(&outcomes, RepChange::LastAdmin), 1, "{outcomes:?}");
    assert_eq!(working_admins(&fixture).await, 1);
}

pub(crate) async fn one_rep_disabled_by_many_is_disabled_once(fixture: Fixture) {
    fixture.person(1, Role::Admin).await;
    fixture.rep(2).await;
    fixture.token(1, rep_id(2)).await;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let entry = by(rep_id(1), AuditAction::RepDisabled);
    let disablings = (0..8).map(|index| nodes[index % 2].set_disabled(rep_id(2), Some(after(1)), &entry));
    let outcomes: Vec<RepChange> =
        join_all(disablings).await.into_iter().map(|outcome| outcome.unwrap().unsettled()).collect();
    assert_eq!(count(&outcomes, RepChange::Changed { ended_sessions: 0, live_tokens: 1 }), 1, "{outcomes:?}");
    assert_eq!(count(&outcomes, RepChange::Unchanged), 7, "{outcomes:?}");
    let entries = fixture.audited().await;
    assert_eq!(entries.iter().filter(|action| **action == AuditAction::RepDisabled).count(), 1);
}
