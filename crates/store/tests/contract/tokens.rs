use futures_util::future::join_all;
use latchkey_domain::{AccountSid, FormId, RateLimit, ScopeSet, Timestamp, TokenRateLimit};
use latchkey_service::AuditAction;
use latchkey_service::ports::{
    Credential, LastCall, NewToken, NotedCall, RepStore, Revocation, TokenFilter, TokenInsertion, TokenRecord,
    TokenSource, TokenStore,
};
use latchkey_store::SqlStore;

use crate::Fixture;
use crate::fixture::{NOW, after, entry, new_token, rep_id, sid, token_hash, use_of};

/// What is read of a token that `new` was stored as.
fn stored(new: &NewToken) -> TokenRecord {
    let owner_email = format!("rep{}@example.com", new.token.owner.as_bytes()[0]);
    TokenRecord { owner_email, ..new.token.clone() }
}

async fn insert_all(nodes: &[SqlStore], tokens: &[NewToken], max_live: usize) -> Vec<TokenInsertion> {
    let entry = entry(AuditAction::TokenCreated);
    let insertions = tokens
        .iter()
        .enumerate()
        .map(|(index, token)| nodes[index % nodes.len()].insert_token(token, max_live, &entry));
    join_all(insertions).await.into_iter().map(|insertion| insertion.unwrap().unsettled()).collect()
}

fn count(outcomes: &[TokenInsertion], outcome: TokenInsertion) -> usize {
    outcomes.iter().filter(|found| **found == outcome).count()
}

async fn revoke(fixture: &Fixture, number: u8, at: Timestamp) -> Revocation {
    fixture.store.revoke_token(sid(number), None, at, &entry(AuditAction::TokenRevoked)).await.unwrap().unsettled()
}

pub(crate) async fn a_token_comes_back_as_it_was_stored(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let mut other = new_token(2, owner, "Ünïcode 'quotes' \"and\" 🔑");
    other.token.all_scopes = true;
    other.token.scopes = ScopeSet::default();
    other.token.source = TokenSource::CommandLine;
    other.form = None;
    assert_eq!(fixture.insert(&other).await, TokenInsertion::Inserted);
    let token = fixture.token(1, owner).await;

    for new in [&token, &other] {
        let found = fixture.store.token(new.token.sid, None).await.unwrap();
        assert_eq!(found, Some(stored(new)));
        assert_eq!(fixture.store.token(new.token.sid, Some(owner)).await.unwrap(), found);
    }
    assert_eq!(fixture.store.token(sid(3), None).await.unwrap(), None);
    let created = AuditAction::TokenCreated;
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, created, created]);
}

pub(crate) async fn tokens_are_listed_newest_first(fixture: Fixture) {
    let (one, two) = (fixture.rep(1).await.id, fixture.rep(2).await.id);
    for (number, owner) in [(3, one), (1, one), (4, two), (2, one)] {
        fixture.token(number, owner).await;
    }
    revoke(&fixture, 2, NOW).await;

    let listed = async |owner, live_at, limit| {
        let tokens = fixture.store.tokens(TokenFilter { owner, live_at }, limit).await.unwrap();
        tokens.iter().map(|token| token.sid).collect::<Vec<AccountSid>>()
    };
    assert_eq!(listed(None, None, 10).await, [sid(4), sid(3), sid(2), sid(1)]);
    assert_eq!(listed(None, None, 3).await, [sid(4), sid(3), sid(2)]);
    assert_eq!(listed(Some(one), None, 10).await, [sid(3), sid(2), sid(1)]);
    assert_eq!(listed(Some(one), Some(NOW), 10).await, [sid(3), sid(1)]);
    assert_eq!(listed(None, Some(after(999)), 2).await, [sid(4), sid(3)]);
    assert_eq!(listed(None, Some(after(1000)), 10).await, []);
    assert_eq!(listed(Some(rep_id(9)), None, 10).await, []);
    assert_eq!(listed(None, None, 0).await, []);
}

