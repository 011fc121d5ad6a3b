//! Looking through all tokens: whatever is asked for, the answer is what filtering and sorting in memory gives.

use latchkey_domain::{
    AccountSid, AddressRules, RepId, Role, ScopeName, ScopeSet, Timestamp, TokenHash, TokenSource, TokenStatus,
};
use latchkey_service::AuditAction;
use latchkey_service::ports::{
    Breach, NewToken, RepStore as _, TokenInsertion, TokenListing, TokenMoveStore, TokenOrder, TokenPosition,
    TokenQuery, TokenRecord, TokenSort, TokenStore,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::Fixture;
use crate::fixture::{NOW, entry, new_token, rep_id, use_of};

const DAY: i64 = 86_400;
const SCOPES: [&str; 5] = ["employee-read", "employee-write", "job-board-read", "task-read", "universal-search"];

/// What a random token is made of.
#[derive(Debug, Clone)]
struct Made {
    owner: u8,
    /// Days before now.
    age: i64,
    /// Days of its life.
    life: i64,
    scopes: usize,
    all_scopes: bool,
    by_operator: bool,
    word: &'static str,
    /// Days before now of its last use, if that lies within its life.
    used: Option<i64>,
    revoked: bool,
    addresses: &'static str,
}

fn made() -> impl Strategy<Value = Made> {
    (
        (1..=4_u8, 0..200_i64, prop_oneof![Just(90_i64), Just(180), Just(365), 2..500_i64], 1..32_usize),
        (prop::bool::weighted(0.2), prop::bool::weighted(0.3), prop::bool::weighted(0.3)),
        (
            prop::sample::select(vec!["Payroll", "E-Verify", "50% off_", r"back\slash", "Überweisung"]),
            prop::option::of(0..200_i64),
            prop::sample::select(vec!["", "", "10.0.0.0/8", "10.1.2.0/24 192.0.2.7/32", "2001:db8:1::/48"]),
        ),
    )
        .prop_map(|((owner, age, life, scopes), (all_scopes, by_operator, revoked), (word, used, addresses))| {
            Made { owner, age, life, scopes, all_scopes, by_operator, word, used, revoked, addresses }
        })
}

fn token(index: u8, made: &Made) -> NewToken {
    let created_at = NOW.plus_seconds(-made.age * DAY - i64::from(index));
    let description = format!("{} {index}", made.word);
    let mut new = new_token(index, rep_id(made.owner), &description);
    let mut bytes = *AccountSid::first_at(created_at).as_bytes();
    bytes[15] = index;
    let names: Vec<&str> =
        SCOPES.into_iter().enumerate().filter(|(bit, _)| made.scopes >> bit & 1 == 1).map(|(_, name)| name).collect();
    new.token.sid = AccountSid::from_bytes(bytes);
    new.token.scopes = names.join(" ").parse().unwrap();
    new.token.all_scopes = made.all_scopes;
    new.token.source = if made.by_operator { TokenSource::CommandLine } else { TokenSource::Page };
    new.token.created_at = created_at;
    new.token.expires_at = created_at.plus_seconds(made.life * DAY);
    new.token.addresses = AddressRules::parse(made.addresses).unwrap();
    new
}

/// Puts random tokens into the database, by the operations that Latchkey has for it.
async fn fill(fixture: &Fixture, made: &[Made]) -> Vec<TokenRecord> {
    for number in 1..=5 {
        fixture.person(number, if number == 3 { Role::Admin } else { Role::Rep }).await;
    }
    let mut sids = Vec::new();
    for (index, made) in (1..).zip(made) {
        let new = token(index, made);
        assert_eq!(fixture.insert(&new).await, TokenInsertion::Inserted);
        let (sid, created_at, expires_at) = (new.token.sid, new.token.created_at, new.token.expires_at);
        let used = made.used.map(|days| NOW.plus_seconds(-days * DAY + i64::from(index % 3)));
        if let Some(used) = used.filter(|used| *used >= created_at && *used < expires_at) {
            fixture.store.note_uses(&[use_of(sid, used)]).await.unwrap();
        }
        if made.revoked {
            let at = created_at.plus_seconds(DAY);
            fixture.store.revoke_token(sid, None, at, &entry(AuditAction::TokenRevoked)).await.unwrap().unsettled();
        }
        sids.push(sid);
    }
    // Whoever has the number 4 leaves, and 5 takes over what lives.
    let (audit, each) = (entry(AuditAction::TokensMoved), entry(AuditAction::TokenMoved));
    fixture.store.move_tokens(rep_id(4), rep_id(5), 500, &audit, &each).await.unwrap().unsettled();
    let records = fixture.store.tokens_named(&sids).await.unwrap();
    assert_eq!(records.iter().map(|record| record.sid).collect::<Vec<_>>(), sids);
    records
}

fn breaches() -> impl Strategy<Value = Breach> {
    let scopes = prop::sample::subsequence(SCOPES.to_vec(), 0..3)
        .prop_map(|names| names.join(" ").parse::<ScopeSet>().unwrap_or_default());
    let networks = prop::sample::select(vec!["10.0.0.0/8", "10.1.0.0/16 2001:db8::/32", "192.0.2.7/32"]);
    prop_oneof![
        prop::sample::select(vec![90, 180]).prop_map(|days: i64| Breach::LivesLonger(days * DAY)),
        scopes.prop_map(Breach::HeldByRep),
        Just(Breach::CarriesRules),
        Just(Breach::CarriesNoRules),
        networks.prop_map(|networks| Breach::RulesOutside(networks.parse().unwrap())),
    ]
}

/// Whether a token breaks a rule, said as plainly as can be. Service rep 3 is an admin.
fn breaks(breach: &Breach, token: &TokenRecord) -> bool {
    match breach {
        Breach::LivesLonger(seconds) => token.expires_at.seconds_since(token.created_at) > *seconds,
        Breach::HeldByRep(scopes) => {
            token.owner != rep_id(3) && scopes.iter().any(|scope| token.scopes.contains(scope))
        }
        Breach::CarriesRules => token.addresses.is_some(),
        Breach::CarriesNoRules => token.addresses.is_none(),
        Breach::RulesOutside(outer) => token.addresses.as_ref().is_some_and(|rules| !rules.are_within(outer)),
    }
}

fn queries() -> impl Strategy<Value = TokenQuery> {
    let scope = prop::sample::select(SCOPES.to_vec()).prop_map(|name| name.parse::<ScopeName>().unwrap());
    let one_of = prop::sample::subsequence(SCOPES.to_vec(), 0..3)
        .prop_map(|names| names.join(" ").parse::<ScopeSet>().unwrap_or_default());
    let text = prop::sample::select(vec!["pay", "E-V", "0% ", "off_", r"k\s", "übe", "1fd", "lk0", " 12", "nothing"]);
    let rarely = |days: std::ops::Range<i64>| prop::option::weighted(0.2, days);
    (
        (
            prop::option::weighted(0.3, (1..=6_u8).prop_map(rep_id)),
            prop::option::weighted(0.4, prop::sample::select(TokenStatus::ALL.to_vec())),
            prop::option::weighted(0.2, scope),
            prop::option::weighted(0.2, one_of),
        ),
        (
            prop::bool::weighted(0.2),
            prop::option::weighted(0.2, prop::sample::select(TokenSource::ALL.to_vec())),
            prop::option::weighted(0.3, text.prop_map(str::to_lowercase)),
        ),
        (rarely(-200..400), rarely(0..220)),
        (prop::bool::weighted(0.2), prop::option::weighted(0.3, breaches())),
    )
        .prop_map(
            |((owner, status, scope, one_of), (all_scopes, source, text), (before, unused), (live, breaks))| {
                TokenQuery {
                    owner,
                    status,
                    scope,
                    one_of,
                    all_scopes,
                    source,
                    text,
                    expires_before: before.map(|days| NOW.plus_seconds(days * DAY)),
                    unused_since: unused.map(|days| NOW.plus_seconds(-days * DAY)),
                    live,
                    breaks,
                    now: NOW,
                }
            },
        )
}

fn orders() -> impl Strategy<Value = TokenOrder> {
    (prop::sample::select(vec![TokenSort::Created, TokenSort::Expires, TokenSort::LastUsed]), any::<bool>())
        .prop_map(|(by, descending)| TokenOrder { by, descending })
}

/// Whether a token passes, said as plainly as can be.
fn passes(query: &TokenQuery, token: &TokenRecord) -> bool {
    let is_live = TokenStatus::at(query.now, token.expires_at, token.revoked_at).is_live();
    let text = format!("{}\n{}", token.description.to_lowercase(), token.sid.to_string().to_lowercase());
    query.owner.is_none_or(|owner| token.owner == owner)
        && (!query.live || is_live)
        && query.breaks.as_ref().is_none_or(|breach| breaks(breach, token))
        && query.status.is_none_or(|status| TokenStatus::at(query.now, token.expires_at, token.revoked_at) == status)
        && query.scope.as_ref().is_none_or(|scope| token.scopes.contains(scope))
        && query.one_of.as_ref().is_none_or(|scopes| scopes.iter().any(|scope| token.scopes.contains(scope)))
        && (!query.all_scopes || token.all_scopes)
        && query.source.is_none_or(|source| token.source == source)
        && query.text.as_ref().is_none_or(|wanted| text.contains(wanted.as_str()))
        && query.expires_before.is_none_or(|before| token.expires_at < before)
        && query
            .unused_since
            .is_none_or(|since| token.created_at < since && token.last_used_at.is_none_or(|used| used < since))
}

fn expected(query: &TokenQuery, order: TokenOrder, tokens: &[TokenRecord]) -> Vec<AccountSid> {
    let at = |token: &TokenRecord| match order.by {
        TokenSort::Created => 0,
        TokenSort::Expires => token.expires_at.unix_seconds(),
        TokenSort::LastUsed => token.last_used_at.map_or(0, Timestamp::unix_seconds),
    };
    let mut found: Vec<TokenPosition> = tokens
        .iter()
        .filter(|token| passes(query, token))
        .map(|token| TokenPosition { at: at(token), sid: token.sid })
        .collect();
    found.sort();
    if order.descending {
        found.reverse();
    }
    found.into_iter().map(|position| position.sid).collect()
}

async fn gathered(fixture: &Fixture, query: &TokenQuery, order: TokenOrder, rows: u32) -> Vec<AccountSid> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = fixture.store.gather_tokens(query, order, after, rows).await.unwrap();
        assert!(page.len() <= usize::try_from(rows).unwrap());
        let Some(last) = page.last() else { return all };
        after = Some(*last);
        all.extend(page.into_iter().map(|position| position.sid));
    }
}

