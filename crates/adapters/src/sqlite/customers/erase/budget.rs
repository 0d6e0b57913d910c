//! The size of a portion.

use diesel::QueryResult;

/// The budget of a portion, in the unit of [`Budget`]. It takes some milliseconds, unless a single
/// document is long.
pub(super) const PORTION: i64 = 32;

/// The work that a portion may do, about in table rows with their index entries. A long row counts
/// more: its pages are overwritten. A document counts most: the full-text index deletes its words
/// one by one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget(pub(super) i64);

/// The length that counts as one more row.
pub(super) const ROW_BYTES: i64 = 2_048;
/// The length of a document that counts as one more row: a few words.
pub(super) const DOCUMENT_BYTES: i64 = 32;

impl Budget {
    pub(super) fn is_spent(self) -> bool {
        self.0 <= 0
    }

    pub(super) fn spend(&mut self, bytes: i64, bytes_per_row: i64) {
        self.0 -= 1 + bytes / bytes_per_row;
    }

    /// Takes rows, each with its length, until the budget is spent. Returns their numbers, and
    /// whether these are all.
    pub(super) fn take(
        &mut self,
        rows: impl Iterator<Item = QueryResult<(i64, Option<i64>)>>,
        bytes_per_row: i64,
    ) -> QueryResult<(Vec<i64>, bool)> {
        let mut taken = Vec::new();
        for row in rows {
            if self.is_spent() {
                return Ok((taken, false));
            }
            let (number, bytes) = row?;
            self.spend(bytes.unwrap_or_default(), bytes_per_row);
            taken.push(number);
        }
        Ok((taken, true))
    }
}
