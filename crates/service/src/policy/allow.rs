//! Whether a token that somebody asks for is allowed, and what the add form offers of what is.

use latchkey_domain::view::{AddressesView, NewTokenFormView, ScopeView};
use latchkey_domain::{
    AddressRules, AddressUse, FieldErrors, FieldProblem, Grant, Lifetime, Policy, Role, Scope, ScopeChoice, ScopeSet,
    TokenDraft,
};

use crate::secrets::new_form_id;
use crate::{Outcome, Service};

/// What a token that is allowed gets.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    /// The scopes that its choice means today.
    pub(crate) scopes: ScopeSet,
    /// From where it may be used.
    pub(crate) addresses: Option<AddressRules>,
}

impl Service {
    /// Holds a token for an owner of this role against the catalog and the policy.
    ///
    /// # Errors
    /// Each field that is not allowed, with the reason.
    pub(crate) fn allow(&self, policy: &Policy, draft: &TokenDraft, owner: Role) -> Result<Allowed, FieldErrors> {
        let mut errors = FieldErrors::default();
        if !policy.allows_days(draft.lifetime.days()) {
            errors.add(FieldProblem::ExpirationBeyond(policy.longest));
        }
        let scopes = errors.take(self.chosen_scopes(policy, &draft.scopes, owner));
        let addresses = errors.take(policy.address_rules(&draft.addresses));
        match (scopes, addresses) {
            (Some(scopes), Some(addresses)) if errors.is_empty() => Ok(Allowed { scopes, addresses }),
            _ => Err(errors),
        }
    }

    /// The scopes that a choice means today, all of which the owner may grant.
    fn chosen_scopes(&self, policy: &Policy, choice: &ScopeChoice, owner: Role) -> Result<ScopeSet, FieldProblem> {
        let ScopeChoice::Selected(selected) = choice else {
            let all = policy.all_scopes_of(&self.catalog);
            return match (policy.all_scopes, all.is_empty()) {
                (false, _) => Err(FieldProblem::AllScopesNotAllowed),
                (true, true) => Err(FieldProblem::ScopesMissing),
                (true, false) => Ok(all),
            };
        };
        if selected.iter().any(|name| self.catalog.scope(name).is_none()) {
            return Err(FieldProblem::ScopeUnknown);
        }
        let may_grant = policy.grantable_by(&self.catalog, owner);
        if selected.iter().any(|name| !may_grant.contains(name)) {
            return Err(FieldProblem::ScopeOnlyForAdmins);
        }
        Ok(selected.clone())
    }

    /// The add form for an owner of this role: what the policy leaves, and why the rest is missing.
    ///
    /// # Errors
    /// Where the database or the random source fails.
    pub(crate) async fn token_form_of(&self, owner: Role) -> Outcome<NewTokenFormView> {
        let policy = self.store.policy().await?.policy;
        let may_grant = policy.grantable_by(&self.catalog, owner);
        let offered = self.catalog.scopes().iter().filter(|scope| may_grant.contains(&scope.name));
        let scopes = offered.map(|scope| scope_view(scope, &policy));
        Ok(NewTokenFormView {
            form_id: new_form_id(self.random.as_ref())?.to_string(),
            scopes: scopes.collect(),
            now: self.now(),
            longest: policy.longest,
            all_scopes: policy.all_scopes,
            addresses: addresses_view(&policy),
            expiration_note: expiration_note(&policy),
            scopes_note: self.scopes_note(&policy, owner),
        })
    }

    fn scopes_note(&self, policy: &Policy, owner: Role) -> String {
        let mut notes = Vec::new();
        if !policy.all_scopes {
            notes.push("Your admins do not allow All Scopes.".to_owned());
        }
        let reserved = self.catalog.scopes().iter().filter(|scope| policy.admin_scopes.contains(&scope.name));
        let reserved: Vec<&str> = reserved.map(|scope| scope.label.as_str()).collect();
        if owner == Role::Rep && !reserved.is_empty() {
            notes.push(format!("Only for tokens of admins: {}.", reserved.join(", ")));
        }
        notes.join(" ")
    }
}

/// Why lifetimes are missing from the form; empty where none is.
pub(crate) fn expiration_note(policy: &Policy) -> String {
    if policy.longest == Lifetime::OneYear {
        return String::new();
    }
    format!("Your admins allow at most {}.", policy.longest.label())
}

/// A scope as forms offer it.
pub(crate) fn scope_view(scope: &Scope, policy: &Policy) -> ScopeView {
    ScopeView {
        name: scope.name.clone(),
        label: scope.label.clone(),
        description: scope.description.clone(),
        sensitive: scope.sensitive,
        admin_only: scope.grant == Grant::Admin || policy.admin_scopes.contains(&scope.name),
    }
}

/// What the form says of address rules; `None` where tokens carry none.
pub(crate) fn addresses_view(policy: &Policy) -> Option<AddressesView> {
    let required = match policy.addresses {
        AddressUse::None => return None,
        AddressUse::May => false,
        AddressUse::Must => true,
    };
    let mut hint =
        "Networks or addresses that calls come from, with commas between: 203.0.113.7, 2001:db8::/32.".to_owned();
    if required {
        hint.push_str(" Your admins ask for them.");
    }
    if let Some(networks) = &policy.networks {
        let networks: Vec<String> = networks.iter().collect();
        hint.push_str(" Within: ");
        hint.push_str(&networks.join(", "));
        hint.push('.');
    }
    Some(AddressesView { required, hint })
}
