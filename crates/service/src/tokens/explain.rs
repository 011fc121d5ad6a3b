//! One token, as its owner sees it: what it is, what it opens, and whether a call with it would be allowed.

use latchkey_domain::view::TokenView;
use latchkey_domain::{
    AccountSid, AddressRules, AskedCall, Explanation, RateLimit, Refusal, Scope, ScopeName, ScopeSet, Timestamp,
    TokenFacts, TokenSource,
};

use crate::ports::{Credential, LastCall, Rep, TokenRecord};
use crate::{Caller, Known, Outcome, Service};

/// One of the caller's own tokens, in full. There is no secret in it.
#[derive(Debug, Clone)]
pub struct OwnToken {
    /// The token, as lists show it.
    pub token: TokenView,
    /// How it came to be.
    pub source: TokenSource,
    /// The latest call with it. One that another node took is known [`crate::LONGEST_UNWRITTEN`] later at most.
    pub last_call: Option<LastCall>,
    /// How many calls it may make, its own limit or the server's; `None` where there is no limit.
    pub limit: Option<RateLimit>,
    /// What it was given: the catalog's scopes in the catalog's order, then those that have left it.
    pub scopes: Vec<HeldScope>,
    /// From where it may be used, where that is not everywhere.
    pub addresses: Option<AddressRules>,
    /// The call that was asked about, and what would become of it.
    pub answer: Option<ExplainedCall>,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

/// A scope that a token was given.
#[derive(Debug, Clone)]
pub struct HeldScope {
    /// Its name.
    pub name: ScopeName,
    /// What the catalog says of it, if it is still there.
    pub scope: Option<Scope>,
    /// Whether it opens anything now: it is in the catalog, and the owner may grant it.
    pub counts: bool,
}

/// What would become of a call.
#[derive(Debug, Clone)]
pub struct ExplainedCall {
    /// The call.
    pub call: AskedCall,
    /// The decision.
    pub explanation: Explanation,
    /// Its reason, in a sentence.
    pub reason: String,
}

impl Service {
    /// One of the caller's own tokens, and the answer to what is asked about a call with it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none of that name or it is somebody else's, or where the database
    /// fails.
    pub async fn explain_token(&self, caller: &Caller, sid: AccountSid, asked: Option<AskedCall>) -> Outcome<OwnToken> {
        let token = self.store.token(sid, Some(caller.rep.id)).await?.ok_or(Refusal::NotFound)?;
        let admin_scopes = self.store.policy().await?.policy.admin_scopes;
        self.token_in_full(token, &caller.rep, admin_scopes, asked).await
    }

    /// A token of this owner in full, and the answer to what is asked about a call with it.
    pub(crate) async fn token_in_full(
        &self,
        token: TokenRecord,
        owner: &Rep,
        admin_scopes: ScopeSet,
        asked: Option<AskedCall>,
    ) -> Outcome<OwnToken> {
        let now = self.now();
        let last_call = self.last_call(token.sid).await?;
        let view = self.token_view(&token, now);
        let (source, addresses) = (token.source, token.addresses.clone());
        let limit = token.rate_limit.or(self.limits.calls());
        // No secret ends before its token: it has one, of the token's own age.
        let credential = Credential { token, owner: owner.clone(), secret_not_after: None, admin_scopes };
        let known = Known::of(credential, &self.grants);
        let facts = known.facts();
        let answer = asked.map(|call| {
            let explanation = Explanation::of(&self.catalog, &facts, &call, now);
            ExplainedCall { call, reason: explanation.sentence(&self.catalog), explanation }
        });
        let scopes = self.held_scopes(&facts);
        Ok(OwnToken { token: view, source, last_call, limit, scopes, addresses, answer, now })
    }

    fn held_scopes(&self, facts: &TokenFacts<'_>) -> Vec<HeldScope> {
        let effective = facts.effective_scopes();
        let known = self.catalog.scopes().iter().filter(|scope| facts.scopes.contains(&scope.name));
        let known = known.map(|scope| HeldScope {
            name: scope.name.clone(),
            scope: Some(scope.clone()),
            counts: effective.contains(&scope.name),
        });
        let gone = facts.scopes.iter().filter(|name| self.catalog.scope(name).is_none());
        let gone = gone.map(|name| HeldScope { name: name.clone(), scope: None, counts: false });
        known.chain(gone).collect()
    }
}
