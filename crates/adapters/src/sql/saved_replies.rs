//! Saved replies: their table and its rows.

use diesel::prelude::{Insertable, Queryable, Selectable};
use hexdesk_domain::{SavedReply, SavedReplyId};

use super::types::StoredTimestamp;
use super::{CorruptRow, shop_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    saved_replies (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        title -> Text,
        text -> Text,
        created_at -> Instant,
        changed_at -> Instant,
    }
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = saved_replies, treat_none_as_default_value = false)]
pub(crate) struct SavedReplyRow {
    shop_id: i64,
    id: i64,
    title: String,
    text: String,
    created_at: StoredTimestamp,
    changed_at: StoredTimestamp,
}

impl From<SavedReply> for SavedReplyRow {
    fn from(reply: SavedReply) -> Self {
        Self {
            shop_id: reply.shop_id.get(),
            id: reply.id.get(),
            title: reply.title,
            text: reply.text,
            created_at: StoredTimestamp(reply.created_at),
            changed_at: StoredTimestamp(reply.changed_at),
        }
    }
}

impl TryFrom<SavedReplyRow> for SavedReply {
    type Error = CorruptRow;

    fn try_from(row: SavedReplyRow) -> Result<Self, Self::Error> {
        Ok(Self {
            shop_id: shop_id(row.shop_id)?,
            id: SavedReplyId::new(row.id).ok_or(CorruptRow("id of a saved reply"))?,
            title: row.title,
            text: row.text,
            created_at: row.created_at.0,
            changed_at: row.changed_at.0,
        })
    }
}
