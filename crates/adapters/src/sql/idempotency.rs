//! Idempotency records: their table and its rows.

use diesel::prelude::{Insertable, Queryable, Selectable};
use hexdesk_domain::{
    CustomerId, Fingerprint, IdempotencyKey, IdempotencyRecord, IdempotencyRequest, Receipt, ShopId,
    Timestamp,
};

use super::types::StoredTimestamp;
use super::{CorruptRow, customer_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    idempotency_records (shop_id, idempotency_key, operation) {
        shop_id -> BigInt,
        operation -> Text,
        idempotency_key -> Text,
        fingerprint -> Binary,
        receipt -> Binary,
        customer_id -> Nullable<BigInt>,
        created_at -> Instant,
    }
}

/// The record of an earlier request with the same idempotency key.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = idempotency_records)]
pub(crate) struct RecordedAnswer {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) receipt: Vec<u8>,
}

/// An idempotency record, to insert and to read.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
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
    /// Creates the record of an operation of the shop.
    pub(crate) fn new(shop: ShopId, request: &IdempotencyRequest, receipt: Receipt, at: Timestamp) -> Self {
        Self {
            shop_id: shop.get(),
            operation: request.operation.clone(),
            idempotency_key: request.key.as_str().to_owned(),
            fingerprint: request.fingerprint.0.to_vec(),
            receipt: receipt.response,
            customer_id: receipt.customer_id.map(CustomerId::get),
            created_at: StoredTimestamp(at),
        }
    }
}

impl TryFrom<IdempotencyRow> for IdempotencyRecord {
    type Error = CorruptRow;

    fn try_from(row: IdempotencyRow) -> Result<Self, Self::Error> {
        const CORRUPT: CorruptRow = CorruptRow("idempotency record");
        Ok(Self {
            operation: row.operation,
            key: IdempotencyKey::parse(&row.idempotency_key).map_err(|_| CORRUPT)?,
            fingerprint: Fingerprint(row.fingerprint.try_into().map_err(|_| CORRUPT)?),
            receipt: Receipt {
                response: row.receipt,
                customer_id: row.customer_id.map(customer_id).transpose()?,
            },
            requested_at: row.created_at.0,
        })
    }
}
