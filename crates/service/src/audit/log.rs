//! What admins see of the audit log: pages of it, exports, and how its chain stands.

use super::AuditHead;
use super::lines::{AuditCursor, AuditFilter, AuditLine, AuditRange};
use super::query::{AuditQuery, UnderstoodQuery};
use super::search::{Found, SearchTime};
use crate::ports::StoreResult;
use crate::{AuditAction, AuditSubject, Caller, Outcome, Service};

/// How many entries a page has.
pub const AUDIT_PAGE: u32 = 50;
/// How far entries are counted.
const COUNTED: u32 = 10_000;
/// How many entries of an export are read at once.
const EXPORT_BATCH: u32 = 500;

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
