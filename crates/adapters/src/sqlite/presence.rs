//! Hides the customers that are being erased, and everything that belongs to them.
//!
//! An erasure begins with a row in `erasures`, and ends when the customer's last row is deleted. In
//! between, the rows still exist. Meanwhile, reads use connections with [`VIEWS`] instead of the
//! tables, so no query can forget the condition. The connection that writes cannot use views.
//! There, every lookup of a customer or ticket needs a condition from this module.

use diesel::dsl::{auto_type, exists, not};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{CustomerId, ShopId};

use crate::sql::schema::{customers, erasures, tickets};

/// Views with the names of tables, for one connection. SQLite merges them into the queries, which
/// keep their indexes.
pub(in crate::sqlite) const VIEWS: &str = "
    CREATE TEMP VIEW customers AS SELECT * FROM main.customers AS customers
        WHERE (shop_id, id) NOT IN (SELECT shop_id, customer_id FROM main.erasures);
    CREATE TEMP VIEW tickets AS SELECT * FROM main.tickets AS tickets
        WHERE (shop_id, customer_id) NOT IN (SELECT shop_id, customer_id FROM main.erasures);
    CREATE TEMP VIEW events AS
        SELECT shop_id, change, part, kind, subject_id, actor_key, actor_user, time, request_id, customer_id,
            CASE WHEN (shop_id, customer_id) IN (
                SELECT shop_id, customer_id FROM main.erasures
                UNION ALL SELECT shop_id, merged.id FROM main.erasures
                    JOIN main.merged_customers AS merged USING (shop_id) WHERE merged.into_id = erasures.customer_id
            )
            THEN NULL ELSE snapshot END AS snapshot
        FROM main.events AS events;
    CREATE TEMP VIEW merged_customers AS SELECT * FROM main.merged_customers AS merged_customers
        WHERE (shop_id, into_id) NOT IN (SELECT shop_id, customer_id FROM main.erasures);
    CREATE TEMP VIEW idempotency_records AS SELECT * FROM main.idempotency_records AS idempotency_records
        WHERE customer_id IS NULL OR (shop_id, customer_id) NOT IN (
            SELECT shop_id, customer_id FROM main.erasures
            UNION ALL SELECT shop_id, merged.id FROM main.erasures
                JOIN main.merged_customers AS merged USING (shop_id) WHERE merged.into_id = erasures.customer_id
        );";

/// Whether any customer is being erased.
pub(in crate::sqlite) fn is_anyone_being_erased(connection: &mut SqliteConnection) -> anyhow::Result<bool> {
    match diesel::select(exists(erasures::table.select(erasures::shop_id))).get_result(connection) {
        // The database is not migrated.
        Err(error) if error.to_string() == "no such table: erasures" => Ok(false),
        outcome => Ok(outcome?),
    }
}

/// Whether a row of `customers` is a customer who is not being erased. Names one column, because an
/// upgrade asks before it has added all.
#[auto_type]
pub(in crate::sqlite) fn is_present() -> _ {
    not(exists(
        erasures::table
            .filter(erasures::shop_id.eq(customers::shop_id).and(erasures::customer_id.eq(customers::id)))
            .select(erasures::shop_id),
    ))
}

/// Whether the customer of a row of `tickets` is not being erased.
#[auto_type]
pub(in crate::sqlite) fn has_present_customer() -> _ {
    not(exists(
        erasures::table
            .filter(
                erasures::shop_id.eq(tickets::shop_id).and(erasures::customer_id.eq(tickets::customer_id)),
            )
            .select(erasures::shop_id),
    ))
}

/// Whether this customer is being erased.
pub(in crate::sqlite) fn is_being_erased(
    connection: &mut SqliteConnection,
    shop: ShopId,
    customer: CustomerId,
) -> QueryResult<bool> {
    diesel::select(exists(erasures::table.find((shop.get(), customer.get())))).get_result(connection)
}
