//! Changes to what verdicts are made of: recorded, followed, forgotten.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use latchkey_domain::{RateLimit, Role, Timestamp, TokenRateLimit};
use latchkey_service::AuditAction;
use latchkey_service::ports::{
    ChangeStore, Committed, Following, Membership, NodeBehind, NodeId, RepChange, RepStore, Revision, SecretPlace,
    SecretRecord, Store as _, TokenChange, TokenStore, Told,
};
use latchkey_store::{Notices, Opening, SqlStore};

use crate::Fixture;
use crate::fixture::{
    NOW, after, email, entry, new_rep, new_session, new_token, rep_id, secret, sid, token_hash, use_of,
};

const NODE: NodeId = NodeId::from_bytes([1; 16]);
const OTHER: NodeId = NodeId::from_bytes([2; 16]);
const START: Revision = Revision::from_number(0);

async fn changes(fixture: &Fixture, after: Revision) -> Vec<TokenChange> {
    fixture.store.token_changes(after).await.unwrap().changes.unwrap()
}

async fn latest(fixture: &Fixture) -> Revision {
    fixture.store.token_changes(START).await.unwrap().latest
}

/// Puts a second secret, on its way out, beside a token's first.
async fn add_secret(fixture: &Fixture, token: u8, byte: u8, not_after: Timestamp) {
    let bytes = format!("{byte:02x}").repeat(32);
    let hash = if fixture.url.starts_with("sqlite") { format!("X'{bytes}'") } else { format!("'\\x{bytes}'::bytea") };
    let not_after = not_after.unix_seconds();
    let add = format!(
        "INSERT INTO token_secret (hash, sid, not_after) \
         SELECT {hash}, sid, {not_after} FROM token WHERE description = 'Token {token}'"
    );
    assert_eq!(fixture.execute(&add).await.unwrap(), 1);
}

pub(crate) async fn what_changes_a_verdict_takes_a_revision(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let mut number = 0;
    let mut revision = |committed: Option<Revision>| {
        number += 1;
        assert_eq!(committed, Some(Revision::from_number(number)));
    };
    let store = &fixture.store;
    let created = entry(AuditAction::TokenCreated);
    revision(store.insert_token(&new_token(1, owner, "A"), 500, &created).await.unwrap().revision());
    revision(store.insert_token(&new_token(2, owner, "B"), 500, &created).await.unwrap().revision());
    let limit = TokenRateLimit::Own(RateLimit::of(1, 1));
    revision(store.limit_token(sid(1), limit, &entry(AuditAction::TokenLimited)).await.unwrap().revision());
    revision(store.revoke_token(sid(2), None, NOW, &entry(AuditAction::TokenRevoked)).await.unwrap().revision());
    let disabled = entry(AuditAction::RepDisabled);
    revision(store.set_disabled(owner, Some(NOW), &disabled).await.unwrap().revision());
    revision(store.set_disabled(owner, None, &disabled).await.unwrap().revision());
    let moved = entry(AuditAction::EmailChanged);
    revision(store.change_email(owner, &email("new@example.com"), secret(1), &moved).await.unwrap().revision());

    let (first, second, owner) = (TokenChange::Token(sid(1)), TokenChange::Token(sid(2)), TokenChange::Owner(owner));
    let revoked = TokenChange::Revoked(sid(2));
    assert_eq!(changes(&fixture, START).await, [first, second, first, revoked, owner, owner, owner]);
    assert_eq!(changes(&fixture, Revision::from_number(6)).await, [owner]);
    assert_eq!(changes(&fixture, Revision::from_number(7)).await, []);
    assert_eq!(latest(&fixture).await, Revision::from_number(7));
}

