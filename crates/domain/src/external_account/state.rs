//! How an account stands.

use crate::{PresentedSid, ScopeSet, Timestamp, TokenFacts, TokenStatus, UsedFrom, Verdict};

/// How an account stands, as people are told. Only whether it was submitted is kept; the rest follows from its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountState {
    /// It has not been submitted.
    Draft,
    /// Its token works, for more than 14 days.
    Active,
    /// Its token works, for 14 days or less.
    Expiring,
    /// Its token does not do what the integration needs.
    Failing(AccountTrouble),
}

/// Why an account fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountTrouble {
    /// The token was revoked.
    TokenRevoked,
    /// The token's time has run out.
    TokenExpired,
    /// The token's owner is disabled.
    OwnerDisabled,
    /// The token may not do these: its owner may not grant them any more, or they have left the catalog.
    ScopesLost(ScopeSet),
    /// The token does not count for another reason.
    TokenRefused,
}

impl AccountState {
    /// The codes of all states, in the order in which lists offer them.
    pub const CODES: [&'static str; 4] = ["draft", "active", "expiring", "failing"];

    /// How a submitted account stands whose token has these facts and needs these scopes.
    #[must_use]
    pub fn of(facts: &TokenFacts<'_>, needed: &ScopeSet, now: Timestamp) -> Self {
        match Verdict::of(Some(facts), PresentedSid::Absent, None, UsedFrom::Anywhere, now) {
            Verdict::Active => {}
            Verdict::Revoked => return Self::Failing(AccountTrouble::TokenRevoked),
            Verdict::Expired => return Self::Failing(AccountTrouble::TokenExpired),
            Verdict::OwnerDisabled => return Self::Failing(AccountTrouble::OwnerDisabled),
            _ => return Self::Failing(AccountTrouble::TokenRefused),
        }
        let effective = facts.effective_scopes();
        let lost: ScopeSet = needed.iter().filter(|name| !effective.contains(name)).cloned().collect();
        if !lost.is_empty() {
            Self::Failing(AccountTrouble::ScopesLost(lost))
        } else if TokenStatus::at(now, facts.expires_at, facts.revoked_at) == TokenStatus::ExpiringSoon {
            Self::Expiring
        } else {
            Self::Active
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Failing(_) => "failing",
        }
    }

    /// The words on the page.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Active => "Active",
            Self::Expiring => "Expiring",
            Self::Failing(_) => "Failing",
        }
    }
}

impl AccountTrouble {
    /// What to tell the person: what is the matter and what to do.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::TokenRevoked => "Its token was revoked. Replace the token to go on.".to_owned(),
            Self::TokenExpired => "Its token has expired. Replace the token to go on.".to_owned(),
            Self::OwnerDisabled => {
                "The owner of its token is disabled. Enable them, move the token, or replace it.".to_owned()
            }
            Self::ScopesLost(scopes) => {
                let names: Vec<&str> = scopes.iter().map(crate::ScopeName::as_str).collect();
                format!("Its token may not do all that is needed: {}. Replace the token.", names.join(", "))
            }
            Self::TokenRefused => "Its token is refused. Replace the token to go on.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountSid, DAY};

    #[test]
    fn a_state_follows_from_the_token() {
        let scopes: ScopeSet = "a-read a-write".parse().unwrap();
        let less: ScopeSet = "a-read".parse().unwrap();
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let good = TokenFacts {
            sid: AccountSid::from_bytes([1; 16]),
            scopes: &scopes,
            owner_may_grant: &scopes,
            expires_at: now.plus_seconds(15 * DAY),
            secret_not_after: None,
            revoked_at: None,
            owner_enabled: true,
            addresses: None,
        };
        let of = |facts: TokenFacts<'_>| AccountState::of(&facts, &scopes, now);
        assert_eq!(of(good), AccountState::Active);
        assert_eq!(of(TokenFacts { expires_at: now.plus_seconds(14 * DAY), ..good }), AccountState::Expiring);
        for (facts, trouble) in [
            (TokenFacts { expires_at: now, ..good }, AccountTrouble::TokenExpired),
            (TokenFacts { revoked_at: Some(now), ..good }, AccountTrouble::TokenRevoked),
            (TokenFacts { owner_enabled: false, ..good }, AccountTrouble::OwnerDisabled),
            (TokenFacts { owner_may_grant: &less, ..good }, AccountTrouble::ScopesLost("a-write".parse().unwrap())),
        ] {
            assert!(!trouble.sentence().is_empty());
            assert_eq!(of(facts), AccountState::Failing(trouble));
        }
        assert!(AccountState::CODES.contains(&of(good).code()));
    }
}
