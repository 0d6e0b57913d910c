//! Values as JSON. JSON names the fields and can be read without this crate.
//!
//! The feature `serde` of the domain writes its types and checks them on reading: an invalid value
//! is an error and is never repaired. So the domain defines the layout of the values. `tests/layout.rs`
//! fails if a new version of the domain changes it: see [`crate::format`].

use anyhow::{Context, ensure};
use hexdesk_domain::ShopId;
use redb::{ReadableTable, Table, TableHandle};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::tables::{Json, NumberInShop};

pub(crate) fn encode(value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    serde_json::to_vec(value).context("cannot encode a value")
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(bytes).context("a stored value cannot be decoded")
}

/// Returns the value under this number of the shop.
pub(crate) fn find<T: DeserializeOwned>(
    table: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    number: i64,
) -> anyhow::Result<Option<T>> {
    table.get((shop.get(), number))?.map(|stored| decode(stored.value())).transpose()
}

/// Fails if the shop has no value under this number.
pub(crate) fn require<T>(table: &T, shop: ShopId, number: i64) -> anyhow::Result<()>
where
    T: ReadableTable<NumberInShop, Json> + TableHandle,
{
    let is_there = table.get((shop.get(), number))?.is_some();
    ensure!(is_there, "the shop {shop} has no {number} in {}", table.name());
    Ok(())
}

/// Writes a value under a number that must be free in the shop.
pub(crate) fn add(
    table: &mut Table<'_, NumberInShop, Json>,
    shop: ShopId,
    number: i64,
    value: &impl Serialize,
) -> anyhow::Result<()> {
    let is_new = table.insert((shop.get(), number), encode(value)?.as_slice())?.is_none();
    ensure!(is_new, "the shop {shop} has {number} in {} already", table.name());
    Ok(())
}

/// Writes a value. Replaces the one under this number of the shop.
pub(crate) fn put(
    table: &mut Table<'_, NumberInShop, Json>,
    shop: ShopId,
    number: i64,
    value: &impl Serialize,
) -> anyhow::Result<()> {
    table.insert((shop.get(), number), encode(value)?.as_slice())?;
    Ok(())
}
