//! Who did what to what, from where, when.
//!
//! Each change hands one of these to the store, which writes it in the transaction of the change. What an
//! action did beyond its subject stands in `detail`, in names and counts, never in secrets or typed text.

use latchkey_domain::{AccountSid, RepId, Timestamp};

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The client's address; empty on the command line.
    pub address: String,
    /// The request's id, which logs and answers carry too.
    pub request_id: String,
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditActor {
    /// A service rep who is signed in, or was signing in.
    Rep(RepId),
    /// A vendor, by a token.
    Token(AccountSid),
    /// An operator on the command line.
    CommandLine,
    /// Nobody that is known.
    Anonymous,
}

/// To what it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSubject {
    /// A service rep's account.
    Rep(RepId),
    /// A token.
    Token(AccountSid),
    /// Nothing that has a name of its own.
    Nothing,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is said by its code")]
pub enum AuditAction {
    FirstAdminCreated,
    RepAdded,
    RepRenamed,
    RepDisabled,
    RepEnabled,
    RepInvited,
    InvitationRenewed,
    InvitationWithdrawn,
    InvitationAccepted,
    RoleChanged,
    PasswordResetOffered,
    PasswordReset,
    TokensMoved,
    TokenMoved,
    EmailChanged,
    PasswordChanged,
    AppearanceChanged,
    SignedIn,
    SignInFailed,
    SignedOut,
    PasswordConfirmed,
    OtherSessionsEnded,
    TokenCreated,
    TokenRevoked,
    TokenLookedUp,
    TokensExported,
    /// A token's limit of calls was set.
    TokenLimited,
    RecordCreated,
    RecordReplaced,
    RecordDeleted,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 30] = [
        Self::FirstAdminCreated,
        Self::RepAdded,
        Self::RepRenamed,
        Self::RepDisabled,
        Self::RepEnabled,
        Self::RepInvited,
        Self::InvitationRenewed,
        Self::InvitationWithdrawn,
        Self::InvitationAccepted,
        Self::RoleChanged,
        Self::PasswordResetOffered,
        Self::PasswordReset,
        Self::TokensMoved,
        Self::TokenMoved,
        Self::EmailChanged,
        Self::PasswordChanged,
        Self::AppearanceChanged,
        Self::SignedIn,
        Self::SignInFailed,
        Self::SignedOut,
        Self::PasswordConfirmed,
        Self::OtherSessionsEnded,
        Self::TokenCreated,
        Self::TokenRevoked,
        Self::TokenLookedUp,
        Self::TokensExported,
        Self::TokenLimited,
        Self::RecordCreated,
        Self::RecordReplaced,
        Self::RecordDeleted,
    ];

    /// The name in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FirstAdminCreated => "first_admin_created",
            Self::RepAdded => "rep_added",
            Self::RepRenamed => "rep_renamed",
            Self::RepDisabled => "rep_disabled",
            Self::RepEnabled => "rep_enabled",
            Self::RepInvited => "rep_invited",
            Self::InvitationRenewed => "invitation_renewed",
            Self::InvitationWithdrawn => "invitation_withdrawn",
            Self::InvitationAccepted => "invitation_accepted",
            Self::RoleChanged => "role_changed",
            Self::PasswordResetOffered => "password_reset_offered",
            Self::PasswordReset => "password_reset",
            Self::TokensMoved => "tokens_moved",
            Self::TokenMoved => "token_moved",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::AppearanceChanged => "appearance_changed",
            Self::SignedIn => "signed_in",
            Self::SignInFailed => "sign_in_failed",
            Self::SignedOut => "signed_out",
            Self::PasswordConfirmed => "password_confirmed",
            Self::OtherSessionsEnded => "other_sessions_ended",
            Self::TokenCreated => "token_created",
            Self::TokenRevoked => "token_revoked",
            Self::TokenLookedUp => "token_looked_up",
            Self::TokensExported => "tokens_exported",
            Self::TokenLimited => "token_limited",
            Self::RecordCreated => "record_created",
            Self::RecordReplaced => "record_replaced",
            Self::RecordDeleted => "record_deleted",
        }
    }

    /// The action with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: AuditActor,
    /// Did what.
    pub action: AuditAction,
    /// To what.
    pub subject: AuditSubject,
    /// From where.
    pub origin: Origin,
    /// What else there is to say, for people; empty where nothing is.
    pub detail: String,
}

impl AuditEntry {
    /// The same entry with more in its detail: what only the database could count.
    #[must_use]
    pub fn with_detail(&self, more: &str) -> Self {
        let detail = if self.detail.is_empty() { more.to_owned() } else { format!("{}; {more}", self.detail) };
        Self { detail, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_lead_back_to_their_action() {
        assert!(AuditAction::ALL.into_iter().all(|action| AuditAction::parse(action.code()) == Some(action)));
        let codes: BTreeSet<&str> = AuditAction::ALL.into_iter().map(AuditAction::code).collect();
        assert_eq!(codes.len(), AuditAction::ALL.len());
    }
}
