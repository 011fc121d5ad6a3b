//! What admins see of the audit log: pages of it, exports, and how its chain stands.

use std::fmt;
use std::str::FromStr;

use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{AccountSid, RepId, Timestamp};

use super::query::{AuditQuery, UnderstoodQuery};
use super::search::{Found, SearchTime};
use super::{AuditHead, AuditMac};
use crate::ports::StoreResult;
use crate::{AuditAction, AuditActor, AuditSubject, Caller, Outcome, Service};

/// How many entries a page has.
pub const AUDIT_PAGE: u32 = 50;
/// How far entries are counted.
const COUNTED: u32 = 10_000;
/// How many entries of an export are read at once.
const EXPORT_BATCH: u32 = 500;

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of one actor.
    pub actor: Option<AuditActor>,
    /// Of one of these actions; none for any.
    pub actions: Vec<AuditAction>,
    /// About one rep or token.
    pub subject: Option<AuditSubject>,
    /// From this point on.
    pub from: Option<Timestamp>,
    /// Before this point.
    pub before: Option<Timestamp>,
    /// From one address.
    pub address: Option<String>,
    /// In one request.
    pub request_id: Option<String>,
}

impl AuditFilter {
    /// The names of what is filtered by.
    fn names(&self) -> Vec<&'static str> {
        let names = [
            (self.actor.is_some(), "actor"),
            (!self.actions.is_empty(), "action"),
            (self.subject.is_some(), "subject"),
            (self.from.is_some(), "from"),
            (self.before.is_some(), "to"),
            (self.address.is_some(), "address"),
            (self.request_id.is_some(), "request id"),
        ];
        names.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect()
    }
}

/// A place in the log: entries stand by time, and those of one second by when they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    /// When the entry happened.
    pub at: Timestamp,
    /// Its id.
    pub id: i64,
}

impl fmt::Display for AuditCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.at.unix_seconds(), self.id)
    }
}

impl FromStr for AuditCursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, id) = text.split_once('.').unwrap_or((text, ""));
        Ok(Self { at: Timestamp::from_unix_seconds(at.parse()?), id: id.parse()? })
    }
}

/// A part of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRange {
    /// What comes after this place: what is older.
    pub after: Option<AuditCursor>,
    /// Up to this place, and with it.
    pub through: Option<AuditCursor>,
    /// Only entries with ids up to this one.
    pub newest: i64,
}

impl AuditRange {
    /// All of it.
    pub const WHOLE: Self = Self { after: None, through: None, newest: i64::MAX };
}

/// Somebody or something that an entry names, with the name it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A service rep.
    Rep {
        /// Their id.
        id: RepId,
        /// Name and address; `None` where there is no such rep any more.
        known: Option<(String, String)>,
    },
    /// A token.
    Token {
        /// Its name.
        sid: AccountSid,
        /// Its description; `None` where there is no such token any more.
        description: Option<String>,
    },
    /// An external service account.
    ExternalAccount {
        /// Its id.
        id: ExternalAccountId,
        /// Its integration's code; `None` where there is no such account any more.
        integration: Option<String>,
    },
    /// An operator on the command line.
    CommandLine,
    /// Nobody that is known.
    Anonymous,
    /// Latchkey itself, by a rule of the policy.
    Policy,
    /// Nothing that has a name.
    Nothing,
    /// Of a kind that this release does not know.
    Unknown(String),
}

/// An entry, with names for what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its place.
    pub cursor: AuditCursor,
    /// Its number in the chain, and its HMAC; `None` until it is sequenced.
    pub link: Option<(i64, AuditMac)>,
    /// Who.
    pub actor: Who,
    /// The action's code, which a later release may have written.
    pub action: String,
    /// To what.
    pub subject: Who,
    /// From where.
    pub address: String,
    /// In which request.
    pub request_id: String,
    /// What else there is to say.
    pub detail: String,
}

impl AuditLine {
    /// The action in words; its code, where this release does not know it.
    #[must_use]
    pub fn action_words(&self) -> &str {
        AuditAction::parse(&self.action).map_or(self.action.as_str(), |action| action.words())
    }
}

