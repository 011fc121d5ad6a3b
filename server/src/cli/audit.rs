//! `latchkey audit …`

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use latchkey_domain::Timestamp;
use latchkey_service::{
    AuditKey, AuditMac, AuditVerdict, Sealing, SegmentError, VerifiedChain, day, verify_audit, verify_segment,
};
use serde::Serialize;

use super::failure::{Broken as _, Exit, Failed};
use super::setting::Sources;
use super::{audit_key, output};

/// Check the audit log's chain, and take its older part out.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Check that no entry was changed, removed, moved or put in; exit code 4 names the first that was.
    Verify(Verify),
    /// Write entries from before a day to a file, sealed, and take them out of the database.
    Seal(Seal),
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A head that was kept elsewhere: it must be in the chain, or the log was cut off
    #[arg(long, value_name = "HASH", env = "LATCHKEY_HEAD")]
    head: Option<AuditMac>,
    /// Check a sealed segment in place of the database
    #[arg(long, value_name = "FILE", env = "LATCHKEY_SEGMENT")]
    segment: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Seal {
    /// The first day that stays, in UTC, as 2026-11-24
    #[arg(long, value_name = "DAY", env = "LATCHKEY_BEFORE", value_parser = a_day)]
    before: Timestamp,
    /// The file to write, which must not be there yet
    #[arg(long, value_name = "FILE", env = "LATCHKEY_TO")]
    to: PathBuf,
}

fn a_day(text: &str) -> Result<Timestamp, &'static str> {
    day(text).ok_or("write a day as 2026-11-24")
}

#[derive(Serialize)]
struct Checked {
    verified: bool,
    entries: i64,
    first: i64,
    last: i64,
    head: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsequenced: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head_found_at: Option<i64>,
}

impl Checked {
    fn of(sealing: &Sealing, unsequenced: Option<u64>, head_found_at: Option<i64>) -> Self {
        Self {
            verified: true,
            entries: sealing.entries(),
            first: sealing.after.seq.saturating_add(1),
            last: sealing.last.seq,
            head: sealing.last.mac.to_string(),
            unsequenced,
            head_found_at,
        }
    }
}

#[derive(Serialize)]
struct Sealed {
    entries: i64,
    first: i64,
    last: i64,
    head: String,
}

impl Audit {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        match self {
            Self::Verify(verify) => verify.run(sources).await,
            Self::Seal(seal) => seal.run(sources).await,
        }
    }
}

impl Verify {
    async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let key = audit_key::read(&sources.audit_key_file())?;
        if let Some(file) = &self.segment {
            let (sealing, found) = check_segment(&key, file, self.head)?;
            return output::json(&Checked::of(&sealing, None, found));
        }
        let open = sources.open().await?;
        let verdict = verify_audit(&open.store, &key, self.head).await;
        open.store.close().await;
        match verdict.broken(|error| error.to_string())? {
            AuditVerdict::Whole(VerifiedChain { sealed, head, found, unsequenced }) => {
                output::json(&Checked::of(&Sealing { after: sealed, last: head }, Some(unsequenced), found))
            }
            AuditVerdict::Broken(flaw) => Err(Failed::new(Exit::Refused, format!("the audit log: {flaw}"))),
            AuditVerdict::OtherKey => Err(failed(SegmentError::OtherKey)),
        }
    }
}

impl Seal {
    async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let key_file = sources.audit_key_file();
        let key = audit_key::read(&key_file)?;
        let open = sources.open().await?;
        let origin = open.origin();
        let service = Arc::into_inner(open.service)
            .ok_or_else(|| Failed::new(Exit::Broken, "the service is in use already"))?
            .with_audit_key(audit_key::read(&key_file)?);
        let path = self.to.display();
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.to);
        let mut file = BufWriter::new(file.broken(|error| format!("cannot make the file {path}: {error}"))?);
        let written = service.write_audit_segment(self.before, &mut file).await;
        let sealing = match written {
            Ok(sealing) if sealing.entries() > 0 => sealing,
            none_or_failure => {
                // Nothing of it is of use.
                let _ = std::fs::remove_file(&self.to);
                none_or_failure.map_err(failed)?;
                return Err(Failed::new(Exit::NotFound, "no sequenced entry is from before that day"));
            }
        };
        // Nothing is taken out before the file is whole, on the disk, and reads as it must.
        let synced = file.flush().and_then(|()| file.get_ref().sync_all());
        synced.broken(|error| format!("cannot write the file {path}: {error}"))?;
        if check_segment(&key, &self.to, Some(sealing.last.mac))?.0 != sealing {
            return Err(Failed::new(Exit::Broken, format!("the file {path} does not hold what was written to it")));
        }
        service.remove_audit_segment(&sealing, &origin).await.map_err(failed)?;
        service.sequence_audit().await.broken(|error| error.to_string())?;
        open.store.close().await;
        output::json(&Sealed {
            entries: sealing.entries(),
            first: sealing.after.seq.saturating_add(1),
            last: sealing.last.seq,
            head: sealing.last.mac.to_string(),
        })
    }
}

fn check_segment(key: &AuditKey, file: &PathBuf, head: Option<AuditMac>) -> Result<(Sealing, Option<i64>), Failed> {
    let opened = File::open(file).broken(|error| format!("cannot read {}: {error}", file.display()))?;
    verify_segment(key, BufReader::new(opened), head).map_err(failed)
}

fn failed(error: SegmentError) -> Failed {
    let line = format!("the audit log: {error}");
    let exit = match error {
        SegmentError::Flawed(_) | SegmentError::CutOff(_) | SegmentError::Unreadable(_) => Exit::Refused,
        SegmentError::NoKey | SegmentError::OtherKey => Exit::Broken,
        // Taken apart, since errors of the surroundings end here.
        SegmentError::File(error) => return Failed::new(Exit::Broken, format!("the segment's file failed: {error}")),
        SegmentError::Store(error) => return Failed::of(error.into(), ""),
    };
    Failed::new(exit, line)
}
