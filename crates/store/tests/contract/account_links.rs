use futures_util::future::join_all;
use latchkey_domain::{RepKind, Role};
use latchkey_service::ports::{
    AccountLinkStore, LinkIssue, LinkPurpose, LinkUse, NewLink, NewRep, RepInsertion, RepStore, SessionStore,
    Withdrawal,
};
use latchkey_service::{AuditAction, PasswordHash};

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_rep, new_session, rep_id, secret};

fn link(number: u8, purpose: LinkPurpose) -> NewLink {
    NewLink { hash: secret(number), purpose, expires_at: after(60) }
}

fn invited(number: u8) -> NewRep {
    NewRep { password: None, ..new_rep(number, Role::Rep) }
}

fn password() -> PasswordHash {
    PasswordHash::from_phc("$argon2id$chosen".to_owned())
}

/// Invites somebody, by a link of the same number.
async fn invite(fixture: &Fixture, number: u8) -> RepInsertion {
    let entry = entry(AuditAction::RepInvited);
    fixture.store.invite(&invited(number), &link(number, LinkPurpose::Invite), &entry).await.unwrap()
}

async fn issue(fixture: &Fixture, rep: u8, number: u8, purpose: LinkPurpose) -> LinkIssue {
    let entry = entry(AuditAction::PasswordResetOffered);
    fixture.store.issue_link(rep_id(rep), &link(number, purpose), &entry).await.unwrap()
}

/// Uses a link, in a session of the same number.
async fn use_link(fixture: &Fixture, number: u8, rep: u8, purpose: LinkPurpose, seconds: i64) -> LinkUse {
    let session = new_session(number, rep_id(rep));
    let mut entry = entry(AuditAction::InvitationAccepted);
    entry.at = after(seconds);
    fixture.store.use_link(secret(number), purpose, &password(), &session, &entry).await.unwrap()
}

async fn opens(fixture: &Fixture, number: u8, purpose: LinkPurpose) -> bool {
    fixture.store.link_holder(secret(number), purpose, NOW).await.unwrap().is_some()
}

pub(crate) async fn an_invitation_is_accepted_once(fixture: Fixture) {
    assert_eq!(invite(&fixture, 1).await, RepInsertion::Inserted);
    assert_eq!(fixture.store.password_hash(rep_id(1)).await.unwrap(), None);
    let holder = fixture.store.link_holder(secret(1), LinkPurpose::Invite, NOW).await.unwrap();
    assert_eq!(holder, Some(invited(1).rep));

    assert_eq!(use_link(&fixture, 1, 1, LinkPurpose::Invite, 0).await, LinkUse::Used { ended_sessions: 0 });
    assert_eq!(fixture.store.password_hash(rep_id(1)).await.unwrap(), Some(password()));
    assert!(fixture.store.session(secret(1)).await.unwrap().is_some());
    assert!(!opens(&fixture, 1, LinkPurpose::Invite).await);
    assert_eq!(use_link(&fixture, 1, 1, LinkPurpose::Invite, 0).await, LinkUse::Invalid);
    assert_eq!(fixture.audited().await, [AuditAction::RepInvited, AuditAction::InvitationAccepted]);
}

pub(crate) async fn an_invitation_needs_a_free_address(fixture: Fixture) {
    fixture.rep(1).await;
    let mut second = invited(2);
    second.rep.email = "REP1@example.com".into();
    let entry = entry(AuditAction::RepInvited);
    let refused = fixture.store.invite(&second, &link(2, LinkPurpose::Invite), &entry).await.unwrap();
    assert_eq!(refused, RepInsertion::EmailTaken);
    assert!(!opens(&fixture, 2, LinkPurpose::Invite).await);
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded]);
}

pub(crate) async fn a_link_opens_nothing_else_and_not_for_ever(fixture: Fixture) {
    invite(&fixture, 1).await;
    invite(&fixture, 2).await;
    assert!(!opens(&fixture, 9, LinkPurpose::Invite).await, "unknown");
    assert!(!opens(&fixture, 1, LinkPurpose::Reset).await, "another purpose");
    for (at, expected) in [(59, true), (60, false)] {
        let holder = fixture.store.link_holder(secret(1), LinkPurpose::Invite, after(at)).await.unwrap();
        assert_eq!(holder.is_some(), expected, "{at}");
    }
    for (number, rep, purpose, seconds) in [
        (9, 1, LinkPurpose::Invite, 0),
        (1, 1, LinkPurpose::Reset, 0),
        (1, 2, LinkPurpose::Invite, 0),
        (1, 1, LinkPurpose::Invite, 60),
    ] {
        assert_eq!(use_link(&fixture, number, rep, purpose, seconds).await, LinkUse::Invalid, "{number} {purpose:?}");
    }
    assert_eq!(fixture.store.password_hash(rep_id(1)).await.unwrap(), None);
    assert!(opens(&fixture, 1, LinkPurpose::Invite).await, "what failed has not used it up");
    assert!(matches!(use_link(&fixture, 1, 1, LinkPurpose::Invite, 59).await, LinkUse::Used { .. }));
}

pub(crate) async fn a_new_link_replaces_the_old_one(fixture: Fixture) {
    invite(&fixture, 1).await;
    assert_eq!(issue(&fixture, 1, 2, LinkPurpose::Invite).await, LinkIssue::Issued);
    assert!(!opens(&fixture, 1, LinkPurpose::Invite).await);
    assert!(opens(&fixture, 2, LinkPurpose::Invite).await);
}

