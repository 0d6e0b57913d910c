//! Checks whether a user is active.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{ShopId, UserId};

use crate::sql::schema::users;

/// Whether this is an active user of the shop. `None` counts as active.
pub(in crate::sqlite) fn is_active_user_if_any(
    connection: &mut SqliteConnection,
    shop: ShopId,
    user: Option<UserId>,
) -> QueryResult<bool> {
    Ok(refused(connection, shop, user, (), ())?.is_none())
}

/// Returns `not_found` or `deactivated` if this is not an active user of the shop. `None` counts as
/// active.
pub(in crate::sqlite) fn refused<T>(
    connection: &mut SqliteConnection,
    shop: ShopId,
    user: Option<UserId>,
    not_found: T,
    deactivated: T,
) -> QueryResult<Option<T>> {
    let Some(user) = user else { return Ok(None) };
    let is_active = users::table.find((shop.get(), user.get())).select(users::deactivated_at.is_null());
    Ok(match is_active.get_result::<bool>(connection).optional()? {
        None => Some(not_found),
        Some(is_active) => (!is_active).then_some(deactivated),
    })
}
