use futures_util::future::join_all;
use latchkey_service::AuditAction;
use latchkey_service::ports::{RecordDeletion, RecordInsertion, RecordReplacement, RecordStore, StoredRecord};

use crate::Fixture;
use crate::fixture::{NOW, after, entry};

const EMPLOYEES: &str = "/api/v1/employees";
const ORDERS: &str = "/api/v1/orders";

fn record(collection: &str, id: u16, data: &str) -> StoredRecord {
    StoredRecord {
        collection: collection.to_owned(),
        id: format!("{id:032x}"),
        version: 1,
        data: data.to_owned(),
        created_at: NOW,
        updated_at: NOW,
    }
}

async fn insert(fixture: &Fixture, record: &StoredRecord) -> RecordInsertion {
    fixture.store.insert_record(record, 3, &entry(AuditAction::RecordCreated)).await.unwrap()
}

async fn found(fixture: &Fixture, needle: &str) -> Vec<StoredRecord> {
    let collections = [EMPLOYEES.to_owned(), ORDERS.to_owned()];
    fixture.store.search_records(&collections, needle, None, 10).await.unwrap()
}

pub(crate) async fn a_record_comes_back_as_it_was_stored(fixture: Fixture) {
    let stored = record(EMPLOYEES, 1, r#"{"name":"Zoë O'Neill","note":"50% \\ _ 🔑"}"#);
    assert_eq!(insert(&fixture, &stored).await, RecordInsertion::Inserted);
    assert_eq!(fixture.store.record(EMPLOYEES, &stored.id).await.unwrap(), Some(stored.clone()));
    assert_eq!(fixture.store.record(ORDERS, &stored.id).await.unwrap(), None);
    assert_eq!(fixture.store.record(EMPLOYEES, "").await.unwrap(), None);
    assert_eq!(fixture.audited().await, [AuditAction::RecordCreated]);
}

pub(crate) async fn records_are_paged_by_id(fixture: Fixture) {
    for (collection, id) in [(EMPLOYEES, 2), (EMPLOYEES, 255), (ORDERS, 3), (EMPLOYEES, 9)] {
        insert(&fixture, &record(collection, id, "{}")).await;
    }
    let page = async |after: Option<u16>, limit| {
        let after = after.map(|id| format!("{id:032x}"));
        let records = fixture.store.records(EMPLOYEES, after.as_deref(), limit).await.unwrap();
        records.iter().map(|record| u16::from_str_radix(&record.id, 16).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2).await, [2, 9]);
    assert_eq!(page(Some(9), 2).await, [255]);
    // The record that a page ended with may have gone since.
    assert_eq!(page(Some(3), 2).await, [9, 255]);
    assert!(page(Some(255), 2).await.is_empty());
}

pub(crate) async fn a_collection_fills_up(fixture: Fixture) {
    for id in 1..=3 {
        assert_eq!(insert(&fixture, &record(EMPLOYEES, id, "{}")).await, RecordInsertion::Inserted);
    }
    assert_eq!(insert(&fixture, &record(EMPLOYEES, 4, "{}")).await, RecordInsertion::Full);
    assert_eq!(insert(&fixture, &record(ORDERS, 4, "{}")).await, RecordInsertion::Inserted);
    assert_eq!(fixture.audited().await.len(), 4);
}

pub(crate) async fn parallel_records_stay_within_the_limit(fixture: Fixture) {
    let nodes = [fixture.store.clone(), fixture.another_node().await];
    let records: Vec<StoredRecord> = (0..8).map(|id| record(EMPLOYEES, id, "{}")).collect();
    let entry = entry(AuditAction::RecordCreated);
    let insertions =
        records.iter().enumerate().map(|(index, record)| nodes[index % 2].insert_record(record, 3, &entry));
    let outcomes: Vec<_> = join_all(insertions).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    let inserted = outcomes.iter().filter(|outcome| **outcome == RecordInsertion::Inserted).count();
    assert_eq!(inserted, 3, "{outcomes:?}");
}

pub(crate) async fn a_record_is_replaced_at_its_version(fixture: Fixture) {
    let mut stored = record(EMPLOYEES, 1, r#"{"name":"Old"}"#);
    insert(&fixture, &stored).await;
    let replace = async |id: &str, version, data: &str| {
        let entry = entry(AuditAction::RecordReplaced);
        fixture.store.replace_record(EMPLOYEES, id, version, data, after(60), &entry).await.unwrap()
    };
    assert_eq!(replace(&stored.id, Some(2), "{}").await, RecordReplacement::Stale);
    assert_eq!(replace("x", None, "{}").await, RecordReplacement::NotFound);

    stored.data = r#"{"name":"NEW"}"#.into();
    (stored.version, stored.updated_at) = (2, after(60));
    assert_eq!(replace(&stored.id, Some(1), &stored.data).await, RecordReplacement::Replaced(stored.clone()));
    assert_eq!(fixture.store.record(EMPLOYEES, &stored.id).await.unwrap(), Some(stored.clone()));
    // The search follows.
    assert_eq!(found(&fixture, "new").await, [stored.clone()]);
    assert_eq!(found(&fixture, "old").await, []);

    stored.version = 3;
    assert_eq!(replace(&stored.id, None, &stored.data).await, RecordReplacement::Replaced(stored.clone()));
    let replaced = AuditAction::RecordReplaced;
    assert_eq!(fixture.audited().await, [AuditAction::RecordCreated, replaced, replaced]);
}

pub(crate) async fn a_record_is_deleted_at_its_version(fixture: Fixture) {
    let stored = [record(EMPLOYEES, 1, "{}"), record(EMPLOYEES, 2, "{}")];
    for record in &stored {
        insert(&fixture, record).await;
    }
    let delete = async |id: &str, version| {
        let entry = entry(AuditAction::RecordDeleted);
        fixture.store.delete_record(EMPLOYEES, id, version, &entry).await.unwrap()
    };
    assert_eq!(delete(&stored[0].id, Some(2)).await, RecordDeletion::Stale);
    assert_eq!(delete(&stored[0].id, Some(1)).await, RecordDeletion::Deleted);
    assert_eq!(delete(&stored[0].id, Some(1)).await, RecordDeletion::NotFound);
    assert_eq!(delete(&stored[1].id, None).await, RecordDeletion::Deleted);
    assert_eq!(fixture.store.records(EMPLOYEES, None, 10).await.unwrap(), []);
    let (created, deleted) = (AuditAction::RecordCreated, AuditAction::RecordDeleted);
    assert_eq!(fixture.audited().await, [created, created, deleted, deleted]);
}

pub(crate) async fn records_are_searched_in_any_case(fixture: Fixture) {
    let (employee, order) = (record(EMPLOYEES, 2, r#"{"name":"ZOË Müller"}"#), record(ORDERS, 1, r#"{"for":"Zoë"}"#));
    let elsewhere = record("/api/v1/tasks", 3, r#"{"for":"Zoë"}"#);
    for record in [&employee, &order, &elsewhere] {
        insert(&fixture, record).await;
    }
    for needle in ["zoë", "ZOË", "Zoë"] {
        assert_eq!(found(&fixture, needle).await, [order.clone(), employee.clone()], "{needle}");
    }
    assert_eq!(found(&fixture, "MÜLL").await, [employee]);
    assert_eq!(fixture.store.search_records(&[], "zoë", None, 10).await.unwrap(), []);
}

pub(crate) async fn a_search_is_literal(fixture: Fixture) {
    let stored = record(EMPLOYEES, 1, r#"{"note":"50% of a_b \\ c"}"#);
    insert(&fixture, &stored).await;
    for needle in ["50%", "a_b", "\\", "% OF", ""] {
        assert_eq!(found(&fixture, needle).await, std::slice::from_ref(&stored), "{needle}");
    }
    // What would match if its characters meant something.
    for needle in ["5%f", "a__", "_%_", "\\c", "50\\%", "\0", "50%\0", &"x".repeat(60_000)] {
        assert!(found(&fixture, needle).await.is_empty(), "{needle:.20}");
    }
}

pub(crate) async fn a_search_of_many_collections_is_paged(fixture: Fixture) {
    // More collections than one statement takes, with the records spread over the statements.
    let collections: Vec<String> = (0..600).map(|number| format!("/c/{number}")).collect();
    for (id, number) in [(1, 599), (2, 0), (3, 300), (4, 598)] {
        insert(&fixture, &record(&collections[number], id, r#"{"x":"Needle"}"#)).await;
    }
    let page = async |after: Option<u16>| {
        let after = after.map(|id| format!("{id:032x}"));
        let records = fixture.store.search_records(&collections, "needle", after.as_deref(), 3).await.unwrap();
        records.iter().map(|record| u16::from_str_radix(&record.id, 16).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [1, 2, 3]);
    assert_eq!(page(Some(3)).await, [4]);
}