pub(crate) async fn a_reset_ends_sessions(fixture: Fixture) {
    fixture.rep(1).await;
    for number in [7, 8] {
        let session = new_session(number, rep_id(1));
        fixture.sign_in(&session, secret(9), &entry(AuditAction::SignedIn)).await.unwrap();
    }
    assert_eq!(issue(&fixture, 1, 1, LinkPurpose::Reset).await, LinkIssue::Issued);
    assert!(fixture.store.session(secret(7)).await.unwrap().is_some(), "an unused link changes nothing");
    assert_eq!(use_link(&fixture, 1, 1, LinkPurpose::Reset, 0).await, LinkUse::Used { ended_sessions: 2 });
    assert!(fixture.store.session(secret(7)).await.unwrap().is_none());
    assert!(fixture.store.session(secret(1)).await.unwrap().is_some());
    assert_eq!(fixture.store.password_hash(rep_id(1)).await.unwrap(), Some(password()));
    assert_eq!(fixture.audit_log().await[0].detail, "sessions ended: 2");
}

pub(crate) async fn a_link_is_for_whom_it_fits(fixture: Fixture) {
    fixture.rep(1).await;
    invite(&fixture, 2).await;
    fixture.rep(3).await;
    fixture.store.set_disabled(rep_id(3), Some(NOW), &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
    fixture.rep(4).await;
    fixture.execute("UPDATE service_rep SET kind = 'system', password_hash = NULL WHERE name = 'Rep 4'").await.unwrap();
    let entries = fixture.audited().await.len();
    for (rep, purpose, expected) in [
        (1, LinkPurpose::Invite, LinkIssue::Accepted),
        (2, LinkPurpose::Reset, LinkIssue::NotAccepted),
        (3, LinkPurpose::Reset, LinkIssue::Disabled),
        (4, LinkPurpose::Reset, LinkIssue::SystemRep),
        (4, LinkPurpose::Invite, LinkIssue::SystemRep),
        (9, LinkPurpose::Reset, LinkIssue::NotFound),
    ] {
        assert_eq!(issue(&fixture, rep, 20 + rep, purpose).await, expected, "{rep}");
        assert!(!opens(&fixture, 20 + rep, purpose).await, "{rep}");
    }
    assert_eq!(fixture.audited().await.len(), entries);
}

pub(crate) async fn disabling_takes_the_link_away(fixture: Fixture) {
    fixture.rep(1).await;
    issue(&fixture, 1, 1, LinkPurpose::Reset).await;
    for disabled_at in [Some(NOW), None] {
        fixture.store.set_disabled(rep_id(1), disabled_at, &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
        assert!(!opens(&fixture, 1, LinkPurpose::Reset).await, "{disabled_at:?}");
    }
    assert_eq!(use_link(&fixture, 1, 1, LinkPurpose::Reset, 0).await, LinkUse::Invalid);
}

pub(crate) async fn an_invitation_is_withdrawn(fixture: Fixture) {
    invite(&fixture, 1).await;
    invite(&fixture, 2).await;
    use_link(&fixture, 2, 2, LinkPurpose::Invite, 0).await;
    let entry = entry(AuditAction::InvitationWithdrawn);
    assert_eq!(fixture.store.withdraw_invitation(rep_id(1), &entry).await.unwrap(), Withdrawal::Withdrawn);
    assert_eq!(fixture.store.withdraw_invitation(rep_id(1), &entry).await.unwrap(), Withdrawal::NotFound);
    assert_eq!(fixture.store.withdraw_invitation(rep_id(2), &entry).await.unwrap(), Withdrawal::Accepted);
    assert_eq!(fixture.store.rep(rep_id(1)).await.unwrap(), None);
    assert!(!opens(&fixture, 1, LinkPurpose::Invite).await);
    assert_eq!(invite(&fixture, 1).await, RepInsertion::Inserted, "the address is free again");
    let withdrawn = fixture.audited().await.into_iter().filter(|action| *action == AuditAction::InvitationWithdrawn);
    assert_eq!(withdrawn.count(), 1);
}

pub(crate) async fn a_link_used_by_many_works_once(fixture: Fixture) {
    invite(&fixture, 1).await;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let sessions: Vec<_> = (10..18).map(|number| new_session(number, rep_id(1))).collect();
    let entry = entry(AuditAction::InvitationAccepted);
    let (code, chosen) = (secret(1), password());
    let uses = sessions
        .iter()
        .enumerate()
        .map(|(index, session)| nodes[index % 2].use_link(code, LinkPurpose::Invite, &chosen, session, &entry));
    let outcomes: Vec<LinkUse> = join_all(uses).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    let count = outcomes.iter().filter(|outcome| matches!(outcome, LinkUse::Used { .. })).count();
    assert_eq!(count, 1, "{outcomes:?}");
    let mut left = 0;
    for session in &sessions {
        left += usize::from(fixture.store.session(session.hash).await.unwrap().is_some());
    }
    assert_eq!(left, 1);
    assert_eq!(fixture.store.rep(rep_id(1)).await.unwrap().unwrap().kind, RepKind::Human);
}
