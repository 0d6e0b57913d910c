//! What a ticket's update writes into its row.

use diesel::prelude::AsChangeset;
use hexdesk_domain::{TicketChanges, UserId};

use crate::schema::tickets;
use crate::sql_types::StoredTexts;

/// Leaves the columns that are `None`, and empties those that are `Some(None)`.
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
