//! Counts for figures.

use async_trait::async_trait;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{Day, DayFigures, FigureStore, OpenTickets, ShopId, StorageError};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use crate::sql::figures::{AnswerRow, EntriesRow, collect, entries, first_answers, one_more, open_tickets};
use crate::sql::types::{Instant, StoredTimestamp};

#[async_trait]
impl FigureStore for PostgresStorage {
    async fn count_day(
        &self,
        shop: ShopId,
        day: Day,
        at_most: u64,
    ) -> Result<Option<DayFigures>, StorageError> {
        self.connections
            .run("count_day", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                count_day(connection, shop, day, at_most).await
            })
            .await
    }

    async fn count_open_tickets(&self, shop: ShopId, at_most: u64) -> Result<OpenTickets, StorageError> {
        self.connections
            .run("count_open_tickets", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let rows = diesel::sql_query(open_tickets('$', "TRUE"))
                    .bind::<BigInt, _>(shop.get())
                    .bind::<BigInt, _>(i64::try_from(at_most).unwrap_or(i64::MAX))
                    .load(connection)
                    .await?;
                Ok(collect(rows)?)
            })
            .await
    }
}

async fn count_day(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    day: Day,
    at_most: u64,
) -> Result<Option<DayFigures>, Failure> {
    let (ids, times) = (day.ids(), day.times());
    let counted: EntriesRow = diesel::sql_query(entries('$'))
        .bind::<BigInt, _>(shop.get())
        .bind::<BigInt, _>(ids.start)
        .bind::<BigInt, _>(ids.end)
        .bind::<Instant, _>(StoredTimestamp(times.start))
        .bind::<Instant, _>(StoredTimestamp(times.end))
        .bind::<BigInt, _>(one_more(at_most))
        .get_result(connection)
        .await?;
    let Some(figures) = counted.into_figures(at_most) else { return Ok(None) };
    let answers: Vec<AnswerRow> = diesel::sql_query(first_answers('$', "TRUE"))
        .bind::<BigInt, _>(shop.get())
        .bind::<BigInt, _>(ids.start)
        .bind::<BigInt, _>(ids.end)
        .load(connection)
        .await?;
    let first_answers = answers.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Some(DayFigures { first_answers, ..figures }))
}
