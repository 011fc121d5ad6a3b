use futures_util::future::join_all;
use latchkey_domain::Role;
use latchkey_service::ports::{
    NewRep, RepStore, TokenInsertion, TokenMaker, TokenMove, TokenMoveOutcome, TokenMoveStore, TokenSource, TokenStore,
};
use latchkey_service::{AuditAction, AuditSubject};

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_rep, new_token, rep_id, sid, token_hash};

async fn move_tokens(fixture: &Fixture, from: u8, to: u8, max_live: usize) -> TokenMoveOutcome {
    let (audit, each) = (entry(AuditAction::TokensMoved), entry(AuditAction::TokenMoved));
    fixture.store.move_tokens(rep_id(from), rep_id(to), max_live, &audit, &each).await.unwrap().unsettled()
}

/// The numbers of those that move, and of those that stay.
fn numbers(planned: &TokenMove) -> (Vec<u8>, Vec<u8>) {
    let of = |tokens: &[latchkey_service::ports::MovableToken]| {
        tokens.iter().map(|token| token.sid.as_bytes()[0]).collect::<Vec<_>>()
    };
    (of(&planned.moving), of(&planned.staying))
}

async fn owner_of(fixture: &Fixture, number: u8) -> u8 {
    fixture.store.token(sid(number), None).await.unwrap().unwrap().owner.as_bytes()[0]
}

