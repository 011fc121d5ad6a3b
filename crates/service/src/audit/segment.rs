//! Retention: taking the older part of the chain out into a file, sealed.
//!
//! The file holds one JSON object a line. The first line says where the segment begins, each of the next holds a
//! link with its entry, the last says where the segment ends. First and last carry a seal
//! ([`AuditKey::seal`]), so that no part of a segment passes for a whole one. A segment verifies by itself, with
//! the key; the chain in the database goes on from where the segment ends.

use std::io::{self, BufRead, Write};

use latchkey_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::Walk;
use super::{AuditHead, AuditKey, AuditMac, ChainStart, Flaw, StoredEntry, StoredLink};
use crate::ports::StoreError;
use crate::{AuditAction, AuditActor, AuditSubject, Origin, Service};

/// The version of the file's form.
const VERSION: u32 = 1;
/// How many links are read at once.
const BATCH: u32 = 1_000;

/// A segment that was written to a file, and not yet taken out of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealing {
    /// What precedes it.
    pub after: AuditHead,
    /// Its last link.
    pub last: AuditHead,
}

impl Sealing {
    /// How many entries it has.
    #[must_use]
    pub const fn entries(&self) -> i64 {
        self.last.seq - self.after.seq
    }
}

/// Why a segment cannot be written, or does not verify.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// There is no key.
    #[error("there is no key")]
    NoKey,
    /// The chain, or the segment, was made with another key.
    #[error("the key is not the one that this was made with")]
    OtherKey,
    /// Something was changed.
    #[error("{0}")]
    Flawed(Flaw),
    /// The file ends too early.
    #[error("the segment was cut off after entry {0}")]
    CutOff(i64),
    /// A line cannot be read.
    #[error("line {0} of the segment cannot be read")]
    Unreadable(usize),
    /// The file fails.
    #[error("the segment's file failed: {0}")]
    File(#[from] io::Error),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edge {
    latchkey_audit_segment: u32,
    /// "begin" or "end".
    place: String,
    /// The last link before the segment, or in it.
    seq: i64,
    mac: String,
    seal: String,
    key_check: String,
}

impl Edge {
    fn of(place: &str, start: &ChainStart) -> Self {
        Self {
            latchkey_audit_segment: VERSION,
            place: place.to_owned(),
            seq: start.sealed.seq,
            mac: start.sealed.mac.to_string(),
            seal: start.seal.to_string(),
            key_check: start.key_check.to_string(),
        }
    }

