use async_trait::async_trait;
use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{
    ArchiveEntry, ArchiveReader, ArchiveStore, ArchivedAttempt, ArchivedDelivery, ArchivedEvent,
    ArchivedSession, ArchivedShop, CustomerId, IdempotencyRecord, MergedCustomer, PageSize, SecretHash, Shop,
    ShopCounters, ShopId, StorageError, TextBytes, TicketSnapshot, fold_email,
};

use super::idempotency::IdempotencyRecord as Recorded;
use super::tickets::StoredTicket;
use super::{MemoryStorage, State, next_number, unexpected};

/// A shop that is being loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Load {
    /// The shop, as it will be.
    pub(crate) shop: Shop,
    pub(crate) loaded: u64,
}

/// The entries of a shop that are left to read.
pub(crate) struct MemoryArchive {
    pub(crate) shop: ArchivedShop,
    pub(crate) count: u64,
    pub(crate) entries: std::vec::IntoIter<ArchiveEntry>,
}

#[async_trait]
impl ArchiveReader for MemoryArchive {
    fn shop(&self) -> &ArchivedShop {
        &self.shop
    }

    async fn count_entries(&mut self) -> Result<u64, StorageError> {
        Ok(self.count)
    }

    async fn next_entries(&mut self, size: PageSize) -> Result<Vec<ArchiveEntry>, StorageError> {
        let mut bytes = 0;
        let mut next = Vec::new();
        while next.len() < (size.entries as usize).max(1)
            && (next.is_empty() || bytes < size.bytes)
            && let Some(entry) = self.entries.next()
        {
            bytes += entry.text_bytes();
            next.push(entry);
        }
        Ok(next)
    }
}

impl State {
    pub(crate) fn is_loading(&self, shop: ShopId) -> bool {
        self.loads.contains_key(&shop)
    }

    /// The largest numbers that the shop has assigned.
    fn counters(&self, shop: ShopId) -> ShopCounters {
        let last = |next: Option<i64>| next.map_or(i64::MAX, |next| next - 1);
        ShopCounters {
            changes: self.changes.get(&shop).copied().unwrap_or_default(),
            customers: last(self.next_customer_id(shop).map(CustomerId::get)),
            users: last(self.next_user_id(shop).map(|id| id.get())),
            human_tickets: last(self.next_human_ticket_id(shop).map(|id| id.get())),
        }
    }

    pub(crate) fn archive(&self, shop: ShopId) -> Option<MemoryArchive> {
        let loading = self.loads.get(&shop).map(|load| &load.shop);
        let archived = ArchivedShop {
            shop: loading.or_else(|| self.shops.get(&shop))?.clone(),
            log_beginning: self.log_beginnings.get(&shop).copied(),
            counters: self.counters(shop),
            id_range_ends: self.id_range_ends.iter().map(|(node, end)| (*node, *end)).collect(),
        };
        let entries = self.archive_entries(shop);
        Some(MemoryArchive { shop: archived, count: entries.len() as u64, entries: entries.into_iter() })
    }

