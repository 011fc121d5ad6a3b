use std::collections::BTreeSet;

use futures_util::future::join_all;
use latchkey_domain::{AccountSid, FormId, Role};
use latchkey_service::ports::{NewSelection, Selection, TokenSelectionStore, TokenStore};
use latchkey_service::{AuditAction, AuditSubject};

use crate::Fixture;
use crate::fixture::{NOW, after, entry, rep_id, sid, use_of};

const ID: FormId = FormId::from_bytes([3; 16]);

/// An admin, number 9, has chosen these of the five tokens of 1 and 2.
async fn chosen(fixture: &Fixture, numbers: &[u8]) -> Selection {
    fixture.rep(1).await;
    fixture.rep(2).await;
    fixture.person(9, Role::Admin).await;
    for number in 1..=5 {
        fixture.token(number, rep_id(1 + number % 2)).await;
    }
    fixture.store.note_uses(&[use_of(sid(1), NOW), use_of(sid(2), after(-100))]).await.unwrap();
    let selection =
        NewSelection { id: ID, admin: rep_id(9), created_at: NOW, expires_at: after(500), today: after(-50) };
    let sids: Vec<AccountSid> = numbers.iter().map(|number| sid(*number)).collect();
    fixture.store.insert_selection(&selection, &sids).await.unwrap();
    stands(fixture).await
}

async fn stands(fixture: &Fixture) -> Selection {
    fixture.store.selection(ID, rep_id(9), after(1)).await.unwrap().unwrap()
}

async fn step(fixture: &Fixture, most: u32) -> u32 {
    let each = latchkey_service::AuditEntry { at: after(2), ..entry(AuditAction::TokenRevoked) };
    fixture.store.revoke_selected(ID, most, &each).await.unwrap().unsettled().done
}

pub(crate) async fn a_selection_is_what_was_chosen(fixture: Fixture) {
    // One of them is not there, and one is named twice.
    let selection = chosen(&fixture, &[1, 2, 3, 3, 77]).await;
    assert_eq!((selection.tokens, selection.waiting, selection.used_today, selection.had_ended), (3, 3, 1, 0));
    assert_eq!((selection.created_at, selection.confirmed_at, selection.advanced_at), (NOW, None, None));
    let owners = fixture.store.selection_owners(ID, after(1), 10).await.unwrap();
    let owners: Vec<_> = owners.iter().map(|found| (found.email.as_str(), found.tokens)).collect();
    assert_eq!(owners, [("rep2@example.com", 2), ("rep1@example.com", 1)]);
    assert_eq!(fixture.store.selection_owners(ID, after(1), 1).await.unwrap().len(), 1);
    assert_eq!(fixture.store.selection_used_today(ID, 10).await.unwrap(), [sid(1)]);
    assert_eq!(fixture.store.selection(ID, rep_id(1), NOW).await.unwrap(), None, "another's");
    assert_eq!(fixture.store.selection(ID, rep_id(9), after(500)).await.unwrap(), None, "its time is over");
}

pub(crate) async fn what_was_chosen_is_revoked_and_nothing_else(fixture: Fixture) {
    chosen(&fixture, &[1, 2, 3, 4]).await;
    let before = fixture.audited().await.len();
    // Another was faster with one of them.
    let audit = entry(AuditAction::TokenRevoked);
    fixture.store.revoke_token(sid(2), None, NOW, &audit).await.unwrap().unsettled();
    assert_eq!(stands(&fixture).await.had_ended, 1);
    let owners = fixture.store.selection_owners(ID, after(1), 10).await.unwrap();
    let left: u64 = owners.iter().map(|owner| owner.tokens).sum();
    assert_eq!(left, 3, "what has ended is nobody's to lose");
    assert!(fixture.store.claim_selection(ID, rep_id(9), after(1), after(-9)).await.unwrap());
    assert_eq!((step(&fixture, 3).await, stands(&fixture).await.waiting), (3, 1));
    assert_eq!((step(&fixture, 3).await, step(&fixture, 3).await), (1, 0));
    let selection = stands(&fixture).await;
    assert_eq!((selection.revoked, selection.had_ended, selection.waiting), (3, 1, 0));
    assert_eq!((selection.confirmed_at, selection.advanced_at), (Some(after(1)), Some(after(2))));
    let times: Vec<_> = {
        let mut times = Vec::new();
        for number in 1..=5 {
            times.push(fixture.store.token(sid(number), None).await.unwrap().unwrap().revoked_at);
        }
        times
    };
    assert_eq!(times, [Some(after(2)), Some(NOW), Some(after(2)), Some(after(2)), None]);
    let log = fixture.audit_log().await;
    assert_eq!(log.len(), before + 4);
    let subjects: BTreeSet<String> = log[..3].iter().map(|entry| format!("{:?}", entry.subject)).collect();
    let expected = [1, 3, 4].map(|number| format!("{:?}", AuditSubject::Token(sid(number))));
    assert_eq!(subjects, BTreeSet::from(expected));
}

pub(crate) async fn a_selection_is_worked_on_once(fixture: Fixture) {
    chosen(&fixture, &[1, 2, 3, 4, 5]).await;
    assert!(!fixture.store.claim_selection(ID, rep_id(1), NOW, after(-9)).await.unwrap(), "another's");
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let claims = (0..6).map(|index| nodes[index % 2].claim_selection(ID, rep_id(9), NOW, after(-9)));
    let claimed = join_all(claims).await.into_iter().filter(|claim| *claim.as_ref().unwrap()).count();
    assert_eq!(claimed, 1);
    assert!(fixture.store.claim_selection(ID, rep_id(9), after(20), after(10)).await.unwrap(), "it stood still");
    assert!(!fixture.store.claim_selection(ID, rep_id(9), after(21), after(11)).await.unwrap());
    // Should two work on it all the same, each token is revoked once.
    let each = entry(AuditAction::TokenRevoked);
    let steps = (0..6).map(|index| nodes[index % 2].revoke_selected(ID, 2, &each));
    let done: u32 = join_all(steps).await.into_iter().map(|step| step.unwrap().unsettled().done).sum();
    assert_eq!(done, 5);
    let revoked = fixture.audited().await.iter().filter(|action| **action == AuditAction::TokenRevoked).count();
    assert_eq!(revoked, 5);
}

pub(crate) async fn old_selections_are_forgotten(fixture: Fixture) {
    chosen(&fixture, &[1, 2]).await;
    let selection = NewSelection {
        id: FormId::from_bytes([4; 16]),
        admin: rep_id(9),
        created_at: after(500),
        expires_at: after(900),
        today: NOW,
    };
    fixture.store.insert_selection(&selection, &[]).await.unwrap();
    assert_eq!(fixture.execute("DELETE FROM token_selection_member").await.unwrap(), 0);
    assert_eq!(fixture.execute("DELETE FROM token_selection").await.unwrap(), 1);
}
