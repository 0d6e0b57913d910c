//! The entries of one call, as rows.

use diesel::dsl::Eq;
use diesel::prelude::{ExpressionMethods, Insertable};
use hexdesk_domain::{
    ArchiveEntry, ArchivedAttempt, ArchivedDelivery, ArchivedSession, Comment, Customer, IdempotencyRecord,
    IdempotencyRequest, MergedCustomer, ShopCounters, ShopId, StorageError, StorageErrorKind, TicketSnapshot,
    fold_email, fold_phone_number,
};

use crate::sql::api_keys::ApiKeyRow;
use crate::sql::console::{CredentialRow, UserSessionRow};
use crate::sql::customers::CustomerRow;
use crate::sql::deliveries::{AttemptRow, WholeDeliveryRow};
use crate::sql::events::NewEventRow;
use crate::sql::idempotency::IdempotencyRow;
use crate::sql::saved_replies::SavedReplyRow;
use crate::sql::schema::{customers, events, merged_customers, users};
use crate::sql::users::UserRow;
use crate::sql::webhooks::{WebhookRow, webhook_row};

/// Entries by kind. A kind comes after those that it refers to.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) entries: i64,
    /// The largest numbers among them.
    pub(crate) numbers: ShopCounters,
    pub(crate) last_key: i64,
    pub(crate) users: Vec<(UserRow, Eq<users::email_folded, String>)>,
    pub(crate) credentials: Vec<CredentialRow>,
    pub(crate) sessions: Vec<UserSessionRow>,
    pub(crate) api_keys: Vec<ApiKeyRow>,
    pub(crate) customers: Vec<Customer>,
    pub(crate) merged_customers: Vec<MergedCustomerRow>,
    pub(crate) tickets: Vec<TicketSnapshot>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) saved_replies: Vec<SavedReplyRow>,
    pub(crate) events: Vec<PlacedEventRow>,
    pub(crate) webhooks: Vec<WebhookRow>,
    pub(crate) deliveries: Vec<WholeDeliveryRow>,
    pub(crate) attempts: Vec<AttemptRow>,
    pub(crate) idempotency_records: Vec<IdempotencyRow>,
}

type MergedCustomerRow =
    (Eq<merged_customers::shop_id, i64>, Eq<merged_customers::id, i64>, Eq<merged_customers::into_id, i64>);

/// An event with its position.
#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct PlacedEventRow {
    #[diesel(embed)]
    event: NewEventRow,
    pub(crate) change: i64,
    part: i64,
}

/// Entries that break a rule of archives.
#[derive(Debug, thiserror::Error)]
enum BadEntries {
    #[error("the entries are not in order")]
    Order,
    #[error("an entry belongs to shop {0}")]
    Shop(ShopId),
    #[error(transparent)]
    Snapshot(#[from] serde_json::Error),
}

impl Batch {
    /// Makes rows of the entries of a shop.
    pub(crate) fn new(shop: ShopId, entries: Vec<ArchiveEntry>) -> Result<Self, StorageError> {
        Self::try_new(shop, entries)
            .map_err(|error| StorageError::new(StorageErrorKind::Unexpected, "load_entries", error))
    }

    fn try_new(shop: ShopId, entries: Vec<ArchiveEntry>) -> Result<Self, BadEntries> {
        let mut batch = Self::default();
        let mut last = None;
        for entry in entries {
            let place = Some(entry.place());
            if last >= place {
                return Err(BadEntries::Order);
            }
            last = place;
            batch.entries += 1;
            batch.push(shop, entry)?;
        }
        Ok(batch)
    }

    fn push(&mut self, shop: ShopId, entry: ArchiveEntry) -> Result<(), BadEntries> {
        let check = |of: ShopId| if of == shop { Ok(()) } else { Err(BadEntries::Shop(of)) };
        let note = |largest: &mut i64, number: i64| *largest = number.max(*largest);
        match entry {
            ArchiveEntry::User(user) => {
                check(user.shop_id)?;
                note(&mut self.numbers.users, user.id.get());
                let folded = users::email_folded.eq(fold_email(&user.email));
                self.users.push(((*user).into(), folded));
            }
            ArchiveEntry::Credential(credential) => {
                self.credentials.push(CredentialRow::new(shop, *credential));
            }
            ArchiveEntry::Session(session) => {
                let ArchivedSession { token_hash, user_id, life } = *session;
                self.sessions.push(UserSessionRow::new(shop, token_hash, user_id, life));
            }
            ArchiveEntry::ApiKey(key) => {
                check(key.shop_id)?;
                note(&mut self.last_key, key.number.get());
                self.api_keys.push((*key).into());
            }
            ArchiveEntry::Customer(customer) => {
                check(customer.shop_id)?;
                note(&mut self.numbers.customers, customer.id.get());
                self.customers.push(*customer);
            }
            ArchiveEntry::MergedCustomer(MergedCustomer { id, into }) => {
                note(&mut self.numbers.customers, id.get());
                self.merged_customers.push((
                    merged_customers::shop_id.eq(shop.get()),
                    merged_customers::id.eq(id.get()),
                    merged_customers::into_id.eq(into.get()),
                ));
            }
            ArchiveEntry::Ticket(snapshot) => {
                check(snapshot.ticket.shop_id)?;
                if let Some(human_ticket) = &snapshot.human_ticket {
                    note(&mut self.numbers.human_tickets, human_ticket.id.get());
                }
                self.tickets.push(*snapshot);
            }
            ArchiveEntry::Comment(comment) => {
                check(comment.shop_id)?;
                self.comments.push(*comment);
            }
            ArchiveEntry::SavedReply(reply) => {
                check(reply.shop_id)?;
                self.saved_replies.push((*reply).into());
            }
            ArchiveEntry::Event(archived) => {
                let position = archived.event.position;
                check(archived.event.shop_id)?;
                note(&mut self.numbers.changes, position.change);
                let event = NewEventRow::archived(*archived)?;
                self.events.push(PlacedEventRow { event, change: position.change, part: position.part });
            }
            ArchiveEntry::Webhook(webhook) => {
                check(webhook.shop_id)?;
                self.webhooks.push(webhook_row(&webhook));
            }
            ArchiveEntry::Delivery(archived) => {
                let ArchivedDelivery { webhook_id, delivery } = *archived;
                self.deliveries.push(WholeDeliveryRow::new(shop, webhook_id, &delivery));
            }
            ArchiveEntry::Attempt(archived) => {
                let ArchivedAttempt { webhook_id, attempt } = *archived;
                self.attempts.push(AttemptRow::new(shop, webhook_id, &attempt));
            }
            ArchiveEntry::IdempotencyRecord(record) => {
                let IdempotencyRecord { operation, key, fingerprint, receipt, requested_at } = *record;
                let request = IdempotencyRequest { operation, key, fingerprint };
                self.idempotency_records.push(IdempotencyRow::new(shop, &request, receipt, requested_at));
            }
        }
        Ok(())
    }
}

type ArchivedCustomerRow = (
    CustomerRow,
    Eq<customers::email_folded, Option<String>>,
    Eq<customers::phone_number_folded, Option<String>>,
);

/// The row of an archived customer.
pub(crate) fn customer_row(customer: Customer) -> ArchivedCustomerRow {
    let email = customer.email.as_deref().map(fold_email);
    let phone_number = customer.phone_number.as_deref().map(fold_phone_number);
    (customer.into(), customers::email_folded.eq(email), customers::phone_number_folded.eq(phone_number))
}
