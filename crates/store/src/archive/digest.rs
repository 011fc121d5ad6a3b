//! What a table's rows add up to, in whatever order they come: the engines sort differently, and need not sort at all.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How many rows there are, and the sum of their hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sum {
    rows: u64,
    lanes: [u64; 4],
}

/// A sum as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSum {
    pub(super) table: String,
    pub(super) rows: u64,
    pub(super) digest: String,
}

impl Sum {
    /// Adds one row, by its line in the file.
    pub(super) fn add(&mut self, line: &[u8]) {
        self.rows = self.rows.wrapping_add(1);
        let hash: [u8; 32] = Sha256::digest(line).into();
        for (lane, part) in self.lanes.iter_mut().zip(hash.as_chunks::<8>().0) {
            *lane = lane.wrapping_add(u64::from_be_bytes(*part));
        }
    }

    /// How many rows were added.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// The sum of this table as a file has it.
    pub(super) fn written(&self, table: &str) -> WrittenSum {
        let digest = hex::encode(self.lanes.map(u64::to_be_bytes).concat());
        WrittenSum { table: table.to_owned(), rows: self.rows, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(lines: &[&str]) -> Sum {
        let mut sum = Sum::default();
        for line in lines {
            sum.add(line.as_bytes());
        }
        sum
    }

    #[test]
    fn order_does_not_count_and_all_else_does() {
        assert_eq!(sum(&["a", "b", "c"]), sum(&["c", "a", "b"]));
        for other in [&["a", "b"][..], &["a", "b", "d"], &["a", "b", "c", "c"], &["ab", "", "c"]] {
            assert_ne!(sum(&["a", "b", "c"]), sum(other), "{other:?}");
        }
        assert_eq!(sum(&["a"]).written("token").digest.len(), 64);
    }
}