    pub(crate) fn archive_entries(&self, shop: ShopId) -> Vec<ArchiveEntry> {
        let mut entries: Vec<ArchiveEntry> = Vec::new();
        entries.extend(self.users_of(shop).cloned().map(|user| ArchiveEntry::User(user.into())));
        let credentials = self.credentials.iter().filter(|((of, _), _)| *of == shop);
        entries
            .extend(credentials.map(|(_, credential)| ArchiveEntry::Credential(credential.clone().into())));
        let sessions = self.sessions.iter().filter(|((of, _), _)| *of == shop);
        entries.extend(sessions.map(|((_, hash), (user_id, life))| {
            let session = ArchivedSession { token_hash: SecretHash(*hash), user_id: *user_id, life: *life };
            ArchiveEntry::Session(session.into())
        }));
        entries.extend(self.keys_of(shop).cloned().map(|key| ArchiveEntry::ApiKey(key.into())));
        entries.extend(self.customers_of(shop).cloned().map(|it| ArchiveEntry::Customer(it.into())));
        let merged = self.merged_customers.iter().filter(|((of, _), _)| *of == shop);
        entries
            .extend(merged.map(|((_, id), into)| {
                ArchiveEntry::MergedCustomer(MergedCustomer { id: *id, into: *into })
            }));
        let tickets = self.tickets.iter().filter(|((of, _), _)| *of == shop);
        entries.extend(tickets.map(|(_, StoredTicket { ticket, human_ticket })| {
            let human_ticket = human_ticket.and_then(|id| self.human_tickets.get(&(shop, id)).cloned());
            ArchiveEntry::Ticket(TicketSnapshot { ticket: ticket.clone(), human_ticket }.into())
        }));
        let comments = self.comments.iter().filter(|((of, _), _)| *of == shop);
        entries.extend(comments.map(|(_, comment)| ArchiveEntry::Comment(comment.clone().into())));
        let replies = self.saved_replies.iter().filter(|((of, _), _)| *of == shop);
        entries.extend(replies.map(|(_, reply)| ArchiveEntry::SavedReply(reply.clone().into())));
        entries.extend(self.events.get(&shop).into_iter().flatten().map(|event| {
            let moved_to = self.moved_events.get(&(shop, event.position)).copied();
            let of = |snapshot: &hexdesk_domain::Snapshot| moved_to.or(snapshot.customer_id());
            let customer_id = event.snapshot.as_ref().and_then(of);
            ArchiveEntry::Event(ArchivedEvent { event: event.clone(), customer_id }.into())
        }));
        let webhooks = self.webhooks.iter().filter(|((of, _), _)| *of == shop);
        entries.extend(webhooks.map(|(_, webhook)| ArchiveEntry::Webhook(webhook.clone().into())));
        for ((_, webhook_id), queue) in self.deliveries.iter().filter(|((of, _), _)| *of == shop) {
            entries.extend(queue.0.values().map(|delivery| {
                let delivery = ArchivedDelivery { webhook_id: *webhook_id, delivery: delivery.clone() };
                ArchiveEntry::Delivery(delivery.into())
            }));
        }
        let attempts = self.attempts.iter().filter(|((of, ..), _)| *of == shop);
        entries.extend(attempts.map(|((_, webhook_id, _), attempt)| {
            ArchiveEntry::Attempt(ArchivedAttempt { webhook_id: *webhook_id, attempt: *attempt }.into())
        }));
        let records = self.idempotency_records.iter().filter(|((of, ..), _)| *of == shop);
        entries.extend(records.map(
            |((_, operation, key), Recorded { fingerprint, receipt, requested_at })| {
                let record = IdempotencyRecord {
                    operation: operation.clone(),
                    key: key.clone(),
                    fingerprint: *fingerprint,
                    receipt: receipt.clone(),
                    requested_at: *requested_at,
                };
                ArchiveEntry::IdempotencyRecord(record.into())
            },
        ));
        entries.sort_by_cached_key(ArchiveEntry::place);
        entries
    }

    pub(crate) fn begin_load(&mut self, archived: ArchivedShop) -> BeginLoadOutcome {
        let ArchivedShop { shop, log_beginning, counters, id_range_ends } = archived;
        if let Some(load) = self.loads.get(&shop.id)
            && load.shop == shop
            && self.log_beginnings.get(&shop.id).copied() == log_beginning
        {
            return BeginLoadOutcome::Loading(load.loaded);
        }
        let with_number = self.shops.get(&shop.id);
        if let Some(taken) = with_number.or_else(|| self.shop_of(&shop.domain)) {
            return BeginLoadOutcome::Taken(taken.clone());
        }
        let closed = Shop { closed_at: Some(shop.closed_at.unwrap_or(shop.created_at)), ..shop.clone() };
        self.shops.insert(shop.id, closed);
        self.log_beginnings.extend(log_beginning.map(|beginning| (shop.id, beginning)));
        self.changes.insert(shop.id, counters.changes);
        self.loaded_counters.insert(shop.id, counters);
        for (node, end) in id_range_ends {
            let latest = self.id_range_ends.entry(node).or_insert(end);
            *latest = end.max(*latest);
        }
        self.loads.insert(shop.id, Load { shop, loaded: 0 });
        BeginLoadOutcome::Loading(0)
    }

