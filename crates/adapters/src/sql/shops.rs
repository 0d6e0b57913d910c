//! Shops: their table and its rows.

use diesel::prelude::{Insertable, Queryable, Selectable};
use hexdesk_domain::{Shop, ShopDomain};
use serde::{Deserialize, Serialize};

use super::types::StoredTimestamp;
use super::{CorruptRow, shop_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    shops (id) {
        id -> BigInt,
        domain -> Text,
        created_at -> Instant,
        closed_at -> Nullable<Instant>,
        reopen_on_reply -> Bool,
    }
}

#[derive(Debug, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = shops, treat_none_as_default_value = false)]
pub(crate) struct ShopRow {
    pub(crate) id: i64,
    pub(crate) domain: String,
    pub(crate) created_at: StoredTimestamp,
    pub(crate) closed_at: Option<StoredTimestamp>,
    pub(crate) reopen_on_reply: bool,
}

impl From<Shop> for ShopRow {
    fn from(shop: Shop) -> Self {
        let Shop { id, domain, created_at, closed_at, reopen_on_reply } = shop;
        Self {
            id: id.get(),
            domain: domain.as_str().to_owned(),
            created_at: StoredTimestamp(created_at),
            closed_at: closed_at.map(StoredTimestamp),
            reopen_on_reply,
        }
    }
}

impl TryFrom<ShopRow> for Shop {
    type Error = CorruptRow;

    fn try_from(row: ShopRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: shop_id(row.id)?,
            domain: ShopDomain::parse(&row.domain).map_err(|_| CorruptRow("shop domain"))?,
            created_at: row.created_at.0,
            closed_at: row.closed_at.map(|time| time.0),
            reopen_on_reply: row.reopen_on_reply,
        })
    }
}
