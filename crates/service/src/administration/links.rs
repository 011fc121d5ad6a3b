//! Invitations, and ways back for those who have lost their password.
//!
//! Either is a link with a code, shown once to the admin who hands it on. The database holds the code's hash.
//! Looking at a link changes nothing; sending its form sets the password, ends the person's sessions, starts one
//! and uses the link up, in one transaction. A link that is unknown, used, replaced or too old gets one answer.

use latchkey_domain::{
    Email, FieldErrors, FieldProblem, HOUR, PersonName, PlainText, Refusal, RepId, RepKind, Role, Timestamp,
};

use super::Authority;
use crate::passwords::check_new_password;
use crate::ports::{LinkIssue, LinkPurpose, LinkUse, NewLink, NewRep, Rep, RepInsertion, Withdrawal};
use crate::secrets::random_secret;
use crate::{AuditAction, AuditActor, AuditSubject, Caller, Origin, Outcome, SecretHash, Service, StartedSession};

/// How long an invitation can be accepted, in seconds.
const INVITE_SECONDS: i64 = 48 * HOUR;
/// How long a reset link can be used, in seconds.
const RESET_SECONDS: i64 = 24 * HOUR;

/// The form that invites somebody, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct InviteForm {
    /// What they are called.
    pub name: String,
    /// What they will sign in with.
    pub email: String,
    /// What they may do, by its code.
    pub role: String,
}

/// A link that was just made: the one showing of its code.
#[derive(Debug, Clone)]
pub struct AccountLink {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Its code.
    pub code: PlainText,
    /// The first instant at which it no longer opens anything.
    pub expires_at: Timestamp,
}

/// What became of a wish for a link.
#[derive(Debug, Clone)]
pub enum LinkOffer {
    /// It is made.
    Offered(AccountLink),
    /// The account is not one for such a link.
    Refused(LinkIssue),
}

impl Service {
    /// Makes an account for a person who chooses their password by the link.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to a caller who is no admin; what is wrong with the form; a problem with the password
    /// where the new account is an admin's; or where something fails.
    pub async fn invite_rep(
        &self,
        caller: &Caller,
        form: &InviteForm,
        current_password: &PlainText,
    ) -> Outcome<(RepId, AccountLink)> {
        caller.require_admin()?;
        let mut errors = FieldErrors::default();
        let name = errors.take(PersonName::parse(&form.name));
        let email = errors.take(Email::parse(&form.email));
        let role = errors.take(Role::parse(&form.role).ok_or(FieldProblem::RoleUnknown));
        let (Some(name), Some(email), Some(role)) = (name, email, role) else {
            return Err(errors.into());
        };
        if role == Role::Admin {
            self.confirm(Authority::Admin(caller), current_password).await?;
        }
        let rep = self.new_rep(&name, &email, role, RepKind::Human)?;
        let (link, stored) = self.new_link(LinkPurpose::Invite, INVITE_SECONDS)?;
        let id = rep.id;
        let mut audit = self.entry(caller.actor(), AuditAction::RepInvited, AuditSubject::Rep(id), &caller.origin);
        audit.detail = format!("as {}; until {}", role.code(), link.expires_at.to_rfc3339());
        let new = NewRep { rep, password: None, owners: Vec::new() };
        match self.store.invite(&new, &stored, &audit).await? {
            RepInsertion::Inserted => Ok((id, link)),
            RepInsertion::EmailTaken | RepInsertion::OwnersUnfit => Err(FieldProblem::EmailTaken.into()),
        }
    }

    /// Makes a new link for somebody who was invited and has not accepted; the earlier one stops working.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to a caller who is no admin, or where something fails.
    pub async fn renew_invitation(&self, caller: &Caller, rep: RepId) -> Outcome<LinkOffer> {
        caller.require_admin()?;
        self.offer_link(Authority::Admin(caller), rep, LinkPurpose::Invite).await
    }