    pub(crate) fn load_entries(
        &mut self,
        shop: ShopId,
        after: u64,
        entries: Vec<ArchiveEntry>,
    ) -> Result<LoadEntriesOutcome, StorageError> {
        let Some(load) = self.loads.get(&shop).filter(|load| load.loaded == after) else {
            return Ok(LoadEntriesOutcome::Stale);
        };
        let loaded = load.loaded + entries.len() as u64;
        // Works on a copy, so that entries that are refused leave nothing.
        let mut copy = self.clone();
        for entry in entries {
            copy.load_entry(shop, entry)
                .ok_or_else(|| unexpected("load_entries", "an entry breaks a rule of the shop"))?;
        }
        copy.loads.entry(shop).and_modify(|load| load.loaded = loaded);
        *self = copy;
        Ok(LoadEntriesOutcome::Loaded)
    }

    /// Adds an entry. Returns `None` if it is there, or what it refers to is not.
    pub(crate) fn load_entry(&mut self, shop: ShopId, entry: ArchiveEntry) -> Option<()> {
        let is_new = match entry {
            ArchiveEntry::User(user) => {
                let folded = fold_email(&user.email);
                let is_taken = self.users_of(shop).any(|other| fold_email(&other.email) == folded);
                !is_taken && self.users.insert((shop, user.id), *user).is_none()
            }
            ArchiveEntry::Credential(credential) => {
                self.users.get(&(shop, credential.user_id))?;
                self.credentials.insert((shop, credential.user_id), *credential).is_none()
            }
            ArchiveEntry::Session(session) => {
                let ArchivedSession { token_hash, user_id, life } = *session;
                self.users.get(&(shop, user_id))?;
                self.sessions.insert((shop, token_hash.0), (user_id, life)).is_none()
            }
            ArchiveEntry::ApiKey(key) => self.api_keys.insert((shop, key.number), *key).is_none(),
            ArchiveEntry::Customer(customer) => {
                self.customers.insert((shop, customer.id), *customer).is_none()
            }
            ArchiveEntry::MergedCustomer(MergedCustomer { id, into }) => {
                self.customers.get(&(shop, into))?;
                self.merged_customers.insert((shop, id), into).is_none()
            }
            ArchiveEntry::Ticket(snapshot) => {
                let TicketSnapshot { ticket, human_ticket } = *snapshot;
                self.customers.get(&(shop, ticket.customer_id))?;
                let number = human_ticket.as_ref().map(|human_ticket| human_ticket.id);
                self.human_tickets
                    .extend(human_ticket.map(|human_ticket| ((shop, human_ticket.id), human_ticket)));
                let stored = StoredTicket { ticket, human_ticket: number };
                self.tickets.insert((shop, stored.ticket.id), stored).is_none()
            }
            ArchiveEntry::Comment(comment) => {
                self.tickets.get(&(shop, comment.ticket_id))?;
                self.comments.insert((shop, comment.id), *comment).is_none()
            }
            ArchiveEntry::SavedReply(reply) => self.saved_replies.insert((shop, reply.id), *reply).is_none(),
            ArchiveEntry::Event(archived) => {
                let ArchivedEvent { event, customer_id } = *archived;
                let named = event.snapshot.as_ref().and_then(|snapshot| snapshot.customer_id());
                let moved_to = customer_id.filter(|_| customer_id != named);
                self.moved_events.extend(moved_to.map(|customer| ((shop, event.position), customer)));
                self.events.entry(shop).or_default().push(event);
                true
            }
            ArchiveEntry::Webhook(webhook) => self.webhooks.insert((shop, webhook.id), *webhook).is_none(),
            ArchiveEntry::Delivery(archived) => {
                let ArchivedDelivery { webhook_id, delivery } = *archived;
                self.webhooks.get(&(shop, webhook_id))?;
                let queue = self.deliveries.entry((shop, webhook_id)).or_default();
                queue.0.insert(delivery.position, delivery).is_none()
            }
            ArchiveEntry::Attempt(archived) => {
                let ArchivedAttempt { webhook_id, attempt } = *archived;
                self.webhooks.get(&(shop, webhook_id))?;
                self.attempts.insert((shop, webhook_id, attempt.number), attempt).is_none()
            }
            ArchiveEntry::IdempotencyRecord(record) => {
                let IdempotencyRecord { operation, key, fingerprint, receipt, requested_at } = *record;
                let record = Recorded { fingerprint, receipt, requested_at };
                self.idempotency_records.insert((shop, operation, key), record).is_none()
            }
        };
        is_new.then_some(())
    }

