//! Counts for figures.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{Day, DayFigures, FigureStore, OpenTickets, ShopId, StorageError};

use super::SqliteStorage;
use super::connection::interruption::{WANTED_ANSWER, WANTED_TICKET};
use crate::sql::figures::{AnswerRow, EntriesRow, collect, entries, first_answers, one_more, open_tickets};
use crate::sql::types::{Instant, StoredTimestamp};

#[async_trait]
impl FigureStore for SqliteStorage {
    async fn count_day(
        &self,
        shop: ShopId,
        day: Day,
        at_most: u64,
    ) -> Result<Option<DayFigures>, StorageError> {
        self.read("count_day", move |connection| count_day(connection, shop, day, at_most)).await
    }

    async fn count_open_tickets(&self, shop: ShopId, at_most: u64) -> Result<OpenTickets, StorageError> {
        self.read("count_open_tickets", move |connection| {
            let rows = diesel::sql_query(open_tickets('?', WANTED_TICKET))
                .bind::<BigInt, _>(shop.get())
                .bind::<BigInt, _>(i64::try_from(at_most).unwrap_or(i64::MAX))
                .load(connection)?;
            Ok(collect(rows)?)
        })
        .await
    }
}

fn count_day(
    connection: &mut SqliteConnection,
    shop: ShopId,
    day: Day,
    at_most: u64,
) -> anyhow::Result<Option<DayFigures>> {
    let (ids, times) = (day.ids(), day.times());
    let counted: EntriesRow = diesel::sql_query(entries('?'))
        .bind::<BigInt, _>(shop.get())
        .bind::<BigInt, _>(ids.start)
        .bind::<BigInt, _>(ids.end)
        .bind::<Instant, _>(StoredTimestamp(times.start))
        .bind::<Instant, _>(StoredTimestamp(times.end))
        .bind::<BigInt, _>(one_more(at_most))
        .get_result(connection)?;
    let Some(figures) = counted.into_figures(at_most) else { return Ok(None) };
    let answers: Vec<AnswerRow> = diesel::sql_query(first_answers('?', WANTED_ANSWER))
        .bind::<BigInt, _>(shop.get())
        .bind::<BigInt, _>(ids.start)
        .bind::<BigInt, _>(ids.end)
        .load(connection)?;
    let first_answers = answers.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Some(DayFigures { first_answers, ..figures }))
}
