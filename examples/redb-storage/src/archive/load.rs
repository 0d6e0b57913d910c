//! Writes entries as creations do: with their indexes, but without events.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use hexdesk_domain::{
    ArchiveEntry, Comment, Credential, Customer, Delivery, MergedCustomer, ShopId, TicketSnapshot, User,
    WebhookId,
};
use redb::WriteTransaction;

use crate::customers::CustomerTables;
use crate::encoding::{add, require};
use crate::events::EventLog;
use crate::sessions::StoredSession;
use crate::tables::{
    API_KEYS, COMMENT_IDS, COMMENTS, CREDENTIALS, CUSTOMERS, IDEMPOTENCY_RECORDS, SAVED_REPLIES, TICKETS,
    USERS, WEBHOOKS,
};
use crate::tickets::{HumanTicketTables, TicketTables};
use crate::users::UserTables;
use crate::{comments, credentials, deliveries, idempotency, sessions};

/// Adds entries of a shop. Fails if one is there already, refers to something that is not there, or
/// breaks a rule of the shop.
pub(super) fn add_all(
    transaction: &WriteTransaction,
    shop: ShopId,
    entries: Vec<ArchiveEntry>,
) -> anyhow::Result<()> {
    // A queue is one value, so its deliveries are added together. Nothing refers to them.
    let mut queues: BTreeMap<WebhookId, Vec<Delivery>> = BTreeMap::new();
    for entry in entries {
        ensure!(shop_of(&entry).is_none_or(|of| of == shop), "an entry belongs to another shop");
        match entry {
            ArchiveEntry::User(user) => add_user(transaction, &user)?,
            ArchiveEntry::Credential(credential) => add_credential(transaction, shop, &credential)?,
            ArchiveEntry::Session(session) => {
                require(&transaction.open_table(CREDENTIALS)?, shop, session.user_id.get())?;
                let stored = StoredSession { user: session.user_id, life: session.life };
                sessions::add(transaction, shop, session.token_hash, stored)?;
            }
            ArchiveEntry::ApiKey(key) => {
                if let Some(user) = key.user_id {
                    require(&transaction.open_table(USERS)?, shop, user.get())?;
                }
                add(&mut transaction.open_table(API_KEYS)?, shop, key.number.get(), &key)?;
            }
            ArchiveEntry::Customer(customer) => add_customer(transaction, &customer)?,
            ArchiveEntry::MergedCustomer(merged) => add_merged_customer(transaction, shop, merged)?,
            ArchiveEntry::Ticket(ticket) => add_ticket(transaction, &ticket)?,
            ArchiveEntry::Comment(comment) => add_comment(transaction, &comment)?,
            ArchiveEntry::SavedReply(reply) => {
                add(&mut transaction.open_table(SAVED_REPLIES)?, shop, reply.id.get(), &reply)?;
            }
            ArchiveEntry::Event(event) => EventLog::open(transaction)?.add(*event)?,
            ArchiveEntry::Webhook(webhook) => {
                add(&mut transaction.open_table(WEBHOOKS)?, shop, webhook.id.get(), &webhook)?;
            }
            ArchiveEntry::Delivery(of) => queues.entry(of.webhook_id).or_default().push(of.delivery),
            ArchiveEntry::Attempt(of) => {
                require(&transaction.open_table(WEBHOOKS)?, shop, of.webhook_id.get())?;
                deliveries::insert_attempt(transaction, shop, of.webhook_id, &of.attempt)?;
            }
            ArchiveEntry::IdempotencyRecord(record) => {
                idempotency::add(&mut transaction.open_table(IDEMPOTENCY_RECORDS)?, shop, &record)?;
            }
        }
    }
    queues.into_iter().try_for_each(|(webhook, queue)| deliveries::add(transaction, shop, webhook, queue))
}

