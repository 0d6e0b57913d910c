//! Reads a shop from a snapshot.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::{
    ArchiveEntry, ArchiveReader, ArchivedAttempt, ArchivedDelivery, ArchivedEvent, ArchivedSession,
    ArchivedShop, CustomerId, Delivery, Fingerprint, IdempotencyKey, IdempotencyRecord, MergedCustomer,
    PageSize, Receipt, SecretHash, ShopCounters, ShopId, StorageError, TextBytes, Ticket, TicketSnapshot,
    Timestamp, WebhookId,
};
use redb::{ReadTransaction, TableDefinition, Value};

use super::find_load;
use crate::encoding::decode;
use crate::events::{beginning, read_event};
use crate::numbers::{count_of, largest, noted};
use crate::sessions::StoredSession;
use crate::storage::run_reading;
use crate::tables::{
    API_KEYS, ATTEMPTS, COMMENT_IDS, COMMENTS, CREDENTIALS, CUSTOMERS, DELIVERIES, EVENTS,
    HUMAN_TICKET_BY_TICKET, HUMAN_TICKETS, ID_RANGE_ENDS, IDEMPOTENCY_RECORDS, KeyInShop, LAST_CHANGES,
    LOADS, LOG_BEGINNINGS, MERGED_CUSTOMERS, SAVED_REPLIES, SESSIONS, SHOPS, TICKETS, USED_CUSTOMER_NUMBERS,
    USED_HUMAN_TICKET_NUMBERS, USED_USER_NUMBERS, USERS, WEBHOOKS, rows_of,
};
use crate::{id_ranges, shops, tickets};

type Rows<T> = Box<dyn Iterator<Item = anyhow::Result<T>> + Send>;

/// Reads the tables one after another, in one snapshot.
pub(super) struct Reader {
    shop: ArchivedShop,
    transaction: Arc<ReadTransaction>,
    /// `None` after a call that failed or whose future was dropped: its entries are lost.
    entries: Option<Rows<ArchiveEntry>>,
}

impl Reader {
    pub(super) fn open(transaction: ReadTransaction, id: ShopId) -> anyhow::Result<Option<Self>> {
        let Some(present) = shops::find(&transaction.open_table(SHOPS)?, id)? else { return Ok(None) };
        let load = find_load(&transaction.open_table(LOADS)?, id)?;
        let used = |table| noted(&transaction.open_table(table)?, id);
        let largest = |table| largest(&transaction.open_table(table)?, id);
        let shop = ArchivedShop {
            shop: load.map_or(present, |(_, shop)| shop),
            log_beginning: beginning(&transaction.open_table(LOG_BEGINNINGS)?, id)?,
            counters: ShopCounters {
                changes: used(LAST_CHANGES)?,
                customers: largest(CUSTOMERS)?.max(used(USED_CUSTOMER_NUMBERS)?),
                users: largest(USERS)?.max(used(USED_USER_NUMBERS)?),
                human_tickets: largest(HUMAN_TICKETS)?.max(used(USED_HUMAN_TICKET_NUMBERS)?),
            },
            id_range_ends: id_ranges::ends(&transaction.open_table(ID_RANGE_ENDS)?)?.into_iter().collect(),
        };
        let entries = Some(entries(&transaction, id)?);
        Ok(Some(Self { shop, transaction: Arc::new(transaction), entries }))
    }
}

#[async_trait]
impl ArchiveReader for Reader {
    fn shop(&self) -> &ArchivedShop {
        &self.shop
    }

    /// Decodes the entries. A store for large shops counts keys.
    async fn count_entries(&mut self) -> Result<u64, StorageError> {
        let (transaction, shop) = (Arc::clone(&self.transaction), self.shop.shop.id);
        run_reading("count_entries", move || count_of(entries(&transaction, shop)?)).await
    }

    async fn next_entries(&mut self, size: PageSize) -> Result<Vec<ArchiveEntry>, StorageError> {
        let entries = self.entries.take().context("the reader has failed, or a call was dropped");
        let read = move || {
            let mut entries = entries?;
            Ok((page(&mut entries, size)?, entries))
        };
        let (page, entries) = run_reading("next_entries", read).await?;
        self.entries = Some(entries);
        Ok(page)
    }
}

fn page(entries: &mut Rows<ArchiveEntry>, size: PageSize) -> anyhow::Result<Vec<ArchiveEntry>> {
    let (mut page, mut bytes) = (Vec::new(), 0);
    for entry in entries {
        let entry = entry?;
        bytes += entry.text_bytes();
        page.push(entry);
        if page.len() >= size.entries as usize || bytes >= size.bytes {
            break;
        }
    }
    Ok(page)
}

