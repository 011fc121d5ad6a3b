use futures_util::future::join_all;
use latchkey_domain::{AccountSid, RepId, Timestamp};
use latchkey_service::ports::{AuditStore, SessionStore};
use latchkey_service::{
    AuditAction, AuditActor, AuditCursor, AuditEntry, AuditFilter, AuditGroup, AuditHead, AuditKey, AuditLine,
    AuditRange, AuditSubject, AuditVerdict, Flaw, Origin, Sequencing, VerifiedChain, Who, verify_audit,
};
use latchkey_store::SqlStore;

use crate::Fixture;
use crate::fixture::{NOW, after, entry, sid};

fn key() -> AuditKey {
    AuditKey::parse(&"0b".repeat(32)).unwrap()
}

async fn write(store: &SqlStore, entries: i64) {
    for number in 0..entries {
        let entry = AuditEntry { at: after(number), ..entry(AuditAction::SignedIn) };
        store.record_failed_attempt(&entry).await.unwrap();
    }
}

async fn sequence(store: &SqlStore) -> AuditHead {
    store.sequence_audit(&key(), 1000).await.unwrap();
    store.audit_head().await.unwrap()
}

async fn verdict(store: &SqlStore) -> AuditVerdict {
    verify_audit(store, &key(), None).await.unwrap()
}

