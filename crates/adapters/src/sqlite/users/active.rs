//! Checks that a user is active.

use diesel::dsl::exists;
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
    let Some(user) = user else { return Ok(true) };
    let user = users::table.find((shop.get(), user.get())).filter(users::deactivated_at.is_null());
    diesel::select(exists(user)).get_result(connection)
}
