use latchkey_domain::{RepKind, RepState, Role};
use latchkey_service::ports::{
    AccountLinkStore, LinkPurpose, NewLink, NewRep, RepFilter, RepOverview, RepOverviewStore, RepStore,
};
use latchkey_service::{AuditAction, PasswordHash};

use crate::Fixture;
use crate::fixture::{NOW, after, email, entry, new_rep, rep_id, secret};

/// An admin, a rep who is disabled, somebody who was invited, and a service of the first two.
async fn populated(fixture: &Fixture) {
    fixture.person(1, Role::Admin).await;
    fixture.rep(2).await;
    let system = NewRep { password: None, owners: vec![rep_id(1), rep_id(2)], ..new_rep(4, Role::Rep) };
    let system = NewRep { rep: latchkey_service::ports::Rep { kind: RepKind::System, ..system.rep }, ..system };
    fixture.store.insert_rep(&system, &entry(AuditAction::RepAdded)).await.unwrap();
    fixture.token(1, rep_id(1)).await;
    fixture.token(2, rep_id(4)).await;
    fixture.token(3, rep_id(4)).await;
    fixture.execute("UPDATE token SET revoked_at = 1 WHERE description = 'Token 3'").await.unwrap();
    fixture.store.set_disabled(rep_id(2), Some(NOW), &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
    let link = NewLink { hash: secret(3), purpose: LinkPurpose::Invite, expires_at: after(60) };
    let invited = NewRep { password: None, ..new_rep(3, Role::Rep) };
    fixture.store.invite(&invited, &link, &entry(AuditAction::RepInvited)).await.unwrap();
}

async fn numbers(fixture: &Fixture, filter: RepFilter) -> Vec<u8> {
    let found = fixture.store.rep_overviews(&filter, NOW, 100).await.unwrap();
    found.iter().map(|overview| overview.rep.id.as_bytes()[0]).collect()
}

pub(crate) async fn reps_are_listed_with_what_they_have(fixture: Fixture) {
    populated(&fixture).await;
    let listed = fixture.store.rep_overviews(&RepFilter::default(), NOW, 100).await.unwrap();
    let of = |overview: &RepOverview| {
        let RepOverview { state, live_tokens, owned_systems, link_expires_at, .. } = overview;
        (*state, *live_tokens, *owned_systems, *link_expires_at)
    };
    let expected = [
        (RepState::Enabled, 1, 1, None),
        (RepState::Disabled, 0, 1, None),
        (RepState::Invited, 0, 0, Some(after(60))),
        (RepState::Enabled, 1, 0, None),
    ];
    assert_eq!(listed.iter().map(of).collect::<Vec<_>>(), expected);
    assert_eq!(listed[0].rep, new_rep(1, Role::Admin).rep);
    assert_eq!(fixture.store.rep_overviews(&RepFilter::default(), NOW, 3).await.unwrap(), listed[..3]);
    for overview in &listed {
        assert_eq!(fixture.store.rep_overview(overview.rep.id, NOW).await.unwrap().as_ref(), Some(overview));
    }
    assert_eq!(fixture.store.rep_overview(rep_id(9), NOW).await.unwrap(), None);
    let later = fixture.store.rep_overview(rep_id(1), after(1000)).await.unwrap().unwrap();
    assert_eq!(later.live_tokens, 0, "what has expired is not live");
}

pub(crate) async fn every_filter_finds_its_reps(fixture: Fixture) {
    populated(&fixture).await;
    let all = RepFilter::default;
    for (filter, expected) in [
        (all(), vec![1, 2, 3, 4]),
        (RepFilter { role: Some(Role::Admin), ..all() }, vec![1]),
        (RepFilter { kind: Some(RepKind::System), ..all() }, vec![4]),
        (RepFilter { state: Some(RepState::Enabled), ..all() }, vec![1, 4]),
        (RepFilter { state: Some(RepState::Disabled), ..all() }, vec![2]),
        (RepFilter { state: Some(RepState::Invited), ..all() }, vec![3]),
        (RepFilter { text: " REP2@ ".to_owned(), ..all() }, vec![2]),
        (RepFilter { text: "rep 3".to_owned(), ..all() }, vec![3]),
        (RepFilter { text: "%".to_owned(), ..all() }, vec![]),
        (RepFilter { text: "rep_".to_owned(), ..all() }, vec![]),
        (RepFilter { text: "nobody".to_owned(), ..all() }, vec![]),
        (RepFilter { text: "rep".to_owned(), role: Some(Role::Rep), kind: Some(RepKind::Human), ..all() }, vec![2, 3]),
    ] {
        let what = format!("{filter:?}");
        assert_eq!(numbers(&fixture, filter).await, expected, "{what}");
    }
}

pub(crate) async fn names_are_found_in_any_case_however_they_came(fixture: Fixture) {
    let mut new = new_rep(1, Role::Rep);
    new.rep.name = "ÉMILE Zola".into();
    fixture.store.insert_rep(&new, &entry(AuditAction::RepAdded)).await.unwrap();
    let find = async |text: &str| numbers(&fixture, RepFilter { text: text.to_owned(), ..RepFilter::default() }).await;
    assert_eq!(find("émile").await, [1]);
    fixture.store.rename_rep(rep_id(1), "Örn", &entry(AuditAction::RepRenamed)).await.unwrap();
    assert_eq!((find("émile").await, find("ÖRN").await), (vec![], vec![1]));
    let changed = entry(AuditAction::EmailChanged);
    fixture.store.change_email(rep_id(1), &email("ÅSA@example.com"), secret(1), &changed).await.unwrap().unsettled();
    assert_eq!((find("rep1@").await, find("åsa@").await, find("örn").await), (vec![], vec![1], vec![1]));

    // As a migration leaves it: completed when the database is opened.
    fixture.execute("UPDATE service_rep SET search_text = ''").await.unwrap();
    assert_eq!(find("örn").await, Vec::<u8>::new());
    drop(fixture.another_node().await);
    assert_eq!(find("örn").await, [1]);
}

pub(crate) async fn owners_and_their_systems_are_found(fixture: Fixture) {
    populated(&fixture).await;
    let ids = |reps: Vec<latchkey_service::ports::Rep>| reps.iter().map(|rep| rep.id).collect::<Vec<_>>();
    assert_eq!(ids(fixture.store.owners_of(rep_id(4)).await.unwrap()), [rep_id(1), rep_id(2)]);
    assert_eq!(ids(fixture.store.system_reps_of(rep_id(2)).await.unwrap()), [rep_id(4)]);
    assert_eq!(ids(fixture.store.owners_of(rep_id(1)).await.unwrap()), []);
    assert_eq!(fixture.store.password_hash(rep_id(4)).await.unwrap(), None::<PasswordHash>);
}