#[track_caller]
fn whole(verdict: AuditVerdict) -> VerifiedChain {
    match verdict {
        AuditVerdict::Whole(verified) => verified,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn entries_are_put_into_one_chain(fixture: Fixture) {
    let store = &fixture.store;
    assert_eq!(store.sequence_audit(&key(), 10).await.unwrap(), Sequencing::UpToDate);
    assert_eq!(whole(verdict(store).await).head, AuditHead::NONE);
    write(store, 5).await;
    assert_eq!(store.unsequenced_audit_entries().await.unwrap(), 5);
    assert_eq!(whole(verdict(store).await).unsequenced, 5);
    let Sequencing::Sequenced { entries: 2, head } = store.sequence_audit(&key(), 2).await.unwrap() else { panic!() };
    assert_eq!(store.audit_head().await.unwrap(), head);
    assert_eq!((head.seq, store.unsequenced_audit_entries().await.unwrap()), (2, 3));
    let last = sequence(store).await;
    assert_eq!(last.seq, 5);
    assert_eq!(store.sequence_audit(&key(), 10).await.unwrap(), Sequencing::UpToDate);
    let expected = VerifiedChain { sealed: AuditHead::NONE, head: last, found: None, unsequenced: 0 };
    assert_eq!(verdict(store).await, AuditVerdict::Whole(expected));
    let found = verify_audit(store, &key(), Some(head.mac)).await.unwrap();
    assert_eq!(found, AuditVerdict::Whole(VerifiedChain { found: Some(2), ..expected }));
    let links = store.audit_links(3, 1).await.unwrap();
    assert_eq!(links.iter().map(|link| (link.seq, link.entry_id)).collect::<Vec<_>>(), [(4, 4)]);
    assert_eq!(links[0].entry.as_ref().unwrap().at, after(3).unix_seconds());
}

pub(crate) async fn writers_at_once_make_one_chain(fixture: Fixture) {
    let nodes = [fixture.another_node().await, fixture.another_node().await];
    let work = nodes.iter().flat_map(|node| (0..10).map(move |_| node)).map(|node| async {
        write(node, 3).await;
        node.sequence_audit(&key(), 2).await.unwrap();
        node.sequence_audit(&key(), 100).await.unwrap();
    });
    join_all(work).await;
    let head = sequence(&fixture.store).await;
    assert_eq!(head.seq, 60);
    let verified = whole(verdict(&fixture.store).await);
    assert_eq!((verified.head, verified.unsequenced), (head, 0));
}

pub(crate) async fn another_key_does_nothing(fixture: Fixture) {
    let store = &fixture.store;
    write(store, 1).await;
    let head = sequence(store).await;
    write(store, 1).await;
    let other = AuditKey::parse(&"0c".repeat(32)).unwrap();
    assert_eq!(store.sequence_audit(&other, 10).await.unwrap(), Sequencing::OtherKey);
    assert_eq!(verify_audit(store, &other, None).await.unwrap(), AuditVerdict::OtherKey);
    assert_eq!(store.audit_head().await.unwrap(), head);
    assert!(store.seal_audit(&other, 1, None).await.is_err());
}

pub(crate) async fn what_was_changed_is_named(fixture: Fixture) {
    let store = &fixture.store;
    write(store, 6).await;
    let head = sequence(store).await;
    write(store, 1).await;
    // What is done behind the store's back, how it is undone, and what is found.
    let changes = [
        (
            "UPDATE audit_entry SET address = '192.0.2.9' WHERE id = 3",
            "UPDATE audit_entry SET address = '192.0.2.1'",
            3,
        ),
        ("UPDATE audit_entry SET action = 'signed_out' WHERE id = 1", "UPDATE audit_entry SET action = 'signed_in'", 1),
        ("UPDATE audit_entry SET action = 'x' WHERE id = 6", "UPDATE audit_entry SET action = 'signed_in'", 6),
    ];
    for (change, undo, seq) in changes {
        fixture.execute(change).await.unwrap();
        let found = verdict(store).await;
        assert!(matches!(&found, AuditVerdict::Broken(Flaw::Changed { seq: at, .. }) if *at == seq), "{found:?}");
        fixture.execute(undo).await.unwrap();
        whole(verdict(store).await);
    }
    // Two links change places.
    for (one, other, to) in [(2, 4, 900), (4, 2, 900)] {
        for (from, to) in [(one, to), (other, one), (to, other)] {
            fixture.execute(&format!("UPDATE audit_link SET entry = {to} WHERE entry = {from}")).await.unwrap();
        }
        if one == 2 {
            let found = verdict(store).await;
            assert!(matches!(&found, AuditVerdict::Broken(Flaw::Changed { seq: 2, .. })), "{found:?}");
        }
    }
    whole(verdict(store).await);
    for (change, flaw) in [
        // Put in behind the product's back, and kept from being sequenced.
        (
            "INSERT INTO audit_entry (at, actor_kind, action, subject_kind, address, request_id, detail) \
             VALUES (1, 'anonymous', 'signed_in', 'nothing', '', '', '')",
            None,
        ),
        ("DELETE FROM audit_waiting WHERE entry = 8", Some(Flaw::Outside { entry_id: 8, last_seq: 6 })),
        ("DELETE FROM audit_entry WHERE id = 8", None),
        ("DELETE FROM audit_entry WHERE id = 7", Some(Flaw::RemovedWhileWaiting { entry_id: 7 })),
        ("DELETE FROM audit_link WHERE seq = 6", Some(Flaw::Outside { entry_id: 6, last_seq: 5 })),
        ("DELETE FROM audit_waiting", Some(Flaw::Outside { entry_id: 6, last_seq: 5 })),
        // Cut off without a trace in the database.
        ("DELETE FROM audit_entry WHERE id = 6", None),
        ("DELETE FROM audit_entry WHERE id = 5", Some(Flaw::EntryRemoved { seq: 5, entry_id: 5 })),
        ("DELETE FROM audit_link WHERE seq = 3", Some(Flaw::Missing { seq: 3 })),
        ("DELETE FROM audit_chain", Some(Flaw::Start)),
    ] {
        fixture.execute(change).await.unwrap();
        let found = verdict(store).await;
        match flaw {
            Some(flaw) => assert_eq!(found, AuditVerdict::Broken(flaw), "{change}"),
            None => drop(whole(found)),
        }
        if change.ends_with("id = 6") {
            let cut = AuditVerdict::Broken(Flaw::HeadNotFound { first_seq: 1, last_seq: 5 });
            assert_eq!(verify_audit(store, &key(), Some(head.mac)).await.unwrap(), cut);
        }
    }
}

pub(crate) async fn a_sealed_part_is_taken_out(fixture: Fixture) {
    let store = &fixture.store;
    write(store, 10).await;
    sequence(store).await;
    assert_eq!(store.audit_seq_before(after(0)).await.unwrap(), 0);
    assert_eq!(store.audit_seq_before(after(4)).await.unwrap(), 4);
    assert_eq!(store.audit_seq_before(after(100)).await.unwrap(), 10);
    let fourth = store.audit_links(3, 1).await.unwrap()[0].mac;
    let sealed = store.seal_audit(&key(), 4, Some(&entry(AuditAction::AuditSealed))).await.unwrap();
    assert_eq!(sealed, AuditHead { seq: 4, mac: fourth });
    assert_eq!(store.seal_audit(&key(), 4, None).await.unwrap(), sealed);
    assert_eq!(fixture.audit_log().await.len(), 7);
    let head = sequence(store).await;
    assert_eq!(head.seq, 11);
    let found = verify_audit(store, &key(), Some(fourth)).await.unwrap();
    assert_eq!(found, AuditVerdict::Whole(VerifiedChain { sealed, head, found: Some(4), unsequenced: 0 }));
    // All of it: the chain goes on from the seal.
    assert_eq!(store.seal_audit(&key(), 11, None).await.unwrap(), head);
    assert_eq!((store.audit_head().await.unwrap(), fixture.audit_log().await.len()), (head, 0));
    write(store, 1).await;
    assert_eq!(sequence(store).await.seq, 12);
    assert_eq!(whole(verdict(store).await).sealed, head);
    for change in ["sealed_seq = 10", "sealed_seq = 12"] {
        fixture.execute(&format!("UPDATE audit_chain SET {change}")).await.unwrap();
        assert_eq!(verdict(store).await, AuditVerdict::Broken(Flaw::Start));
    }
}

async fn lines(store: &SqlStore, filter: &AuditFilter) -> Vec<AuditLine> {
    store.audit_lines(filter, AuditRange::WHOLE, 100).await.unwrap()
}

pub(crate) async fn the_log_is_filtered(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let token = fixture.token(2, owner).await.token.sid;
    let written = [
        (5, AuditActor::Rep(owner), AuditAction::SignedIn, AuditSubject::Rep(owner), "192.0.2.1", "a"),
        (9, AuditActor::Token(token), AuditAction::CallsRefused, AuditSubject::Token(token), "192.0.2.2", "b"),
        (7, AuditActor::CommandLine, AuditAction::TokenRevoked, AuditSubject::Token(token), "user:root", "c"),
        (7, AuditActor::Anonymous, AuditAction::SignInFailed, AuditSubject::Nothing, "192.0.2.1", "d"),
        (7, AuditActor::Rep(RepId::from_bytes([9; 16])), AuditAction::SignedIn, AuditSubject::Nothing, "", "e"),
        (8, AuditActor::Rep(owner), AuditAction::SignedOut, AuditSubject::Token(sid(9)), "192.0.2.1", "f"),
    ];
    let entries = written.map(|(at, actor, action, subject, address, id)| AuditEntry {
        at: after(100 + at),
        actor,
        action,
        subject,
        origin: Origin { address: address.to_owned(), request_id: id.to_owned() },
        detail: String::new(),
    });
    fixture.store.write_audit(&entries).await.unwrap();
    let since = AuditFilter { from: Some(after(100)), ..AuditFilter::default() };
    let any = || since.clone();
    let text = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (any(), "bfedca"),
        (AuditFilter { actor: Some(AuditActor::Rep(owner)), ..any() }, "fa"),
        (AuditFilter { actor: Some(AuditActor::Token(token)), ..any() }, "b"),
        (AuditFilter { actor: Some(AuditActor::CommandLine), ..any() }, "c"),
        (AuditFilter { actions: vec![AuditAction::SignedIn], ..any() }, "ea"),
        (AuditFilter { actions: AuditGroup::SigningIn.actions().to_vec(), ..any() }, "feda"),
        (
            AuditFilter {
                actions: AuditGroup::SigningIn.actions().to_vec(),
                actor: Some(AuditActor::Rep(owner)),
                ..any()
            },
            "fa",
        ),
        (AuditFilter { subject: Some(AuditSubject::Token(token)), ..any() }, "bc"),
        (AuditFilter { subject: Some(AuditSubject::Rep(owner)), ..any() }, "a"),
        (AuditFilter { address: text("192.0.2.1"), ..any() }, "fda"),
        (AuditFilter { request_id: text("c"), ..any() }, "c"),
        (AuditFilter { from: Some(after(107)), before: Some(after(108)), ..any() }, "edc"),
        (AuditFilter { actor: Some(AuditActor::Rep(owner)), address: text("192.0.2.1"), ..any() }, "fa"),
        (AuditFilter { actions: vec![AuditAction::SignedOut], subject: Some(AuditSubject::Rep(owner)), ..any() }, ""),
        (AuditFilter { address: text("192.0.2.%"), ..any() }, ""),
    ] {
        let found = lines(&fixture.store, &filter).await;
        let ids: String = found.iter().map(|line| line.request_id.as_str()).collect();
        assert_eq!(ids, expected, "{filter:?}");
        let counted = fixture.store.count_audit_lines(&filter, AuditRange::WHOLE, 100).await.unwrap();
        assert_eq!(counted as usize, found.len(), "{filter:?}");
    }
    assert_eq!(fixture.store.count_audit_lines(&AuditFilter::default(), AuditRange::WHOLE, 3).await.unwrap(), 3);
    let found = lines(&fixture.store, &since).await;
    let known = Some(("Rep 1".to_owned(), "rep1@example.com".to_owned()));
    assert_eq!(found[5].actor, Who::Rep { id: owner, known: known.clone() });
    assert_eq!(found[5].subject, Who::Rep { id: owner, known });
    assert_eq!(found[0].subject, Who::Token { sid: token, description: text("Token 2") });
    assert_eq!(found[2].actor, Who::Rep { id: RepId::from_bytes([9; 16]), known: None });
    assert_eq!(found[1].subject, Who::Token { sid: sid(9), description: None });
    assert_eq!((&found[4].actor, &found[3].actor), (&Who::CommandLine, &Who::Anonymous));
    assert!(found.iter().all(|line| line.link.is_none()));
    let head = sequence(&fixture.store).await;
    let last = fixture.store.newest_audit_id().await.unwrap();
    let newest = lines(&fixture.store, &since).await.into_iter().find(|line| line.cursor.id == last).unwrap();
    assert_eq!(newest.link, Some((head.seq, head.mac)));
    // Of an action that a later release wrote.
    fixture.execute("UPDATE audit_entry SET action = 'moon_landed', actor_kind = 'moon'").await.unwrap();
    let found = lines(&fixture.store, &since).await;
    assert_eq!((found[0].action_words(), &found[0].actor), ("moon_landed", &Who::Unknown("moon".to_owned())));
}

pub(crate) async fn the_log_is_paged(fixture: Fixture) {
    // Many of one second, and a clock that was set back.
    let seconds = [3, 1, 1, 1, 2, 2, 0, 1];
    let entries = seconds.map(|second| AuditEntry { at: after(second), ..entry(AuditAction::SignedIn) });
    fixture.store.write_audit(&entries).await.unwrap();
    for filter in
        [AuditFilter::default(), AuditFilter { actions: vec![AuditAction::SignedIn], ..AuditFilter::default() }]
    {
        let mut found: Vec<AuditCursor> = Vec::new();
        loop {
            let page = fixture
                .store
                .audit_lines(&filter, AuditRange { after: found.last().copied(), ..AuditRange::WHOLE }, 3)
                .await
                .unwrap();
            found.extend(page.iter().map(|line| line.cursor));
            if page.len() < 3 {
                break;
            }
        }
        let ids: Vec<i64> = found.iter().map(|cursor| cursor.id).collect();
        assert_eq!(ids, [1, 6, 5, 8, 4, 3, 2, 7]);
        let up_to =
            fixture.store.audit_lines(&filter, AuditRange { newest: 4, ..AuditRange::WHOLE }, 100).await.unwrap();
        assert_eq!(up_to.iter().map(|line| line.cursor.id).collect::<Vec<_>>(), [1, 4, 3, 2]);
    }
}

pub(crate) async fn the_log_is_searched_in_stretches(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let actor = AuditActor::Rep(owner);
    let entries: Vec<AuditEntry> = (0..40)
        .map(|number| {
            let action = if number % 7 == 0 { AuditAction::SignedOut } else { AuditAction::SignedIn };
            // Several of one second, and others in between.
            let at = after(number / 3);
            let actor = if number % 4 == 1 { AuditActor::Anonymous } else { actor };
            AuditEntry { at, actor, ..entry(action) }
        })
        .collect();
    fixture.store.write_audit(&entries).await.unwrap();
    let by_actor = AuditFilter { actor: Some(actor), ..AuditFilter::default() };
    let signed_out = vec![AuditAction::SignedOut, AuditAction::OtherSessionsEnded];
    let both = AuditFilter { actions: signed_out.clone(), ..by_actor.clone() };
    let whole: Vec<i64> = lines(&fixture.store, &both).await.iter().map(|line| line.cursor.id).collect();
    assert_eq!(whole.len(), 5);
    for most in [1, 2, 7, 29, 30, 31] {
        let (mut range, mut found, mut stretches) = (AuditRange::WHOLE, Vec::new(), 0);
        loop {
            range.through = fixture.store.audit_stretch(&both, range.after, most).await.unwrap();
            let part = fixture.store.audit_lines(&both, range, 100).await.unwrap();
            assert_eq!(fixture.store.count_audit_lines(&both, range, 100).await.unwrap() as usize, part.len());
            found.extend(part.iter().map(|line| line.cursor.id));
            stretches += 1;
            if range.through.is_none() {
                break;
            }
            range.after = range.through;
        }
        assert_eq!((&found, stretches), (&whole, 30 / most + 1), "{most}");
    }
    // One filter alone is looked up.
    for alone in [AuditFilter::default(), by_actor, AuditFilter { actions: signed_out, ..AuditFilter::default() }] {
        assert_eq!(fixture.store.audit_stretch(&alone, None, 1).await.unwrap(), None, "{alone:?}");
    }
}

pub(crate) async fn entries_from_before_the_chain_are_put_into_it(fixture: Fixture) {
    // As the migration does it.
    write(&fixture.store, 2).await;
    fixture.execute("DELETE FROM audit_waiting").await.unwrap();
    fixture.execute("INSERT INTO audit_waiting (entry) SELECT id FROM audit_entry").await.unwrap();
    assert_eq!(sequence(&fixture.store).await.seq, 2);
    assert_eq!(fixture.store.newest_audit_entries(1).await.unwrap()[0].at, NOW.plus_seconds(1));
}

/// How many entries "a million" is.
const ENTRIES: i64 = 1_000_000;

/// A million entries: each filter alone answers a page, its count and a page deep inside in time, and of several a
/// stretch is gone through in time. Run with
/// `LATCHKEY_FULL=1`, and `--nocapture` for the figures.
pub(crate) async fn a_million_entries_are_filtered_in_time(fixture: Fixture) {
    if std::env::var_os("LATCHKEY_FULL").is_none() || !fixture.url.starts_with("sqlite") {
        return;
    }
    // 2,000 reps of whom one does a fifth of everything, 40 actions' worth of spread, 5,000 addresses.
    let sql = format!(
        "WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < {ENTRIES} - 1) \
         INSERT INTO audit_entry (at, actor_kind, actor_id, action, subject_kind, subject_id, address, request_id, \
         detail) SELECT 1700000000 + n * 60, CASE n % 20 WHEN 0 THEN 'command_line' ELSE 'rep' END, \
         CASE n % 20 WHEN 0 THEN NULL ELSE unhex(printf('%032x', CASE n % 5 WHEN 1 THEN 1 ELSE 2 + n * 7919 % 2000 END)) END, \
         CASE n % 10 WHEN 1 THEN 'token_created' WHEN 2 THEN 'calls_refused' WHEN 3 THEN 'sign_in_failed' \
         ELSE 'signed_in' END, 'token', unhex(printf('%032x', 1000000 + n * 104729 % 200000)), \
         '192.0.' || (n * 31 % 5000 / 250) || '.' || (n * 31 % 250), printf('%032x', n), '' FROM number"
    );
    fixture.execute(&sql).await.unwrap();
    let id = |number: u128| number.to_be_bytes();
    let filters = [
        ("none", AuditFilter::default()),
        ("actor, busy", AuditFilter { actor: Some(AuditActor::Rep(RepId::from_bytes(id(1)))), ..Default::default() }),
        ("actor", AuditFilter { actor: Some(AuditActor::Rep(RepId::from_bytes(id(77)))), ..Default::default() }),
        ("command line", AuditFilter { actor: Some(AuditActor::CommandLine), ..Default::default() }),
        ("action", AuditFilter { actions: vec![AuditAction::SignedIn], ..Default::default() }),
        ("group", AuditFilter { actions: AuditGroup::Calls.actions().to_vec(), ..Default::default() }),
        ("action, never", AuditFilter { actions: vec![AuditAction::AuditSealed], ..Default::default() }),
        (
            "subject",
            AuditFilter {
                subject: Some(AuditSubject::Token(AccountSid::from_bytes(id(1_000_001)))),
                ..Default::default()
            },
        ),
        ("address", AuditFilter { address: Some("192.0.3.31".to_owned()), ..Default::default() }),
        ("request", AuditFilter { request_id: Some(format!("{:032x}", 500_000)), ..Default::default() }),
        (
            "dates",
            AuditFilter {
                from: Some(Timestamp::from_unix_seconds(1_710_000_000)),
                before: Some(Timestamp::from_unix_seconds(1_720_000_000)),
                ..Default::default()
            },
        ),
        (
            "busy actor and action",
            AuditFilter {
                actor: Some(AuditActor::Rep(RepId::from_bytes(id(1)))),
                actions: vec![AuditAction::SignInFailed],
                ..Default::default()
            },
        ),
    ];
    for (name, filter) in filters {
        let deep = AuditCursor { at: Timestamp::from_unix_seconds(1_700_000_000 + ENTRIES * 30), id: ENTRIES / 2 };
        let mut times = Vec::new();
        for run in 0..40 {
            let after = (run % 2 == 1).then_some(deep);
            let started = std::time::Instant::now();
            // What a page does between two looks at the clock.
            let through = fixture.store.audit_stretch(&filter, after, 5_000).await.unwrap();
            let range = AuditRange { after, through, ..AuditRange::WHOLE };
            fixture.store.audit_lines(&filter, range, 51).await.unwrap();
            let counted = if through.is_some() { range } else { AuditRange::WHOLE };
            fixture.store.count_audit_lines(&filter, counted, 10_001).await.unwrap();
            times.push(started.elapsed());
        }
        times.sort();
        #[expect(clippy::print_stderr, reason = "the figures are what it is run for")]
        {
            eprintln!("{name}: median {:?}, p95 {:?}", times[20], times[38]);
        }
        assert!(times[38].as_millis() < 50, "{name}: {:?}", times[38]);
    }
}