pub(crate) async fn a_form_makes_one_token(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let first = fixture.token(1, owner).await;
    // The same post again: the description is taken too, but that the form is used is what helps.
    let mut again = new_token(2, owner, &first.token.description);
    again.form = first.form;
    assert_eq!(fixture.insert(&again).await, TokenInsertion::FormUsed);
    // It stays used when its token has ended.
    revoke(&fixture, 1, NOW).await;
    assert_eq!(fixture.insert(&again).await, TokenInsertion::FormUsed);
    assert_eq!(fixture.store.token(sid(2), None).await.unwrap(), None);
    assert_eq!(fixture.store.credential(token_hash(2)).await.unwrap(), None);
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::TokenCreated, AuditAction::TokenRevoked]);
}

pub(crate) async fn a_description_is_taken_while_its_token_lives(fixture: Fixture) {
    let (owner, other) = (fixture.rep(1).await.id, fixture.rep(2).await.id);
    assert_eq!(fixture.insert(&new_token(1, owner, "Example É-Verify")).await, TokenInsertion::Inserted);
    let same = |number, created_at| {
        let mut token = new_token(number, owner, "EXAMPLE é-verify");
        token.token.created_at = created_at;
        token.token.expires_at = after(5000);
        token
    };
    assert_eq!(fixture.insert(&same(2, after(999))).await, TokenInsertion::DescriptionTaken);
    assert_eq!(fixture.insert(&new_token(3, other, "Example É-Verify")).await, TokenInsertion::Inserted);
    // Free again at the instant at which the token has expired, and when it is revoked.
    assert_eq!(fixture.insert(&same(4, after(1000))).await, TokenInsertion::Inserted);
    assert_eq!(fixture.insert(&same(5, after(1001))).await, TokenInsertion::DescriptionTaken);
    revoke(&fixture, 4, after(1001)).await;
    assert_eq!(fixture.insert(&same(5, after(1001))).await, TokenInsertion::Inserted);
}

pub(crate) async fn an_owner_has_so_many_live_tokens(fixture: Fixture) {
    let (owner, other) = (fixture.rep(1).await.id, fixture.rep(2).await.id);
    let insert = async |number, owner| {
        let token = new_token(number, owner, &format!("Token {number}"));
        fixture.store.insert_token(&token, 2, &entry(AuditAction::TokenCreated)).await.unwrap().unsettled()
    };
    assert_eq!(insert(1, owner).await, TokenInsertion::Inserted);
    assert_eq!(insert(2, owner).await, TokenInsertion::Inserted);
    assert_eq!(insert(3, owner).await, TokenInsertion::TooMany);
    assert_eq!(insert(4, other).await, TokenInsertion::Inserted);
    revoke(&fixture, 1, NOW).await;
    assert_eq!(insert(3, owner).await, TokenInsertion::Inserted);
    // Expired ones do not count.
    let mut later = new_token(5, owner, "Token 5");
    (later.token.created_at, later.token.expires_at) = (after(1000), after(2000));
    let inserted = fixture.store.insert_token(&later, 1, &entry(AuditAction::TokenCreated)).await.unwrap().unsettled();
    assert_eq!(inserted, TokenInsertion::Inserted);
}

pub(crate) async fn a_missing_or_disabled_owner_gets_none(fixture: Fixture) {
    assert_eq!(fixture.insert(&new_token(1, rep_id(1), "A")).await, TokenInsertion::OwnerGone);
    let owner = fixture.rep(1).await.id;
    fixture.store.set_disabled(owner, Some(NOW), &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
    assert_eq!(fixture.insert(&new_token(1, owner, "A")).await, TokenInsertion::OwnerGone);
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::RepDisabled]);
}

