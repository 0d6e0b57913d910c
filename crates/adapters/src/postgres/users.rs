use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    Attempt, NewUser, Once, Page, ShopId, StorageError, User, UserFilter, UserId, UserStore,
};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use crate::rows::{NewUserRow, UserRow};
use crate::schema::users;

/// How often to number anew when the number turns out to be taken.
const ATTEMPTS: usize = 3;

#[async_trait]
impl UserStore for PostgresStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        _once: Option<Once<CreateUserOutcome>>,
    ) -> Result<Attempt<CreateUserOutcome>, StorageError> {
        let row = NewUserRow::new(shop, user);
        self.connections
            .run("create_user", Effect::Write, async move |connection: &mut AsyncPgConnection| match row.id {
                Some(id) => {
                    connection.transaction(async |connection| create_with_id(connection, row, id).await).await
                }
                None => create(connection, row).await,
            })
            .await
            .map(Attempt::Ran)
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
        _: ShopId,
        _: UserFilter,
        _: Option<UserId>,
        _: u32,
    ) -> Result<Page<User, UserId>, StorageError> {
        todo!()
    }
    async fn count_users(&self, _: ShopId, _: UserFilter) -> Result<u64, StorageError> {
        todo!()
    }
    async fn update_user(
        &self,
        _: ShopId,
        _: UserId,
        _: UserUpdate,
        _: Option<Once<UpdateUserOutcome>>,
    ) -> Result<Attempt<UpdateUserOutcome>, StorageError> {
        todo!()
    }
}

async fn create(connection: &mut AsyncPgConnection, row: NewUserRow) -> Result<CreateUserOutcome, Failure> {
    for _ in 0..ATTEMPTS {
        if let Some(created) = insert(connection, &row).await? {
            return Ok(CreateUserOutcome::Created(created));
        }
        if let Some(existing) = find_same(connection, &row).await? {
            return Ok(CreateUserOutcome::EmailTaken(existing));
        }
    }
    Err(Failure::Surprise("a user is in the way and is not there"))
}

/// Must run in a transaction.
async fn create_with_id(
    connection: &mut AsyncPgConnection,
    row: NewUserRow,
    id: i64,
) -> Result<CreateUserOutcome, Failure> {
    // Nobody else numbers a user until the sequence has been moved past this one.
    connection.batch_execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").await?;
    if let Some(created) = insert(connection, &row).await? {
        diesel::sql_query(
            "SELECT setval('users_id_seq', greatest($1, (SELECT last_value FROM users_id_seq)))",
        )
        .bind::<BigInt, _>(id)
        .execute(connection)
        .await?;
        return Ok(CreateUserOutcome::Created(created));
    }
    let existing = find_same(connection, &row).await?;
    Ok(existing.map_or(CreateUserOutcome::IdTaken, CreateUserOutcome::EmailTaken))
}

async fn insert(connection: &mut AsyncPgConnection, row: &NewUserRow) -> Result<Option<User>, Failure> {
    // All rows, although there is one: the first arrives before the statement has committed.
    let inserted = diesel::insert_into(users::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(UserRow::as_select())
        .get_results(connection)
        .await?
        .pop();
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
