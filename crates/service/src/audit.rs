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
//! by `audit/query.rs`, searched for by `audit/search.rs`, and shown or exported by `audit/log.rs`; what they get are
//! `audit/lines.rs`. What can be done, and so
//! be written, is listed in `audit/action.rs`.

mod action;
mod canonical;
mod chain;
mod key;
mod lines;
mod log;
mod query;
mod refusals;
mod search;
mod segment;
mod sequence;
mod verify;

pub use action::{AuditAction, AuditGroup};
pub use canonical::{CANONICAL_VERSION, StoredEntry};
pub use chain::{AuditHead, ChainStart, Flaw, StoredLink};
pub use key::{AuditKey, AuditMac};
pub use lines::{AuditCursor, AuditFilter, AuditLine, AuditRange, Who};
pub use log::{AUDIT_PAGE, AuditExport, AuditPage, AuditState};
pub use query::{AuditQuery, day};
pub use refusals::RefusedCalls;
pub use segment::{Sealing, SegmentError, verify_segment};
pub use sequence::Sequencing;
pub use verify::{AuditVerdict, Verified as VerifiedChain, verify as verify_audit};

use latchkey_domain::external_account::ExternalAccountId;
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
    /// Latchkey itself, by a rule of the policy.
    Policy,
}

/// To what it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSubject {
    /// A service rep's account.
    Rep(RepId),
    /// A token.
    Token(AccountSid),
    /// An external service account.
    ExternalAccount(ExternalAccountId),
    /// Nothing that has a name of its own.
    Nothing,
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
