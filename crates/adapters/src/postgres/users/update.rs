//! Changes a user.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    ApiKey, ApiKeySnapshot, AuditStamp, EventKind, ShopId, Snapshot, User, UserId, fold_email,
};

use crate::postgres::credentials::lock_out;
use crate::postgres::errors::Failure;
use crate::postgres::events::append::append;
use crate::sql::api_keys::ApiKeyRow;
use crate::sql::events::NewEventRow;
use crate::sql::schema::{api_keys, users};
use crate::sql::types::StoredTimestamp;
use crate::sql::users::{UserRow, UserValues};

/// The maximum number of updates. A concurrent change can take the same address.
const ATTEMPTS: usize = 3;

/// Changes the shop's user. Must run in a transaction.
pub(super) async fn update(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: UserId,
    update: UserUpdate,
) -> Result<UpdateUserOutcome, Failure> {
    let UserUpdate { changes, stamp } = update;
    let user = users::table.find((shop.get(), id.get()));
    // Waits for a concurrent change of the user or a new key of the user, and sees its result.
    let row =
        user.select(UserRow::as_select()).for_no_key_update().get_result(connection).await.optional()?;
    let Some(row) = row else { return Ok(UpdateUserOutcome::UserNotFound) };
    let before = User::try_from(row)?;
    let mut after = before.clone();
    changes.clone().apply(&mut after, stamp.time);
    let of_shop = users::table.filter(users::shop_id.eq(shop.get()));
    for _ in 0..ATTEMPTS {
        if let Some(email) = &changes.email {
            let same = of_shop.filter(users::email_folded.eq(fold_email(email)).and(users::id.ne(id.get())));
            if diesel::select(exists(same)).get_result(connection).await? {
                return Ok(UpdateUserOutcome::EmailTaken);
            }
        }
        let change = diesel::update(user).set(UserValues::from(after.clone()));
        // A savepoint: a conflict rolls back this statement only.
        match connection.transaction(async |connection| change.execute(connection).await).await {
            Ok(_) => {
                let mut events = Vec::new();
                if after != before {
                    let snapshot = Snapshot::User(Box::new(after.clone()));
                    events.push(NewEventRow::new(shop, EventKind::UserUpdated, snapshot, stamp)?);
                }
                if changes.is_active == Some(false) {
                    events.extend(revoke_keys(connection, shop, id, stamp).await?);
                    lock_out(connection, shop, id).await?;
                }
                append(connection, events).await?;
                return Ok(UpdateUserOutcome::Updated(after));
            }
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Unexpected("a conflicting user cannot be read"))
}

/// Revokes every unrevoked key of the user, and returns the events.
async fn revoke_keys(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    user: UserId,
    stamp: AuditStamp,
) -> Result<Vec<NewEventRow>, Failure> {
    let unrevoked = api_keys::table
        .filter(api_keys::shop_id.eq(shop.get()).and(api_keys::user_id.eq(user.get())))
        .filter(api_keys::revoked_at.is_null());
    let revoked = diesel::update(unrevoked)
        .set(api_keys::revoked_at.eq(StoredTimestamp(stamp.time)))
        .returning(ApiKeyRow::as_select())
        .get_results(connection)
        .await?;
    let mut keys = revoked.into_iter().map(ApiKey::try_from).collect::<Result<Vec<_>, _>>()?;
    keys.sort_by_key(|key| key.number);
    let events = keys.iter().map(|key| {
        let snapshot = Snapshot::ApiKey(Box::new(ApiKeySnapshot::from(key)));
        NewEventRow::new(shop, EventKind::ApiKeyRevoked, snapshot, stamp)
    });
    Ok(events.collect::<Result<_, _>>()?)
}