pub(crate) async fn what_cannot_be_committed_is_not_answered_as_done(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    let before = latest(&fixture).await;
    // What is violated here is found out only when everything else has been done.
    let violated = "CREATE TABLE held (id INTEGER PRIMARY KEY); \
                    CREATE TABLE dangling (id INTEGER REFERENCES held (id) DEFERRABLE INITIALLY DEFERRED);";
    let on_change = if fixture.is_sqlite() {
        "CREATE TRIGGER violate AFTER INSERT ON token_change BEGIN INSERT INTO dangling VALUES (1); END"
    } else {
        "CREATE FUNCTION violate() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN INSERT INTO dangling VALUES (1); RETURN NULL; END'; \
         CREATE TRIGGER violate AFTER INSERT ON token_change FOR EACH ROW EXECUTE FUNCTION violate()"
    };
    fixture.execute(&format!("{violated} {on_change}")).await.unwrap();
    let store = &fixture.store;
    let created = entry(AuditAction::TokenCreated);
    store.insert_token(&new_token(2, owner, "B"), 500, &created).await.unwrap_err();
    store.limit_token(sid(1), TokenRateLimit::Off, &entry(AuditAction::TokenLimited)).await.unwrap_err();
    store.set_disabled(owner, Some(NOW), &entry(AuditAction::RepDisabled)).await.unwrap_err();
    for _ in 0..2 {
        store.revoke_token(sid(1), None, NOW, &entry(AuditAction::TokenRevoked)).await.unwrap_err();
    }
    assert_eq!(latest(&fixture).await, before);
    assert_eq!(store.secrets_of(&[sid(1)]).await.unwrap()[0].revoked_at, None);
}

pub(crate) async fn what_is_given_up_as_it_begins_keeps_no_others_change(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    // Few connections, so that each of them is lent again and again.
    let few = if fixture.is_sqlite() { String::new() } else { "?connections=2".to_owned() };
    let store = SqlStore::open(&format!("{}{few}", fixture.url), Opening::Serve).await.unwrap();
    for number in 1..=20 {
        fixture.token(number, owner).await;
        // Looked at once, and not waited for.
        let _ = store.forget_nodes(&[]).now_or_never();
        store.ping().await.unwrap();
        let revoked = store.revoke_token(sid(number), None, NOW, &entry(AuditAction::TokenRevoked)).await.unwrap();
        assert!(revoked.revision().is_some());
        assert_eq!(fixture.store.secrets_of(&[sid(number)]).await.unwrap()[0].revoked_at, Some(NOW), "{number}");
    }
}

pub(crate) async fn what_changes_nothing_takes_none(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    let (store, revoked) = (&fixture.store, entry(AuditAction::TokenRevoked));
    store.revoke_token(sid(1), None, NOW, &revoked).await.unwrap().unsettled();
    let before = latest(&fixture).await;
    let again = store.insert_token(&new_token(1, owner, "Token 1"), 500, &entry(AuditAction::TokenCreated)).await;
    assert_eq!(again.unwrap().revision(), None);
    for number in [9, 1] {
        assert_eq!(store.revoke_token(sid(number), None, after(1000), &revoked).await.unwrap().revision(), None);
    }
    let limited = store.limit_token(sid(9), TokenRateLimit::Off, &entry(AuditAction::TokenLimited)).await;
    assert_eq!(limited.unwrap(), Committed::unchanged(false));
    let enabled = store.set_disabled(owner, None, &entry(AuditAction::RepEnabled)).await;
    assert_eq!(enabled.unwrap(), Committed::unchanged(RepChange::Unchanged));
    let (same, moved) = (email("rep1@example.com"), entry(AuditAction::EmailChanged));
    assert_eq!(store.change_email(owner, &same, secret(1), &moved).await.unwrap().revision(), None);
    assert_eq!(latest(&fixture).await, before);
}

pub(crate) async fn what_no_verdict_is_made_of_takes_none(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    let before = latest(&fixture).await;
    fixture.store.insert_rep(&new_rep(2, Role::Admin), &entry(AuditAction::RepAdded)).await.unwrap();
    fixture.store.rename_rep(owner, "Another", &entry(AuditAction::RepRenamed)).await.unwrap();
    fixture.store.note_uses(&[use_of(sid(1), after(1))]).await.unwrap();
    fixture.sign_in(&new_session(1, owner), secret(9), &entry(AuditAction::SignedIn)).await.unwrap();
    assert_eq!(latest(&fixture).await, before);
}

