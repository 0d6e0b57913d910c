//! The rows of the tables, and their way to and from the domain.
//!
//! A stored row that the domain would not allow is an error, never a silent repair.

use diesel::prelude::{Insertable, Queryable, Selectable};
use hexdesk_domain::{
    ApiKey, Comment, CommentId, CommentView, Customer, CustomerId, ExternalIds, HumanTicket, HumanTicketId,
    IdempotencyClaim, IdempotencyRequest, KeyNumber, NewApiKey, NewComment, NewCustomer, NewUser, Receipt,
    SecretHash, Shop, ShopDomain, ShopId, Ticket, TicketId, TicketSnapshot, TicketView, Timestamp, User,
    UserId, fold_email,
};

use serde::{Deserialize, Serialize};

use crate::schema::{api_keys, comments, customers, idempotency_records, shops, tickets, users};
use crate::sql_types::{StoredTexts, StoredTimestamp};
use hexdesk_domain::ports::TicketCreation;

/// A stored value that the domain does not allow.
#[derive(Debug, thiserror::Error)]
#[error("the database holds a {0} that Hexdesk never writes")]
pub(crate) struct CorruptRow(pub(crate) &'static str);

pub(crate) fn shop_id(number: i64) -> Result<ShopId, CorruptRow> {
    ShopId::new(number).ok_or(CorruptRow("shop number"))
}

pub(crate) fn user_id(number: Option<i64>) -> Result<Option<UserId>, CorruptRow> {
    number.map(|number| UserId::new(number).ok_or(CorruptRow("user number"))).transpose()
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

#[derive(Debug, Queryable, Selectable, Serialize, Deserialize)]
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
    wordpress_id: Option<String>,
    prestashop_id: Option<String>,
    fb_user_id: Option<String>,
    ig_user_id: Option<String>,
    ig_pseudo: Option<String>,
    whatsapp_id: Option<String>,
    zendesk_id: Option<String>,
    freshdesk_id: Option<String>,
    gmelius_id: Option<String>,
    gorgias_id: Option<String>,
    number_of_orders: i32,
    cms: Option<String>,
    cms_created_at: Option<StoredTimestamp>,
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
            external_ids: ExternalIds {
                shopify_id: row.shopify_id,
                wordpress_id: row.wordpress_id,
                prestashop_id: row.prestashop_id,
                fb_user_id: row.fb_user_id,
                ig_user_id: row.ig_user_id,
                ig_pseudo: row.ig_pseudo,
                whatsapp_id: row.whatsapp_id,
                zendesk_id: row.zendesk_id,
                freshdesk_id: row.freshdesk_id,
                gmelius_id: row.gmelius_id,
                gorgias_id: row.gorgias_id,
            },
            number_of_orders: row.number_of_orders,
            cms: row.cms,
            cms_created_at: row.cms_created_at.map(|time| time.0),
            created_at: row.created_at.0,
        })
    }
}

impl From<Customer> for CustomerRow {
    fn from(customer: Customer) -> Self {
        let ids = customer.external_ids;
        Self {
            shop_id: customer.shop_id.get(),
            id: customer.id.get(),
            email: customer.email,
            phone_number: customer.phone_number,
            first_name: customer.first_name,
            last_name: customer.last_name,
            full_name: customer.full_name,
            shopify_id: ids.shopify_id,
            wordpress_id: ids.wordpress_id,
            prestashop_id: ids.prestashop_id,
            fb_user_id: ids.fb_user_id,
            ig_user_id: ids.ig_user_id,
            ig_pseudo: ids.ig_pseudo,
            whatsapp_id: ids.whatsapp_id,
            zendesk_id: ids.zendesk_id,
            freshdesk_id: ids.freshdesk_id,
            gmelius_id: ids.gmelius_id,
            gorgias_id: ids.gorgias_id,
            number_of_orders: customer.number_of_orders,
            cms: customer.cms,
            cms_created_at: customer.cms_created_at.map(StoredTimestamp),
            created_at: StoredTimestamp(customer.created_at),
        }
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
    pub(crate) wordpress_id: Option<String>,
    pub(crate) prestashop_id: Option<String>,
    pub(crate) fb_user_id: Option<String>,
    pub(crate) ig_user_id: Option<String>,
    pub(crate) ig_pseudo: Option<String>,
    pub(crate) whatsapp_id: Option<String>,
    pub(crate) zendesk_id: Option<String>,
    pub(crate) freshdesk_id: Option<String>,
    pub(crate) gmelius_id: Option<String>,
    pub(crate) gorgias_id: Option<String>,
    pub(crate) number_of_orders: i32,
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
            shopify_id: customer.external_ids.shopify_id,
            wordpress_id: customer.external_ids.wordpress_id,
            prestashop_id: customer.external_ids.prestashop_id,
            fb_user_id: customer.external_ids.fb_user_id,
            ig_user_id: customer.external_ids.ig_user_id,
            ig_pseudo: customer.external_ids.ig_pseudo,
            whatsapp_id: customer.external_ids.whatsapp_id,
            zendesk_id: customer.external_ids.zendesk_id,
            freshdesk_id: customer.external_ids.freshdesk_id,
            gmelius_id: customer.external_ids.gmelius_id,
            gorgias_id: customer.external_ids.gorgias_id,
            number_of_orders: 0,
            created_at: StoredTimestamp(customer.stamp.time),
        }
    }
}

