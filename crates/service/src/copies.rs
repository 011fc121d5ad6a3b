//! What the audit log says of copies of the database: that one was written, and that one was taken in.

use latchkey_domain::Timestamp;

use crate::audit::{AuditAction, AuditActor, AuditEntry, AuditHead, AuditSubject, Origin};
use crate::{Outcome, Service};

impl Service {
    /// Writes down that everything is copied into a file, password hashes and all. Comes before the copying, so that
    /// the copy tells of itself.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn note_copy(&self, origin: &Origin) -> Outcome<()> {
        Ok(self.store.write_audit(&[self.of_database(AuditAction::DatabaseCopied, origin)]).await?)
    }

    /// The entry for taking a copy into an empty database.
    #[must_use]
    pub fn import_entry(&self, taken_at: Timestamp, origin: &Origin) -> AuditEntry {
        let detail = format!("a copy of {}", taken_at.to_rfc3339());
        AuditEntry { detail, ..self.of_database(AuditAction::DatabaseImported, origin) }
    }

    /// The entry for replacing the database by a copy. It names the end of the audit log that is replaced, so that
    /// heads of it that were kept elsewhere can be told from a log that was cut off.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn restore_entry(&self, taken_at: Timestamp, origin: &Origin) -> Outcome<AuditEntry> {
        let AuditHead { seq, mac } = self.store.audit_head().await?;
        let detail = format!("a copy of {}; replaced audit log ended at {seq}, {mac}", taken_at.to_rfc3339());
        Ok(AuditEntry { detail, ..self.of_database(AuditAction::DatabaseRestored, origin) })
    }

    fn of_database(&self, action: AuditAction, origin: &Origin) -> AuditEntry {
        self.entry(AuditActor::CommandLine, action, AuditSubject::Nothing, origin)
    }
}
