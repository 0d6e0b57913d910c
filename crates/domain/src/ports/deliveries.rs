use async_trait::async_trait;

use crate::{
    Attempt, AuditStamp, ClaimedDelivery, DeliveryRange, EventPosition, NewAttempt, Page, PageSize,
    Settlement, ShopId, StorageError, Timestamp, Webhook, WebhookId,
};

/// The deliveries of a claim, and the webhook as it was at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDeliveries {
    /// The webhook.
    pub webhook: Webhook,
    /// The claimed deliveries, in any order. Each is about another subject.
    pub deliveries: Vec<ClaimedDelivery>,
}

/// Outcome of settling a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleOutcome {
    /// The attempt was noted.
    Settled,
    /// The delivery has another claim, or does not exist. Nothing changed.
    Stale,
}

/// Outcome of a step of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// The number of events that are delivered again.
    pub deliveries: u64,
    /// The position of the last event that the step read, if it read `limit` events.
    pub next: Option<EventPosition>,
}

/// Stores deliveries: the events that a webhook still has to send. A delivery is identified by its
/// webhook and the position of its event. It is removed when it succeeds and when it is given up.
/// Its attempts stay.
///
/// # Planning
///
/// - **DELIVERY-1** Planning reads the shop's events after the webhook's place, oldest first, `limit`
///   at most. In the same transaction it adds a delivery for each event that the webhook
///   [wants](Webhook::wants), and moves the place to the last event that it read. It returns the number
///   of events that it read: 0 for a webhook that is disabled or missing. If it is less than `limit`,
///   the place is at the end of the log.
/// - **DELIVERY-2** If plans of a webhook race, each event is planned once.
///
/// # Claiming
///
/// - **DELIVERY-3** A delivery is due at the time of its planning. A claim takes due deliveries, `limit`
///   at most, those that are due longest first. Each has the event as `list_events` returns it.
/// - **DELIVERY-4** Of one subject, only the delivery of the earliest event is due. The next is due from
///   the end of the attempt with which that one succeeded or was given up.
/// - **DELIVERY-5** A claimed delivery is not claimed again before `until`. From then on it can be
///   claimed again, with the same number of attempts. No two claims of a webhook have the same number:
///   see [`WebhookHealth::next_claim`](crate::WebhookHealth::next_claim).
/// - **DELIVERY-6** Of one webhook at most [`Webhook::MAX_CLAIMED`] deliveries are claimed at the same
///   time, and never more than [`Webhook::free_claims`] allows.
/// - **DELIVERY-7** If claims race, each delivery is claimed once, and DELIVERY-6 holds.
/// - **DELIVERY-8** A delivery whose event retention has removed is removed when it would be claimed.
///
/// # Settling
///
/// - **DELIVERY-9** Settling notes the attempt with the next number of the webhook, and calls
///   [`Webhook::after_attempt`]. The delivery is removed, or due again at the time of the outcome.
/// - **DELIVERY-10** A settlement whose claim number is not the delivery's last, or whose delivery was
///   settled, changes nothing and is `Stale`. The others of the call take effect, in their order. If
///   settlements, tests and updates of a webhook race, they take effect one after another.
/// - **DELIVERY-11** If an attempt disables the webhook, one `WebhookDisabled` with the given
///   [`AuditStamp`] is appended to the log.
///
/// # Looking up
///
/// - **DELIVERY-12** The list of due webhooks holds each enabled webhook of an open shop that has an
///   event after its place or a due delivery, and no later probe. It holds no other.
/// - **DELIVERY-13** The attempts of a webhook are listed in order of number, largest first. Following
///   `next` from page to page returns every attempt once. Each page except the last is full. The last
///   page has no `next`. The list of a webhook that the shop does not have is `None`.
///
/// # Replaying and testing
///
/// - **DELIVERY-14** A step of a replay reads the events of the range, oldest first, `limit` at most.
///   Each event that the webhook wants gets a delivery without attempts and without a claim, even if it
///   had one. DELIVERY-4 holds: claims of later events of its subject end. The place stays. The result is
///   `None` if the shop has no such webhook. If replays and plans race, the deliveries of all of them are
///   there.
/// - **DELIVERY-15** The count of a range is the number of its events, `at_most` at most.
/// - **DELIVERY-16** A test is noted as an attempt with the next number. Nothing else changes.
///
/// [`DeliveryQueue`](crate::DeliveryQueue) has these rules for stores without a query language.
/// `now` is a parameter, so the store never reads the clock. Planning and claiming are safe if several
/// processes do them at the same time.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Returns the webhooks of all shops that have something to do at `now`, in any order.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_due_webhooks(&self, now: Timestamp) -> Result<Vec<(ShopId, WebhookId)>, StorageError>;

    /// Plans the deliveries of the next events, at most `limit`, which is not 0. Returns the number of
    /// events that were read.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn plan_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u32, StorageError>;

    /// Claims deliveries that are due at `now`, at most `limit`, until `until`. Returns `None` if the
    /// shop has no such webhook.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn claim_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Option<ClaimedDeliveries>, StorageError>;

    /// Settles claimed deliveries of the webhook, one after another. Returns one outcome for each.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn settle_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        settlements: Vec<Settlement>,
        stamp: AuditStamp,
    ) -> Result<Vec<SettleOutcome>, StorageError>;

    /// Returns the attempts of the webhook with smaller numbers than `before`: a page of this size.
    /// Returns `None` if the shop has no such webhook.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_attempts(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Option<Page<Attempt, i64>>, StorageError>;

    /// Returns the number of the shop's events in this range, or `at_most` if there are more.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_events(
        &self,
        shop: ShopId,
        range: DeliveryRange,
        at_most: u64,
    ) -> Result<u64, StorageError>;

    /// Makes the deliveries of the first events of this range due at `now`: of at most `limit` events,
    /// which is not 0.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn replay_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        range: DeliveryRange,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<Replayed>, StorageError>;

    /// Notes a test. Returns `None` if the shop has no such webhook.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn note_test(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        attempt: NewAttempt,
    ) -> Result<Option<Attempt>, StorageError>;
}
