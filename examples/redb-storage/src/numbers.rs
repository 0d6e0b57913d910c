//! The numbers that the store assigns, and counts.

use anyhow::Context;
use hexdesk_domain::ShopId;
use redb::ReadableTable;

use crate::tables::{Json, NumberInShop, all_of};

/// Returns the number after the shop's largest in this table. It stays free until the write
/// transaction ends, because only one write transaction runs at a time.
pub(crate) fn next_number(
    table: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
) -> anyhow::Result<i64> {
    match table.range(all_of(shop))?.next_back().transpose()? {
        Some((key, _)) => key.value().1.checked_add(1).context("no number is left"),
        None => Ok(1),
    }
}

/// Counts the entries of the list.
pub(crate) fn count_of<T>(mut list: impl Iterator<Item = anyhow::Result<T>>) -> anyhow::Result<u64> {
    list.try_fold(0, |count, entry| entry.map(|_| count + 1))
}