#[derive(Debug, Queryable, Selectable, Serialize, Deserialize)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    shop_id: i64,
    id: i64,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    created_at: StoredTimestamp,
    deactivated_at: Option<StoredTimestamp>,
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
            deactivated_at: row.deactivated_at.map(|time| time.0),
        })
    }
}

impl From<User> for UserRow {
    fn from(user: User) -> Self {
        Self {
            shop_id: user.shop_id.get(),
            id: user.id.get(),
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            full_name: user.full_name,
            created_at: StoredTimestamp(user.created_at),
            deactivated_at: user.deactivated_at.map(StoredTimestamp),
        }
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
            created_at: StoredTimestamp(user.stamp.time),
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
    user_id: Option<i64>,
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
            user_id: key.user_id.map(UserId::get),
            created_at: StoredTimestamp(key.stamp.time),
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
            user_id: user_id(row.user_id)?,
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|time| time.0),
            revoked_at: row.revoked_at.map(|time| time.0),
        })
    }
}

/// A ticket with its human ticket, to insert and to read.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, Serialize, Deserialize)]
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
    pub(crate) version: i64,
    // Within JSON they are left out if they are not there: see `beginning_of_snapshot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) human_ticket_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) human_ticket_opened_at: Option<StoredTimestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) human_ticket_closed_at: Option<StoredTimestamp>,
}

/// The row of a ticket that has no human ticket yet.
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
            version: ticket.version,
            human_ticket_id: None,
            human_ticket_opened_at: None,
            human_ticket_closed_at: None,
        }
    }
}

impl From<TicketSnapshot> for TicketRow {
    fn from(TicketSnapshot { ticket, human_ticket }: TicketSnapshot) -> Self {
        Self {
            human_ticket_id: human_ticket.as_ref().map(|human_ticket| human_ticket.id.get()),
            human_ticket_opened_at: human_ticket
                .as_ref()
                .map(|human_ticket| StoredTimestamp(human_ticket.opened_at)),
            human_ticket_closed_at: human_ticket
                .and_then(|human_ticket| human_ticket.closed_at)
                .map(StoredTimestamp),
            ..ticket.into()
        }
    }
}

impl TryFrom<TicketRow> for TicketSnapshot {
    type Error = CorruptRow;

    fn try_from(row: TicketRow) -> Result<Self, Self::Error> {
        let human_ticket = match (row.human_ticket_id, row.human_ticket_opened_at, row.human_ticket_closed_at)
        {
            (None, None, None) => None,
            (Some(id), Some(opened_at), closed_at) => Some(HumanTicket {
                id: HumanTicketId::new(id).ok_or(CorruptRow("human ticket number"))?,
                opened_at: opened_at.0,
                closed_at: closed_at.map(|time| time.0),
            }),
            _ => return Err(CorruptRow("human ticket")),
        };
        let ticket = Ticket {
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
            assigned_to: user_id(row.assigned_to)?,
            is_opened: row.is_opened,
            unread_count: row.unread_count,
            tags: row.tags.0,
            language_code: row.language_code,
            via: row.via,
            version: row.version,
        };
        Ok(Self { ticket, human_ticket })
    }
}

/// A ticket with the people it names, as one row.
pub(crate) type TicketViewRow = (TicketRow, CustomerRow, Option<UserRow>);

/// What the domain makes of a [`TicketViewRow`].
pub(crate) fn ticket_view((ticket, customer, assignee): TicketViewRow) -> Result<TicketView, CorruptRow> {
    let TicketSnapshot { ticket, human_ticket } = ticket.try_into()?;
    Ok(TicketView {
        ticket,
        customer: customer.try_into()?,
        assignee: assignee.map(TryInto::try_into).transpose()?,
        human_ticket,
    })
}