    /// Where it is, where it is an edge of this kind.
    fn read(text: &str, place: &str) -> Option<ChainStart> {
        let edge: Self = serde_json::from_str(text).ok()?;
        if edge.latchkey_audit_segment != VERSION || edge.place != place {
            return None;
        }
        let sealed = AuditHead { seq: edge.seq, mac: edge.mac.parse().ok()? };
        Some(ChainStart { key_check: edge.key_check.parse().ok()?, sealed, seal: edge.seal.parse().ok()? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: i64,
    mac: String,
    id: i64,
    at: i64,
    actor_kind: String,
    actor_id: Option<String>,
    action: String,
    subject_kind: String,
    subject_id: Option<String>,
    address: String,
    request_id: String,
    detail: String,
}

impl Line {
    fn of(link: &StoredLink, entry: &StoredEntry) -> Self {
        let entry = entry.clone();
        Self {
            seq: link.seq,
            mac: link.mac.to_string(),
            id: entry.id,
            at: entry.at,
            actor_kind: entry.actor_kind,
            actor_id: entry.actor_id.map(hex::encode),
            action: entry.action,
            subject_kind: entry.subject_kind,
            subject_id: entry.subject_id.map(hex::encode),
            address: entry.address,
            request_id: entry.request_id,
            detail: entry.detail,
        }
    }

    fn read(text: &str) -> Option<StoredLink> {
        let line: Self = serde_json::from_str(text).ok()?;
        let entry = StoredEntry {
            id: line.id,
            at: line.at,
            actor_kind: line.actor_kind,
            actor_id: line.actor_id.map(hex::decode).transpose().ok()?,
            action: line.action,
            subject_kind: line.subject_kind,
            subject_id: line.subject_id.map(hex::decode).transpose().ok()?,
            address: line.address,
            request_id: line.request_id,
            detail: line.detail,
        };
        Some(StoredLink { seq: line.seq, entry_id: line.id, mac: line.mac.parse().ok()?, entry: Some(entry) })
    }
}

impl Service {
    /// Writes everything up to the first entry that is not older than `before` as a segment, checking it on the
    /// way. Nothing is taken out yet.
    ///
    /// # Errors
    /// Where there is no key or the wrong one, the chain is not whole, or the file or the database fails.
    pub async fn write_audit_segment(
        &self,
        before: Timestamp,
        file: &mut (dyn Write + Send),
    ) -> Result<Sealing, SegmentError> {
        let key = self.audit_key.as_ref().ok_or(SegmentError::NoKey)?;
        let start = self.store.audit_chain().await?.unwrap_or_else(|| ChainStart::of(key));
        check_edge(key, &start)?;
        let through = self.store.audit_seq_before(before).await?;
        let mut walk = Walk::begin(key, start.sealed, None);
        write_line(file, &Edge::of("begin", &start))?;
        while walk.at().seq < through {
            let links = self.store.audit_links(walk.at().seq, BATCH).await?;
            if links.is_empty() {
                return Err(SegmentError::Flawed(Flaw::Missing { seq: walk.at().seq + 1 }));
            }
            for link in links.iter().take_while(|link| link.seq <= through) {
                walk.step(link).map_err(SegmentError::Flawed)?;
                if let Some(entry) = &link.entry {
                    write_line(file, &Line::of(link, entry))?;
                }
            }
            // A gap right behind `through` is none of this segment.
            if links.first().is_some_and(|link| link.seq > through) {
                return Err(SegmentError::Flawed(Flaw::Missing { seq: walk.at().seq + 1 }));
            }
        }
        write_line(file, &Edge::of("end", &ChainStart::after(key, walk.at())))?;
        Ok(Sealing { after: start.sealed, last: walk.at() })
    }

    /// Takes a segment that is safe in its file out of the database. The chain goes on from its end, and says so in
    /// an entry of its own. Interrupted, it has taken out an older part, and the chain goes on from the end of that.
    ///
    /// # Errors
    /// Where there is no key, or the database fails.
    pub async fn remove_audit_segment(&self, sealing: &Sealing, origin: &Origin) -> Result<(), SegmentError> {
        let key = self.audit_key.as_ref().ok_or(SegmentError::NoKey)?;
        let mut audit = self.entry(AuditActor::CommandLine, AuditAction::AuditSealed, AuditSubject::Nothing, origin);
        audit.detail = format!("entries {} to {}; head {}", sealing.after.seq + 1, sealing.last.seq, sealing.last.mac);
        let mut audit = Some(&audit);
        loop {
            let sealed = self.store.seal_audit(key, sealing.last.seq, audit.take()).await?;
            if sealed.seq >= sealing.last.seq {
                return Ok(());
            }
        }
    }
}

/// Checks a segment by itself. `head` is looked for in it, where one is given.
///
/// # Errors
/// What is wrong with it, first of all.
pub fn verify_segment(
    key: &AuditKey,
    file: impl BufRead,
    head: Option<AuditMac>,
) -> Result<(Sealing, Option<i64>), SegmentError> {
    let mut lines = file.lines().enumerate();
    let (_, first) = lines.next().ok_or(SegmentError::Unreadable(1))?;
    let start = Edge::read(&first?, "begin").ok_or(SegmentError::Unreadable(1))?;
    check_edge(key, &start)?;
    let mut walk = Walk::begin(key, start.sealed, head);
    for (index, text) in lines.by_ref() {
        let text = text?;
        if let Some(end) = Edge::read(&text, "end") {
            check_edge(key, &end)?;
            if end.sealed != walk.at() {
                return Err(SegmentError::Flawed(Flaw::Missing { seq: walk.at().seq + 1 }));
            }
            if lines.next().is_some() {
                return Err(SegmentError::Unreadable(index + 2));
            }
            let found = walk.found().map_err(SegmentError::Flawed)?;
            return Ok((Sealing { after: start.sealed, last: end.sealed }, found));
        }
        let link = Line::read(&text).ok_or(SegmentError::Unreadable(index + 1))?;
        walk.step(&link).map_err(SegmentError::Flawed)?;
    }
    Err(SegmentError::CutOff(walk.at().seq))
}

fn check_edge(key: &AuditKey, edge: &ChainStart) -> Result<(), SegmentError> {
    if edge.key_check != key.check() {
        Err(SegmentError::OtherKey)
    } else if key.seal(edge.sealed.seq, &edge.sealed.mac) != edge.seal {
        Err(SegmentError::Flawed(Flaw::Start))
    } else {
        Ok(())
    }
}

fn write_line(file: &mut (dyn Write + Send), line: &impl Serialize) -> Result<(), SegmentError> {
    serde_json::to_writer(&mut *file, line).map_err(io::Error::from)?;
    file.write_all(b"\n")?;
    Ok(())
}
