//! Changing the policy: first what would come of it is shown, then it is saved.
//!
//! Between the two stands nothing but the form: whoever confirms sends all of it again, with the version that it was
//! made from and the number of tokens that they were told would be revoked. Where another version holds by then, or
//! more tokens would be revoked, they are asked anew.

use latchkey_domain::{
    AddressRules, AddressUse, FieldProblem, Grant, IdleDays, PlainText, Policy, PolicyForm, Refusal, ScopeName,
    ScopeSet, Timestamp,
};

use super::{BreachCount, BreachKind};
use crate::administration::{Authority, ListedToken};
use crate::ports::{Committed, PolicySaving, PolicyVersion, StoredPolicy, TokenOrder, TokenQuery, TokenSort};
use crate::{AuditAction, AuditSubject, Caller, Outcome, Service};

/// How many of the tokens that would be revoked are shown.
const SHOWN: u32 = 20;
/// How many tokens are passed by at once in looking for them.
const STRETCH: u32 = 50_000;

/// The policy that holds, with what its page shows beside it.
#[derive(Debug, Clone)]
pub struct PolicyOverview {
    /// The policy.
    pub stored: StoredPolicy,
    /// The scopes that can be reserved for admins, and those that are.
    pub scopes: Vec<ReservableScope>,
    /// How many live tokens break it.
    pub breaches: Vec<BreachCount>,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

/// A sensitive scope that can be reserved for admins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservableScope {
    /// Its name.
    pub name: ScopeName,
    /// Its name on pages.
    pub label: String,
    /// Whether it is reserved and could not be now: it is no longer sensitive, or not in the catalog any more.
    pub is_left_over: bool,
}

/// A scope that tokens of reps would lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostScope {
    /// Its name on pages.
    pub label: String,
    /// How many live tokens would lose it, as far as they were counted.
    pub tokens: u64,
    /// Whether there may be more.
    pub is_least: bool,
}

/// What would come of a policy.
#[derive(Debug, Clone)]
pub struct PolicyPreview {
    /// The policy.
    pub policy: Policy,
    /// What it changes, in sentences; none where it is the one that holds.
    pub changes: Vec<String>,
    /// How many live tokens break it, and stay as they are.
    pub breaches: Vec<BreachCount>,
    /// Scopes that become the admins', which tokens of reps would lose at once.
    pub lost: Vec<LostScope>,
    /// How many live tokens would be revoked, since nobody uses them; whether there may be more.
    pub idle: (u64, bool),
    /// Some of them, those that have not been used for longest first.
    pub idle_tokens: Vec<ListedToken>,
    /// Whether the password has to be given.
    pub asks_password: bool,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

/// What became of a policy that was confirmed.
#[derive(Debug, Clone)]
pub enum PolicySaved {
    /// It holds.
    Saved,
    /// More tokens would be revoked by now than whoever confirmed was told.
    MoreIdle(Box<PolicyPreview>),
}

impl Service {
    /// The policy, for admins.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others, or where the database fails.
    pub async fn policy_overview(&self, caller: &Caller) -> Outcome<PolicyOverview> {
        caller.require_admin()?;
        self.flush_last_use().await?;
        let now = self.now();
        let stored = self.store.policy().await?;
        let breaches = self.breaches(&stored.policy, now).await?;
        let scopes = self.reservable(&stored.policy);
        Ok(PolicyOverview { stored, scopes, breaches, now })
    }

    fn reservable(&self, policy: &Policy) -> Vec<ReservableScope> {
        let is_reserved = |name: &ScopeName| policy.admin_scopes.contains(name);
        let known = self.catalog.scopes().iter().filter_map(|scope| {
            let fits = scope.sensitive && scope.grant == Grant::Rep;
            (fits || is_reserved(&scope.name)).then(|| ReservableScope {
                name: scope.name.clone(),
                label: scope.label.clone(),
                is_left_over: !fits,
            })
        });
        let gone = policy.admin_scopes.iter().filter(|name| self.catalog.scope(name).is_none());
        let gone = gone.map(|name| ReservableScope { name: name.clone(), label: name.to_string(), is_left_over: true });
        known.chain(gone).collect()
    }

    /// What would come of a policy in the place of the version `before`. Nothing changes yet.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins; what is wrong with the form, or contradicts itself;
    /// [`Refusal::ChangedMeanwhile`] where another version holds; or where the database fails.
    pub async fn preview_policy(
        &self,
        caller: &Caller,
        form: &PolicyForm,
        before: PolicyVersion,
    ) -> Outcome<PolicyPreview> {
        caller.require_admin()?;
        let stored = self.store.policy().await?;
        let policy = form.parse(&self.catalog, &stored.policy)?;
        if stored.version != before {
            return Err(Refusal::ChangedMeanwhile.into());
        }
        self.preview(caller, &stored.policy, policy).await
    }

