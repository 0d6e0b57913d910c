//! Users.

pub(super) mod active;
mod update;

use anyhow::Context;
use async_trait::async_trait;
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, IdempotentOutcome, NewUser, Page, PageSize, ShopId, Snapshot,
    StorageError, User, UserFilter, UserId, UserStore, fold_email,
};

use super::counters::{Counted, next_number, note_number};
use super::events::append::EventLog;
use super::idempotency::attempt;
use super::{SqliteStorage, pages};
use crate::sql::schema::users;
use crate::sql::users::{NewUserRow, UserRow};

#[async_trait]
impl UserStore for SqliteStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        claim: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError> {
        let stamp = user.stamp;
        let row = NewUserRow::new(shop, user);
        self.write("create_user", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| create(connection, shop, row, stamp))
        })
        .await
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        self.read("find_user", move |connection| {
            let row = users::table
                .find((shop.get(), id.get()))
                .select(UserRow::as_select())
                .get_result(connection)
                .optional()?;
            Ok(row.map(TryInto::try_into).transpose()?)
        })
        .await
    }

    async fn list_users(
        &self,
        shop: ShopId,
        filter: UserFilter,
        after: Option<UserId>,
        size: PageSize,
    ) -> Result<Page<User, UserId>, StorageError> {
        self.read("list_users", move |connection| {
            let mut list = users::table
                .filter(users::shop_id.eq(shop.get()))
                .order(users::id)
                .select(UserRow::as_select())
                .into_boxed::<Sqlite>();
            if let Some(after) = after {
                list = list.filter(users::id.gt(after.get()));
            }
            let rows = pages::page_of(meeting(list, filter), size)
                .load_iter::<UserRow, DefaultLoadingMode>(connection)?;
            pages::read(rows, size, |row| User::try_from(row).map(|user| (user.id, user)))
        })
        .await
    }

    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError> {
        self.read("count_users", move |connection| {
            let count = users::table.filter(users::shop_id.eq(shop.get())).count().into_boxed::<Sqlite>();
            let count: i64 = meeting(count, filter).get_result(connection)?;
            Ok(u64::try_from(count)?)
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
        self.write("update_user", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| {
                update::update(connection, shop, id, update)
            })
        })
        .await
    }
}

fn create(
    connection: &mut SqliteConnection,
    shop: ShopId,
    mut row: NewUserRow,
    stamp: AuditStamp,
) -> anyhow::Result<CreateUserOutcome> {
    let same_email = users::table
        .filter(users::shop_id.eq(row.shop_id).and(users::email_folded.eq(&row.email_folded)))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()?;
    if let Some(existing) = same_email {
        return Ok(CreateUserOutcome::EmailTaken(existing.try_into()?));
    }
    match row.id {
        Some(number) if number_is_taken(connection, shop, number)? => {
            return Ok(CreateUserOutcome::IdTaken);
        }
        Some(number) => note_number(connection, shop, Counted::Users, number)?,
        None => {
            let number = next_number(connection, shop, Counted::Users)?;
            UserId::new(number).context("the shop has no user numbers left")?;
            row.id = Some(number);
        }
    }
    let created = diesel::insert_into(users::table)
        .values(row)
        .returning(UserRow::as_returning())
        .get_result(connection)?;
    let created: User = created.try_into()?;
    let snapshot = Snapshot::User(Box::new(created.clone()));
    EventLog::default().append(connection, shop, EventKind::UserCreated, snapshot, stamp)?;
    Ok(CreateUserOutcome::Created(created))
}

fn number_is_taken(connection: &mut SqliteConnection, shop: ShopId, number: i64) -> QueryResult<bool> {
    diesel::select(exists(users::table.find((shop.get(), number)))).get_result(connection)
}

/// Adds every condition of the filter to a query of users.
fn meeting<ST>(
    mut query: users::BoxedQuery<'static, Sqlite, ST>,
    filter: UserFilter,
) -> users::BoxedQuery<'static, Sqlite, ST> {
    // Lists every field: a new condition does not compile until it is used.
    let UserFilter { email, is_active } = filter;
    if let Some(email) = email {
        query = query.filter(users::email_folded.eq(fold_email(&email)));
    }
    match is_active {
        Some(true) => query.filter(users::deactivated_at.is_null()),
        Some(false) => query.filter(users::deactivated_at.is_not_null()),
        None => query,
    }
}
