//! The records behind the catalog's routes where no upstream is configured, so that a token opens something
//! real on a fresh machine.
//!
//! A record is a JSON object in a collection; the collection is named by the raw path of its route. Changing one
//! says which version is meant, so that two vendors cannot overwrite each other unseen.

use latchkey_domain::{AccountSid, RouteMatch, ScopeSet, Timestamp};
use serde_json::{Map, Value};

use crate::ports::{RecordDeletion, RecordInsertion, RecordReplacement, StoredRecord};
use crate::secrets::sortable_id;
use crate::{AuditAction, AuditActor, AuditEntry, AuditSubject, Origin, Outcome, Service};

/// The most records in a collection.
pub const MAX_RECORDS: u32 = 10_000;
/// The most records in one answer.
pub const MAX_PAGE: u32 = 200;

/// A page of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPage {
    /// The records, in order of id.
    pub records: Vec<StoredRecord>,
    /// What to ask for the records after, where there are more.
    pub next: Option<String>,
}

impl Service {
    /// The records of a collection after the id `after`, at most `limit`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn records(&self, collection: &str, after: Option<&str>, limit: u32) -> Outcome<RecordPage> {
        let records = self.store.records(collection, after, limit.saturating_add(1)).await?;
        Ok(page(records, limit))
    }

    /// The records that contain `needle` in any case, from every collection that these scopes may read.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn search_records(
        &self,
        scopes: &ScopeSet,
        needle: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Outcome<RecordPage> {
        let readable: Vec<String> = self
            .catalog
            .scopes()
            .iter()
            .flat_map(|scope| &scope.routes)
            .filter(|route| match self.catalog.find(Some(latchkey_domain::Method::Get), &route.path) {
                RouteMatch::Found { scope, names_record } => !names_record && scopes.contains(scope),
                _ => false,
            })
            .map(|route| route.path.clone())
            .collect();
        if readable.is_empty() || needle.is_empty() {
            return Ok(RecordPage { records: Vec::new(), next: None });
        }
        let records = self.store.search_records(&readable, needle, after, limit.saturating_add(1)).await?;
        Ok(page(records, limit))
    }

    /// One record.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn record(&self, collection: &str, id: &str) -> Outcome<Option<StoredRecord>> {
        Ok(self.store.record(collection, id).await?)
    }

    /// Stores a new record; `None` where the collection is full.
    ///
    /// # Errors
    /// Where the database or the random source fails.
    pub async fn create_record(
        &self,
        vendor: AccountSid,
        collection: &str,
        data: Map<String, Value>,
        origin: &Origin,
    ) -> Outcome<Option<StoredRecord>> {
        let now = self.now();
        let id = sortable_id(self.clock.unix_millis(), self.random.as_ref())?;
        let record = StoredRecord {
            collection: collection.to_owned(),
            id: uuid::Uuid::from_bytes(id).simple().to_string(),
            version: 1,
            data: Value::Object(data).to_string(),
            created_at: now,
            updated_at: now,
        };
        let audit = self.record_entry(vendor, AuditAction::RecordCreated, &record.collection, &record.id, origin);
        match self.store.insert_record(&record, MAX_RECORDS, &audit).await? {
            RecordInsertion::Inserted => Ok(Some(record)),
            RecordInsertion::Full => Ok(None),
        }
    }

    /// Replaces a record that is at `version` (at any, for `None`).
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn replace_record(
        &self,
        vendor: AccountSid,
        (collection, id): (&str, &str),
        version: Option<i64>,
        data: Map<String, Value>,
        origin: &Origin,
    ) -> Outcome<RecordReplacement> {
        let audit = self.record_entry(vendor, AuditAction::RecordReplaced, collection, id, origin);
        let data = Value::Object(data).to_string();
        let now: Timestamp = self.now();
        Ok(self.store.replace_record(collection, id, version, &data, now, &audit).await?)
    }

    /// Removes a record that is at `version` (at any, for `None`).
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_record(
        &self,
        vendor: AccountSid,
        (collection, id): (&str, &str),
        version: Option<i64>,
        origin: &Origin,
    ) -> Outcome<RecordDeletion> {
        let audit = self.record_entry(vendor, AuditAction::RecordDeleted, collection, id, origin);
        Ok(self.store.delete_record(collection, id, version, &audit).await?)
    }

    fn record_entry(
        &self,
        vendor: AccountSid,
        action: AuditAction,
        collection: &str,
        id: &str,
        origin: &Origin,
    ) -> AuditEntry {
        let mut entry = self.entry(AuditActor::Token(vendor), action, AuditSubject::Token(vendor), origin);
        entry.detail = format!("{collection}/{id}");
        entry
    }
}

fn page(mut records: Vec<StoredRecord>, limit: u32) -> RecordPage {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|record| record.id.clone());
    RecordPage { records, next }
}
