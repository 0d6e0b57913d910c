//! A list that waits for its first event.

use std::time::Duration;

use actix_web::{HttpRequest, web};
use hexdesk_domain::{Event, EventFilter, EventPosition, Page, Principal};
use tokio::time::{Instant, sleep_until};

use super::StreamPlaces;
use super::key_check::KeyCheck;
use crate::admission;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

/// The longest time that a list waits for an event.
pub(in crate::events) const MAX_WAIT_SECONDS: i64 = 30;

/// A request that waits. It counts as a stream, and not among the requests in flight.
pub(in crate::events) struct LongPoll<'a> {
    pub(in crate::events) services: &'a Started,
    pub(in crate::events) places: &'a web::Data<StreamPlaces>,
    pub(in crate::events) principal: &'a Principal,
    pub(in crate::events) request: &'a HttpRequest,
    pub(in crate::events) wait: Duration,
}

impl LongPoll<'_> {
    /// Reads until there is an event or more of the log to look at, or the time is over.
    ///
    /// # Errors
    /// 429 if too many streams are open, 401 if the key was revoked meanwhile, and the errors of `read`.
    pub(in crate::events) async fn first_page(
        &self,
        filter: &EventFilter,
        mut after: Option<EventPosition>,
        read: impl AsyncFn(Option<EventPosition>) -> Result<Page<Event, EventPosition>, Problem>,
    ) -> Result<Page<Event, EventPosition>, Problem> {
        let Self { services, principal, request, .. } = *self;
        let ends = Instant::now() + self.wait;
        let mut place = self.places.take(principal)?;
        admission::extend_deadline(request, self.wait);
        let feed = services.feeds.open(&principal.shop).await.map_err(storage_problem)?;
        let mut grown = feed.grown();
        let mut key = KeyCheck::new(services.shared(), principal.clone(), request);
        loop {
            // Nothing more appears before it. Without conditions, there is nothing to skip.
            let end = match filter.has_conditions() {
                true => Some(services.events.find_log_end(principal.shop.id).await.map_err(storage_problem)?),
                false => after,
            };
            // The feed notices everything that this does not find.
            let page = read(after).await?;
            let is_over = Instant::now() >= ends || *place.stopping.borrow();
            if !page.entries.is_empty() || page.next.is_some() || is_over {
                return Ok(page);
            }
            after = after.max(end);
            admission::release(request);
            tokio::select! {
                _ = grown.changed() => {}
                _ = place.stopping.changed() => {}
                () = sleep_until(ends) => {}
            }
            if !key.is_admitted().await {
                return Err(Problem::invalid_api_key());
            }
            admission::admit_again(request, principal.shop.id).await?;
        }
    }
}
