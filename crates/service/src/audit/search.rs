//! Searching the log for what several filters leave, which no index gives at once.
//!
//! One filter is looked up in its index. The others are checked on what that gives, a stretch at a time; when the
//! time is up, the search says how far it came, so that it can go on from there.

use super::lines::{AuditCursor, AuditFilter, AuditLine, AuditRange};
use crate::Service;
use crate::ports::StoreResult;

/// How long a search for a page, and the count beside it, may take together, in milliseconds: with the last stretch
/// and all else that a page needs, it is there within 300.
const SEARCH_MILLIS: i64 = 250;
/// How many entries are gone through between two looks at the clock: some ten milliseconds' work.
pub(super) const STRETCH: u32 = 5_000;

/// Until when a search may go on.
pub(super) struct SearchTime {
    until_millis: i64,
}

impl SearchTime {
    /// As long as it takes.
    pub(super) const ENDLESS: Self = Self { until_millis: i64::MAX };
}

/// What a search has found.
pub(super) struct Found {
    /// The entries, the newest first.
    pub(super) lines: Vec<AuditLine>,
    /// From where to go on, if there is or may be more.
    pub(super) next: Option<AuditCursor>,
    /// Whether the time was up before there were as many as were asked for.
    pub(super) is_cut_short: bool,
}

impl Service {
    /// The time that a page's search has, from now on.
    pub(super) fn search_time(&self) -> SearchTime {
        SearchTime { until_millis: self.clock.unix_millis().saturating_add(SEARCH_MILLIS) }
    }

    fn is_over(&self, time: &SearchTime) -> bool {
        self.clock.unix_millis() >= time.until_millis
    }

    /// The first `most` entries of a part of the log that pass the filter, as far as there is time; one stretch is
    /// always gone through, so that whoever goes on gets further.
    pub(super) async fn search_audit(
        &self,
        filter: &AuditFilter,
        mut range: AuditRange,
        most: u32,
        time: &SearchTime,
    ) -> StoreResult<Found> {
        let most = most as usize;
        let mut lines: Vec<AuditLine> = Vec::new();
        loop {
            range.through = self.store.audit_stretch(filter, range.after, STRETCH).await?;
            // One more than is wanted says whether there is more.
            let wanted = u32::try_from(most - lines.len()).unwrap_or(u32::MAX).saturating_add(1);
            lines.extend(self.store.audit_lines(filter, range, wanted).await?);
            if lines.len() > most {
                lines.truncate(most);
                let next = lines.last().map(|line| line.cursor);
                return Ok(Found { lines, next, is_cut_short: false });
            }
            let Some(reached) = range.through else {
                return Ok(Found { lines, next: None, is_cut_short: false });
            };
            if self.is_over(time) {
                return Ok(Found { lines, next: Some(reached), is_cut_short: true });
            }
            range.after = Some(reached);
        }
    }

    /// How many entries pass the filter, up to `most`, and whether there was time to count them all.
    pub(super) async fn count_audit(
        &self,
        filter: &AuditFilter,
        most: u32,
        time: &SearchTime,
    ) -> StoreResult<(u32, bool)> {
        let mut range = AuditRange::WHOLE;
        let mut count: u32 = 0;
        loop {
            if self.is_over(time) {
                return Ok((count, false));
            }
            range.through = self.store.audit_stretch(filter, range.after, STRETCH).await?;
            count = count.saturating_add(self.store.count_audit_lines(filter, range, most - count).await?);
            if count >= most || range.through.is_none() {
                return Ok((count.min(most), true));
            }
            range.after = range.through;
        }
    }
}
