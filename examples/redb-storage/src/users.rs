mod tables;
mod update;

use async_trait::async_trait;
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    DeferredClaim, IdempotentOutcome, NewEvent, NewUser, Page, PageSize, ShopId, StorageError, User,
    UserFilter, UserId, UserStore,
};
use redb::{ReadableTable, WriteTransaction};

use crate::encoding::{decode, find};
use crate::events::EventLog;
use crate::numbers::count_of;
use crate::tables::{IDEMPOTENCY_RECORDS, Json, NumberInShop, USERS, all_after};
use crate::{RedbStorage, idempotency, shops};

pub(crate) use tables::UserTables;

#[async_trait]
impl UserStore for RedbStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        claim: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError> {
        self.write("create_user", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || create(transaction, shop, user))
        })
        .await
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        self.read("find_user", move |transaction| find(&transaction.open_table(USERS)?, shop, id.get())).await
    }

    async fn list_users(
        &self,
        shop: ShopId,
        filter: UserFilter,
        after: Option<UserId>,
        size: PageSize,
    ) -> Result<Page<User, UserId>, StorageError> {
        self.read("list_users", move |transaction| {
            let users = transaction.open_table(USERS)?;
            Page::try_from_list(matching(&users, shop, filter, after)?, size, |user| user.id)
        })
        .await
    }

    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError> {
        self.read("count_users", move |transaction| {
            count_of(matching(&transaction.open_table(USERS)?, shop, filter, None)?)
        })
        .await
    }

    async fn update_user(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        claim: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError> {
        self.write("update_user", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || update::update(transaction, shop, id, update))
        })
        .await
    }
}

fn create(transaction: &WriteTransaction, shop: ShopId, new: NewUser) -> anyhow::Result<CreateUserOutcome> {
    shops::require(transaction, shop)?;
    let mut users = UserTables::open(transaction)?;
    if let Some(user) = users.find_by_email(shop, &new.email)? {
        return Ok(CreateUserOutcome::EmailTaken(user));
    }
    let id = match new.id {
        Some(id) if users.find(shop, id)?.is_some() => return Ok(CreateUserOutcome::IdTaken),
        Some(id) => id,
        None => users.next_id(shop)?,
    };
    let stamp = new.stamp;
    let user = new.into_user(shop, id);
    users.add(&user)?;
    EventLog::open(transaction)?.append(shop, stamp, [NewEvent::user_created(user.clone())])?;
    Ok(CreateUserOutcome::Created(user))
}

/// Returns the shop's users that match the filter, after this one.
fn matching(
    users: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    filter: UserFilter,
    after: Option<UserId>,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<User>>> {
    let list = users.range(all_after(shop, after.map_or(0, UserId::get)))?.map(move |entry| {
        let (_, stored) = entry?;
        decode(stored.value())
    });
    Ok(list.filter(move |user: &anyhow::Result<User>| user.as_ref().map_or(true, |it| filter.matches(it))))
}

/// Whether the shop has this user and the user is active. New assignees and users of new keys must
/// be active.
pub(crate) fn is_active(
    users: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    id: UserId,
) -> anyhow::Result<bool> {
    Ok(refused(users, shop, Some(id), (), ())?.is_none())
}

/// Returns `not_found` or `deactivated` if this is not an active user of the shop, and `None` if it
/// is, or if there is no user to check.
pub(crate) fn refused<T>(
    users: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    id: Option<UserId>,
    not_found: T,
    deactivated: T,
) -> anyhow::Result<Option<T>> {
    let Some(id) = id else { return Ok(None) };
    Ok(match find::<User>(users, shop, id.get())? {
        None => Some(not_found),
        Some(user) => (!user.is_active()).then_some(deactivated),
    })
}
