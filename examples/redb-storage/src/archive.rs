mod load;
mod read;

use async_trait::async_trait;
use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{ArchiveEntry, ArchiveReader, ArchiveStore, ArchivedShop, Shop, ShopId, StorageError};
use redb::{ReadableDatabase, ReadableTable, WriteTransaction};

use crate::encoding::{decode, encode};
use crate::events::beginning;
use crate::numbers::note;
use crate::tables::{
    self, ID_RANGE_ENDS, Json, LAST_CHANGES, LOADS, LOG_BEGINNINGS, SHOP_BY_DOMAIN, SHOPS,
    USED_CUSTOMER_NUMBERS, USED_HUMAN_TICKET_NUMBERS, USED_USER_NUMBERS,
};
use crate::{RedbStorage, id_ranges, shops};
use read::Reader;

#[async_trait]
impl ArchiveStore for RedbStorage {
    async fn read_archive(&self, shop: ShopId) -> Result<Option<Box<dyn ArchiveReader>>, StorageError> {
        let open = move |database: &redb::Database| Reader::open(database.begin_read()?, shop);
        let reader = self.on_database("read_archive", open).await?;
        Ok(reader.map(|reader| Box::new(reader) as Box<dyn ArchiveReader>))
    }

    async fn begin_load(&self, shop: ArchivedShop) -> Result<BeginLoadOutcome, StorageError> {
        self.write("begin_load", move |transaction| begin(transaction, shop)).await
    }

    async fn find_load(&self, shop: ShopId) -> Result<Option<u64>, StorageError> {
        self.read("find_load", move |transaction| {
            Ok(find_load(&transaction.open_table(LOADS)?, shop)?.map(|(loaded, _)| loaded))
        })
        .await
    }

    async fn load_entries(
        &self,
        shop: ShopId,
        after: u64,
        entries: Vec<ArchiveEntry>,
    ) -> Result<LoadEntriesOutcome, StorageError> {
        self.write("load_entries", move |transaction| load_entries(transaction, shop, after, entries)).await
    }

    async fn finish_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        self.write("finish_load", move |transaction| {
            let mut loads = transaction.open_table(LOADS)?;
            let Some(load) = loads.remove(shop.get())? else { return Ok(false) };
            transaction.open_table(SHOPS)?.insert(shop.get(), load.value().1)?;
            Ok(true)
        })
        .await
    }

    async fn discard_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        self.write("discard_load", move |transaction| {
            let Some((_, discarded)) = find_load(&transaction.open_table(LOADS)?, shop)? else {
                return Ok(false);
            };
            transaction.open_table(SHOP_BY_DOMAIN)?.remove(discarded.domain.as_str())?;
            tables::remove_all_of(transaction, shop)?;
            Ok(true)
        })
        .await
    }
}

fn begin(transaction: &WriteTransaction, archived: ArchivedShop) -> anyhow::Result<BeginLoadOutcome> {
    let ArchivedShop { shop, log_beginning, counters, id_range_ends } = archived;
    let id = shop.id;
    let mut loads = transaction.open_table(LOADS)?;
    let mut beginnings = transaction.open_table(LOG_BEGINNINGS)?;
    if let Some((loaded, present)) = find_load(&loads, id)?
        && present == shop
        && beginning(&beginnings, id)? == log_beginning
    {
        return Ok(BeginLoadOutcome::Loading(loaded));
    }
    let (mut all, mut by_domain) = (transaction.open_table(SHOPS)?, transaction.open_table(SHOP_BY_DOMAIN)?);
    let same_number = shops::find(&all, id)?;
    if let Some(taken) = same_number.or(shops::find_by_domain(&all, &by_domain, &shop.domain)?) {
        return Ok(BeginLoadOutcome::Taken(taken));
    }
    loads.insert(id.get(), (0, encode(&shop)?.as_slice()))?;
    let closed = Shop { closed_at: shop.closed_at.or(Some(shop.created_at)), ..shop };
    shops::add(&mut all, &mut by_domain, &closed)?;

    if let Some(position) = log_beginning {
        beginnings.insert(id.get(), (position.change, position.part))?;
    }
    let changes = counters.changes.max(log_beginning.map_or(0, |position| position.change));
    for (table, number) in [
        (LAST_CHANGES, changes),
        (USED_CUSTOMER_NUMBERS, counters.customers),
        (USED_USER_NUMBERS, counters.users),
        (USED_HUMAN_TICKET_NUMBERS, counters.human_tickets),
    ] {
        note(&mut transaction.open_table(table)?, id, number)?;
    }
    let mut ends = transaction.open_table(ID_RANGE_ENDS)?;
    let present = id_ranges::ends(&ends)?;
    for (node, end) in id_range_ends {
        let end = present.get(&node).map_or(end, |present| end.max(*present));
        ends.insert(node.get(), end.unix_millis())?;
    }
    Ok(BeginLoadOutcome::Loading(0))
}

fn load_entries(
    transaction: &WriteTransaction,
    shop: ShopId,
    after: u64,
    entries: Vec<ArchiveEntry>,
) -> anyhow::Result<LoadEntriesOutcome> {
    let mut loads = transaction.open_table(LOADS)?;
    let Some((_, present)) = find_load(&loads, shop)?.filter(|(loaded, _)| *loaded == after) else {
        return Ok(LoadEntriesOutcome::Stale);
    };
    let loaded = after + u64::try_from(entries.len())?;
    load::add_all(transaction, shop, entries)?;
    loads.insert(shop.get(), (loaded, encode(&present)?.as_slice()))?;
    Ok(LoadEntriesOutcome::Loaded)
}

/// Returns how many entries of the shop are loaded, and the shop as it will be.
fn find_load(
    loads: &impl ReadableTable<i64, (u64, Json)>,
    shop: ShopId,
) -> anyhow::Result<Option<(u64, Shop)>> {
    let Some(load) = loads.get(shop.get())? else { return Ok(None) };
    let (loaded, shop) = load.value();
    Ok(Some((loaded, decode(shop)?)))
}

/// Whether the shop is being loaded. Nothing else may change it then (ARCHIVE-5).
pub(crate) fn is_loading(loads: &impl ReadableTable<i64, (u64, Json)>, shop: ShopId) -> anyhow::Result<bool> {
    Ok(loads.get(shop.get())?.is_some())
}
