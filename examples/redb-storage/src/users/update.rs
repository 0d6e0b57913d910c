//! Updates a user.

use hexdesk_domain::ports::{UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{NewEvent, ShopId, UserId};
use redb::WriteTransaction;

use super::tables::UserTables;
use crate::events::EventLog;
use crate::{api_keys, credentials};

/// Makes the changes in this transaction. All checks come before all writes, so that a
/// refused update writes nothing.
pub(super) fn update(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: UserId,
    update: UserUpdate,
) -> anyhow::Result<UpdateUserOutcome> {
    let UserUpdate { changes, stamp } = update;
    let mut users = UserTables::open(transaction)?;
    let Some(before) = users.find(shop, id)? else { return Ok(UpdateUserOutcome::UserNotFound) };
    let deactivates = changes.is_active == Some(false);
    let mut user = before.clone();
    changes.apply(&mut user, stamp.time);
    if users.find_by_email(shop, &user.email)?.is_some_and(|other| other.id != id) {
        return Ok(UpdateUserOutcome::EmailTaken);
    }

    let mut events = Vec::new();
    if user != before {
        users.replace(&before, &user)?;
        events.push(NewEvent::user_updated(user.clone()));
    }
    if deactivates {
        events.extend(api_keys::revoke_all_of(transaction, shop, id, stamp.time)?);
        // Opens the tables of users itself.
        drop(users);
        credentials::lock_out(transaction, shop, id)?;
    }
    if !events.is_empty() {
        EventLog::open(transaction)?.append(shop, stamp, events)?;
    }
    Ok(UpdateUserOutcome::Updated(user))
}
