//! Taking a token back.

use latchkey_domain::view::RevokedView;
use latchkey_domain::{AccountSid, Refusal, RepId};

use crate::ports::Revocation;
use crate::{AuditAction, AuditActor, AuditSubject, Caller, Origin, Outcome, Service};

impl Service {
    /// Revokes one of the caller's own tokens. Once this has answered, no call with it succeeds.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none of that name or it is somebody else's, or where the database
    /// fails.
    pub async fn revoke_token(&self, caller: &Caller, sid: AccountSid) -> Outcome<RevokedView> {
        self.revoke(sid, Some(caller.rep.id), caller.actor(), &caller.origin).await
    }

    /// Revokes any token, for operators.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none of that name, or where the database fails.
    pub async fn revoke_any_token(&self, sid: AccountSid, origin: &Origin) -> Outcome<RevokedView> {
        self.revoke(sid, None, AuditActor::CommandLine, origin).await
    }

    /// Revokes the very token that somebody presented.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn give_up_token(&self, sid: AccountSid, origin: &Origin) -> Outcome<RevokedView> {
        self.revoke(sid, None, AuditActor::Token(sid), origin).await
    }

    pub(crate) async fn revoke(
        &self,
        sid: AccountSid,
        owner: Option<RepId>,
        actor: AuditActor,
        origin: &Origin,
    ) -> Outcome<RevokedView> {
        let audit = self.entry(actor, AuditAction::TokenRevoked, AuditSubject::Token(sid), origin);
        let revoked = self.store.revoke_token(sid, owner, self.now(), &audit).await?;
        let (description, had_ended) = match self.settle(revoked).await {
            Revocation::Revoked(description) => (description, false),
            Revocation::HadEnded(description) => (description, true),
            Revocation::NotFound => return Err(Refusal::NotFound.into()),
        };
        Ok(RevokedView { sid, description, had_ended })
    }
}