/// A comment, to insert and to read.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = comments, treat_none_as_default_value = false)]
pub(crate) struct CommentRow {
    pub(crate) shop_id: i64,
    pub(crate) id: i64,
    pub(crate) ticket_id: i64,
    pub(crate) text: String,
    pub(crate) time: StoredTimestamp,
    pub(crate) channel: String,
    pub(crate) is_from_shop: bool,
    pub(crate) author_id: Option<i64>,
    pub(crate) subject: Option<String>,
    pub(crate) from_email: Option<String>,
    pub(crate) to_emails: StoredTexts,
    pub(crate) attachments: Option<String>,
    pub(crate) tags: StoredTexts,
}

impl CommentRow {
    /// The row of a comment on a ticket of this channel.
    pub(crate) fn new(comment: NewComment, ticket_channel: String) -> Self {
        Self {
            shop_id: comment.shop_id.get(),
            id: comment.id.get(),
            ticket_id: comment.ticket_id.get(),
            text: comment.text,
            time: StoredTimestamp(comment.time),
            channel: comment.channel.unwrap_or(ticket_channel),
            is_from_shop: comment.is_from_shop,
            author_id: comment.author_id.map(UserId::get),
            subject: comment.subject,
            from_email: comment.from_email,
            to_emails: StoredTexts(comment.to_emails),
            attachments: comment.attachments,
            tags: StoredTexts(comment.tags),
        }
    }

    /// The row of a comment that is there.
    pub(crate) fn of(comment: Comment) -> Self {
        Self {
            shop_id: comment.shop_id.get(),
            id: comment.id.get(),
            ticket_id: comment.ticket_id.get(),
            text: comment.text,
            time: StoredTimestamp(comment.time),
            channel: comment.channel,
            is_from_shop: comment.is_from_shop,
            author_id: comment.author_id.map(UserId::get),
            subject: comment.subject,
            from_email: comment.from_email,
            to_emails: StoredTexts(comment.to_emails),
            attachments: comment.attachments,
            tags: StoredTexts(comment.tags),
        }
    }

    pub(crate) fn into_comment(self, customer_id: CustomerId) -> Result<Comment, CorruptRow> {
        Ok(Comment {
            id: CommentId::new(self.id).ok_or(CorruptRow("comment id"))?,
            shop_id: shop_id(self.shop_id)?,
            ticket_id: TicketId::new(self.ticket_id).ok_or(CorruptRow("ticket id"))?,
            customer_id,
            text: self.text,
            time: self.time.0,
            channel: self.channel,
            is_from_shop: self.is_from_shop,
            author_id: user_id(self.author_id)?,
            subject: self.subject,
            from_email: self.from_email,
            to_emails: self.to_emails.0,
            attachments: self.attachments,
            tags: self.tags.0,
        })
    }
}

/// A comment with the people it names, as one row.
pub(crate) type CommentViewRow = (CommentRow, CustomerRow, Option<UserRow>);

/// What the domain makes of a [`CommentViewRow`].
pub(crate) fn comment_view((comment, customer, author): CommentViewRow) -> Result<CommentView, CorruptRow> {
    let customer: Customer = customer.try_into()?;
    Ok(CommentView {
        comment: comment.into_comment(customer.id)?,
        customer,
        author: author.map(TryInto::try_into).transpose()?,
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
#[diesel(table_name = idempotency_records, treat_none_as_default_value = false)]
pub(crate) struct IdempotencyRow {
    pub(crate) shop_id: i64,
    pub(crate) operation: String,
    pub(crate) idempotency_key: String,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) receipt: Vec<u8>,
    pub(crate) customer_id: Option<i64>,
    pub(crate) created_at: StoredTimestamp,
}

impl IdempotencyRow {
    /// The record that an operation of the shop leaves.
    pub(crate) fn new(shop: ShopId, request: &IdempotencyRequest, receipt: Receipt, at: Timestamp) -> Self {
        Self {
            shop_id: shop.get(),
            operation: request.operation.clone(),
            idempotency_key: request.key.as_str().to_owned(),
            fingerprint: request.fingerprint.0.to_vec(),
            receipt: receipt.answer,
            customer_id: receipt.customer_id.map(CustomerId::get),
            created_at: StoredTimestamp(at),
        }
    }

    /// The record that a ticket's creation leaves, if its caller named a key.
    pub(crate) fn of(creation: &TicketCreation) -> Option<Self> {
        let IdempotencyClaim { request, receipt } = creation.idempotency.as_ref()?;
        Some(Self::new(creation.ticket.shop_id, request, receipt.clone(), creation.stamp.time))
    }
}