    pub(crate) fn finish_load(&mut self, shop: ShopId) -> bool {
        let Some(load) = self.loads.remove(&shop) else { return false };
        self.shops.insert(shop, load.shop);
        true
    }

    pub(crate) fn discard_load(&mut self, shop: ShopId) -> bool {
        if self.loads.remove(&shop).is_none() {
            return false;
        }
        self.shops.remove(&shop);
        self.customers.retain(|(of, _), _| *of != shop);
        self.merged_customers.retain(|(of, _), _| *of != shop);
        self.users.retain(|(of, _), _| *of != shop);
        self.tickets.retain(|(of, _), _| *of != shop);
        self.comments.retain(|(of, _), _| *of != shop);
        self.human_tickets.retain(|(of, _), _| *of != shop);
        self.idempotency_records.retain(|(of, ..), _| *of != shop);
        self.api_keys.retain(|(of, _), _| *of != shop);
        self.webhooks.retain(|(of, _), _| *of != shop);
        self.deliveries.retain(|(of, _), _| *of != shop);
        self.attempts.retain(|(of, ..), _| *of != shop);
        self.credentials.retain(|(of, _), _| *of != shop);
        self.sessions.retain(|(of, _), _| *of != shop);
        self.saved_replies.retain(|(of, _), _| *of != shop);
        self.events.remove(&shop);
        self.moved_events.retain(|(of, _), _| *of != shop);
        self.changes.remove(&shop);
        self.log_beginnings.remove(&shop);
        self.loaded_counters.remove(&shop);
        true
    }

    /// The number after the largest in use, and after the largest that was loaded.
    pub(super) fn next_number_of(
        &self,
        shop: ShopId,
        loaded: fn(&ShopCounters) -> i64,
        numbers: impl Iterator<Item = i64>,
    ) -> i64 {
        next_number(numbers.chain(self.loaded_counters.get(&shop).map(loaded)))
    }
}

#[async_trait]
impl ArchiveStore for MemoryStorage {
    async fn read_archive(&self, shop: ShopId) -> Result<Option<Box<dyn ArchiveReader>>, StorageError> {
        Ok(self.state().archive(shop).map(|archive| Box::new(archive) as Box<dyn ArchiveReader>))
    }

    async fn begin_load(&self, shop: ArchivedShop) -> Result<BeginLoadOutcome, StorageError> {
        Ok(self.state().begin_load(shop))
    }

    async fn find_load(&self, shop: ShopId) -> Result<Option<u64>, StorageError> {
        Ok(self.state().loads.get(&shop).map(|load| load.loaded))
    }

    async fn load_entries(
        &self,
        shop: ShopId,
        after: u64,
        entries: Vec<ArchiveEntry>,
    ) -> Result<LoadEntriesOutcome, StorageError> {
        self.state().load_entries(shop, after, entries)
    }

    async fn finish_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        Ok(self.state().finish_load(shop))
    }

    async fn discard_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        Ok(self.state().discard_load(shop))
    }
}