pub(crate) async fn parallel_posts_of_one_form_make_one_token(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let mut posts: Vec<NewToken> = (1..=6).map(|number| new_token(number, owner, "A")).collect();
    for post in &mut posts {
        post.form = Some(FormId::from_bytes([1; 16]));
    }
    let outcomes = insert_all(&nodes, &posts, 500).await;
    assert_eq!(count(&outcomes, TokenInsertion::Inserted), 1, "{outcomes:?}");
    assert_eq!(count(&outcomes, TokenInsertion::FormUsed), 5, "{outcomes:?}");
}

pub(crate) async fn one_form_in_two_owners_hands_makes_one_token(fixture: Fixture) {
    // Their locks differ: what stops the second is the unique index.
    let (one, two) = (fixture.rep(1).await.id, fixture.rep(2).await.id);
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    for round in 0..5 {
        let mut posts = [new_token(10 + 2 * round, one, "A"), new_token(11 + 2 * round, two, "A")];
        for post in &mut posts {
            post.form = Some(FormId::from_bytes([100 + round; 16]));
            post.description_key = format!("round {round}");
        }
        let outcomes = insert_all(&nodes, &posts, 500).await;
        assert_eq!(count(&outcomes, TokenInsertion::Inserted), 1, "{outcomes:?}");
        assert_eq!(count(&outcomes, TokenInsertion::FormUsed), 1, "{outcomes:?}");
    }
}

pub(crate) async fn parallel_tokens_of_one_description_make_one(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let tokens: Vec<NewToken> = (1..=6).map(|number| new_token(number, owner, "A")).collect();
    let outcomes = insert_all(&nodes, &tokens, 500).await;
    assert_eq!(count(&outcomes, TokenInsertion::Inserted), 1, "{outcomes:?}");
    assert_eq!(count(&outcomes, TokenInsertion::DescriptionTaken), 5, "{outcomes:?}");
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::TokenCreated]);
}

pub(crate) async fn parallel_tokens_stay_within_the_limit(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let tokens: Vec<NewToken> = (1..=8).map(|number| new_token(number, owner, &format!("Token {number}"))).collect();
    let outcomes = insert_all(&nodes, &tokens, 3).await;
    assert_eq!(count(&outcomes, TokenInsertion::Inserted), 3, "{outcomes:?}");
    assert_eq!(count(&outcomes, TokenInsertion::TooMany), 5, "{outcomes:?}");
}

pub(crate) async fn a_token_is_revoked_once(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let token = fixture.token(1, owner).await;
    let revoked = TokenRecord { revoked_at: Some(after(10)), ..stored(&token) };
    let description = &token.token.description;
    assert_eq!(revoke(&fixture, 1, after(10)).await, Revocation::Revoked(description.clone()));
    assert_eq!(revoke(&fixture, 1, after(20)).await, Revocation::HadEnded(description.clone()));
    assert_eq!(revoke(&fixture, 2, after(20)).await, Revocation::NotFound);
    assert_eq!(fixture.store.token(sid(1), None).await.unwrap(), Some(revoked));
    assert_eq!(fixture.audited().await, [AuditAction::RepAdded, AuditAction::TokenCreated, AuditAction::TokenRevoked]);
}

pub(crate) async fn parallel_revocations_make_one(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let entry = entry(AuditAction::TokenRevoked);
    let outcomes = join_all((0..6).map(|index| {
        let at = after(i64::try_from(index).unwrap());
        nodes[index % 2].revoke_token(sid(1), Some(owner), at, &entry)
    }))
    .await;
    let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap().unsettled()).collect();
    let now: Vec<usize> = (0..6).filter(|index| matches!(outcomes[*index], Revocation::Revoked(_))).collect();
    let before = outcomes.iter().filter(|outcome| matches!(outcome, Revocation::HadEnded(_))).count();
    assert_eq!((now.len(), before), (1, 5), "{outcomes:?}");
    // What was written is the time of the one that did it.
    let written = fixture.store.token(sid(1), None).await.unwrap().unwrap().revoked_at;
    assert_eq!(written, Some(after(i64::try_from(now[0]).unwrap())));
    let entries = fixture.audited().await;
    assert_eq!(entries.iter().filter(|action| **action == AuditAction::TokenRevoked).count(), 1);
}

