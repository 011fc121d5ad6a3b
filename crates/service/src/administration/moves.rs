//! Moving a leaver's tokens to somebody else.
//!
//! The tokens' owner changes; their SIDs and secrets stay, so no vendor notices. A token goes on with what it was
//! given, as far as the new owner may grant that. Where the new owner has a live token of the same description, the
//! one that would clash stays where it is, and the answer names it: two tokens that cannot be told apart would be
//! worse than one that needs another look, and holding all of them back for one would be worse still.

use latchkey_domain::{Email, FieldProblem, Refusal, RepId, RepState, ScopeName};

use crate::ports::{Rep, TokenMove, TokenMoveOutcome};
use crate::{AuditAction, AuditSubject, Caller, Outcome, Service};

/// What would become of a move.
#[derive(Debug, Clone)]
pub struct PreviewedMove {
    /// To whom the tokens would go.
    pub to: Rep,
    /// Which would go, and which would stay.
    pub plan: TokenMove,
    /// Scopes that some of them have and the new owner may not grant: they would not count any longer.
    pub lost_scopes: Vec<ScopeName>,
}

impl Service {
    /// What would become of the live tokens of `from` if they were moved to the service rep with this address.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to a caller who is no admin; [`Refusal::NotFound`] where there is no such rep to move
    /// from; [`FieldProblem::TargetUnfit`] where nobody of this address can own tokens; or where the database fails.
    pub async fn preview_move(&self, caller: &Caller, from: RepId, to: &str) -> Outcome<PreviewedMove> {
        caller.require_admin()?;
        let now = self.now();
        let from = self.store.rep(from).await?.ok_or(Refusal::NotFound)?;
        let to = self.target(from.id, to).await?;
        let plan = self.store.preview_move(from.id, to.id, now).await?;
        let policy = self.store.policy().await?.policy;
        let may_grant = policy.grantable_by(&self.catalog, to.role);
        let before = policy.grantable_by(&self.catalog, from.role);
        let mut lost_scopes = Vec::new();
        for token in &plan.moving {
            if let Some(record) = self.store.token(token.sid, Some(from.id)).await? {
                let lost = record.scopes.iter().filter(|name| before.contains(name) && !may_grant.contains(name));
                lost_scopes.extend(lost.cloned());
            }
        }
        lost_scopes.sort();
        lost_scopes.dedup();
        Ok(PreviewedMove { to, plan, lost_scopes })
    }

    /// Moves the live tokens of `from` to the service rep with this address.
    ///
    /// # Errors
    /// As [`Service::preview_move`].
    pub async fn move_tokens(&self, caller: &Caller, from: RepId, to: &str) -> Outcome<(Rep, TokenMoveOutcome)> {
        caller.require_admin()?;
        let from = self.store.rep(from).await?.ok_or(Refusal::NotFound)?;
        let to = self.target(from.id, to).await?;
        let subject = AuditSubject::Rep(from.id);
        let mut audit = self.entry(caller.actor(), AuditAction::TokensMoved, subject, &caller.origin);
        audit.detail = format!("from {} to {}", from.email, to.email);
        let mut each = self.entry(caller.actor(), AuditAction::TokenMoved, subject, &caller.origin);
        each.detail.clone_from(&audit.detail);
        let moved = self.store.move_tokens(from.id, to.id, Refusal::MAX_LIVE_TOKENS, &audit, &each).await?;
        let outcome = self.settle(moved).await;
        if outcome == TokenMoveOutcome::TargetUnfit {
            return Err(FieldProblem::TargetUnfit.into());
        }
        Ok((to, outcome))
    }

    async fn target(&self, from: RepId, email: &str) -> Outcome<Rep> {
        let unfit = || FieldProblem::TargetUnfit;
        let email = Email::parse(email).map_err(|_| unfit())?;
        let rep = self.store.rep_by_email(&email).await?.filter(|rep| rep.id != from).ok_or_else(unfit)?;
        let overview = self.store.rep_overview(rep.id, self.now()).await?.ok_or_else(unfit)?;
        if overview.state == RepState::Enabled { Ok(rep) } else { Err(unfit().into()) }
    }
}