async fn walked(
    fixture: &Fixture,
    query: &TokenQuery,
    order: TokenOrder,
    (rows, examined): (u32, u32),
) -> Vec<AccountSid> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let stretch = fixture.store.walk_tokens(query, order, after, rows, examined).await.unwrap();
        assert!(stretch.found.len() <= usize::try_from(rows).unwrap());
        all.extend(stretch.found.into_iter().map(|position| position.sid));
        let Some(rest) = stretch.rest else { return all };
        assert_ne!(after, Some(rest), "a walk gets on");
        after = Some(rest);
    }
}

pub(crate) async fn every_list_is_what_filtering_and_sorting_gives(fixture: Fixture) {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 300, failure_persistence: None, ..Config::default() },
        TestRunner::deterministic().new_rng(),
    );
    let made = prop::collection::vec(made(), 90).new_tree(&mut runner).unwrap().current();
    let tokens = fill(&fixture, &made).await;
    let runtime = tokio::runtime::Handle::current();
    let cases = (queries(), orders(), 1..40_u32, 1..60_u32);
    runner
        .run(&cases, |(query, order, rows, examined)| {
            tokio::task::block_in_place(|| {
                runtime.block_on(async {
                    let expected = expected(&query, order, &tokens);
                    let survey = fixture.store.survey_tokens(&query).await.unwrap();
                    prop_assert_eq!(
                        (survey.found, survey.whole),
                        (u64::try_from(expected.len()).unwrap(), true),
                        "counted"
                    );
                    prop_assert_eq!(&gathered(&fixture, &query, order, rows).await, &expected, "gathered");
                    prop_assert_eq!(&walked(&fixture, &query, order, (rows, examined)).await, &expected, "walked");
                    Ok(())
                })
            })
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

pub(crate) async fn a_list_follows_what_becomes_of_its_tokens(fixture: Fixture) {
    fixture.rep(1).await;
    let mut new = new_token(1, rep_id(1), "Token 1");
    new.token.sid = AccountSid::first_at(NOW);
    assert_eq!(fixture.insert(&new).await, TokenInsertion::Inserted);
    let sid = new.token.sid;
    let of_status = async |status| {
        let query = TokenQuery { status: Some(status), ..TokenQuery::all(NOW) };
        let order = TokenOrder { by: TokenSort::LastUsed, descending: true };
        walked(&fixture, &query, order, (10, 10)).await
    };
    assert_eq!(of_status(TokenStatus::ExpiringSoon).await, [sid]);
    assert_eq!(fixture.store.tokens_named(&[sid]).await.unwrap()[0].last_used_at, None);
    fixture.store.note_uses(&[use_of(sid, NOW)]).await.unwrap();
    assert_eq!(fixture.store.tokens_named(&[sid]).await.unwrap()[0].last_used_at, Some(NOW));
    let audit = entry(AuditAction::TokenRevoked);
    for (disabled_at, is_enabled) in [(Some(NOW), false), (None, true)] {
        fixture.store.set_disabled(rep_id(1), disabled_at, &audit).await.unwrap().unsettled();
        assert_eq!(fixture.store.tokens_named(&[sid]).await.unwrap()[0].owner_is_enabled, is_enabled);
    }
    fixture.store.revoke_token(sid, Some(rep_id(1)), NOW, &audit).await.unwrap().unsettled();
    assert_eq!(of_status(TokenStatus::Revoked).await, [sid]);
    assert!(of_status(TokenStatus::ExpiringSoon).await.is_empty());
    assert!(fixture.store.tokens_named(&[AccountSid::from_bytes([9; 16])]).await.unwrap().is_empty());
}

/// Tokens that were made before the list was are found by it.
pub(crate) async fn tokens_of_one_kind_share_it(fixture: Fixture) {
    let owners: Vec<RepId> = vec![fixture.rep(1).await.id, fixture.rep(2).await.id];
    for number in 1..=6 {
        let mut new = new_token(number, owners[usize::from(number) % 2], &format!("Token {number}"));
        new.secret = TokenHash::from_bytes([number; 32]);
        assert_eq!(fixture.insert(&new).await, TokenInsertion::Inserted);
    }
    let query = TokenQuery { scope: Some("employee-read".parse::<ScopeName>().unwrap()), ..TokenQuery::all(NOW) };
    assert_eq!(fixture.store.survey_tokens(&query).await.unwrap().found, 6);
    // Were each token given a kind of its own, the tables of kinds would grow like that of tokens.
    assert_eq!(fixture.execute("UPDATE token_kind SET all_scopes = all_scopes").await.unwrap(), 1);
    assert_eq!(fixture.execute("UPDATE token_kind_scope SET kind = kind").await.unwrap(), 2);
}
