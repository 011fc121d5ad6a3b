//! The policy: saved once by whoever saw the one before, obeyed by tokens that are made at the same moment, and what it
//! revokes by itself.

use futures_util::future::join_all;
use latchkey_domain::{AccountSid, AddressUse, IdleDays, Lifetime, Policy, Role};
use latchkey_service::ports::{
    Breach, ChangeStore, IdleRevocation, NewToken, PolicySaving, PolicyStore, PolicyVersion, RepStore, Revision,
    TokenChange, TokenInsertion, TokenListing, TokenQuery, TokenStore,
};
use latchkey_service::{AuditAction, AuditActor, AuditEntry, AuditSubject};

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_token, rep_id, sid, use_of};

fn strict() -> Policy {
    Policy {
        longest: Lifetime::Days90,
        all_scopes: false,
        admin_scopes: "employee-read employee-write".parse().unwrap(),
        idle: IdleDays::new(45),
        addresses: AddressUse::Must,
        networks: "10.0.0.0/8 2001:db8::/32".parse().ok(),
    }
}

fn version(number: i64) -> PolicyVersion {
    PolicyVersion::from_number(number)
}

fn by_admin() -> AuditEntry {
    AuditEntry { actor: AuditActor::Rep(rep_id(9)), at: after(5), ..entry(AuditAction::PolicyChanged) }
}

async fn save(fixture: &Fixture, policy: &Policy, before: i64) -> PolicySaving {
    fixture.store.save_policy(policy, version(before), rep_id(9), &by_admin()).await.unwrap().unsettled()
}

pub(crate) async fn a_policy_comes_back_as_it_was_saved(fixture: Fixture) {
    let first = fixture.store.policy().await.unwrap();
    assert_eq!((first.version, first.policy, first.chosen), (version(1), Policy::default(), None));
    fixture.person(9, Role::Admin).await;
    for (before, policy) in [(1, strict()), (2, Policy::default()), (3, strict())] {
        assert_eq!(save(&fixture, &policy, before).await, PolicySaving::Saved);
        let stored = fixture.store.policy().await.unwrap();
        assert_eq!((stored.version, stored.policy), (version(before + 1), policy));
        let chosen = stored.chosen.unwrap();
        assert_eq!((chosen.by, chosen.name.as_str(), chosen.at), (rep_id(9), "Rep 9", after(5)));
    }
    let found = fixture.store.token_changes(Revision::default()).await.unwrap();
    assert_eq!(found.changes.unwrap(), [TokenChange::Policy; 3]);
    assert_eq!(fixture.audited().await, [&[AuditAction::RepAdded][..], &[AuditAction::PolicyChanged; 3]].concat());
}

pub(crate) async fn of_two_who_save_at_once_one_is_told(fixture: Fixture) {
    fixture.person(9, Role::Admin).await;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let (policy, audit) = (strict(), by_admin());
    let attempts = (0..6).map(|index| nodes[index % 2].save_policy(&policy, version(1), rep_id(9), &audit));
    let saved: Vec<PolicySaving> =
        join_all(attempts).await.into_iter().map(|attempt| attempt.unwrap().unsettled()).collect();
    assert_eq!(saved.iter().filter(|saved| **saved == PolicySaving::Saved).count(), 1);
    assert_eq!(saved.iter().filter(|saved| **saved == PolicySaving::Stale).count(), 5);
    assert_eq!(fixture.store.policy().await.unwrap().version, version(2));
    let changes = fixture.audited().await.iter().filter(|action| **action == AuditAction::PolicyChanged).count();
    assert_eq!(changes, 1);
}

pub(crate) async fn whoever_is_no_admin_saves_nothing(fixture: Fixture) {
    fixture.rep(9).await;
    assert_eq!(save(&fixture, &strict(), 1).await, PolicySaving::NotAllowed);
    assert_eq!(fixture.store.policy().await.unwrap().version, version(1));
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded]);
}

pub(crate) async fn a_token_obeys_the_policy_that_holds(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.person(9, Role::Admin).await;
    let early = fixture.token(1, owner).await;
    assert_eq!(save(&fixture, &strict(), 1).await, PolicySaving::Saved);
    let late = new_token(2, owner, "Late");
    assert_eq!(fixture.insert(&late).await, TokenInsertion::PolicyChanged);
    assert_eq!(fixture.store.token(sid(2), None).await.unwrap(), None);
    // Posting its form again tells that it is there, whatever policy holds by now.
    let again = NewToken { form: early.form, ..new_token(3, owner, "Again") };
    assert_eq!(fixture.insert(&again).await, TokenInsertion::FormUsed);
    assert_eq!(fixture.insert(&NewToken { policy: version(2), ..late }).await, TokenInsertion::Inserted);
}

