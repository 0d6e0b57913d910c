//! Changes a user.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{EventKind, ShopId, Snapshot, User, UserId, fold_email};

use crate::sql::schema::users;
use crate::sql::users::{UserRow, UserValues};
use crate::sqlite::api_keys::revoke_keys_of_user;
use crate::sqlite::credentials::lock_out;
use crate::sqlite::events::append::EventLog;

/// Changes a user of the shop. Every refusal comes before the first write.
pub(super) fn update(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: UserId,
    update: UserUpdate,
) -> anyhow::Result<UpdateUserOutcome> {
    let UserUpdate { changes, stamp } = update;
    let user = users::table.find((shop.get(), id.get()));
    let before = user.select(UserRow::as_select()).get_result(connection).optional()?;
    let Some(before) = before else { return Ok(UpdateUserOutcome::UserNotFound) };
    let before: User = before.try_into()?;
    if let Some(email) = &changes.email
        && another_has_email(connection, shop, id, email)?
    {
        return Ok(UpdateUserOutcome::EmailTaken);
    }
    let deactivates = changes.is_active == Some(false);
    let mut after = before.clone();
    changes.apply(&mut after, stamp.time);
    let mut log = EventLog::default();
    if after != before {
        diesel::update(user).set(UserValues::from(after.clone())).execute(connection)?;
        let snapshot = Snapshot::User(Box::new(after.clone()));
        log.append(connection, shop, EventKind::UserUpdated, snapshot, stamp)?;
    }
    if deactivates {
        revoke_keys_of_user(connection, &mut log, shop, id, stamp)?;
        lock_out(connection, shop, id)?;
    }
    Ok(UpdateUserOutcome::Updated(after))
}

fn another_has_email(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: UserId,
    email: &str,
) -> QueryResult<bool> {
    let another = users::table
        .filter(users::shop_id.eq(shop.get()).and(users::email_folded.eq(fold_email(email))))
        .filter(users::id.ne(id.get()));
    diesel::select(exists(another)).get_result(connection)
}