/// Somebody who follows while many write, on several connections, misses nothing and sees nothing twice.
pub(crate) async fn revisions_are_in_the_order_of_commits(fixture: Fixture) {
    let owners = [fixture.rep(1).await.id, fixture.rep(2).await.id, fixture.rep(3).await.id];
    let other_node = fixture.another_node().await;
    let writing = async {
        let tokens: Vec<_> = (1..=30_u8)
            .map(|number| new_token(number, owners[usize::from(number % 3)], &format!("Token {number}")))
            .collect();
        let created = entry(AuditAction::TokenCreated);
        let insertions = tokens.iter().enumerate().map(|(index, token)| {
            let store = if index % 2 == 0 { &fixture.store } else { &other_node };
            store.insert_token(token, 500, &created)
        });
        join_all(insertions).await.into_iter().map(|done| done.unwrap().revision().unwrap()).collect::<BTreeSet<_>>()
    };
    let following = async {
        let (mut applied, mut seen) = (START, Vec::new());
        while seen.len() < 30 {
            let found = other_node.token_changes(applied).await.unwrap();
            seen.extend(found.changes.expect("no gap"));
            applied = found.latest;
            tokio::task::yield_now().await;
        }
        seen
    };
    let (revisions, seen) = tokio::join!(writing, following);
    assert_eq!(revisions, (1..=30).map(Revision::from_number).collect());
    assert_eq!(seen.len(), 30);
    assert_eq!(
        seen.into_iter().collect::<BTreeSet<_>>(),
        (1..=30).map(|number| TokenChange::Token(sid(number))).collect()
    );
}

pub(crate) async fn what_cannot_be_told_any_more_is_not_told(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    for number in 1..=5 {
        fixture.token(number, owner).await;
    }
    let told = async |after: i64| {
        let found = fixture.store.token_changes(Revision::from_number(after)).await.unwrap();
        assert_eq!(found.latest, Revision::from_number(5));
        found.changes.map(|changes| changes.len())
    };
    fixture.store.forget_changes(10).await.unwrap();
    assert_eq!(told(0).await, Some(5));
    fixture.store.forget_changes(2).await.unwrap();
    fixture.store.forget_changes(4).await.unwrap();
    assert_eq!([told(0).await, told(2).await, told(3).await, told(5).await], [None, None, Some(2), Some(0)]);
    // Of a database that is behind, as one from a backup is.
    assert_eq!(told(6).await, None);
    // Of one from which somebody took a row.
    fixture.execute("DELETE FROM token_change WHERE rev = 4").await.unwrap();
    assert_eq!([told(3).await, told(4).await], [None, Some(1)]);
    fixture.execute("DELETE FROM token_change WHERE rev = 5").await.unwrap();
    assert_eq!(told(4).await, None);
    // It goes on from there.
    fixture.token(6, owner).await;
    assert_eq!(changes(&fixture, Revision::from_number(5)).await, [TokenChange::Token(sid(6))]);
}

pub(crate) async fn live_tokens_are_counted(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    assert_eq!(fixture.store.live_tokens(NOW).await.unwrap(), 0);
    for number in 1..=3 {
        fixture.token(number, owner).await;
    }
    let audit = entry(AuditAction::TokenRevoked);
    fixture.store.revoke_token(sid(2), None, NOW, &audit).await.unwrap().unsettled();
    assert_eq!(fixture.store.live_tokens(NOW).await.unwrap(), 2);
    let end = fixture.store.token(sid(1), None).await.unwrap().unwrap().expires_at;
    assert_eq!(fixture.store.live_tokens(end).await.unwrap(), 0);
}

