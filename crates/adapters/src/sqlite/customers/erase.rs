//! Erases a customer with all their data.
//!
//! A customer can have any number of tickets, and all other writes wait for a transaction. So an
//! erasure takes several. The first one begins it: from its commit on, the customer and everything
//! that belongs to them are hidden (see [`presence`](crate::sqlite::presence)), and their e-mail
//! address and phone number are free. It also takes the first [step](mod@step), which is enough for most
//! customers. The [`Eraser`](eraser::Eraser) takes the others, in any process that has the database
//! open.

mod budget;
pub(in crate::sqlite) mod eraser;
mod step;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::Erased;
use hexdesk_domain::{AuditStamp, CustomerId, ShopId};

use crate::sql::customers::CustomerValues;
use crate::sql::events::StampRow;
use crate::sql::schema::{customers, erasures};
use crate::sqlite::presence::is_present;
use crate::sqlite::search::index;
use step::{Stepped, step};

/// The beginning of an erasure.
enum Begun {
    /// The shop has no such customer.
    CustomerNotFound,
    /// One step was enough.
    Finished(Erased),
    /// The customer is hidden. Rows are left.
    Unfinished,
}

/// Begins an erasure and takes its first step. The customer's row stays as long as tickets refer to
/// it, without any personal data.
fn begin(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: CustomerId,
    stamp: AuditStamp,
) -> anyhow::Result<Begun> {
    let customer = customers::table.find((shop.get(), id.get()));
    if !diesel::select(exists(customer.filter(is_present()))).get_result(connection)? {
        return Ok(Begun::CustomerNotFound);
    }
    let StampRow { actor_key, actor_user, time, request_id } = stamp.into();
    diesel::insert_into(erasures::table)
        .values((
            (erasures::shop_id.eq(shop.get()), erasures::customer_id.eq(id.get())),
            (erasures::actor_key.eq(actor_key), erasures::actor_user.eq(actor_user)),
            (erasures::time.eq(time), erasures::request_id.eq(request_id)),
            erasures::steps.eq(0),
            (erasures::tickets.eq(0), erasures::human_tickets.eq(0), erasures::comments.eq(0)),
            (erasures::idempotency_records.eq(0), erasures::records_read_until.eq(i64::MIN)),
        ))
        .execute(connection)?;
    index::remove_customer(connection, shop, id)?;
    diesel::update(customer).set(CustomerValues::default()).execute(connection)?;
    Ok(match step(connection, shop, id)? {
        Stepped::Finished(erased) => Begun::Finished(erased),
        Stepped::Unfinished | Stepped::Missing => Begun::Unfinished,
    })
}
