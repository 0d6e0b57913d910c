//! The numbers that the store assigns, and counts.

use anyhow::Context;
use hexdesk_domain::ShopId;
use redb::{ReadableTable, Table};

use crate::tables::{Json, NumberInShop, all_of};

/// Returns the number after the shop's largest in this table, and after the noted one. It stays free
/// until the write transaction ends, because only one write transaction runs at a time.
pub(crate) fn next_number(
    table: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    noted: i64,
) -> anyhow::Result<i64> {
    largest(table, shop)?.max(noted).checked_add(1).context("no number is left")
}

/// Returns the shop's largest number in this table, or 0.
pub(crate) fn largest(table: &impl ReadableTable<NumberInShop, Json>, shop: ShopId) -> anyhow::Result<i64> {
    let last = table.range(all_of(shop))?.next_back().transpose()?;
    Ok(last.map_or(0, |(key, _)| key.value().1))
}

/// Returns the number that is noted for the shop, or 0.
pub(crate) fn noted(table: &impl ReadableTable<i64, i64>, shop: ShopId) -> anyhow::Result<i64> {
    Ok(table.get(shop.get())?.map_or(0, |number| number.value()))
}

/// Notes a number of the shop, unless a larger one is noted.
pub(crate) fn note(table: &mut Table<'_, i64, i64>, shop: ShopId, number: i64) -> anyhow::Result<()> {
    let largest = noted(table, shop)?.max(number);
    table.insert(shop.get(), largest)?;
    Ok(())
}

/// Counts the entries of the list.
pub(crate) fn count_of<T>(mut list: impl Iterator<Item = anyhow::Result<T>>) -> anyhow::Result<u64> {
    list.try_fold(0, |count, entry| entry.map(|_| count + 1))
}