    async fn preview(&self, caller: &Caller, before: &Policy, policy: Policy) -> Outcome<PolicyPreview> {
        self.flush_last_use().await?;
        let now = self.now();
        // What is revoked anyway is no reason to refuse.
        let is_stricter = policy.idle.is_some_and(|idle| before.idle.is_none_or(|before| idle < before));
        let idle_query = BreachKind::Idle.query(&policy, now).filter(|_| is_stricter);
        let (mut idle, mut idle_tokens) = ((0, false), Vec::new());
        if let Some(query) = idle_query {
            let own = TokenQuery { owner: Some(caller.rep.id), ..query.clone() };
            if self.count_tokens(&own).await? != (0, false) {
                return Err(FieldProblem::IdleRevokesOwn.into());
            }
            idle = self.count_tokens(&query).await?;
            idle_tokens = self.longest_idle(&query, now).await?;
        }
        let reserved = policy.admin_scopes.iter().filter(|name| !before.admin_scopes.contains(name));
        let reserved: ScopeSet = reserved.cloned().collect();
        let lost = self.holders(&reserved, now).await?.into_iter();
        let lost = lost.map(|(label, tokens, is_least)| LostScope { label, tokens, is_least }).collect();
        let mut breaches = self.breaches(&policy, now).await?;
        breaches.retain(|breach| !matches!(breach.kind, BreachKind::Idle | BreachKind::AdminScopes));
        let changes = self.changes(before, &policy);
        let asks_password = self.asks_password(caller);
        Ok(PolicyPreview { policy, changes, breaches, lost, idle, idle_tokens, asks_password, now })
    }

    async fn longest_idle(&self, query: &TokenQuery, now: Timestamp) -> Outcome<Vec<ListedToken>> {
        let order = TokenOrder { by: TokenSort::LastUsed, descending: false };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let stretch = self.store.walk_tokens(query, order, after, SHOWN, STRETCH).await?;
            found.extend(stretch.found.into_iter().map(|position| position.sid));
            after = stretch.rest;
            let is_full = u32::try_from(found.len()).is_ok_and(|found| found >= SHOWN);
            if is_full || after.is_none() {
                break;
            }
        }
        let records = self.store.tokens_named(&found).await?;
        Ok(records.into_iter().map(|record| self.listed_token(record, now)).collect())
    }

    /// Saves a policy in the place of the version `before`. Whoever confirms was told that `shown_idle` tokens would
    /// be revoked. Once this has answered, scopes that became the admins' count in no rep's token.
    ///
    /// # Errors
    /// As [`Service::preview_policy`]; a problem with the password where it was not given recently.
    pub async fn save_policy(
        &self,
        caller: &Caller,
        form: &PolicyForm,
        before: PolicyVersion,
        shown_idle: u64,
        current_password: &PlainText,
    ) -> Outcome<PolicySaved> {
        let preview = self.preview_policy(caller, form, before).await?;
        if preview.changes.is_empty() {
            // It may have been saved a moment ago.
            return Ok(self.settle(Committed::unchanged(PolicySaved::Saved)).await);
        }
        if preview.idle.0 > shown_idle {
            return Ok(PolicySaved::MoreIdle(Box::new(preview)));
        }
        self.confirm(Authority::Admin(caller), current_password).await?;
        let mut audit = self.entry(caller.actor(), AuditAction::PolicyChanged, AuditSubject::Nothing, &caller.origin);
        audit.detail = preview.changes.join(" ");
        let saved = self.store.save_policy(&preview.policy, before, caller.rep.id, &audit).await?;
        match self.settle(saved).await {
            PolicySaving::Saved => Ok(PolicySaved::Saved),
            PolicySaving::Stale => Err(Refusal::ChangedMeanwhile.into()),
            PolicySaving::NotAllowed => Err(Refusal::Forbidden.into()),
        }
    }

    /// What differs between two policies, in sentences.
    fn changes(&self, before: &Policy, after: &Policy) -> Vec<String> {
        let mut changes = Vec::new();
        let mut note = |rule: &str, before: String, after: String| {
            if before != after {
                changes.push(format!("{rule}: {after} (was {before})."));
            }
        };
        note("Longest lifetime", before.longest.label().to_owned(), after.longest.label().to_owned());
        let allowed = |policy: &Policy| if policy.all_scopes { "allowed" } else { "not allowed" }.to_owned();
        note("All Scopes", allowed(before), allowed(after));
        note("Only admins grant", self.labels(&before.admin_scopes), self.labels(&after.admin_scopes));
        note("Tokens that are not used", idle_in_words(before.idle), idle_in_words(after.idle));
        let carried = |addresses| match addresses {
            AddressUse::None => "none".to_owned(),
            AddressUse::May => "allowed".to_owned(),
            AddressUse::Must => "required".to_owned(),
        };
        note("Address rules", carried(before.addresses), carried(after.addresses));
        note("Networks", networks_in_words(before), networks_in_words(after));
        changes
    }

    /// The scopes of a set by their labels, in the catalog's order.
    fn labels(&self, scopes: &ScopeSet) -> String {
        let known = self.catalog.scopes().iter().filter(|scope| scopes.contains(&scope.name));
        let known = known.map(|scope| scope.label.clone());
        let gone = scopes.iter().filter(|name| self.catalog.scope(name).is_none()).map(ToString::to_string);
        let labels: Vec<String> = known.chain(gone).collect();
        if labels.is_empty() { "nothing beside the catalog’s".to_owned() } else { labels.join(", ") }
    }
}

fn idle_in_words(idle: Option<IdleDays>) -> String {
    idle.map_or_else(|| "kept".to_owned(), |idle| format!("revoked after {} days", idle.days()))
}

fn networks_in_words(policy: &Policy) -> String {
    let listed = |networks: &AddressRules| networks.iter().collect::<Vec<_>>().join(", ");
    policy.networks.as_ref().map_or_else(|| "any".to_owned(), listed)
}
