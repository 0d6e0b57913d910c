//! The numbers that the store hands out.

use anyhow::Context;
use hexdesk_domain::ShopId;
use redb::ReadableTable;

use crate::tables::{Json, NumberInShop, all_of};

/// The number after the largest that the shop has in this table: nothing in it has that
/// number. It stays free until the write transaction ends, because there is no other.
pub(crate) fn next_number(
    table: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
) -> anyhow::Result<i64> {
    match table.range(all_of(shop))?.next_back().transpose()? {
        Some((key, _)) => key.value().1.checked_add(1).context("no number is left"),
        None => Ok(1),
    }
}
