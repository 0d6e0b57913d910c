//! Fills in the forms in which older versions' e-mail addresses and phone numbers are compared. SQL
//! cannot compute them.

/// The migration that adds or changes the folded forms.
pub(crate) const CHANGES_FOLDED_FORMS: &str = "20261129000040";

/// Defines `fill_in`, for connections of one database. It must run in the transaction of the migration.
macro_rules! define_fill_in {
    ($connection:ty) => {
        /// Folds the phone numbers that are not folded, and the e-mail addresses whose form has changed.
        /// If two customers or two users now have the same address, the second keeps its old form: it is
        /// still found by number and by its other values.
        pub(crate) fn fill_in(connection: &mut $connection) -> diesel::QueryResult<()> {
            use diesel::prelude::*;
            use hexdesk_domain::{fold_email, fold_phone_number};

            use crate::sql::schema::{customers, users};

            // The condition holds for few addresses: those beyond ASCII, and those with Punycode.
            let is_special = || {
                diesel::dsl::sql::<diesel::sql_types::Bool>(
                    "(octet_length(email) > length(email) OR lower(email) LIKE '%xn--%')",
                )
            };
            let mut last = (i64::MIN, i64::MIN);
            loop {
                let (shop, id) = (customers::shop_id, customers::id);
                let rows: Vec<(i64, i64, Option<String>)> = customers::table
                    .filter(
                        customers::phone_number.is_not_null().and(customers::phone_number_folded.is_null()),
                    )
                    // The first condition alone can use an index.
                    .filter(shop.ge(last.0).and(shop.gt(last.0).or(id.gt(last.1))))
                    .order((shop, id))
                    .select((shop, id, customers::phone_number))
                    .limit(1_000)
                    .load(connection)?;
                let Some((shop, id, _)) = rows.last() else { break };
                last = (*shop, *id);
                for (shop, id, phone_number) in rows {
                    diesel::update(customers::table.find((shop, id)))
                        .set(
                            customers::phone_number_folded.eq(phone_number.as_deref().map(fold_phone_number)),
                        )
                        .execute(connection)?;
                }
            }
            let addresses: Vec<(i64, i64, Option<String>)> = customers::table
                .filter(customers::email.is_not_null().and(is_special()))
                .order((customers::shop_id, customers::id))
                .select((customers::shop_id, customers::id, customers::email))
                .load(connection)?;
            for (shop, id, email) in addresses {
                let folded = email.as_deref().map(fold_email);
                let same = customers::table
                    .filter(customers::shop_id.eq(shop).and(customers::email_folded.eq(&folded)));
                if !diesel::select(diesel::dsl::exists(same)).get_result(connection)? {
                    diesel::update(customers::table.find((shop, id)))
                        .set(customers::email_folded.eq(&folded))
                        .execute(connection)?;
                }
            }
            let addresses: Vec<(i64, i64, String)> = users::table
                .filter(is_special())
                .order((users::shop_id, users::id))
                .select((users::shop_id, users::id, users::email))
                .load(connection)?;
            for (shop, id, email) in addresses {
                let folded = fold_email(&email);
                let same = users::table.filter(users::shop_id.eq(shop).and(users::email_folded.eq(&folded)));
                if !diesel::select(diesel::dsl::exists(same)).get_result(connection)? {
                    diesel::update(users::table.find((shop, id)))
                        .set(users::email_folded.eq(&folded))
                        .execute(connection)?;
                }
            }
            Ok(())
        }
    };
}

#[cfg(feature = "postgres")]
pub(crate) mod postgres {
    use diesel_async::AsyncPgConnection;
    use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;

    define_fill_in!(AsyncConnectionWrapper<AsyncPgConnection>);
}

#[cfg(feature = "sqlite")]
pub(crate) mod sqlite {
    define_fill_in!(diesel::sqlite::SqliteConnection);
}
