//! Who did what to what, from where, when.
//!
//! Each change hands one of these to the store, which writes it in the transaction of the change. What an
//! action did beyond its subject stands in `detail`, in names and counts, never in secrets or typed text.
//!
//! After the commit, entries are put into a chain that shows every later change:
//! - `audit/canonical.rs`: an entry as bytes;
//! - `audit/key.rs`: the key, and the HMACs that make the chain;
//! - `audit/chain.rs`: walking along the chain, and what can be wrong with it;
//! - `audit/sequence.rs`: putting new entries into it;
//! - `audit/verify.rs`: checking all of it;
//! - `audit/segment.rs`: taking its older part out into a file, sealed.
//!
//! Refused calls are counted and written as summaries (`audit/refusals.rs`). What admins ask of the log is understood
//! by `audit/query.rs` and found by `audit/log.rs`.

mod canonical;
mod chain;
mod key;
mod log;
mod query;
mod refusals;
mod segment;
mod sequence;
mod verify;

pub use canonical::{CANONICAL_VERSION, StoredEntry};
pub use chain::{AuditHead, ChainStart, Flaw, StoredLink};
pub use key::{AuditKey, AuditMac};
pub use log::{AUDIT_PAGE, AuditCursor, AuditExport, AuditFilter, AuditLine, AuditPage, AuditState, Who};
pub use query::{AuditQuery, day};
pub use refusals::RefusedCalls;
pub use segment::{Sealing, SegmentError, verify_segment};
pub use sequence::Sequencing;
pub use verify::{AuditVerdict, Verified as VerifiedChain, verify as verify_audit};

use latchkey_domain::{AccountSid, RepId, Timestamp};

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The client's address. On the command line, the operating system's user: `user:root`.
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

/// Lists the actions: each has its variant, its code in the database, and its name for people.
macro_rules! actions {
    ($($action:ident: $code:literal, $words:literal;)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is said by its words")]
        pub enum AuditAction {
            $($action),+
        }

        impl AuditAction {
            /// Every action.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$action),+];

            /// The name in the database. Once released it never changes: the chain is made over it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$action => $code),+
                }
            }

            /// The name for people, which stands before "by" and a name, or alone.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$action => $words),+
                }
            }
        }
    };
}

// To add an action, add its line.
actions! {
    FirstAdminCreated: "first_admin_created", "First admin created";
    RepAdded: "rep_added", "Service rep added";
    RepRenamed: "rep_renamed", "Name changed";
    RepDisabled: "rep_disabled", "Service rep disabled";
    RepEnabled: "rep_enabled", "Service rep enabled";
    RepInvited: "rep_invited", "Service rep invited";
    InvitationRenewed: "invitation_renewed", "Invitation renewed";
    InvitationWithdrawn: "invitation_withdrawn", "Invitation withdrawn";
    InvitationAccepted: "invitation_accepted", "Invitation accepted";
    RoleChanged: "role_changed", "Role changed";
    PasswordResetOffered: "password_reset_offered", "Password reset offered";
    PasswordReset: "password_reset", "Password reset";
    EmailChanged: "email_changed", "E-mail address changed";
    PasswordChanged: "password_changed", "Password changed";
    AppearanceChanged: "appearance_changed", "Appearance changed";
    SignedIn: "signed_in", "Signed in";
    SignInFailed: "sign_in_failed", "Sign-in failed";
    SignedOut: "signed_out", "Signed out";
    PasswordConfirmed: "password_confirmed", "Password confirmed";
    OtherSessionsEnded: "other_sessions_ended", "Other sessions ended";
    TokenCreated: "token_created", "Token created";
    TokenRevoked: "token_revoked", "Token revoked";
    TokensMoved: "tokens_moved", "Tokens moved";
    TokenMoved: "token_moved", "Token moved";
    TokenLimited: "token_limited", "Token's limit of calls set";
    TokenLookedUp: "token_looked_up", "Token looked up";
    TokensExported: "tokens_exported", "List of tokens exported";
    CallsRefused: "calls_refused", "Calls refused";
    RecordCreated: "record_created", "Record created";
    RecordReplaced: "record_replaced", "Record replaced";
    RecordDeleted: "record_deleted", "Record deleted";
    AuditExported: "audit_exported", "Audit log exported";
    AuditSealed: "audit_sealed", "Audit log sealed";
}

impl AuditAction {
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
        for name in [AuditAction::code, AuditAction::words] {
            let names: BTreeSet<&str> = AuditAction::ALL.into_iter().map(name).collect();
            assert_eq!(names.len(), AuditAction::ALL.len());
        }
    }
}
