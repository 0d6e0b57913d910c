//! API keys: their table and its rows.

use std::collections::BTreeSet;

use diesel::prelude::{Insertable, Queryable, Selectable};
use hexdesk_domain::{ApiKey, KeyNumber, NewApiKey, Scope, SecretHash, ShopId, UserId};

use super::types::StoredTimestamp;
use super::{CorruptRow, shop_id, user_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    api_keys (shop_id, number) {
        shop_id -> BigInt,
        number -> BigInt,
        secret_hash -> Binary,
        scopes -> Text,
        user_id -> Nullable<BigInt>,
        created_at -> Instant,
        expires_at -> Nullable<Instant>,
        revoked_at -> Nullable<Instant>,
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
        Self {
            shop_id: shop.get(),
            number,
            secret_hash: key.secret_hash.0.to_vec(),
            scopes: joined(&key.scopes),
            user_id: key.user_id.map(UserId::get),
            created_at: StoredTimestamp(key.stamp.time),
            expires_at: key.expires_at.map(StoredTimestamp),
            revoked_at: None,
        }
    }
}

impl From<ApiKey> for ApiKeyRow {
    fn from(key: ApiKey) -> Self {
        Self {
            shop_id: key.shop_id.get(),
            number: key.number.get(),
            secret_hash: key.secret_hash.0.to_vec(),
            scopes: joined(&key.scopes),
            user_id: key.user_id.map(UserId::get),
            created_at: StoredTimestamp(key.created_at),
            expires_at: key.expires_at.map(StoredTimestamp),
            revoked_at: key.revoked_at.map(StoredTimestamp),
        }
    }
}

fn joined(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
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
