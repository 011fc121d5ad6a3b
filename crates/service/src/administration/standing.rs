//! Disabling and enabling service reps, and their roles.

use latchkey_domain::{PlainText, RepId, Role};

use super::Authority;
use crate::ports::RepChange;
use crate::{AuditAction, AuditSubject, Outcome, Service};

impl Service {
    /// Keeps a service rep and their tokens out: sessions end and tokens stop before this answers.
    ///
    /// # Errors
    /// [`latchkey_domain::Refusal::Forbidden`] to a caller who is no admin, or where the database fails.
    pub async fn disable_rep(&self, authority: Authority<'_>, rep: RepId) -> Outcome<RepChange> {
        authority.require()?;
        let subject = AuditSubject::Rep(rep);
        let audit = self.entry(authority.actor(), AuditAction::RepDisabled, subject, authority.origin());
        Ok(self.settle(self.store.set_disabled(rep, Some(self.now()), &audit).await?).await)
    }

    /// Lets a service rep in again; those of their tokens that are in time work again.
    ///
    /// # Errors
    /// As [`Service::disable_rep`].
    pub async fn enable_rep(&self, authority: Authority<'_>, rep: RepId) -> Outcome<RepChange> {
        authority.require()?;
        let subject = AuditSubject::Rep(rep);
        let audit = self.entry(authority.actor(), AuditAction::RepEnabled, subject, authority.origin());
        Ok(self.settle(self.store.set_disabled(rep, None, &audit).await?).await)
    }

    /// Makes a service rep an admin, or an admin a rep.
    ///
    /// # Errors
    /// As [`Service::disable_rep`]; a problem with the password where it was not given recently.
    pub async fn set_rep_role(
        &self,
        authority: Authority<'_>,
        rep: RepId,
        role: Role,
        current_password: &PlainText,
    ) -> Outcome<RepChange> {
        authority.require()?;
        self.confirm(authority, current_password).await?;
        let subject = AuditSubject::Rep(rep);
        let audit = self.entry(authority.actor(), AuditAction::RoleChanged, subject, authority.origin());
        Ok(self.settle(self.store.set_role(rep, role, &audit).await?).await)
    }
}
