//! What a token was given, and what of it its owner may still give: worked out once for all tokens that have the
//! same, so that a call only reads it.

use std::sync::{Arc, PoisonError, RwLock};

use latchkey_domain::{Catalog, Policy, Role, ScopeSet};

/// What each role may grant, by the catalog and a policy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grants {
    rep: ScopeSet,
    admin: ScopeSet,
}

impl Grants {
    fn of(catalog: &Catalog, admin_scopes: &ScopeSet) -> Self {
        let policy = Policy { admin_scopes: admin_scopes.clone(), ..Policy::default() };
        let by = |role| policy.grantable_by(catalog, role);
        Self { rep: by(Role::Rep), admin: by(Role::Admin) }
    }

    pub(crate) const fn by(&self, role: Role) -> &ScopeSet {
        match role {
            Role::Rep => &self.rep,
            Role::Admin => &self.admin,
        }
    }
}

/// Works out [`Grants`], and keeps the latest: what each role may grant follows from nothing but the catalog and what
/// the policy reserves, so that nothing kept here can be out of date.
#[derive(Debug)]
pub(crate) struct GrantsBook {
    catalog: Arc<Catalog>,
    latest: RwLock<(ScopeSet, Arc<Grants>)>,
}

impl GrantsBook {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        let none = ScopeSet::default();
        let grants = Arc::new(Grants::of(&catalog, &none));
        Self { catalog, latest: RwLock::new((none, grants)) }
    }

    /// What each role may grant where the policy reserves these scopes for admins.
    pub(crate) fn where_reserved(&self, admin_scopes: &ScopeSet) -> Arc<Grants> {
        {
            let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
            if latest.0 == *admin_scopes {
                return Arc::clone(&latest.1);
            }
        }
        let grants = Arc::new(Grants::of(&self.catalog, admin_scopes));
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = (admin_scopes.clone(), Arc::clone(&grants));
        grants
    }
}

/// The scopes that a token was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// As they were given.
    pub scopes: Arc<ScopeSet>,
    /// What each role may grant today.
    pub(crate) grants: Arc<Grants>,
    of_rep: EffectiveScopes,
    of_admin: EffectiveScopes,
}

impl Granted {
    pub(crate) fn new(scopes: Arc<ScopeSet>, grants: Arc<Grants>) -> Self {
        let effective = |role| EffectiveScopes::from(scopes.intersection(grants.by(role)));
        let (of_rep, of_admin) = (effective(Role::Rep), effective(Role::Admin));
        Self { scopes, grants, of_rep, of_admin }
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