    /// Takes an invitation back: the account is gone, and its address is free.
    ///
    /// # Errors
    /// As [`Service::renew_invitation`].
    pub async fn withdraw_invitation(&self, caller: &Caller, rep: RepId) -> Outcome<Withdrawal> {
        caller.require_admin()?;
        let subject = AuditSubject::Rep(rep);
        let audit = self.entry(caller.actor(), AuditAction::InvitationWithdrawn, subject, &caller.origin);
        Ok(self.store.withdraw_invitation(rep, &audit).await?)
    }

    /// Makes a link by which somebody chooses another password. Until it is used nothing changes for them.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to a caller who is no admin; a problem with their password where it was not given
    /// recently, since the link opens another's account; or where something fails.
    pub async fn offer_password_reset(
        &self,
        authority: Authority<'_>,
        rep: RepId,
        current_password: &PlainText,
    ) -> Outcome<LinkOffer> {
        authority.require()?;
        self.confirm(authority, current_password).await?;
        self.offer_link(authority, rep, LinkPurpose::Reset).await
    }

    /// Whose link this is. Changes nothing.
    ///
    /// # Errors
    /// [`Refusal::AccountLinkInvalid`] where it opens nothing, or where the database fails.
    pub async fn link_holder(&self, purpose: LinkPurpose, code: &PlainText) -> Outcome<Rep> {
        let hash = SecretHash::of(code.expose());
        let holder = self.store.link_holder(hash, purpose, self.now()).await?;
        holder.ok_or_else(|| Refusal::AccountLinkInvalid.into())
    }

    /// Sets the password of a link's person, ends their sessions and signs them in.
    ///
    /// # Errors
    /// [`Refusal::AccountLinkInvalid`] where the link opens nothing; what is wrong with the password; or where
    /// something fails.
    pub async fn use_link(
        &self,
        purpose: LinkPurpose,
        code: &PlainText,
        password: &PlainText,
        origin: &Origin,
        agent: &str,
    ) -> Outcome<StartedSession> {
        let rep = self.link_holder(purpose, code).await?;
        check_new_password(password, &rep.email)?;
        let hash = self.passwords.hash(password, self.random.as_ref()).await?;
        let (session, started) = self.new_session(&rep, origin, agent)?;
        let action = match purpose {
            LinkPurpose::Invite => AuditAction::InvitationAccepted,
            LinkPurpose::Reset => AuditAction::PasswordReset,
        };
        let audit = self.entry(AuditActor::Rep(rep.id), action, AuditSubject::Rep(rep.id), origin);
        let code = SecretHash::of(code.expose());
        match self.store.use_link(code, purpose, &hash, &session, &audit).await? {
            LinkUse::Used { .. } => Ok(started),
            LinkUse::Invalid => Err(Refusal::AccountLinkInvalid.into()),
        }
    }

    async fn offer_link(&self, authority: Authority<'_>, rep: RepId, purpose: LinkPurpose) -> Outcome<LinkOffer> {
        let (seconds, action) = match purpose {
            LinkPurpose::Invite => (INVITE_SECONDS, AuditAction::InvitationRenewed),
            LinkPurpose::Reset => (RESET_SECONDS, AuditAction::PasswordResetOffered),
        };
        let (link, stored) = self.new_link(purpose, seconds)?;
        let mut audit = self.entry(authority.actor(), action, AuditSubject::Rep(rep), authority.origin());
        audit.detail = format!("until {}", link.expires_at.to_rfc3339());
        Ok(match self.store.issue_link(rep, &stored, &audit).await? {
            LinkIssue::Issued => LinkOffer::Offered(link),
            refused => LinkOffer::Refused(refused),
        })
    }

    fn new_link(&self, purpose: LinkPurpose, seconds: i64) -> Outcome<(AccountLink, NewLink)> {
        let code = random_secret(self.random.as_ref())?;
        let expires_at = self.now().plus_seconds(seconds);
        let stored = NewLink { hash: SecretHash::of(code.expose()), purpose, expires_at };
        Ok((AccountLink { purpose, code, expires_at }, stored))
    }
}