pub(crate) async fn live_tokens_move_and_keep_their_names(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.rep(2).await;
    for number in 1..=4 {
        fixture.token(number, rep_id(1)).await;
    }
    fixture.execute("UPDATE token SET revoked_at = 1 WHERE description = 'Token 3'").await.unwrap();
    fixture.execute("UPDATE token SET expires_at = 1 WHERE description = 'Token 4'").await.unwrap();
    // A leaver is disabled first, as a rule.
    fixture.store.set_disabled(rep_id(1), Some(NOW), &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
    let before = fixture.audited().await.len();

    let planned = fixture.store.preview_move(rep_id(1), rep_id(2), NOW).await.unwrap();
    assert_eq!(numbers(&planned), (vec![1, 2], vec![]));
    assert_eq!(owner_of(&fixture, 1).await, 1, "a preview changes nothing");
    assert_eq!(move_tokens(&fixture, 1, 2, 500).await, TokenMoveOutcome::Moved(planned));

    let credential = fixture.store.credential(token_hash(1)).await.unwrap().unwrap();
    assert_eq!((credential.token.sid, credential.owner.id), (sid(1), rep_id(2)));
    assert!(credential.owner.is_enabled());
    assert_eq!((owner_of(&fixture, 3).await, owner_of(&fixture, 4).await), (1, 1), "what has ended stays");
    let log = fixture.audit_log().await;
    assert_eq!(log.len(), before + 3);
    assert_eq!(
        (log[0].action, log[0].detail.as_str()),
        (AuditAction::TokensMoved, "tokens moved: 2; tokens that stayed: 0")
    );
    let subjects: Vec<AuditSubject> = log[1..3].iter().map(|entry| entry.subject).collect();
    assert_eq!(subjects, [AuditSubject::Token(sid(2)), AuditSubject::Token(sid(1))]);
    assert_eq!(move_tokens(&fixture, 1, 2, 500).await, TokenMoveOutcome::Nothing(TokenMove::default()));
}

pub(crate) async fn tokens_whose_description_is_taken_stay(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.rep(2).await;
    for (number, owner, description) in
        [(1, 1, "Indeed"), (2, 1, "Payroll"), (3, 2, "INDEED"), (4, 2, "Payroll"), (5, 1, "ended there")]
    {
        assert_eq!(fixture.insert(&new_token(number, rep_id(owner), description)).await, TokenInsertion::Inserted);
    }
    fixture.execute("UPDATE token SET revoked_at = 1 WHERE sid IN (SELECT sid FROM token WHERE description = 'Payroll' AND owner IN (SELECT id FROM service_rep WHERE name = 'Rep 2'))").await.unwrap();
    let TokenMoveOutcome::Moved(moved) = move_tokens(&fixture, 1, 2, 500).await else { panic!("not moved") };
    assert_eq!(numbers(&moved), (vec![5, 2], vec![1]));
    assert_eq!((owner_of(&fixture, 1).await, owner_of(&fixture, 2).await), (1, 2));
    let again = move_tokens(&fixture, 1, 2, 500).await;
    assert!(matches!(&again, TokenMoveOutcome::Nothing(planned) if numbers(planned) == (vec![], vec![1])), "{again:?}");
}

pub(crate) async fn a_move_needs_room_and_somebody_to_go_to(fixture: Fixture) {
    for number in 1..=3 {
        fixture.rep(number).await;
    }
    for (number, owner) in [(1, 1), (2, 1), (3, 2)] {
        fixture.token(number, rep_id(owner)).await;
    }
    fixture.store.set_disabled(rep_id(3), Some(NOW), &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
    let before = fixture.audited().await.len();
    assert_eq!(move_tokens(&fixture, 1, 2, 2).await, TokenMoveOutcome::TooMany);
    for target in [1, 3, 9] {
        assert_eq!(move_tokens(&fixture, 1, target, 500).await, TokenMoveOutcome::TargetUnfit, "{target}");
    }
    assert_eq!(fixture.audited().await.len(), before);
    assert!(matches!(move_tokens(&fixture, 1, 2, 3).await, TokenMoveOutcome::Moved(_)));
}

pub(crate) async fn a_maker_stays_named(fixture: Fixture) {
    for number in 1..=3 {
        fixture.rep(number).await;
    }
    let by_owner = new_token(1, rep_id(1), "By its owner");
    let mut by_admin = new_token(2, rep_id(1), "By an admin");
    by_admin.token.maker = Some(TokenMaker { id: rep_id(3), name: "Rep 3".to_owned() });
    let mut by_operator = new_token(3, rep_id(1), "By an operator");
    by_operator.token.source = TokenSource::CommandLine;
    for token in [&by_owner, &by_admin, &by_operator] {
        assert_eq!(fixture.insert(token).await, TokenInsertion::Inserted);
    }
    let makers = async || {
        let mut makers = Vec::new();
        for number in 1..=3 {
            let token = fixture.store.token(sid(number), None).await.unwrap().unwrap();
            makers.push(token.maker.map(|maker| maker.name));
        }
        makers
    };
    assert_eq!(makers().await, [None, Some("Rep 3".to_owned()), None]);
    move_tokens(&fixture, 1, 2, 500).await;
    assert_eq!(makers().await, [Some("Rep 1".to_owned()), Some("Rep 3".to_owned()), None]);
}

pub(crate) async fn parallel_moves_make_one(fixture: Fixture) {
    for number in 1..=5 {
        fixture.rep(number).await;
    }
    for number in 1..=3 {
        fixture.token(number, rep_id(1)).await;
    }
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let (audit, each) = (entry(AuditAction::TokensMoved), entry(AuditAction::TokenMoved));
    let moves = (2..=5_u8).map(|to| nodes[usize::from(to) % 2].move_tokens(rep_id(1), rep_id(to), 500, &audit, &each));
    let outcomes: Vec<_> = join_all(moves).await.into_iter().map(|outcome| outcome.unwrap().unsettled()).collect();
    let count = outcomes.iter().filter(|outcome| matches!(outcome, TokenMoveOutcome::Moved(_))).count();
    assert_eq!(count, 1, "{outcomes:?}");
    assert_eq!(fixture.audited().await.iter().filter(|action| **action == AuditAction::TokenMoved).count(), 3);
}

pub(crate) async fn moves_in_both_directions_do_not_wait_for_each_other(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.rep(2).await;
    fixture.token(1, rep_id(1)).await;
    fixture.token(2, rep_id(2)).await;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let (audit, each) = (entry(AuditAction::TokensMoved), entry(AuditAction::TokenMoved));
    let moves = (0..8_u8).map(|number| {
        let (from, to) = if number % 2 == 0 { (1, 2) } else { (2, 1) };
        nodes[usize::from(number) % 2].move_tokens(rep_id(from), rep_id(to), 500, &audit, &each)
    });
    assert!(join_all(moves).await.into_iter().all(|outcome| outcome.is_ok()));
}

pub(crate) async fn whoever_is_only_invited_owns_nothing(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.token(1, rep_id(1)).await;
    let invited = NewRep { password: None, ..new_rep(2, Role::Rep) };
    fixture.store.insert_rep(&invited, &entry(AuditAction::RepAdded)).await.unwrap();
    assert_eq!(fixture.insert(&new_token(2, rep_id(2), "x")).await, TokenInsertion::OwnerGone);
    assert_eq!(move_tokens(&fixture, 1, 2, 500).await, TokenMoveOutcome::TargetUnfit);
    assert_eq!(fixture.store.preview_move(rep_id(2), rep_id(1), after(1)).await.unwrap(), TokenMove::default());
}
