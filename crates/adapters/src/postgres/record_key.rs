//! Names an idempotency record.

use diesel::prelude::*;
use hexdesk_domain::{IdempotencyRequest, ShopId};

use crate::sql::schema::idempotency_records;

/// The key of an idempotency record. Transactions claim records in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Queryable, Selectable)]
#[diesel(table_name = idempotency_records)]
pub(super) struct RecordKey {
    pub(super) shop_id: i64,
    pub(super) operation: String,
    pub(super) idempotency_key: String,
}

impl RecordKey {
    pub(super) fn new(shop: ShopId, request: &IdempotencyRequest) -> Self {
        Self {
            shop_id: shop.get(),
            operation: request.operation.clone(),
            idempotency_key: request.key.as_str().to_owned(),
        }
    }
}
