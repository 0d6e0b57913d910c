//! Users: their table, its rows, and the columns that an update changes.

use diesel::prelude::{AsChangeset, Insertable, Queryable, Selectable};
use hexdesk_domain::{NewUser, ShopId, User, UserId, fold_email};
use serde::{Deserialize, Serialize};

use super::types::StoredTimestamp;
use super::{CorruptRow, shop_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    users (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        email -> Text,
        email_folded -> Text,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        full_name -> Nullable<Text>,
        created_at -> Instant,
        deactivated_at -> Nullable<Instant>,
    }
}

/// A user, to read, and to insert with its folded e-mail address.
#[derive(Debug, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
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

/// A user to insert. `id` is `None` until the shop's counter has numbered it.
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

/// Everything about a user except the number and the time of creation, to update a row.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
pub(crate) struct UserValues {
    email: String,
    email_folded: String,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    deactivated_at: Option<StoredTimestamp>,
}

impl From<User> for UserValues {
    fn from(user: User) -> Self {
        Self {
            email_folded: fold_email(&user.email),
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            full_name: user.full_name,
            deactivated_at: user.deactivated_at.map(StoredTimestamp),
        }
    }
}
