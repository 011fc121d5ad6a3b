use futures_util::future::join_all;
use latchkey_domain::Timestamp;
use latchkey_service::ports::{AttemptLimits, AttemptReservation, RightAttempt, Session, SessionStore};
use latchkey_service::{AuditAction, PasswordHash, SecretHash};

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_session, rep_id, secret};

const LIMITS: AttemptLimits = AttemptLimits { window_seconds: 900, per_account_and_address: 3, per_address: 5 };

async fn start(fixture: &Fixture, session: &Session) {
    fixture.sign_in(session, secret(9), &entry(AuditAction::SignedIn)).await.unwrap();
}

async fn attempt(fixture: &Fixture, account: u8, address: &str, at: Timestamp) -> AttemptReservation {
    fixture.store.reserve_attempt(secret(account), address, LIMITS, at).await.unwrap()
}

pub(crate) async fn a_session_is_found_with_its_rep(fixture: Fixture) {
    let rep = fixture.rep(1).await;
    let mut session = new_session(1, rep.id);
    (session.last_seen_at, session.expires_at, session.confirmed_at) = (after(1), after(2), after(3));
    start(&fixture, &session).await;
    assert_eq!(fixture.store.session(secret(1)).await.unwrap(), Some((session, rep)));
    assert_eq!(fixture.store.session(secret(2)).await.unwrap(), None);
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::SignedIn]);
}

pub(crate) async fn sessions_are_listed_while_they_last(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.rep(2).await;
    // Number, owner, last seen, end.
    for (number, rep, seen, end) in [(1, 1, 10, 100), (2, 1, 30, 100), (3, 1, 20, 50), (4, 2, 40, 100), (5, 1, 5, 100)]
    {
        let mut session = new_session(number, rep_id(rep));
        (session.last_seen_at, session.expires_at) = (after(seen), after(end));
        start(&fixture, &session).await;
    }
    let listed = async |now, seen_after| {
        let sessions = fixture.store.sessions(rep_id(1), after(now), after(seen_after)).await.unwrap();
        sessions.iter().map(|session| session.hash).collect::<Vec<SecretHash>>()
    };
    assert_eq!(listed(49, 0).await, [secret(2), secret(3), secret(1), secret(5)]);
    assert_eq!(listed(50, 5).await, [secret(2), secret(1)]);
    assert_eq!(listed(100, 0).await, []);
}

pub(crate) async fn a_sighting_never_moves_back(fixture: Fixture) {
    fixture.rep(1).await;
    start(&fixture, &new_session(1, rep_id(1))).await;
    for at in [60, 30] {
        fixture.store.touch_session(secret(1), after(at)).await.unwrap();
    }
    fixture.store.touch_session(secret(2), after(60)).await.unwrap();
    assert_eq!(fixture.store.session(secret(1)).await.unwrap().unwrap().0.last_seen_at, after(60));
}

pub(crate) async fn a_confirmation_is_noted(fixture: Fixture) {
    fixture.rep(1).await;
    start(&fixture, &new_session(1, rep_id(1))).await;
    for number in [1, 2] {
        let entry = entry(AuditAction::PasswordConfirmed);
        let password = PasswordHash::from_phc("$argon2id$1".to_owned());
        let attempt = RightAttempt { account: secret(9), network: "a", password: &password };
        assert!(fixture.store.confirm_session(secret(number), rep_id(1), after(60), attempt, &entry).await.unwrap());
    }
    assert_eq!(fixture.store.session(secret(1)).await.unwrap().unwrap().0.confirmed_at, after(60));
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::SignedIn, AuditAction::PasswordConfirmed]);
}

pub(crate) async fn a_session_ends_once(fixture: Fixture) {
    fixture.rep(1).await;
    start(&fixture, &new_session(1, rep_id(1))).await;
    for there in [true, false] {
        assert_eq!(fixture.store.end_session(secret(1), &entry(AuditAction::SignedOut)).await.unwrap(), there);
    }
    assert_eq!(fixture.store.session(secret(1)).await.unwrap(), None);
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::SignedIn, AuditAction::SignedOut]);
}

pub(crate) async fn other_sessions_end_together(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.rep(2).await;
    for (number, rep) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        start(&fixture, &new_session(number, rep_id(rep))).await;
    }
    let mut entry = entry(AuditAction::OtherSessionsEnded);
    assert_eq!(fixture.store.end_other_sessions(rep_id(1), secret(2), &entry).await.unwrap(), 2);
    assert_eq!(fixture.store.end_other_sessions(rep_id(1), secret(2), &entry).await.unwrap(), 0);
    entry.detail = "asked for".into();
    assert_eq!(fixture.store.end_other_sessions(rep_id(2), secret(2), &entry).await.unwrap(), 1);

    let log = fixture.audit_log().await;
    let details: Vec<&str> = log
        .iter()
        .filter(|entry| entry.action == AuditAction::OtherSessionsEnded)
        .map(|entry| entry.detail.as_str())
        .collect();
    assert_eq!(details, ["asked for; 1 ended", "2 ended"]);
    assert!(fixture.store.session(secret(2)).await.unwrap().is_some());
}

pub(crate) async fn ended_sessions_are_removed(fixture: Fixture) {
    fixture.rep(1).await;
    // Number, last seen, end.
    for (number, seen, end) in [(1, 10, 100), (2, 11, 100), (3, 11, 50), (4, 11, 51)] {
        let mut session = new_session(number, rep_id(1));
        (session.last_seen_at, session.expires_at) = (after(seen), after(end));
        start(&fixture, &session).await;
    }
    assert_eq!(fixture.store.remove_ended_sessions(after(50), after(10)).await.unwrap(), 2);
    // What remains is what a list would show.
    let left = fixture.store.sessions(rep_id(1), after(50), after(10)).await.unwrap();
    assert_eq!(left.iter().map(|session| session.hash).collect::<Vec<_>>(), [secret(2), secret(4)]);
    assert_eq!(fixture.store.remove_ended_sessions(after(50), after(10)).await.unwrap(), 0);
}

