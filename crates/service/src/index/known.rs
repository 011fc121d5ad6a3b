//! What is known of a token whose secret was found, in memory or in the database.

use std::sync::Arc;

use latchkey_domain::{AccountSid, AddressRules, RepId, Role, Timestamp, TokenFacts, TokenRateLimit};

use crate::granted::{EffectiveScopes, Granted, GrantsBook};
use crate::ports::{Credential, Rep};

/// What is known of a secret's token: what its verdict is made of, and what the answers name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The token.
    pub sid: AccountSid,
    /// Its owner.
    pub owner: Arc<Owner>,
    /// What it was given.
    pub granted: Arc<Granted>,
    /// How many calls it may make.
    pub rate_limit: TokenRateLimit,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first instant at which it is no longer valid.
    pub expires_at: Timestamp,
    /// The first instant at which this secret is no longer valid, where it ends before its token.
    pub secret_not_after: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// From where it may be used, where that is not everywhere.
    pub addresses: Option<Arc<AddressRules>>,
}

impl Known {
    /// A credential as the database has it.
    pub(crate) fn of(credential: Credential, book: &GrantsBook) -> Self {
        let Credential { token, owner, secret_not_after, admin_scopes } = credential;
        Self {
            sid: token.sid,
            owner: Arc::new(Owner::from(&owner)),
            granted: Arc::new(Granted::new(Arc::new(token.scopes), book.where_reserved(&admin_scopes))),
            rate_limit: token.rate_limit,
            created_at: token.created_at,
            expires_at: token.expires_at,
            secret_not_after,
            revoked_at: token.revoked_at,
            addresses: token.addresses.map(Arc::new),
        }
    }

    /// What the verdict on it is made from.
    pub(crate) fn facts(&self) -> TokenFacts<'_> {
        TokenFacts {
            sid: self.sid,
            scopes: &self.granted.scopes,
            owner_may_grant: self.granted.grants.by(self.owner.role),
            expires_at: self.expires_at,
            secret_not_after: self.secret_not_after,
            revoked_at: self.revoked_at,
            owner_enabled: self.owner.is_enabled,
            addresses: self.addresses.as_deref(),
        }
    }

    /// What the token may do now, if it is good.
    #[must_use]
    pub fn effective_scopes(&self) -> &EffectiveScopes {
        self.granted.effective(self.owner.role)
    }
}

/// A token's owner, as far as verdicts and answers go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The service rep.
    pub id: RepId,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Whether their tokens work.
    pub is_enabled: bool,
}

impl From<&Rep> for Owner {
    fn from(rep: &Rep) -> Self {
        Self { id: rep.id, email: rep.email.clone(), role: rep.role, is_enabled: rep.is_enabled() }
    }
}