/// Whoever revokes may have a clock that is ahead: what has expired by it goes on elsewhere.
pub(crate) async fn an_expired_token_is_revoked_all_the_same(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let tokens = [fixture.token(1, owner).await, fixture.token(2, owner).await];
    let had_ended = Revocation::HadEnded(tokens[0].token.description.clone());
    for at in [after(1000), after(1001)] {
        assert_eq!(revoke(&fixture, 1, at).await, had_ended);
        let stored = fixture.store.token(sid(1), None).await.unwrap().unwrap();
        assert_eq!(stored.revoked_at, Some(after(1000)));
    }
    assert!(matches!(revoke(&fixture, 2, after(999)).await, Revocation::Revoked(_)));
}

pub(crate) async fn another_owners_token_is_not_found(fixture: Fixture) {
    let (owner, other) = (fixture.rep(1).await.id, fixture.rep(2).await.id);
    let token = fixture.token(1, owner).await;
    assert_eq!(fixture.store.token(sid(1), Some(other)).await.unwrap(), None);
    let entry = entry(AuditAction::TokenRevoked);
    let revocation = fixture.store.revoke_token(sid(1), Some(other), NOW, &entry).await.unwrap().unsettled();
    assert_eq!(revocation, Revocation::NotFound);
    assert_eq!(fixture.store.token(sid(1), Some(owner)).await.unwrap(), Some(stored(&token)));
}