/// The shop that the entry itself names.
fn shop_of(entry: &ArchiveEntry) -> Option<ShopId> {
    match entry {
        ArchiveEntry::User(user) => Some(user.shop_id),
        ArchiveEntry::ApiKey(key) => Some(key.shop_id),
        ArchiveEntry::Customer(customer) => Some(customer.shop_id),
        ArchiveEntry::Ticket(ticket) => Some(ticket.ticket.shop_id),
        ArchiveEntry::Comment(comment) => Some(comment.shop_id),
        ArchiveEntry::SavedReply(reply) => Some(reply.shop_id),
        ArchiveEntry::Event(archived) => Some(archived.event.shop_id),
        ArchiveEntry::Webhook(webhook) => Some(webhook.shop_id),
        ArchiveEntry::Credential(_)
        | ArchiveEntry::Session(_)
        | ArchiveEntry::MergedCustomer(_)
        | ArchiveEntry::Delivery(_)
        | ArchiveEntry::Attempt(_)
        | ArchiveEntry::IdempotencyRecord(_) => None,
    }
}

fn add_user(transaction: &WriteTransaction, user: &User) -> anyhow::Result<()> {
    let mut users = UserTables::open(transaction)?;
    let shop = user.shop_id;
    ensure!(users.find(shop, user.id)?.is_none(), "the shop {shop} has a user {} already", user.id);
    ensure!(users.find_by_email(shop, &user.email)?.is_none(), "two users have one e-mail address");
    users.add(user)
}

fn add_credential(
    transaction: &WriteTransaction,
    shop: ShopId,
    credential: &Credential,
) -> anyhow::Result<()> {
    require(&transaction.open_table(USERS)?, shop, credential.user_id.get())?;
    let present = credentials::credential(transaction, shop, credential.user_id)?;
    ensure!(present.is_none(), "a user has two credentials");
    credentials::write(transaction, shop, credential)
}

fn add_customer(transaction: &WriteTransaction, customer: &Customer) -> anyhow::Result<()> {
    let mut customers = CustomerTables::open(transaction)?;
    let (shop, id) = (customer.shop_id, customer.id);
    ensure!(!customers.is_taken(shop, id)?, "the shop {shop} has a customer {id} already");
    let same = customers.find_by_email(shop, customer.email.as_deref())?;
    ensure!(same.is_none(), "two customers have one e-mail address");
    customers.add(customer)
}

fn add_merged_customer(
    transaction: &WriteTransaction,
    shop: ShopId,
    MergedCustomer { id, into }: MergedCustomer,
) -> anyhow::Result<()> {
    let mut customers = CustomerTables::open(transaction)?;
    ensure!(!customers.is_taken(shop, id)?, "the shop {shop} has a customer {id} already");
    customers.find(shop, into)?.context("a customer was merged into a missing one")?;
    customers.note_merged(shop, id, into)
}

fn add_ticket(transaction: &WriteTransaction, snapshot: &TicketSnapshot) -> anyhow::Result<()> {
    let TicketSnapshot { ticket, human_ticket } = snapshot;
    let shop = ticket.shop_id;
    require(&transaction.open_table(CUSTOMERS)?, shop, ticket.customer_id.get())?;
    if let Some(user) = ticket.assigned_to {
        require(&transaction.open_table(USERS)?, shop, user.get())?;
    }
    let mut tickets = TicketTables::open(transaction)?;
    tickets.require_free(shop, ticket.id)?;
    tickets.add(ticket)?;
    match human_ticket {
        Some(human_ticket) => HumanTicketTables::open(transaction)?.add(shop, ticket.id, human_ticket),
        None => Ok(()),
    }
}

fn add_comment(transaction: &WriteTransaction, comment: &Comment) -> anyhow::Result<()> {
    let shop = comment.shop_id;
    require(&transaction.open_table(TICKETS)?, shop, comment.ticket_id.get())?;
    if let Some(user) = comment.author_id {
        require(&transaction.open_table(USERS)?, shop, user.get())?;
    }
    comments::add(&mut transaction.open_table(COMMENTS)?, &mut transaction.open_table(COMMENT_IDS)?, comment)
}
