//! The rows of the tables, and their way to and from the domain.
//!
//! A stored row that the domain would not allow is an error, never a silent repair.

use diesel::prelude::{Insertable, Queryable, Selectable};
use hexdesk_domain::{
    ApiKey, Customer, CustomerId, HumanTicket, HumanTicketId, KeyNumber, NewApiKey, NewCustomer, NewUser,
    SecretHash, Shop, ShopDomain, ShopId, Ticket, TicketId, TicketView, User, UserId, fold_email,
};

use crate::schema::{api_keys, customers, human_tickets, idempotency_records, shops, tickets, users};
use crate::sql_types::{StoredTexts, StoredTimestamp};
use hexdesk_domain::ports::TicketCreation;

/// A stored value that the domain does not allow.
#[derive(Debug, thiserror::Error)]
#[error("the database holds a {0} that Hexdesk never writes")]
pub(crate) struct CorruptRow(&'static str);

fn shop_id(number: i64) -> Result<ShopId, CorruptRow> {
    ShopId::new(number).ok_or(CorruptRow("shop number"))
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = shops)]
pub(crate) struct ShopRow {
    id: i64,
    domain: String,
    created_at: StoredTimestamp,
    closed_at: Option<StoredTimestamp>,
}

impl TryFrom<ShopRow> for Shop {
    type Error = CorruptRow;

    fn try_from(row: ShopRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: shop_id(row.id)?,
            domain: ShopDomain::parse(&row.domain).map_err(|_| CorruptRow("shop domain"))?,
            created_at: row.created_at.0,
            closed_at: row.closed_at.map(|time| time.0),
        })
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = customers)]
pub(crate) struct CustomerRow {
    shop_id: i64,
    id: i64,
    email: Option<String>,
    phone_number: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    shopify_id: Option<String>,
    created_at: StoredTimestamp,
}

impl TryFrom<CustomerRow> for Customer {
    type Error = CorruptRow;

    fn try_from(row: CustomerRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: CustomerId::new(row.id).ok_or(CorruptRow("customer number"))?,
            shop_id: shop_id(row.shop_id)?,
            email: row.email,
            phone_number: row.phone_number,
            first_name: row.first_name,
            last_name: row.last_name,
            full_name: row.full_name,
            shopify_id: row.shopify_id,
            created_at: row.created_at.0,
        })
    }
}

/// A customer to insert; `id` left out where the database numbers.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = customers)]
pub(crate) struct NewCustomerRow {
    pub(crate) shop_id: i64,
    pub(crate) id: Option<i64>,
    pub(crate) email: Option<String>,
    pub(crate) email_folded: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) full_name: Option<String>,
    pub(crate) shopify_id: Option<String>,
    pub(crate) created_at: StoredTimestamp,
}

impl NewCustomerRow {
    pub(crate) fn new(shop: ShopId, customer: NewCustomer) -> Self {
        Self {
            shop_id: shop.get(),
            id: customer.id.map(CustomerId::get),
            email_folded: customer.email.as_deref().map(fold_email),
            email: customer.email,
            phone_number: customer.phone_number,
            first_name: customer.first_name,
            last_name: customer.last_name,
            full_name: customer.full_name,
            shopify_id: customer.shopify_id,
            created_at: StoredTimestamp(customer.created_at),
        }
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    shop_id: i64,
    id: i64,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    created_at: StoredTimestamp,
}

impl TryFrom<UserRow> for User {
    type Error = CorruptRow;

    fn try_from(row: UserRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: UserId::new(row.id).ok_or(CorruptRow("user number"))?,
            shop_id: shop_id(row.shop_id)?,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            full_name: row.full_name,
            created_at: row.created_at.0,
        })
    }
}

/// A user to insert; `id` left out where the database numbers.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = users)]
pub(crate) struct NewUserRow {
    pub(crate) shop_id: i64,
    pub(crate) id: Option<i64>,
    pub(crate) email: String,
    pub(crate) email_folded: String,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) full_name: Option<String>,
    pub(crate) created_at: StoredTimestamp,
}

impl NewUserRow {
    pub(crate) fn new(shop: ShopId, user: NewUser) -> Self {
        Self {
            shop_id: shop.get(),
            id: user.id.map(UserId::get),
            email_folded: fold_email(&user.email),
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            full_name: user.full_name,
            created_at: StoredTimestamp(user.created_at),
        }
    }
}

/// An API key, to insert and to read. Scopes are their names, joined by spaces.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
pub(crate) struct ApiKeyRow {
    shop_id: i64,
    number: i64,
    secret_hash: Vec<u8>,
    scopes: String,
    created_at: StoredTimestamp,
    expires_at: Option<StoredTimestamp>,
    revoked_at: Option<StoredTimestamp>,
}

impl ApiKeyRow {
    pub(crate) fn new(shop: ShopId, number: i64, key: &NewApiKey) -> Self {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        Self {
            shop_id: shop.get(),
            number,
            secret_hash: key.secret_hash.0.to_vec(),
            scopes: scopes.join(" "),
            created_at: StoredTimestamp(key.created_at),
            expires_at: key.expires_at.map(StoredTimestamp),
            revoked_at: None,
        }
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = CorruptRow;

    fn try_from(row: ApiKeyRow) -> Result<Self, Self::Error> {
        Ok(Self {
            shop_id: shop_id(row.shop_id)?,
            number: KeyNumber::new(row.number).ok_or(CorruptRow("key number"))?,
            secret_hash: SecretHash(row.secret_hash.try_into().map_err(|_| CorruptRow("key hash"))?),
            scopes: row
                .scopes
                .split_whitespace()
                .map(|scope| scope.parse().map_err(|_| CorruptRow("key scope")))
                .collect::<Result<_, _>>()?,
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|time| time.0),
            revoked_at: row.revoked_at.map(|time| time.0),
        })
    }
}