/// However they meet, a token that was held against the old policy is stored before the new one is saved.
pub(crate) async fn tokens_and_a_policy_at_once_have_an_order(fixture: Fixture) {
    fixture.person(9, Role::Admin).await;
    for number in 1..=8 {
        fixture.rep(number).await;
    }
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let (policy, audit, made) = (strict(), by_admin(), entry(AuditAction::TokenCreated));
    let tokens: Vec<NewToken> = (1..=8).map(|number| new_token(number, rep_id(number), "Token")).collect();
    let inserts = tokens.iter().enumerate().map(|(index, token)| nodes[index % 2].insert_token(token, 500, &made));
    let saving = nodes[1].save_policy(&policy, version(1), rep_id(9), &audit);
    let (inserted, saved) = futures_util::future::join(join_all(inserts), saving).await;
    let saved = saved.unwrap();
    assert_eq!(saved.clone().unsettled(), PolicySaving::Saved);
    for inserted in inserted {
        let inserted = inserted.unwrap();
        match inserted.revision() {
            Some(revision) => assert!(revision < saved.revision().unwrap()),
            None => assert_eq!(inserted.unsettled(), TokenInsertion::PolicyChanged),
        }
    }
}

pub(crate) async fn address_rules_come_back_with_their_token(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let mut new = new_token(1, owner, "Bound");
    new.token.addresses = "10.0.0.0/8 2001:db8::/32".parse().ok();
    assert_eq!(fixture.insert(&new).await, TokenInsertion::Inserted);
    let unbound = fixture.token(2, owner).await;
    let found = fixture.store.token(sid(1), None).await.unwrap().unwrap();
    assert_eq!(found.addresses, new.token.addresses);
    let credential = fixture.store.credential(new.secret).await.unwrap().unwrap();
    assert_eq!(credential.token.addresses, new.token.addresses);
    let secrets = fixture.store.secrets_of(&[sid(1), unbound.token.sid]).await.unwrap();
    let held: Vec<_> = secrets.iter().filter_map(|secret| secret.addresses.as_deref().cloned()).collect();
    assert_eq!(held, [new.token.addresses.unwrap()]);
    let outside = |networks: &str| TokenQuery {
        breaks: Some(Breach::RulesOutside(networks.parse().unwrap())),
        ..TokenQuery::all(NOW)
    };
    for (networks, count) in [("0.0.0.0/0 ::/0", 0), ("10.0.0.0/8 2001:db8::/32", 0), ("10.0.0.0/8", 1), ("::/0", 1)] {
        assert_eq!(fixture.store.survey_tokens(&outside(networks)).await.unwrap().found, count, "{networks}");
    }
}

pub(crate) async fn a_credential_knows_what_is_reserved(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.person(9, Role::Admin).await;
    let token = fixture.token(1, owner).await;
    let reserved = async || fixture.store.credential(token.secret).await.unwrap().unwrap().admin_scopes.to_string();
    assert_eq!(reserved().await, "");
    assert_eq!(save(&fixture, &strict(), 1).await, PolicySaving::Saved);
    assert_eq!(reserved().await, "employee-read employee-write");
}

async fn revoke_idle(fixture: &Fixture, sids: &[AccountSid], under: i64) -> IdleRevocation {
    let each = AuditEntry { actor: AuditActor::Policy, at: after(100), ..entry(AuditAction::IdleTokenRevoked) };
    fixture.store.revoke_idle(sids, after(50), version(under), &each).await.unwrap().unsettled()
}

pub(crate) async fn what_nobody_uses_is_revoked_and_nothing_else(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    for number in 1..=5 {
        fixture.token(number, owner).await;
    }
    let mut ending = new_token(6, owner, "Ending");
    ending.token.expires_at = after(100);
    assert_eq!(fixture.insert(&ending).await, TokenInsertion::Inserted);
    // 1 was never used, 2 not for long, 3 lately, 4 is revoked, 5 is not asked about, 6 has expired.
    fixture.store.note_uses(&[use_of(sid(2), after(49)), use_of(sid(3), after(50))]).await.unwrap();
    let revoked = entry(AuditAction::TokenRevoked);
    fixture.store.revoke_token(sid(4), None, after(3), &revoked).await.unwrap().unsettled();
    let before = fixture.audited().await.len();
    let asked = [1, 2, 3, 4, 6, 77].map(sid);
    assert_eq!(revoke_idle(&fixture, &asked, 1).await, IdleRevocation::Revoked(vec![sid(1), sid(2)]));
    for (number, revoked_at) in [(1, Some(100)), (2, Some(100)), (3, None), (4, Some(3)), (5, None), (6, None)] {
        let found = fixture.store.token(sid(number), None).await.unwrap().unwrap();
        assert_eq!(found.revoked_at, revoked_at.map(after), "{number}");
    }
    let log = fixture.audit_log().await;
    assert_eq!(log.len(), before + 2);
    let subjects: Vec<_> = log[..2].iter().map(|entry| (entry.actor, entry.subject)).collect();
    assert_eq!(subjects, [2, 1].map(|number| (AuditActor::Policy, AuditSubject::Token(sid(number)))));
    let live = TokenQuery { live: true, ..TokenQuery::all(after(101)) };
    assert_eq!(fixture.store.survey_tokens(&live).await.unwrap().found, 2);
    assert_eq!(revoke_idle(&fixture, &asked, 1).await, IdleRevocation::Revoked(Vec::new()));
}

pub(crate) async fn another_policy_revokes_nothing(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    assert_eq!(revoke_idle(&fixture, &[sid(1)], 2).await, IdleRevocation::Stale);
    assert_eq!(fixture.store.token(sid(1), None).await.unwrap().unwrap().revoked_at, None);
    assert!(fixture.store.rep(owner).await.unwrap().is_some());
}
