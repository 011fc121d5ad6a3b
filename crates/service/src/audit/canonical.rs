//! An entry of the audit log as bytes, the same for all time.
//!
//! Version 1. The byte 1, then the columns in the order of [`StoredEntry`]: a whole number as 8 bytes (two's
//! complement, the highest byte first); a text as its length in bytes, 8 bytes, then its UTF-8; an id that need not
//! be there as the byte 0 where it is not, otherwise as the byte 1, then as a text. Each piece says where it ends,
//! so two different entries never have the same bytes.
//!
//! It is made from what the row holds, not from what the program understands of it: entries of actions that a later
//! release no longer knows verify like all others, and so does a row that cannot be read.

/// The first byte.
pub const CANONICAL_VERSION: u8 = 1;

/// A row of the audit log, as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of audit_entry, which says what they are")]
pub struct StoredEntry {
    pub id: i64,
    pub at: i64,
    pub actor_kind: String,
    pub actor_id: Option<Vec<u8>>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: Option<Vec<u8>>,
    pub address: String,
    pub request_id: String,
    pub detail: String,
}

impl StoredEntry {
    /// The bytes that the chain is made over.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![CANONICAL_VERSION];
        number(&mut bytes, self.id);
        number(&mut bytes, self.at);
        piece(&mut bytes, self.actor_kind.as_bytes());
        optional(&mut bytes, self.actor_id.as_deref());
        piece(&mut bytes, self.action.as_bytes());
        piece(&mut bytes, self.subject_kind.as_bytes());
        optional(&mut bytes, self.subject_id.as_deref());
        for text in [&self.address, &self.request_id, &self.detail] {
            piece(&mut bytes, text.as_bytes());
        }
        bytes
    }
}

fn number(bytes: &mut Vec<u8>, number: i64) {
    bytes.extend(number.to_be_bytes());
}

fn piece(bytes: &mut Vec<u8>, piece: &[u8]) {
    bytes.extend((piece.len() as u64).to_be_bytes());
    bytes.extend(piece);
}

fn optional(bytes: &mut Vec<u8>, id: Option<&[u8]>) {
    bytes.push(u8::from(id.is_some()));
    if let Some(id) = id {
        piece(bytes, id);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = StoredEntry> {
        // Short texts of few letters, so that one often looks like the end of another.
        let text = || "[ab]{0,2}";
        let id = || proptest::option::of(proptest::collection::vec(0..2_u8, 0..3));
        let texts = (text(), text(), text(), text(), text(), text());
        (0..2_i64, 0..2_i64, id(), id(), texts).prop_map(|(id, at, actor_id, subject_id, texts)| StoredEntry {
            id,
            at,
            actor_kind: texts.0,
            actor_id,
            action: texts.1,
            subject_kind: texts.2,
            subject_id,
            address: texts.3,
            request_id: texts.4,
            detail: texts.5,
        })
    }

    proptest! {
        #[test]
        fn two_entries_have_the_same_bytes_only_where_they_are_the_same(one in entries(), other in entries()) {
            prop_assert_eq!(one == other, one.canonical_bytes() == other.canonical_bytes());
        }
    }

    #[test]
    fn the_encoding_is_what_it_always_was() {
        let entry = StoredEntry {
            id: 1,
            at: 258,
            actor_kind: "rep".to_owned(),
            actor_id: Some(vec![7, 8]),
            action: "a".to_owned(),
            subject_kind: String::new(),
            subject_id: None,
            address: "é".to_owned(),
            request_id: String::new(),
            detail: "d".to_owned(),
        };
        let expected = "01 0000000000000001 0000000000000102 0000000000000003 726570 01 0000000000000002 0708 \
                        0000000000000001 61 0000000000000000 00 0000000000000002 c3a9 0000000000000000 \
                        0000000000000001 64";
        assert_eq!(hex::encode(entry.canonical_bytes()), expected.replace(' ', ""));
    }
}
