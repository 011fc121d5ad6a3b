//! What a token was given, and what of it its owner may still give: worked out once for all tokens that have the
//! same, so that a call only reads it.

use std::sync::Arc;

use latchkey_domain::{Catalog, Role, ScopeSet};

/// What each role may grant today.
#[derive(Debug)]
pub(crate) struct Grants {
    rep: ScopeSet,
    admin: ScopeSet,
}

impl Grants {
    pub(crate) fn of(catalog: &Catalog) -> Self {
        Self { rep: catalog.grantable_by(Role::Rep), admin: catalog.grantable_by(Role::Admin) }
    }

    pub(crate) const fn by(&self, role: Role) -> &ScopeSet {
        match role {
            Role::Rep => &self.rep,
            Role::Admin => &self.admin,
        }
    }
}

/// The scopes that a token was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// As they were given.
    pub scopes: Arc<ScopeSet>,
    of_rep: EffectiveScopes,
    of_admin: EffectiveScopes,
}

impl Granted {
    pub(crate) fn new(scopes: Arc<ScopeSet>, grants: &Grants) -> Self {
        let effective = |role| EffectiveScopes::from(scopes.intersection(grants.by(role)));
        let (of_rep, of_admin) = (effective(Role::Rep), effective(Role::Admin));
        Self { scopes, of_rep, of_admin }
    }

    /// What a token with these scopes may do now, where its owner has this role.
    #[must_use]
    pub const fn effective(&self, role: Role) -> &EffectiveScopes {
        match role {
            Role::Rep => &self.of_rep,
            Role::Admin => &self.of_admin,
        }
    }
}

/// What a token may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveScopes {
    /// The scopes.
    pub set: ScopeSet,
    /// The same as text, as RFC 6749 section 3.3 writes scopes.
    pub text: Box<str>,
}

impl From<ScopeSet> for EffectiveScopes {
    fn from(set: ScopeSet) -> Self {
        Self { text: set.to_string().into(), set }
    }
}