pub(crate) async fn attempts_are_limited_by_account_and_address(fixture: Fixture) {
    for second in 0..3 {
        assert_eq!(attempt(&fixture, 1, "a", after(second)).await, AttemptReservation::Reserved);
    }
    let refused = AttemptReservation::TooMany { retry_at: after(900) };
    assert_eq!(attempt(&fixture, 1, "a", after(3)).await, refused);
    // A refused attempt does not count, another account's and another address's have their own limits.
    assert_eq!(attempt(&fixture, 1, "a", after(899)).await, refused);
    assert_eq!(attempt(&fixture, 2, "a", after(4)).await, AttemptReservation::Reserved);
    assert_eq!(attempt(&fixture, 1, "b", after(4)).await, AttemptReservation::Reserved);
}

pub(crate) async fn attempts_are_limited_by_address(fixture: Fixture) {
    for account in 1..=5 {
        assert_eq!(attempt(&fixture, account, "a", after(i64::from(account))).await, AttemptReservation::Reserved);
    }
    assert_eq!(attempt(&fixture, 6, "a", after(6)).await, AttemptReservation::TooMany { retry_at: after(901) });
    assert_eq!(attempt(&fixture, 6, "b", after(6)).await, AttemptReservation::Reserved);
}

pub(crate) async fn attempts_leave_the_window(fixture: Fixture) {
    for second in [0, 100, 200] {
        attempt(&fixture, 1, "a", after(second)).await;
    }
    assert_eq!(attempt(&fixture, 1, "a", after(899)).await, AttemptReservation::TooMany { retry_at: after(900) });
    assert_eq!(attempt(&fixture, 1, "a", after(900)).await, AttemptReservation::Reserved);
    assert_eq!(attempt(&fixture, 1, "a", after(901)).await, AttemptReservation::TooMany { retry_at: after(1000) });
    // Those that left are forgotten.
    assert_eq!(fixture.execute("DELETE FROM sign_in_attempt").await.unwrap(), 3);

    // Where a limit was lowered, several have to leave before there is room.
    for second in [0, 10, 20] {
        attempt(&fixture, 1, "a", after(second)).await;
    }
    let lower = AttemptLimits { per_account_and_address: 2, ..LIMITS };
    let refused = fixture.store.reserve_attempt(secret(1), "a", lower, after(30)).await.unwrap();
    assert_eq!(refused, AttemptReservation::TooMany { retry_at: after(910) });
}

pub(crate) async fn a_session_clears_its_attempts_only(fixture: Fixture) {
    fixture.rep(1).await;
    for (account, address) in [(1, "192.0.2.1"), (1, "192.0.2.1"), (1, "b"), (2, "192.0.2.1")] {
        attempt(&fixture, account, address, NOW).await;
    }
    fixture.sign_in(&new_session(1, rep_id(1)), secret(1), &entry(AuditAction::SignedIn)).await.unwrap();
    assert_eq!(fixture.execute("DELETE FROM sign_in_attempt").await.unwrap(), 2);
}

pub(crate) async fn nothing_begins_by_a_password_that_is_another_one_by_now(fixture: Fixture) {
    fixture.rep(1).await;
    start(&fixture, &new_session(1, rep_id(1))).await;
    attempt(&fixture, 1, "a", NOW).await;
    let (of_now, of_before) = ("$argon2id$1", "$argon2id$0");
    let begin = async |number: u8, password: &str| {
        let password = PasswordHash::from_phc(password.to_owned());
        let attempt = RightAttempt { account: secret(1), network: "a", password: &password };
        let (session, audit) = (new_session(number, rep_id(1)), entry(AuditAction::SignedIn));
        let began = fixture.store.start_session(&session, attempt, &audit).await.unwrap();
        let confirmed = fixture.store.confirm_session(secret(1), rep_id(1), after(60), attempt, &audit).await.unwrap();
        let is_there = fixture.store.session(secret(number)).await.unwrap().is_some();
        (began, confirmed, is_there)
    };
    assert_eq!(begin(2, of_before).await, (false, false, false));
    assert_eq!(fixture.store.session(secret(1)).await.unwrap().unwrap().0.confirmed_at, NOW);
    fixture.execute("UPDATE service_rep SET disabled_at = 1").await.unwrap();
    assert_eq!(begin(3, of_now).await, (false, false, false));
    fixture.execute("UPDATE service_rep SET disabled_at = NULL").await.unwrap();
    // What did not begin has not cleared its attempt.
    assert_eq!(fixture.execute("UPDATE sign_in_attempt SET at = at").await.unwrap(), 1);
    assert_eq!(begin(4, of_now).await, (true, true, true));
    assert_eq!(fixture.execute("DELETE FROM sign_in_attempt").await.unwrap(), 0);
}

pub(crate) async fn parallel_attempts_are_counted_exactly(fixture: Fixture) {
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let attempts = (0..12).map(|index| nodes[index % 2].reserve_attempt(secret(1), "a", LIMITS, NOW));
    let outcomes: Vec<AttemptReservation> =
        join_all(attempts).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    let reserved = outcomes.iter().filter(|outcome| **outcome == AttemptReservation::Reserved).count();
    assert_eq!(reserved, 3, "{outcomes:?}");
}

pub(crate) async fn a_failed_attempt_is_written_down(fixture: Fixture) {
    fixture.store.record_failed_attempt(&entry(AuditAction::SignInFailed)).await.unwrap();
    assert_eq!(fixture.audited().await, [AuditAction::SignInFailed]);
}
