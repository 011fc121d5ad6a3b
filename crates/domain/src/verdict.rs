//! The one answer about a credential.
//!
//! Every part of Latchkey that needs to know whether a credential is good asks [`Verdict::of`]; nothing else
//! compares expiry times or scopes. The rule, from the design: a token is valid while it is not revoked, its
//! owner is enabled and `now < expires_at`, it is good where its address rules say so, and it may do what both it and
//! its owner may do.

use crate::{AccountSid, AddressRules, PresentedSid, ScopeName, ScopeSet, Timestamp, UsedFrom};

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
    /// From where it may be used, where that is not everywhere.
    pub addresses: Option<&'a AddressRules>,
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
    /// The token may not be used from there.
    AddressRefused,
    /// It is good, but it may not do what was asked.
    MissingScope,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::Unknown,
        Self::Revoked,
        Self::Expired,
        Self::OwnerDisabled,
        Self::AddressRefused,
        Self::MissingScope,
    ];

    /// The name in logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::OwnerDisabled => "owner_disabled",
            Self::AddressRefused => "address_refused",
            Self::MissingScope => "missing_scope",
        }
    }

    /// Judges a credential. `facts` are those of the token with the presented secret, if there is one; `needed`
    /// is the scope of what was asked, if it needs one; `from` is where the call comes from.
    #[must_use]
    pub fn of(
        facts: Option<&TokenFacts<'_>>,
        presented_sid: PresentedSid,
        needed: Option<&ScopeName>,
        from: UsedFrom,
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
        } else if !from.is_allowed_by(facts.addresses) {
            Self::AddressRefused
        } else if needed.is_some_and(|name| !(facts.scopes.contains(name) && facts.owner_may_grant.contains(name))) {
            Self::MissingScope
        } else {
            Self::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::LazyLock;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::{Catalog, Grant, Policy, Role, Scope};

    const NAMES: [&str; 4] = ["a-read", "a-write", "b-read", "c-read"];
    const NETWORKS: [&str; 4] = ["192.0.2.0/31", "192.0.2.2", "2001:db8::/127", "::ffff:192.0.2.1"];
    const ADDRESSES: [&str; 6] =
        ["192.0.2.0", "192.0.2.1", "::ffff:192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"];

    /// The last of the scopes is the admins' by the catalog.
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        let scopes = NAMES.map(|name| Scope {
            name: name.parse().unwrap(),
            label: name.replace('-', " "),
            description: "What it opens.".to_owned(),
            sensitive: true,
            grant: if name == "c-read" { Grant::Admin } else { Grant::Rep },
            routes: Vec::new(),
        });
        Catalog::new(scopes.to_vec()).unwrap()
    });

    fn scope_names() -> impl Strategy<Value = ScopeName> {
        proptest::sample::select(NAMES.to_vec()).prop_map(|name| name.parse().unwrap())
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

    fn address_rules() -> impl Strategy<Value = Vec<&'static str>> {
        vec(proptest::sample::select(NETWORKS.to_vec()), 0..3)
    }

    fn places() -> impl Strategy<Value = UsedFrom> {
        let address = proptest::sample::select(ADDRESSES.to_vec());
        prop_oneof![
            8 => address.prop_map(|address| UsedFrom::Address(address.parse().unwrap())),
            1 => Just(UsedFrom::Unknown),
            1 => Just(UsedFrom::Anywhere),
        ]
    }

    /// What facts are made from.
    #[derive(Debug, Clone)]
    struct World {
        sid: AccountSid,
        scopes: ScopeSet,
        owner: Role,
        policy: Policy,
        expires_at: Timestamp,
        secret_not_after: Option<Timestamp>,
        revoked_at: Option<Timestamp>,
        owner_enabled: bool,
        networks: Vec<&'static str>,
    }

    impl World {
        fn judged<T>(&self, judge: impl FnOnce(&TokenFacts<'_>) -> T) -> T {
            let Self { sid, expires_at, secret_not_after, revoked_at, owner_enabled, .. } = *self;
            let owner_may_grant = &self.policy.grantable_by(&CATALOG, self.owner);
            let addresses = AddressRules::parse(&self.networks.join(",")).unwrap();
            let (scopes, addresses) = (&self.scopes, addresses.as_ref());
            judge(&TokenFacts {
                sid,
                scopes,
                owner_may_grant,
                expires_at,
                secret_not_after,
                revoked_at,
                owner_enabled,
                addresses,
            })
        }

        /// Whether a scope of the token counts, said plainly: whoever owns the token may grant it.
        fn counts(&self, name: &ScopeName) -> bool {
            let is_admins = name.as_str() == "c-read" || self.policy.admin_scopes.contains(name);
            self.scopes.contains(name) && (self.owner == Role::Admin || !is_admins)
        }

        /// Whether a call may come from there, said plainly.
        fn lets_in(&self, from: UsedFrom) -> bool {
            let address = match from {
                UsedFrom::Anywhere => return true,
                UsedFrom::Unknown => return self.networks.is_empty(),
                UsedFrom::Address(address) => address.to_string(),
            };
            let address = address.strip_prefix("::ffff:").unwrap_or(&address);
            let holds = |network: &&str| match *network {
                "192.0.2.0/31" => ["192.0.2.0", "192.0.2.1"].contains(&address),
                "192.0.2.2" => address == "192.0.2.2",
                "::ffff:192.0.2.1" => address == "192.0.2.1",
                _ => ["2001:db8::", "2001:db8::1"].contains(&address),
            };
            self.networks.is_empty() || self.networks.iter().any(holds)
        }
    }

    prop_compose! {
        fn worlds()(
            (sid, scopes, reserved) in (sids(), scope_sets(), scope_sets()),
            owner in proptest::sample::select(Role::ALL.to_vec()),
            expires_at in moments(),
            secret_not_after in option::of(moments()),
            revoked_at in option::weighted(0.2, moments()),
            owner_enabled in prop::bool::weighted(0.8),
            networks in address_rules(),
        ) -> World {
            let policy = Policy { admin_scopes: reserved, ..Policy::default() };
            World { sid, scopes, owner, policy, expires_at, secret_not_after, revoked_at, owner_enabled, networks }
        }
    }

    fn presented() -> impl Strategy<Value = PresentedSid> {
        prop_oneof![Just(PresentedSid::Absent), Just(PresentedSid::Unreadable), sids().prop_map(PresentedSid::Given)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// The rule, written as a list of sentences of which the first that is true is the answer, decides the same
        /// as the code: with address rules, and under a policy.
        #[test]
        fn the_verdict_is_the_first_sentence_that_is_true(
            world in option::weighted(0.95, worlds()),
            sid in presented(),
            needed in option::of(scope_names()),
            from in places(),
            now in moments(),
        ) {
            let verdict = match &world {
                None => Verdict::of(None, sid, needed.as_ref(), from, now),
                Some(world) => world.judged(|facts| Verdict::of(Some(facts), sid, needed.as_ref(), from, now)),
            };
            let expected = world.as_ref().map_or(Verdict::Unknown, |world| {
                let sid_fits = match sid {
                    PresentedSid::Absent => true,
                    PresentedSid::Given(given) => given == world.sid,
                    PresentedSid::Unreadable => false,
                };
                let in_time = now < world.expires_at && world.secret_not_after.is_none_or(|end| now < end);
                let sentences = [
                    (!sid_fits, Verdict::Unknown),
                    (world.revoked_at.is_some(), Verdict::Revoked),
                    (!in_time, Verdict::Expired),
                    (!world.owner_enabled, Verdict::OwnerDisabled),
                    (!world.lets_in(from), Verdict::AddressRefused),
                    (needed.as_ref().is_some_and(|name| !world.counts(name)), Verdict::MissingScope),
                ];
                sentences.into_iter().find(|(holds, _)| *holds).map_or(Verdict::Active, |(_, verdict)| verdict)
            });
            prop_assert_eq!(verdict, expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// What has ended stays ended: time alone never revives a credential.
        #[test]
        fn time_never_revives(world in worlds(), sid in presented(), needed in option::of(scope_names()), from in places(), now in moments(), later in 0_i64..4) {
            world.judged(|facts| {
                let verdict = |at| Verdict::of(Some(facts), sid, needed.as_ref(), from, at);
                if verdict(now) != Verdict::Active {
                    prop_assert_ne!(verdict(now.plus_seconds(later)), Verdict::Active);
                }
                Ok(())
            })?;
        }

        /// Whatever a policy reserves for admins takes something away, and gives nothing.
        #[test]
        fn a_policy_never_lets_more_in(world in worlds(), needed in scope_names(), now in moments()) {
            let verdict = |world: &World| {
                world.judged(|facts| Verdict::of(Some(facts), PresentedSid::Absent, Some(&needed), UsedFrom::Anywhere, now))
            };
            let without = World { policy: Policy::default(), ..world.clone() };
            if verdict(&world) == Verdict::Active {
                prop_assert_eq!(verdict(&without), Verdict::Active);
            }
        }
    }

    #[test]
    fn the_reason_named_is_the_first_that_holds() {
        let end = Timestamp::from_unix_seconds(100);
        let name: ScopeName = "a-read".parse().unwrap();
        let none = ScopeSet::default();
        let office: AddressRules = "192.0.2.0/24".parse().unwrap();
        let elsewhere: IpAddr = "192.0.3.1".parse().unwrap();
        let mut facts = TokenFacts {
            sid: AccountSid::from_bytes([1; 16]),
            scopes: &none,
            owner_may_grant: &none,
            expires_at: end,
            secret_not_after: None,
            revoked_at: Some(end),
            owner_enabled: false,
            addresses: Some(&office),
        };
        let from = UsedFrom::Address(elsewhere);
        let verdict = |facts: &TokenFacts| Verdict::of(Some(facts), PresentedSid::Absent, Some(&name), from, end);
        assert_eq!(verdict(&facts), Verdict::Revoked);
        facts.revoked_at = None;
        assert_eq!(verdict(&facts), Verdict::Expired);
        facts.expires_at = end.plus_seconds(1);
        assert_eq!(verdict(&facts), Verdict::OwnerDisabled);
        facts.owner_enabled = true;
        assert_eq!(verdict(&facts), Verdict::AddressRefused);
        facts.addresses = None;
        assert_eq!(verdict(&facts), Verdict::MissingScope);
        assert_eq!(Verdict::of(Some(&facts), PresentedSid::Unreadable, None, from, end), Verdict::Unknown);
        assert_eq!(Verdict::of(None, PresentedSid::Absent, None, from, end), Verdict::Unknown);
    }
}
