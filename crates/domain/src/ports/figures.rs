use async_trait::async_trait;

use crate::{Day, DayFigures, OpenTickets, ShopId, StorageError};

/// Counts a shop's tickets for figures. Callers pass only shops that exist.
///
/// A ticket or a comment is of a day if its id is in [`Day::ids`](crate::Day::ids). So a store needs no
/// index by time. A time is of a day if it is in [`Day::times`](crate::Day::times). Both ranges include
/// their beginning and exclude their end.
///
/// - **FIGURE-1** `opened` is the number of the shop's tickets of the day that have a human ticket, open or
///   closed.
/// - **FIGURE-2** `first_answers` holds each ticket of the shop that has a human ticket, and whose first
///   answer is of the day. The ticket may be older than the day. An answer is a comment from the shop that
///   is not a note. The first one has the smallest id.
/// - **FIGURE-3** `closed` is the number of the shop's human tickets that are closed, and were closed at a
///   time of the day.
/// - **FIGURE-4** `entries` is the number of the shop's tickets of the day, with or without a human ticket,
///   plus its comments of the day, plus `closed`. If that is more than `at_most`, `count_day` returns
///   `None`. A store does not read many more rows of the day than `at_most`.
/// - **FIGURE-5** `count_open_tickets` counts the shop's open tickets: all, by channel, and by assignee.
///   `None` is the assignee of a ticket without one. It returns the channels and the assignees with the
///   most tickets, at most [`OpenTickets::MAX_GROUPS`](crate::OpenTickets::MAX_GROUPS) each, the largest
///   first. Equal ones are in any order.
/// - **FIGURE-6** `count_open_tickets` counts `at_most` open tickets. If there are more, it counts any of
///   them, and reads no more.
///
/// The numbers of one call may be read one after another, while the shop changes.
#[async_trait]
pub trait FigureStore: Send + Sync {
    /// Counts what happened on a day, if that is at most this many tickets, comments and closings.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_day(
        &self,
        shop: ShopId,
        day: Day,
        at_most: u64,
    ) -> Result<Option<DayFigures>, StorageError>;

    /// Counts the open tickets, at most this many.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_open_tickets(&self, shop: ShopId, at_most: u64) -> Result<OpenTickets, StorageError>;
}