/// How the log's chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditState {
    /// Its end.
    pub head: AuditHead,
    /// The last entry that was sealed and taken out; 0 for none.
    pub sealed: i64,
    /// How many entries wait for their link.
    pub unsequenced: u64,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// What was typed.
    pub query: AuditQuery,
    /// What was left out of it, in sentences.
    pub notes: Vec<String>,
    /// The entries, the newest first.
    pub lines: Vec<AuditLine>,
    /// From where the next page goes on, if there is one.
    pub next: Option<AuditCursor>,
    /// Whether the search ran out of time before it had found a whole page: there may be more from `next` on.
    pub is_cut_short: bool,
    /// How many entries pass the filter, as far as they are counted.
    pub count: u32,
    /// Whether there are more than were counted.
    pub count_is_least: bool,
    /// How the chain stands.
    pub state: AuditState,
}

/// An export that has begun: what passes the filter, up to the newest entry there was at the beginning.
#[derive(Debug, Clone)]
pub struct AuditExport {
    filter: AuditFilter,
    after: Option<AuditCursor>,
    newest: i64,
    is_done: bool,
}

impl Service {
    /// A page of the log, for admins.
    ///
    /// # Errors
    /// [`latchkey_domain::Refusal::Forbidden`] to others, or where the database fails.
    pub async fn audit_page(&self, caller: &Caller, query: AuditQuery) -> Outcome<AuditPage> {
        caller.require_admin()?;
        let UnderstoodQuery { filter, after, notes } = self.understand(&query).await?;
        let time = self.search_time();
        let range = AuditRange { after, ..AuditRange::WHOLE };
        let Found { lines, next, is_cut_short } = self.search_audit(&filter, range, AUDIT_PAGE, &time).await?;
        let on_page = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        let (count, count_is_least) = if after.is_none() && next.is_none() {
            // All of it is on the page.
            (on_page, false)
        } else if is_cut_short {
            (on_page, true)
        } else {
            let (counted, is_whole) = self.count_audit(&filter, COUNTED + 1, &time).await?;
            // What is on the page was found, whatever there was time to count.
            (counted.max(on_page).min(COUNTED), !is_whole || counted > COUNTED)
        };
        let state = self.audit_state().await?;
        Ok(AuditPage { query, notes, lines, next, is_cut_short, count, count_is_least, state })
    }

    /// How the log's chain stands.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audit_state(&self) -> StoreResult<AuditState> {
        let sealed = self.store.audit_chain().await?.map_or(0, |start| start.sealed.seq);
        let head = self.store.audit_head().await?;
        Ok(AuditState { head, sealed, unsequenced: self.store.unsequenced_audit_entries().await? })
    }

    /// Begins an export, which is itself written to the log. `form` is what it is exported as.
    ///
    /// # Errors
    /// [`latchkey_domain::Refusal::Forbidden`] to others than admins, or where the database fails.
    pub async fn export_audit(&self, caller: &Caller, query: &AuditQuery, form: &'static str) -> Outcome<AuditExport> {
        caller.require_admin()?;
        let filter = self.understand(query).await?.filter;
        let newest = self.store.newest_audit_id().await?;
        let mut audit = self.entry(caller.actor(), AuditAction::AuditExported, AuditSubject::Nothing, &caller.origin);
        let names = filter.names();
        audit.detail =
            if names.is_empty() { format!("{form}; all of it") } else { format!("{form}; by {}", names.join(", ")) };
        self.store.write_audit(&[audit]).await?;
        Ok(AuditExport { filter, after: None, newest, is_done: false })
    }

    /// The next entries of an export; none where it is done.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn next_exported(&self, export: &mut AuditExport) -> StoreResult<Vec<AuditLine>> {
        if export.is_done {
            return Ok(Vec::new());
        }
        let range = AuditRange { after: export.after, newest: export.newest, ..AuditRange::WHOLE };
        let found = self.search_audit(&export.filter, range, EXPORT_BATCH, &SearchTime::ENDLESS).await?;
        export.after = found.next;
        export.is_done = found.next.is_none();
        Ok(found.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_an_address() {
        let cursor = AuditCursor { at: Timestamp::from_unix_seconds(1_800_000_000), id: 17 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "1", "1.", ".1", "1.2.3", "1.x", "99999999999999999999.1"] {
            assert!(text.parse::<AuditCursor>().is_err(), "{text:?}");
        }
    }
}