pub(crate) async fn a_credential_has_its_token_and_owner(fixture: Fixture) {
    let owner = fixture.rep(1).await;
    let token = fixture.token(1, owner.id).await;
    let mut expected =
        Credential { token: stored(&token), owner, secret_not_after: None, admin_scopes: ScopeSet::default() };
    let credential = async || fixture.store.credential(token_hash(1)).await.unwrap();
    assert_eq!(credential().await, Some(expected.clone()));
    assert_eq!(fixture.store.credential(token_hash(2)).await.unwrap(), None);

    // It is found, valid or not: the verdict is not the store's.
    fixture.store.note_uses(&[use_of(sid(1), after(5))]).await.unwrap();
    revoke(&fixture, 1, after(6)).await;
    fixture.store.set_disabled(rep_id(1), Some(after(7)), &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
    fixture.execute(&format!("UPDATE token_secret SET not_after = {}", after(8).unix_seconds())).await.unwrap();
    expected.token.last_used_at = Some(after(5));
    expected.token.revoked_at = Some(after(6));
    expected.owner.disabled_at = Some(after(7));
    expected.token.owner_is_enabled = false;
    expected.secret_not_after = Some(after(8));
    assert_eq!(credential().await, Some(expected));
}

pub(crate) async fn tokens_credentials_are_found_together(fixture: Fixture) {
    let (one, two) = (fixture.rep(1).await, fixture.rep(2).await);
    let (first, second) = (fixture.token(1, one.id).await, fixture.token(2, two.id).await);
    fixture.token(3, one.id).await;
    let found = async |sids: &[AccountSid]| {
        let mut found = fixture.store.credentials_of(sids).await.unwrap();
        found.sort_by_key(|credential| (credential.token.sid, credential.secret_not_after));
        found
    };
    assert_eq!(found(&[]).await, []);
    assert_eq!(found(&[sid(9)]).await, []);
    let first =
        Credential { token: stored(&first), owner: one, secret_not_after: None, admin_scopes: ScopeSet::default() };
    let mut second =
        Credential { token: stored(&second), owner: two, secret_not_after: None, admin_scopes: ScopeSet::default() };
    assert_eq!(found(&[sid(2), sid(9), sid(1)]).await, [first.clone(), second.clone()]);

    // Valid or not, and with every secret.
    revoke(&fixture, 2, after(6)).await;
    fixture.store.set_disabled(rep_id(2), Some(after(7)), &entry(AuditAction::RepDisabled)).await.unwrap().unsettled();
    second.token.revoked_at = Some(after(6));
    second.owner.disabled_at = Some(after(7));
    second.token.owner_is_enabled = false;
    let bytes = "14".repeat(32);
    let hash = if fixture.url.starts_with("sqlite") { format!("X'{bytes}'") } else { format!("'\\x{bytes}'::bytea") };
    let other_secret = format!(
        "INSERT INTO token_secret (hash, sid, not_after) SELECT {hash}, sid, 5 FROM token WHERE description = 'Token 1'"
    );
    fixture.execute(&other_secret).await.unwrap();
    let ending = Credential { secret_not_after: Some(Timestamp::from_unix_seconds(5)), ..first.clone() };
    let expected = [first, ending, second];

    // More than one statement takes; those that are there fall into different batches.
    let missing = |index: u16| {
        let mut bytes = [6; 16];
        bytes[..2].copy_from_slice(&index.to_be_bytes());
        AccountSid::from_bytes(bytes)
    };
    let mut many: Vec<AccountSid> = (0..1200).map(missing).collect();
    many.insert(0, sid(2));
    many.push(sid(1));
    assert_eq!(found(&many).await, expected);
}

pub(crate) async fn a_last_use_never_moves_back(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    let last_used = async || fixture.store.token(sid(1), None).await.unwrap().unwrap().last_used_at;
    fixture.store.note_uses(&[]).await.unwrap();
    assert_eq!(last_used().await, None);
    // One token twice in a batch, and one that is not there.
    fixture
        .store
        .note_uses(&[use_of(sid(1), after(20)), use_of(sid(9), after(1)), use_of(sid(1), after(10))])
        .await
        .unwrap();
    assert_eq!(last_used().await, Some(after(20)));
    fixture.store.note_uses(&[use_of(sid(1), after(15))]).await.unwrap();
    assert_eq!(last_used().await, Some(after(20)));
    fixture.store.note_uses(&[use_of(sid(1), after(30))]).await.unwrap();
    assert_eq!(last_used().await, Some(after(30)));
    let listed = fixture.store.tokens(TokenFilter::default(), 1).await.unwrap();
    assert_eq!(listed[0].last_used_at, Some(after(30)));
}

pub(crate) async fn a_last_call_is_known_with_where_it_came_from(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    let call = |seconds: i64, agent: &str| LastCall {
        at: after(seconds),
        address: "2001:db8::7".to_owned(),
        agent: agent.to_owned(),
    };
    let note =
        async |store: &SqlStore, call: LastCall| store.note_uses(&[NotedCall { sid: sid(1), call }]).await.unwrap();
    assert_eq!(fixture.store.last_call(sid(1)).await.unwrap(), None, "made, and never used");
    assert_eq!(fixture.store.last_call(sid(2)).await.unwrap(), None);
    note(&fixture.store, call(20, "curl/8.5 'ünïcode'")).await;
    // Another node has noted an earlier call, and writes it down later.
    note(&fixture.another_node().await, call(10, "late")).await;
    assert_eq!(fixture.store.last_call(sid(1)).await.unwrap(), Some(call(20, "curl/8.5 'ünïcode'")));
    note(&fixture.store, call(30, "")).await;
    assert_eq!(fixture.store.last_call(sid(1)).await.unwrap(), Some(call(30, "")));
}

pub(crate) async fn noting_uses_changes_nothing_else(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    let other_node = fixture.another_node().await;
    let rows = async |sql: &str| fixture.execute(sql).await.unwrap();
    for number in 1..=20_u8 {
        fixture.token(number, owner).await;
        let before = fixture.audit_log().await.len();
        let uses = [use_of(sid(number), after(40))];
        // Both at once, in either order.
        let audit = entry(AuditAction::TokenRevoked);
        let revoked = fixture.store.revoke_token(sid(number), None, after(40), &audit);
        let (revoked, noted) = tokio::join!(revoked, other_node.note_uses(&uses));
        assert!(matches!(revoked.unwrap().unsettled(), Revocation::Revoked(_)));
        noted.unwrap();
        let token = fixture.store.token(sid(number), None).await.unwrap().unwrap();
        assert_eq!((token.revoked_at, token.last_used_at), (Some(after(40)), Some(after(40))));
        assert_eq!(fixture.audit_log().await.len(), before + 1, "one entry for the revocation, none for the use");
    }
    // Nor does the list by last use take any of them for live.
    assert_eq!(rows("UPDATE token_last_used SET at = at WHERE revoked_at IS NULL").await, 0);
    assert_eq!(rows("UPDATE token_last_used SET at = at").await, 20);
}

pub(crate) async fn many_uses_are_noted_at_once(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    for number in 1..=3 {
        fixture.token(number, owner).await;
    }
    // More than one statement takes; the known ones fall into different batches.
    let mut uses: Vec<NotedCall> = (0..1200_u16)
        .map(|index| {
            let mut bytes = [6; 16];
            bytes[..2].copy_from_slice(&index.to_be_bytes());
            use_of(AccountSid::from_bytes(bytes), after(1))
        })
        .collect();
    uses.extend((1..=3).map(|number| use_of(sid(number), after(i64::from(number)))));
    let other_node = fixture.another_node().await;
    let (one, two) = tokio::join!(fixture.store.note_uses(&uses), other_node.note_uses(&uses));
    one.unwrap();
    two.unwrap();
    for number in 1..=3 {
        let token = fixture.store.token(sid(number), None).await.unwrap().unwrap();
        assert_eq!(token.last_used_at, Some(after(i64::from(number))));
    }
}

pub(crate) async fn a_token_has_at_most_two_secrets(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.token(1, owner).await;
    let add = async |not_after: &str, offset: u8| {
        // The hash of the one secret there is, turned into another of the right length.
        let other = "INSERT INTO token_secret (hash, sid, not_after) SELECT";
        let bytes = format!("{offset:02x}").repeat(32);
        let literal =
            if fixture.url.starts_with("sqlite") { format!("X'{bytes}'") } else { format!("'\\x{bytes}'::bytea") };
        fixture.execute(&format!("{other} {literal}, sid, {not_after} FROM token_secret WHERE not_after IS NULL")).await
    };
    assert!(add("NULL", 20).await.is_err(), "two in use");
    assert!(add("1", 21).await.is_ok(), "one in use, one on its way out");
    assert!(add("2", 22).await.is_err(), "two on their way out");
}

pub(crate) async fn a_tokens_limit_is_set(fixture: Fixture) {
    let owner = fixture.rep(1).await.id;
    fixture.insert(&new_token(1, owner, "Payroll")).await;
    let entry = entry(AuditAction::TokenLimited);
    for limit in [TokenRateLimit::Own(RateLimit::of(100, 60)), TokenRateLimit::Off, TokenRateLimit::Default] {
        assert!(fixture.store.limit_token(sid(1), limit, &entry).await.unwrap().unsettled());
        assert_eq!(fixture.store.token(sid(1), None).await.unwrap().unwrap().rate_limit, limit);
        assert_eq!(fixture.store.credential(token_hash(1)).await.unwrap().unwrap().token.rate_limit, limit);
    }
    assert!(!fixture.store.limit_token(sid(2), TokenRateLimit::Off, &entry).await.unwrap().unsettled());
    let limited = fixture.audited().await.into_iter().filter(|action| *action == AuditAction::TokenLimited).count();
    assert_eq!(limited, 3, "nothing is written down of a token that is not there");
}
