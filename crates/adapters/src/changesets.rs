//! What an update writes into the row it changes: the columns that are `None` stay, those
//! that are `Some(None)` are emptied.

use diesel::prelude::AsChangeset;
use hexdesk_domain::{CustomerChanges, TicketChanges, Timestamp, UserChanges, UserId, fold_email};

use crate::schema::{customers, tickets, users};
use crate::sql_types::{StoredTexts, StoredTimestamp};

/// Of a ticket's row.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = tickets)]
pub(crate) struct TicketChangeset {
    assigned_to: Option<Option<i64>>,
    name: Option<Option<String>>,
    tags: Option<StoredTexts>,
    contact_reason: Option<Option<String>>,
    language_code: Option<Option<String>>,
    is_opened: Option<bool>,
    unread_count: Option<i32>,
}

impl From<TicketChanges> for TicketChangeset {
    fn from(changes: TicketChanges) -> Self {
        // In full, so that no change is forgotten.
        let TicketChanges { assigned_to, name, tags, contact_reason, language_code, is_opened, unread_count } =
            changes;
        Self {
            assigned_to: assigned_to.map(|user| user.map(UserId::get)),
            name,
            tags: tags.map(StoredTexts),
            contact_reason,
            language_code,
            is_opened,
            unread_count,
        }
    }
}

/// Of a ticket's row, when it is opened or closed: the human ticket is with it. The number of
/// one that is new is the database's affair.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = tickets)]
pub(crate) struct HumanTicketChangeset {
    human_ticket_opened_at: Option<StoredTimestamp>,
    human_ticket_closed_at: Option<Option<StoredTimestamp>>,
}

impl HumanTicketChangeset {
    /// `is_opened` is what the update says, if anything; a ticket that is so already stays as
    /// it is.
    pub(crate) fn new(was_opened: bool, is_opened: Option<bool>, time: Timestamp) -> Self {
        let time = StoredTimestamp(time);
        match (was_opened, is_opened) {
            (false, Some(true)) => {
                Self { human_ticket_opened_at: Some(time), human_ticket_closed_at: Some(None) }
            }
            (true, Some(false)) => Self { human_ticket_closed_at: Some(Some(time)), ..Self::default() },
            _ => Self::default(),
        }
    }
}

/// Of a customer's row.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = customers)]
pub(crate) struct CustomerChangeset {
    email: Option<Option<String>>,
    email_folded: Option<Option<String>>,
    phone_number: Option<Option<String>>,
    first_name: Option<Option<String>>,
    last_name: Option<Option<String>>,
    full_name: Option<Option<String>>,
    shopify_id: Option<Option<String>>,
    wordpress_id: Option<Option<String>>,
    fb_user_id: Option<Option<String>>,
    ig_user_id: Option<Option<String>>,
    whatsapp_id: Option<Option<String>>,
}

impl From<CustomerChanges> for CustomerChangeset {
    fn from(changes: CustomerChanges) -> Self {
        // In full, so that no change is forgotten.
        let CustomerChanges {
            email,
            phone_number,
            first_name,
            last_name,
            full_name,
            shopify_id,
            wordpress_id,
            fb_user_id,
            ig_user_id,
            whatsapp_id,
        } = changes;
        Self {
            email_folded: email.as_ref().map(|email| email.as_deref().map(fold_email)),
            email,
            phone_number,
            first_name,
            last_name,
            full_name,
            shopify_id,
            wordpress_id,
            fb_user_id,
            ig_user_id,
            whatsapp_id,
        }
    }
}

/// Of a user's row, but for `deactivated_at`, which hangs on what was there.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = users)]
pub(crate) struct UserChangeset {
    email: Option<String>,
    email_folded: Option<String>,
    first_name: Option<Option<String>>,
    last_name: Option<Option<String>>,
    full_name: Option<Option<String>>,
}

impl From<UserChanges> for UserChangeset {
    fn from(changes: UserChanges) -> Self {
        let UserChanges { email, first_name, last_name, full_name, is_active: _ } = changes;
        Self { email_folded: email.as_deref().map(fold_email), email, first_name, last_name, full_name }
    }
}
