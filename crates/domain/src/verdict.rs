//! The one answer about a credential.
//!
//! Every part of Latchkey that needs to know whether a credential is good asks [`Verdict::of`]; nothing else
//! compares expiry times or scopes. The rule, from the design: a token is valid while it is not revoked, its
//! owner is enabled and `now < expires_at`, and it may do what both it and its owner may do.

use crate::{AccountSid, PresentedSid, ScopeName, ScopeSet, Timestamp};

/// What is known of the token that a presented secret belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenFacts<'a> {
    /// The token.
    pub sid: AccountSid,
    /// What it was given.
    pub scopes: &'a ScopeSet,
    /// What its owner may give today.
    pub owner_may_grant: &'a ScopeSet,
    /// The first instant at which the token is no longer valid.
    pub expires_at: Timestamp,
    /// The first instant at which this one of the token's secrets is no longer valid, where it ends earlier.
    pub secret_not_after: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// Whether its owner is enabled.
    pub owner_enabled: bool,
}

impl TokenFacts<'_> {
    /// What the token may do now: its scopes, as far as its owner may still grant them.
    #[must_use]
    pub fn effective_scopes(&self) -> ScopeSet {
        self.scopes.intersection(self.owner_may_grant)
    }
}

/// The answer about a credential at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is good, and it may do what was asked.
    Active,
    /// No token has this secret, or it came with another token's SID.
    Unknown,
    /// The token was taken back.
    Revoked,
    /// The token's time, or this secret's, has run out.
    Expired,
    /// The token's owner is disabled.
    OwnerDisabled,
    /// It is good, but it may not do what was asked.
    MissingScope,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Unknown, Self::Revoked, Self::Expired, Self::OwnerDisabled, Self::MissingScope];

    /// The name in logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::OwnerDisabled => "owner_disabled",
            Self::MissingScope => "missing_scope",
        }
    }

    /// Judges a credential. `facts` are those of the token with the presented secret, if there is one; `needed`
    /// is the scope of what was asked, if it needs one.
    #[must_use]
    pub fn of(
        facts: Option<&TokenFacts<'_>>,
        presented_sid: PresentedSid,
        needed: Option<&ScopeName>,
        now: Timestamp,
    ) -> Self {
        let Some(facts) = facts.filter(|facts| presented_sid.allows(facts.sid)) else {
            return Self::Unknown;
        };
        let secret_has_ended = facts.secret_not_after.is_some_and(|end| now >= end);
        if facts.revoked_at.is_some() {
            Self::Revoked
        } else if now >= facts.expires_at || secret_has_ended {
            Self::Expired
        } else if !facts.owner_enabled {
            Self::OwnerDisabled
        } else if needed.is_some_and(|name| !(facts.scopes.contains(name) && facts.owner_may_grant.contains(name))) {
            Self::MissingScope
        } else {
            Self::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    fn scope_names() -> impl Strategy<Value = ScopeName> {
        prop_oneof![Just("a-read"), Just("a-write"), Just("b-read")].prop_map(|name| name.parse().unwrap())
    }

    fn scope_sets() -> impl Strategy<Value = ScopeSet> {
        vec(scope_names(), 0..3).prop_map(|names| names.into_iter().collect())
    }

    fn moments() -> impl Strategy<Value = Timestamp> {
        (0_i64..6).prop_map(Timestamp::from_unix_seconds)
    }

    fn sids() -> impl Strategy<Value = AccountSid> {
        (0_u8..2).prop_map(|byte| AccountSid::from_bytes([byte; 16]))
    }

    /// Facts that own what they are about.
    #[derive(Debug, Clone)]
    struct OwnedFacts {
        sid: AccountSid,
        scopes: ScopeSet,
        owner_may_grant: ScopeSet,
        expires_at: Timestamp,
        secret_not_after: Option<Timestamp>,
        revoked_at: Option<Timestamp>,
        owner_enabled: bool,
    }

    impl OwnedFacts {
        fn facts(&self) -> TokenFacts<'_> {
            let Self { sid, expires_at, secret_not_after, revoked_at, owner_enabled, .. } = *self;
            let (scopes, owner_may_grant) = (&self.scopes, &self.owner_may_grant);
            TokenFacts { sid, scopes, owner_may_grant, expires_at, secret_not_after, revoked_at, owner_enabled }
        }
    }

    prop_compose! {
        fn facts()(
            sid in sids(),
            scopes in scope_sets(),
            owner_may_grant in scope_sets(),
            expires_at in moments(),
            secret_not_after in option::of(moments()),
            revoked_at in option::weighted(0.2, moments()),
            owner_enabled in any::<bool>(),
        ) -> OwnedFacts {
            OwnedFacts { sid, scopes, owner_may_grant, expires_at, secret_not_after, revoked_at, owner_enabled }
        }
    }

    fn presented() -> impl Strategy<Value = PresentedSid> {
        prop_oneof![Just(PresentedSid::Absent), Just(PresentedSid::Unreadable), sids().prop_map(PresentedSid::Given)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// The design's sentence, written as a formula, decides the same as the code.
        #[test]
        fn is_active_exactly_when_the_design_says_so(
            facts in option::weighted(0.9, facts()),
            sid in presented(),
            needed in option::of(scope_names()),
            now in moments(),
        ) {
            let facts = facts.as_ref().map(OwnedFacts::facts);
            let verdict = Verdict::of(facts.as_ref(), sid, needed.as_ref(), now);
            let expected = facts.as_ref().is_some_and(|facts| {
                let sid_fits = match sid {
                    PresentedSid::Absent => true,
                    PresentedSid::Given(given) => given == facts.sid,
                    PresentedSid::Unreadable => false,
                };
                let in_time = now < facts.expires_at && facts.secret_not_after.is_none_or(|end| now < end);
                let may = needed.as_ref().is_none_or(|name| facts.effective_scopes().contains(name));
                sid_fits && in_time && facts.revoked_at.is_none() && facts.owner_enabled && may
            });
            prop_assert_eq!(verdict == Verdict::Active, expected, "{:?}", verdict);
        }

        /// What has ended stays ended: time alone never revives a credential.
        #[test]
        fn time_never_revives(facts in facts(), sid in presented(), needed in option::of(scope_names()), now in moments(), later in 0_i64..4) {
            let verdict = |at| Verdict::of(Some(&facts.facts()), sid, needed.as_ref(), at);
            if verdict(now) != Verdict::Active {
                prop_assert_ne!(verdict(now.plus_seconds(later)), Verdict::Active);
            }
        }
    }

    #[test]
    fn the_reason_named_is_the_first_that_holds() {
        let end = Timestamp::from_unix_seconds(100);
        let name: ScopeName = "a-read".parse().unwrap();
        let none = ScopeSet::default();
        let mut facts = TokenFacts {
            sid: AccountSid::from_bytes([1; 16]),
            scopes: &none,
            owner_may_grant: &none,
            expires_at: end,
            secret_not_after: None,
            revoked_at: Some(end),
            owner_enabled: false,
        };
        let verdict = |facts: &TokenFacts| Verdict::of(Some(facts), PresentedSid::Absent, Some(&name), end);
        assert_eq!(verdict(&facts), Verdict::Revoked);
        facts.revoked_at = None;
        assert_eq!(verdict(&facts), Verdict::Expired);
        facts.expires_at = end.plus_seconds(1);
        assert_eq!(verdict(&facts), Verdict::OwnerDisabled);
        facts.owner_enabled = true;
        assert_eq!(verdict(&facts), Verdict::MissingScope);
        assert_eq!(Verdict::of(Some(&facts), PresentedSid::Unreadable, None, end), Verdict::Unknown);
        assert_eq!(Verdict::of(None, PresentedSid::Absent, None, end), Verdict::Unknown);
    }
}
