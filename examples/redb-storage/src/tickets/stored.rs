//! The stored form of a ticket.

use anyhow::Context;
use hexdesk_domain::{CustomerId, ShopId, Ticket, TicketId, UserId};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, timestamp};
use crate::tables::{Json, NumberInShop};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredTicket {
    customer_id: i64,
    channel: String,
    name: Option<String>,
    thread_id: Option<String>,
    email_used: Option<String>,
    date: i64,
    last_message: Option<String>,
    last_message_time: i64,
    contact_reason: Option<String>,
    assigned_to: Option<i64>,
    is_opened: bool,
    unread_count: i32,
    tags: Vec<String>,
    language_code: Option<String>,
    via: Option<String>,
    version: i64,
}

impl StoredTicket {
    pub(crate) fn of(ticket: Ticket) -> Self {
        Self {
            customer_id: ticket.customer_id.get(),
            channel: ticket.channel,
            name: ticket.name,
            thread_id: ticket.thread_id,
            email_used: ticket.email_used,
            date: ticket.date.unix_millis(),
            last_message: ticket.last_message,
            last_message_time: ticket.last_message_time.unix_millis(),
            contact_reason: ticket.contact_reason,
            assigned_to: ticket.assigned_to.map(UserId::get),
            is_opened: ticket.is_opened,
            unread_count: ticket.unread_count,
            tags: ticket.tags,
            language_code: ticket.language_code,
            via: ticket.via,
            version: ticket.version,
        }
    }

    pub(crate) fn into_ticket(self, shop_id: ShopId, id: TicketId) -> anyhow::Result<Ticket> {
        let user = |number| UserId::new(number).context("a stored user number is out of range");
        Ok(Ticket {
            id,
            shop_id,
            customer_id: CustomerId::new(self.customer_id)
                .context("a stored customer number is out of range")?,
            channel: self.channel,
            name: self.name,
            thread_id: self.thread_id,
            email_used: self.email_used,
            date: timestamp(self.date)?,
            last_message: self.last_message,
            last_message_time: timestamp(self.last_message_time)?,
            contact_reason: self.contact_reason,
            assigned_to: self.assigned_to.map(user).transpose()?,
            is_opened: self.is_opened,
            unread_count: self.unread_count,
            tags: self.tags,
            language_code: self.language_code,
            via: self.via,
            version: self.version,
        })
    }
}

/// Decodes the ticket stored under this id of the shop.
pub(super) fn ticket(shop: ShopId, id: i64, stored: &[u8]) -> anyhow::Result<Ticket> {
    let id = TicketId::new(id).context("a stored ticket id is out of range")?;
    decode::<StoredTicket>(stored)?.into_ticket(shop, id)
}

/// Returns the shop's ticket with this id.
pub(crate) fn find(
    tickets: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    id: TicketId,
) -> anyhow::Result<Option<Ticket>> {
    tickets.get((shop.get(), id.get()))?.map(|stored| ticket(shop, id.get(), stored.value())).transpose()
}
