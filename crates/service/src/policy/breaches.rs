//! Which tokens that are there already a policy would not allow. None of them is revoked for that; they are counted,
//! listed among all tokens, and revoked from there by whoever wants it.

use latchkey_domain::{AddressUse, DAY, Lifetime, Policy, ScopeSet, Timestamp};

use crate::Service;
use crate::ports::{Breach, StoreResult, TokenQuery, TokenSurvey};

/// A rule of the policy that live tokens can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreachKind {
    /// They live longer than a new one may.
    Lifetime,
    /// They were given All Scopes, which a new one may not be.
    AllScopes,
    /// They belong to reps, and were given scopes that only admins may grant.
    AdminScopes,
    /// They have not been used for so long that they are revoked.
    Idle,
    /// They carry address rules where none may, or none where they must.
    Addresses,
    /// Their address rules lie outside of the networks that are allowed.
    Networks,
}

impl BreachKind {
    /// Every kind, in the order of the policy's form.
    pub const ALL: [Self; 6] =
        [Self::Lifetime, Self::AllScopes, Self::AdminScopes, Self::Idle, Self::Addresses, Self::Networks];

    /// Its name in addresses and forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Lifetime => "lifetime",
            Self::AllScopes => "all-scopes",
            Self::AdminScopes => "admin-scopes",
            Self::Idle => "idle",
            Self::Addresses => "addresses",
            Self::Networks => "networks",
        }
    }

    /// What such tokens are like, for a list to choose from.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Lifetime => "Lives longer than allowed",
            Self::AllScopes => "All Scopes, not allowed",
            Self::AdminScopes => "Scopes that are the admins’",
            Self::Idle => "Not used for too long",
            Self::Addresses => "Address rules, with or without",
            Self::Networks => "Address rules elsewhere",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The live tokens that break this rule of a policy; `None` where the policy has no such rule.
    pub(crate) fn query(self, policy: &Policy, now: Timestamp) -> Option<TokenQuery> {
        let live = TokenQuery { live: true, ..TokenQuery::all(now) };
        let breaking = |breach| Some(TokenQuery { breaks: Some(breach), ..live.clone() });
        match self {
            Self::Lifetime if policy.longest == Lifetime::OneYear => None,
            Self::Lifetime => breaking(Breach::LivesLonger(policy.longest.days() * DAY)),
            Self::AllScopes if policy.all_scopes => None,
            Self::AllScopes => Some(TokenQuery { all_scopes: true, ..live }),
            Self::AdminScopes if policy.admin_scopes.is_empty() => None,
            Self::AdminScopes => breaking(Breach::HeldByRep(policy.admin_scopes.clone())),
            Self::Idle => {
                let since = now.plus_seconds(-policy.idle?.seconds());
                Some(TokenQuery { unused_since: Some(since), ..live })
            }
            Self::Addresses => match policy.addresses {
                AddressUse::None => breaking(Breach::CarriesRules),
                AddressUse::May => None,
                AddressUse::Must => breaking(Breach::CarriesNoRules),
            },
            Self::Networks => breaking(Breach::RulesOutside(policy.networks.clone()?)),
        }
    }
}

/// How many live tokens break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreachCount {
    /// The rule.
    pub kind: BreachKind,
    /// How many, as far as they were counted.
    pub count: u64,
    /// Whether there may be more.
    pub is_least: bool,
}

impl Service {
    /// How many live tokens break each rule of a policy; rules that none breaks are left out.
    pub(crate) async fn breaches(&self, policy: &Policy, now: Timestamp) -> StoreResult<Vec<BreachCount>> {
        let mut counts = Vec::new();
        for kind in BreachKind::ALL {
            if let Some(query) = kind.query(policy, now) {
                let (count, is_least) = self.count_tokens(&query).await?;
                if count > 0 || is_least {
                    counts.push(BreachCount { kind, count, is_least });
                }
            }
        }
        Ok(counts)
    }

    /// How many live tokens of reps have each of these scopes; scopes that none has are left out.
    pub(crate) async fn holders(&self, scopes: &ScopeSet, now: Timestamp) -> StoreResult<Vec<(String, u64, bool)>> {
        let mut counts = Vec::new();
        for name in scopes.iter() {
            let one: ScopeSet = std::iter::once(name.clone()).collect();
            let query = TokenQuery { live: true, breaks: Some(Breach::HeldByRep(one)), ..TokenQuery::all(now) };
            let (count, is_least) = self.count_tokens(&query).await?;
            if count > 0 || is_least {
                let label = self.catalog.scope(name).map_or_else(|| name.to_string(), |scope| scope.label.clone());
                counts.push((label, count, is_least));
            }
        }
        Ok(counts)
    }

    /// How many tokens pass, and whether there may be more.
    pub(crate) async fn count_tokens(&self, query: &TokenQuery) -> StoreResult<(u64, bool)> {
        let survey = self.store.survey_tokens(query).await?;
        let is_least = !survey.whole || survey.found > TokenSurvey::MANY;
        Ok((survey.found.min(TokenSurvey::MANY), is_least))
    }
}
