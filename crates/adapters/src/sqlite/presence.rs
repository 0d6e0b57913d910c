//! Hides the customers that are being erased, and everything that belongs to them.
//!
//! An erasure begins with a row in `erasures`, and ends when the customer's last row is deleted. In
//! between, the rows still exist. Connections that read see views instead of the tables, so no
//! query of theirs can forget the condition. The connection that writes cannot use views. There,
//! every lookup of a customer or ticket needs a condition from this module.

use diesel::dsl::{auto_type, exists, not};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{CustomerId, ShopId};

use crate::sql::schema::{customers, erasures, tickets};

/// Views with the names of tables, for one connection. SQLite merges them into the queries. While
/// no erasure runs, they cost one look at `erasures` per statement: the conditions after `OR` and
/// `AND` are not evaluated.
pub(in crate::sqlite) const VIEWS: &str = "
    CREATE TEMP VIEW customers AS SELECT * FROM main.customers AS customers
        WHERE NOT EXISTS (SELECT 1 FROM main.erasures)
            OR (customers.shop_id, customers.id) NOT IN (SELECT shop_id, customer_id FROM main.erasures);
    CREATE TEMP VIEW tickets AS SELECT * FROM main.tickets AS tickets
        WHERE NOT EXISTS (SELECT 1 FROM main.erasures)
            OR (tickets.shop_id, tickets.customer_id) NOT IN (SELECT shop_id, customer_id FROM main.erasures);
    CREATE TEMP VIEW events AS
        SELECT shop_id, change, part, kind, subject_id, actor_key, actor_user, time, customer_id,
            CASE WHEN EXISTS (SELECT 1 FROM main.erasures)
                AND (shop_id, customer_id) IN (SELECT shop_id, customer_id FROM main.erasures)
            THEN NULL ELSE snapshot END AS snapshot
        FROM main.events AS events;";

/// Whether a row of `customers` is a customer who is not being erased.
#[auto_type]
pub(in crate::sqlite) fn is_present() -> _ {
    not(exists(
        erasures::table
            .filter(erasures::shop_id.eq(customers::shop_id).and(erasures::customer_id.eq(customers::id))),
    ))
}

/// Whether the customer of a row of `tickets` is not being erased.
#[auto_type]
pub(in crate::sqlite) fn has_present_customer() -> _ {
    not(exists(
        erasures::table.filter(
            erasures::shop_id.eq(tickets::shop_id).and(erasures::customer_id.eq(tickets::customer_id)),
        ),
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