pub(crate) async fn live_secrets_are_read_in_pages(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    for number in 1..=5 {
        fixture.token(number, owner).await;
    }
    let revoked = entry(AuditAction::TokenRevoked);
    fixture.store.revoke_token(sid(2), None, NOW, &revoked).await.unwrap().unsettled();
    add_secret(&fixture, 3, 43, after(9)).await;
    let read = async |place, now| {
        let (mut pages, mut last) = (Vec::new(), None);
        loop {
            let page = fixture.store.live_secrets(place, last, now, 2).await.unwrap();
            let Some(end) = page.last() else { return pages };
            last = Some(end.sid);
            pages.push(page.iter().map(|found| found.hash).collect::<Vec<_>>());
        }
    };
    let (in_use, leaving) = (SecretPlace::InUse, SecretPlace::OnItsWayOut);
    let hashes = [[token_hash(1), token_hash(3)], [token_hash(4), token_hash(5)]];
    assert_eq!(read(in_use, NOW).await, hashes);
    assert_eq!(read(leaving, NOW).await, [[token_hash(43)]]);
    // Tokens end at 1000.
    assert_eq!(read(in_use, after(999)).await, hashes);
    assert!(read(in_use, after(1000)).await.is_empty() && read(leaving, after(1000)).await.is_empty());
}