/// Returns all entries of a shop. The keys of the tables are in the order of places.
fn entries(transaction: &ReadTransaction, shop: ShopId) -> anyhow::Result<Rows<ArchiveEntry>> {
    let human_tickets = transaction.open_table(HUMAN_TICKETS)?;
    let human_ticket_by_ticket = transaction.open_table(HUMAN_TICKET_BY_TICKET)?;
    let comments = transaction.open_table(COMMENTS)?;
    let queues = rows(transaction, DELIVERIES, shop, |(_, webhook), queue| {
        let (webhook_id, queue): (_, Vec<Delivery>) = (webhook_id(webhook)?, decode(queue)?);
        let of_webhook = move |delivery| ArchivedDelivery { webhook_id, delivery };
        Ok(queue.into_iter().map(move |delivery| ArchiveEntry::Delivery(Box::new(of_webhook(delivery)))))
    })?;
    let deliveries = queues.flat_map(|queue| -> Rows<ArchiveEntry> {
        match queue {
            Ok(deliveries) => Box::new(deliveries.map(Ok)),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    });
    let tables: [Rows<ArchiveEntry>; 14] = [
        rows(transaction, USERS, shop, |_, user| Ok(ArchiveEntry::User(decode(user)?)))?,
        rows(transaction, CREDENTIALS, shop, |_, stored| Ok(ArchiveEntry::Credential(decode(stored)?)))?,
        rows(transaction, SESSIONS, shop, |(_, hash), session| {
            let StoredSession { user: user_id, life } = decode(session)?;
            let session = ArchivedSession { token_hash: SecretHash(*hash), user_id, life };
            Ok(ArchiveEntry::Session(Box::new(session)))
        })?,
        rows(transaction, API_KEYS, shop, |_, key| Ok(ArchiveEntry::ApiKey(decode(key)?)))?,
        rows(transaction, CUSTOMERS, shop, |_, customer| Ok(ArchiveEntry::Customer(decode(customer)?)))?,
        rows(transaction, MERGED_CUSTOMERS, shop, |(_, id), into| {
            let merged = MergedCustomer { id: customer_id(id)?, into: customer_id(into)? };
            Ok(ArchiveEntry::MergedCustomer(merged))
        })?,
        rows(transaction, TICKETS, shop, move |_, ticket| {
            let ticket: Ticket = decode(ticket)?;
            let human_ticket =
                tickets::find_human_ticket(&human_tickets, &human_ticket_by_ticket, shop, ticket.id)?;
            Ok(ArchiveEntry::Ticket(Box::new(TicketSnapshot { ticket, human_ticket })))
        })?,
        rows(transaction, COMMENT_IDS, shop, move |(shop, id), (ticket, time)| {
            let comment = comments.get((shop, ticket, time, id))?.context("an indexed comment is missing")?;
            Ok(ArchiveEntry::Comment(decode(comment.value())?))
        })?,
        rows(transaction, SAVED_REPLIES, shop, |_, reply| Ok(ArchiveEntry::SavedReply(decode(reply)?)))?,
        rows(transaction, EVENTS, shop, |_, stored| {
            let (_, _, customer, _) = stored;
            let customer_id = customer.map(customer_id).transpose()?;
            let event = read_event(stored)?;
            Ok(ArchiveEntry::Event(Box::new(ArchivedEvent { event, customer_id })))
        })?,
        rows(transaction, WEBHOOKS, shop, |_, webhook| Ok(ArchiveEntry::Webhook(decode(webhook)?)))?,
        Box::new(deliveries),
        rows(transaction, ATTEMPTS, shop, |(_, webhook, _), attempt| {
            let (webhook_id, attempt) = (webhook_id(webhook)?, decode(attempt)?);
            Ok(ArchiveEntry::Attempt(Box::new(ArchivedAttempt { webhook_id, attempt })))
        })?,
        rows(transaction, IDEMPOTENCY_RECORDS, shop, |(_, key, operation), record| {
            let (fingerprint, requested_at, customer, response) = record;
            let customer_id = customer.map(customer_id).transpose()?;
            Ok(ArchiveEntry::IdempotencyRecord(Box::new(IdempotencyRecord {
                operation: operation.to_owned(),
                key: IdempotencyKey::parse(key).context("a stored idempotency key is invalid")?,
                fingerprint: Fingerprint(*fingerprint),
                receipt: Receipt { response: response.to_vec(), customer_id },
                requested_at: Timestamp::from_unix_millis(requested_at)
                    .context("a stored time is out of range")?,
            })))
        })?,
    ];
    Ok(Box::new(tables.into_iter().flatten()))
}

/// Returns the shop's rows of a table, in order of their keys.
fn rows<K: KeyInShop, V: Value + Send + 'static, T: 'static>(
    transaction: &ReadTransaction,
    table: TableDefinition<'static, K, V>,
    shop: ShopId,
    read: impl Fn(K::SelfType<'_>, V::SelfType<'_>) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<Rows<T>> {
    let rows = transaction.open_table(table)?.range(rows_of::<K>(shop))?;
    Ok(Box::new(rows.map(move |row| {
        let (key, value) = row?;
        read(key.value(), value.value())
    })))
}

fn customer_id(number: i64) -> anyhow::Result<CustomerId> {
    CustomerId::new(number).context("a stored customer number is out of range")
}

fn webhook_id(number: i64) -> anyhow::Result<WebhookId> {
    WebhookId::new(number).context("a stored webhook id is out of range")
}
