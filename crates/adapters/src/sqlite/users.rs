use anyhow::Context;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    Attempt, NewUser, Once, Page, ShopId, StorageError, User, UserFilter, UserId, UserStore,
};

use super::SqliteStorage;
use super::counters::{Counted, next_number, note_number};
use crate::rows::{NewUserRow, UserRow};
use crate::schema::users;

#[async_trait]
impl UserStore for SqliteStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        _once: Option<Once<CreateUserOutcome>>,
    ) -> Result<Attempt<CreateUserOutcome>, StorageError> {
        let row = NewUserRow::new(shop, user);
        self.write("create_user", move |connection| create(connection, shop, row)).await.map(Attempt::Ran)
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        self.read("find_user", move |connection| {
            let row = users::table
                .find((shop.get(), id.get()))
                .select(UserRow::as_select())
                .first(connection)
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

fn create(
    connection: &mut SqliteConnection,
    shop: ShopId,
    mut row: NewUserRow,
) -> anyhow::Result<CreateUserOutcome> {
    let same_email = users::table
        .filter(users::shop_id.eq(row.shop_id).and(users::email_folded.eq(&row.email_folded)))
        .select(UserRow::as_select())
        .first(connection)
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
    Ok(CreateUserOutcome::Created(created.try_into()?))
}

fn number_is_taken(connection: &mut SqliteConnection, shop: ShopId, number: i64) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(users::table.find((shop.get(), number)))).get_result(connection)
}