pub(crate) async fn a_tokens_secrets_are_read_valid_or_not(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let token = fixture.token(1, owner).await.token;
    fixture.token(2, owner).await;
    add_secret(&fixture, 1, 41, after(9)).await;
    let limit = TokenRateLimit::Own(RateLimit::of(7, 60));
    fixture.store.limit_token(sid(1), limit, &entry(AuditAction::TokenLimited)).await.unwrap().unsettled();
    let revoked = entry(AuditAction::TokenRevoked);
    fixture.store.revoke_token(sid(1), None, after(3), &revoked).await.unwrap().unsettled();
    let expected = SecretRecord {
        hash: token_hash(1),
        not_after: None,
        sid: sid(1),
        owner: rep_id(1),
        scopes: token.scopes.into(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        revoked_at: Some(after(3)),
        rate_limit: limit,
        addresses: None,
    };
    let leaving = SecretRecord { hash: token_hash(41), not_after: Some(after(9)), ..expected.clone() };
    let mut found = fixture.store.secrets_of(&[sid(9), sid(1)]).await.unwrap();
    found.sort_by_key(|found| found.not_after);
    assert_eq!(found, [expected, leaving]);
    assert_eq!(fixture.store.secrets_of(&[]).await.unwrap(), []);
}

pub(crate) async fn a_watch_sees_every_commit(fixture: Fixture) {
    let other_node = fixture.another_node().await;
    let Following::Watch(mut watch) = fixture.store.follow_changes(NODE).await.unwrap() else {
        assert!(fixture.url.starts_with("postgres"));
        return;
    };
    assert!(watch.has_moved().await.unwrap(), "nothing is known at first");
    assert!(!watch.has_moved().await.unwrap());
    let owner = fixture.rep(1).await.id;
    assert!(watch.has_moved().await.unwrap(), "by the store itself");
    assert!(!watch.has_moved().await.unwrap());
    let created = entry(AuditAction::TokenCreated);
    for number in 1..=50 {
        let token = new_token(number, owner, &format!("Token {number}"));
        other_node.insert_token(&token, 500, &created).await.unwrap().unsettled();
        assert!(watch.has_moved().await.unwrap(), "by another");
        assert!(!watch.has_moved().await.unwrap());
    }
    fixture.store.rep(owner).await.unwrap();
    assert!(!watch.has_moved().await.unwrap(), "reading moves nothing");
}

pub(crate) async fn a_closed_stores_watch_fails(fixture: Fixture) {
    let Following::Watch(mut watch) = fixture.store.follow_changes(NODE).await.unwrap() else {
        assert!(fixture.url.starts_with("postgres"));
        return;
    };
    watch.has_moved().await.unwrap();
    fixture.store.close().await;
    assert!(watch.has_moved().await.is_err());
    assert!(fixture.store.follow_changes(NODE).await.is_err());
}

async fn member(fixture: &Fixture, node: NodeId) -> Option<Box<dyn Membership>> {
    match fixture.store.follow_changes(node).await.unwrap() {
        Following::Watch(_) => None,
        Following::Membership(member) => Some(member),
    }
}

async fn behind(fixture: &Fixture, revision: Revision, but: NodeId) -> Vec<NodeBehind> {
    let mut behind = fixture.store.roll_call().unwrap().behind(revision, but).await.unwrap();
    behind.sort_by_key(|node| node.id);
    behind
}

pub(crate) async fn nodes_say_how_far_they_have_come(fixture: Fixture) {
    let Some(mut one) = member(&fixture, NODE).await else {
        assert!(fixture.store.roll_call().is_none());
        return;
    };
    let other_node = fixture.another_node().await;
    let Following::Membership(mut two) = other_node.follow_changes(OTHER).await.unwrap() else { panic!() };
    assert_eq!(behind(&fixture, Revision::from_number(9), NODE).await, []);
    one.announce(1, START).await.unwrap();
    two.announce(1, Revision::from_number(1)).await.unwrap();
    let (first, second) = (NodeBehind { id: NODE, renewal: 1 }, NodeBehind { id: OTHER, renewal: 1 });
    assert_eq!(behind(&fixture, Revision::from_number(2), NodeId::from_bytes([3; 16])).await, [first, second]);
    assert_eq!(behind(&fixture, Revision::from_number(2), NODE).await, [second]);
    assert_eq!(behind(&fixture, Revision::from_number(1), OTHER).await, [first]);
    assert_eq!(behind(&fixture, START, OTHER).await, []);

    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    let latest = one.changes(START).await.unwrap().latest;
    assert_eq!(latest, self::latest(&fixture).await);
    one.announce(2, latest).await.unwrap();
    assert_eq!(behind(&fixture, latest, OTHER).await, []);

    // One that has said something since is not forgotten.
    fixture.store.forget_nodes(&[first, second]).await.unwrap();
    assert_eq!(behind(&fixture, Revision::from_number(99), OTHER).await, [NodeBehind { id: NODE, renewal: 2 }]);
    assert_eq!(behind(&fixture, Revision::from_number(99), NODE).await, []);
    fixture.store.forget_node(NODE).await.unwrap();
    assert_eq!(behind(&fixture, Revision::from_number(99), OTHER).await, []);

    // One that was forgotten and has come back is not forgotten by somebody who found it silent before.
    two.announce(2, START).await.unwrap();
    fixture.store.forget_nodes(&[second]).await.unwrap();
    let back = NodeBehind { id: OTHER, renewal: 2 };
    assert_eq!(behind(&fixture, Revision::from_number(99), NODE).await, [back]);
    // What it said on a connection that it has given up since, and that comes late, is not what it says.
    two.announce(1, Revision::from_number(98)).await.unwrap();
    assert_eq!(behind(&fixture, Revision::from_number(1), NODE).await, [back]);
}

pub(crate) async fn what_a_node_confirms_is_no_announcement(fixture: Fixture) {
    let Some(mut member) = member(&fixture, NODE).await else { return };
    let revision = Revision::from_number;
    member.confirm(revision(5)).await.unwrap();
    assert_eq!(behind(&fixture, revision(9), OTHER).await, [], "it does not make a node one that is waited for");
    member.announce(1, revision(2)).await.unwrap();
    member.confirm(revision(5)).await.unwrap();
    assert_eq!(behind(&fixture, revision(5), OTHER).await, []);
    assert_eq!(behind(&fixture, revision(6), OTHER).await, [NodeBehind { id: NODE, renewal: 1 }]);
    // One that comes late.
    member.confirm(revision(4)).await.unwrap();
    assert_eq!(behind(&fixture, revision(5), OTHER).await, []);
    // The disk is waited for again by what comes after it on that connection.
    member.announce(2, revision(6)).await.unwrap();
    assert_eq!(behind(&fixture, revision(7), OTHER).await, [NodeBehind { id: NODE, renewal: 2 }]);
}

pub(crate) async fn nodes_are_told_of_what_is_committed(fixture: Fixture) {
    let Some(member) = member(&fixture, NODE).await else { return };
    hears_of_what_is_committed(fixture, member).await;
}

pub(crate) async fn nodes_are_not_told_of_their_own_changes(fixture: Fixture) {
    let Some(mut member) = member(&fixture, NODE).await else { return };
    let (other_node, patience) = (fixture.another_node().await, Duration::from_secs(20));
    let owner = fixture.rep(1).await.id;
    member.announce(1, START).await.unwrap();
    fixture.token(1, owner).await;
    fixture.execute("SELECT CAST(pg_notify('latchkey_token_change', 'anything') AS TEXT) AS told").await.unwrap();
    assert_eq!(member.told(patience).await.unwrap(), Some(Told::Something), "that may be anything");
    fixture.token(2, owner).await;
    other_node.limit_token(sid(1), TokenRateLimit::Off, &entry(AuditAction::TokenLimited)).await.unwrap().unsettled();
    fixture.token(3, owner).await;
    assert_eq!(member.told(patience).await.unwrap(), Some(Told::UpTo(Revision::from_number(3))));
    assert_eq!(member.told(Duration::from_millis(50)).await.unwrap(), None);
}

pub(crate) async fn nodes_that_are_not_told_ask(fixture: Fixture) {
    let polling = SqlStore::open_with(&fixture.url, Opening::Serve, Notices::Poll).await.unwrap();
    let Following::Membership(member) = polling.follow_changes(NODE).await.unwrap() else { return };
    assert_eq!(polling.notice_queue().await.unwrap(), None);
    hears_of_what_is_committed(fixture, member).await;

    let Following::Membership(mut member) = polling.follow_changes(NODE).await.unwrap() else { panic!() };
    member.changes(START).await.unwrap();
    let (told, ()) = tokio::join!(member.told(Duration::from_secs(20)), polling.close());
    assert!(told.is_err(), "there is nothing to ask any more");
}

pub(crate) async fn room_for_notifications_is_known_where_there_is_any(fixture: Fixture) {
    let expected = fixture.url.starts_with("postgres").then_some(0);
    assert_eq!(fixture.store.notice_queue().await.unwrap(), expected);
}

async fn hears_of_what_is_committed(fixture: Fixture, mut member: Box<dyn Membership>) {
    member.announce(1, START).await.unwrap();
    member.changes(START).await.unwrap();
    let owner = fixture.rep(1).await.id;
    let moment = Duration::from_millis(50);
    assert_eq!(member.told(moment).await.unwrap(), None, "no verdict hangs on a new service rep");
    let (other_node, patience) = (fixture.another_node().await, Duration::from_secs(20));
    let token = new_token(1, owner, "Token 1");
    other_node.insert_token(&token, 500, &entry(AuditAction::TokenCreated)).await.unwrap().unsettled();
    assert_eq!(member.told(patience).await.unwrap(), Some(Told::UpTo(latest(&fixture).await)));
    assert_eq!(member.changes(START).await.unwrap().latest, latest(&fixture).await);

    // What cuts the connection off may have hidden something. This is the last that was said on it.
    member.confirm(START).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'UPDATE node SET applied%' \
               AND pid <> pg_backend_pid()";
    fixture.execute(cut).await.unwrap();
    fixture.token(3, owner).await;
    assert!(matches!(member.told(patience).await, Ok(Some(Told::Something)) | Err(_)));
    fixture.token(2, owner).await;
    assert_eq!(member.changes(START).await.unwrap().latest, latest(&fixture).await, "on another connection");
}