/// A ticket, to insert and to read.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = tickets, treat_none_as_default_value = false)]
pub(crate) struct TicketRow {
    pub(crate) shop_id: i64,
    pub(crate) id: i64,
    pub(crate) customer_id: i64,
    pub(crate) channel: String,
    pub(crate) name: Option<String>,
    pub(crate) thread_id: Option<String>,
    pub(crate) email_used: Option<String>,
    pub(crate) date: StoredTimestamp,
    pub(crate) last_message: Option<String>,
    pub(crate) last_message_time: StoredTimestamp,
    pub(crate) contact_reason: Option<String>,
    pub(crate) assigned_to: Option<i64>,
    pub(crate) is_opened: bool,
    pub(crate) unread_count: i32,
    pub(crate) tags: StoredTexts,
    pub(crate) language_code: Option<String>,
    pub(crate) via: Option<String>,
}

impl From<Ticket> for TicketRow {
    fn from(ticket: Ticket) -> Self {
        Self {
            shop_id: ticket.shop_id.get(),
            id: ticket.id.get(),
            customer_id: ticket.customer_id.get(),
            channel: ticket.channel,
            name: ticket.name,
            thread_id: ticket.thread_id,
            email_used: ticket.email_used,
            date: StoredTimestamp(ticket.date),
            last_message: ticket.last_message,
            last_message_time: StoredTimestamp(ticket.last_message_time),
            contact_reason: ticket.contact_reason,
            assigned_to: ticket.assigned_to.map(UserId::get),
            is_opened: ticket.is_opened,
            unread_count: ticket.unread_count,
            tags: StoredTexts(ticket.tags),
            language_code: ticket.language_code,
            via: ticket.via,
        }
    }
}

impl TryFrom<TicketRow> for Ticket {
    type Error = CorruptRow;

    fn try_from(row: TicketRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: TicketId::new(row.id).ok_or(CorruptRow("ticket id"))?,
            shop_id: shop_id(row.shop_id)?,
            customer_id: CustomerId::new(row.customer_id).ok_or(CorruptRow("customer number"))?,
            channel: row.channel,
            name: row.name,
            thread_id: row.thread_id,
            email_used: row.email_used,
            date: row.date.0,
            last_message: row.last_message,
            last_message_time: row.last_message_time.0,
            contact_reason: row.contact_reason,
            assigned_to: row
                .assigned_to
                .map(|number| UserId::new(number).ok_or(CorruptRow("user number")))
                .transpose()?,
            is_opened: row.is_opened,
            unread_count: row.unread_count,
            tags: row.tags.0,
            language_code: row.language_code,
            via: row.via,
        })
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = human_tickets)]
pub(crate) struct HumanTicketRow {
    id: i64,
    opened_at: StoredTimestamp,
    closed_at: Option<StoredTimestamp>,
}

impl TryFrom<HumanTicketRow> for HumanTicket {
    type Error = CorruptRow;

    fn try_from(row: HumanTicketRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: HumanTicketId::new(row.id).ok_or(CorruptRow("human ticket number"))?,
            opened_at: row.opened_at.0,
            closed_at: row.closed_at.map(|time| time.0),
        })
    }
}

/// A ticket with the people it names, as one row.
pub(crate) type TicketViewRow = (TicketRow, CustomerRow, Option<UserRow>, Option<HumanTicketRow>);

/// What the domain makes of a [`TicketViewRow`].
pub(crate) fn ticket_view(row: TicketViewRow) -> Result<TicketView, CorruptRow> {
    let (ticket, customer, assignee, human_ticket) = row;
    Ok(TicketView {
        ticket: ticket.try_into()?,
        customer: customer.try_into()?,
        assignee: assignee.map(TryInto::try_into).transpose()?,
        human_ticket: human_ticket.map(TryInto::try_into).transpose()?,
    })
}

/// What an earlier request with the same idempotency key left.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = idempotency_records)]
pub(crate) struct RecordedAnswer {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) receipt: Vec<u8>,
}

/// An idempotency record to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = idempotency_records)]
pub(crate) struct IdempotencyRow {
    pub(crate) shop_id: i64,
    pub(crate) operation: String,
    pub(crate) idempotency_key: String,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) receipt: Vec<u8>,
    pub(crate) subject_id: i64,
    pub(crate) created_at: StoredTimestamp,
}

impl IdempotencyRow {
    /// The record that the creation leaves, if its caller named a key.
    pub(crate) fn of(creation: &TicketCreation) -> Option<Self> {
        let claim = creation.idempotency.as_ref()?;
        Some(Self {
            shop_id: creation.ticket.shop_id.get(),
            operation: claim.request.operation.clone(),
            idempotency_key: claim.request.key.as_str().to_owned(),
            fingerprint: claim.request.fingerprint.0.to_vec(),
            receipt: claim.receipt.0.clone(),
            subject_id: creation.ticket.id.get(),
            created_at: StoredTimestamp(creation.created_at),
        })
    }
}
