//! Numbers within a shop, never handed out twice.

use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl as _;
use diesel::sqlite::SqliteConnection;
use diesel::upsert::excluded;
use hexdesk_domain::ShopId;

use crate::schema::shop_counters::dsl::{counted, last_number, shop_counters, shop_id};

/// What is numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    Customers,
    Users,
    HumanTickets,
    ApiKeys,
    /// See [`event_log`](super::event_log).
    Changes,
}

impl Counted {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Users => "users",
            Self::HumanTickets => "human_tickets",
            Self::ApiKeys => "api_keys",
            Self::Changes => "changes",
        }
    }
}

/// Hands out the next number.
pub(super) fn next_number(
    connection: &mut SqliteConnection,
    shop: ShopId,
    what: Counted,
) -> QueryResult<i64> {
    diesel::insert_into(shop_counters)
        .values((shop_id.eq(shop.get()), counted.eq(what.as_str()), last_number.eq(1)))
        .on_conflict((shop_id, counted))
        .do_update()
        .set(last_number.eq(last_number + 1))
        .returning(last_number)
        .get_result(connection)
}

/// Notes a number that was asked for: those handed out from now on are larger.
pub(super) fn note_number(
    connection: &mut SqliteConnection,
    shop: ShopId,
    what: Counted,
    number: i64,
) -> QueryResult<()> {
    diesel::insert_into(shop_counters)
        .values((shop_id.eq(shop.get()), counted.eq(what.as_str()), last_number.eq(number)))
        .on_conflict((shop_id, counted))
        .do_update()
        .set(last_number.eq(excluded(last_number)))
        .filter(last_number.lt(excluded(last_number)))
        .execute(connection)?;
    Ok(())
}
