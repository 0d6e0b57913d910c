//! Users.

mod update;

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, IdempotentOutcome, NewUser, Page, PageSize, ShopId, Snapshot,
    StorageError, User, UserFilter, UserId, UserStore, fold_email,
};

use super::counters::{Numbered, next_number, note_number};
use super::errors::{Effect, Failure, count_from};
use super::events::append::append_one;
use super::idempotency::attempt;
use super::{PostgresStorage, pages};
use crate::sql::page;
use crate::sql::schema::users;
use crate::sql::users::{NewUserRow, UserRow};

/// The maximum number of inserts. A conflicting row may be gone before it is read.
const ATTEMPTS: usize = 3;

#[async_trait]
impl UserStore for PostgresStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        claim: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError> {
        let stamp = user.stamp;
        let row = NewUserRow::new(shop, user);
        self.connections
            .run("create_user", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    create(connection, shop, row, stamp).await
                })
                .await
            })
            .await
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        self.connections
            .run("find_user", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let row = users::table
                    .find((shop.get(), id.get()))
                    .select(UserRow::as_select())
                    .get_result(connection)
                    .await
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
        self.connections
            .run("list_users", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let list = users::table
                    .filter(users::shop_id.eq(shop.get()))
                    .order(users::id)
                    .select(UserRow::as_select())
                    .limit(page::rows_to_ask_for(size))
                    .into_boxed::<Pg>();
                let mut list = meeting(list, filter);
                if let Some(id) = after {
                    list = list.filter(users::id.gt(id.get()));
                }
                let rows = list.load_stream::<UserRow>(connection).await?;
                pages::read(rows, size, |row| User::try_from(row).map(|user| (user.id, user))).await
            })
            .await
    }

    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError> {
        self.connections
            .run("count_users", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let count = users::table.filter(users::shop_id.eq(shop.get())).count().into_boxed::<Pg>();
                count_from::<i64>(meeting(count, filter).get_result(connection).await?)
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
        self.connections
            .run("update_user", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    update::update(connection, shop, id, update).await
                })
                .await
            })
            .await
    }
}

/// Must run in a transaction.
async fn create(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    mut row: NewUserRow,
    stamp: AuditStamp,
) -> Result<CreateUserOutcome, Failure> {
    let requested = row.id;
    for _ in 0..ATTEMPTS {
        if let Some(existing) = find_same(connection, &row).await? {
            return Ok(CreateUserOutcome::EmailTaken(existing));
        }
        match requested {
            Some(id) if is_taken(connection, shop, id).await? => {
                // The one with the number may have come with the address since the first look.
                let existing = find_same(connection, &row).await?;
                return Ok(existing.map_or(CreateUserOutcome::IdTaken, CreateUserOutcome::EmailTaken));
            }
            Some(id) => note_number(connection, shop, Numbered::Users, id).await?,
            None => row.id = Some(next_number(connection, shop, Numbered::Users).await?),
        }
        if let Some(created) = insert(connection, &row).await? {
            let snapshot = Snapshot::User(Box::new(created.clone()));
            append_one(connection, shop, EventKind::UserCreated, snapshot, stamp).await?;
            return Ok(CreateUserOutcome::Created(created));
        }
    }
    Err(Failure::Unexpected("a conflicting user cannot be read"))
}

async fn is_taken(connection: &mut AsyncPgConnection, shop: ShopId, id: i64) -> QueryResult<bool> {
    diesel::select(exists(users::table.find((shop.get(), id)))).get_result(connection).await
}

async fn insert(connection: &mut AsyncPgConnection, row: &NewUserRow) -> Result<Option<User>, Failure> {
    let inserted = diesel::insert_into(users::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(UserRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(inserted.map(TryInto::try_into).transpose()?)
}

/// The shop's user with the same e-mail address.
async fn find_same(connection: &mut AsyncPgConnection, row: &NewUserRow) -> Result<Option<User>, Failure> {
    let same = users::table
        .filter(users::shop_id.eq(row.shop_id).and(users::email_folded.eq(&row.email_folded)))
        .select(UserRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(same.map(TryInto::try_into).transpose()?)
}

/// Adds every condition of the filter to a query of users.
fn meeting<ST>(
    mut query: users::BoxedQuery<'static, Pg, ST>,
    filter: UserFilter,
) -> users::BoxedQuery<'static, Pg, ST> {
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
