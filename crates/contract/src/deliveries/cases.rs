//! The obligations of [`DeliveryStore`](hexdesk_domain::DeliveryStore).

mod attempts;
mod claims;
mod replays;

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::{
    Actor, AttemptError, AttemptResult, AuditStamp, ClaimedDelivery, Event, EventKind, EventPosition,
    KeyNumber, NewAttempt, NewUser, NewWebhook, PageSize, Settlement, ShopChange, ShopDomain, ShopId,
    Storage, Timestamp, User, UserChanges, Webhook, WebhookChanges,
};

pub use self::attempts::{
    delivery_9_settling_notes_the_attempt, delivery_10_stale_settlement_changes_nothing,
    delivery_11_disabling_is_logged, delivery_13_attempts_are_listed_latest_first,
    delivery_16_test_is_an_attempt, retention_5_removes_old_attempts,
};
pub use self::claims::{
    delivery_3_due_deliveries_are_claimed, delivery_4_one_subject_is_in_order, delivery_5_claim_is_a_lease,
    delivery_6_claims_have_a_maximum, delivery_7_racing_claims_share_nothing,
    delivery_8_removed_event_is_not_delivered,
};
pub use self::replays::{delivery_14_replay_delivers_again, delivery_15_range_is_counted};
use crate::cases::concurrency::race;
use crate::cases::user_changes::{change, update_user};
use crate::cases::webhooks::{create_webhook, find_webhook, new_webhook, update_webhook, webhook_id};
use crate::comparison::same;
use crate::events::settled_log::log_after;
use crate::samples::{at, create_shop, create_user, stamp, user_by_email};

/// A shop with a webhook for all events.
pub(super) struct ShopWithWebhook<'a> {
    pub(super) storage: &'a dyn Storage,
    pub(super) shop: ShopId,
    pub(super) domain: ShopDomain,
    pub(super) webhook: Webhook,
}

impl<'a> ShopWithWebhook<'a> {
    pub(super) async fn create(storage: &'a dyn Storage) -> anyhow::Result<Self> {
        Self::of(storage, "one.example.com").await
    }

    /// The same in a shop with this domain.
    pub(super) async fn of(storage: &'a dyn Storage, domain: &str) -> anyhow::Result<Self> {
        let shop = create_shop(storage, domain).await?;
        let webhook = create_webhook(storage, shop.id, new_webhook(1)?).await?;
        Ok(Self { storage, shop: shop.id, domain: shop.domain, webhook })
    }

    /// Creates this many users: one event each.
    pub(super) async fn add_users(&self, count: usize) -> anyhow::Result<Vec<User>> {
        let before = self.log().await?.len();
        let mut users = Vec::new();
        for number in before..before + count {
            let new = user_by_email(&format!("user-{number}@example.com"));
            users.push(create_user(self.storage, self.shop, new).await?);
        }
        Ok(users)
    }

    /// Changes the user's name: one event.
    pub(super) async fn rename(&self, user: &User, name: &str) -> anyhow::Result<()> {
        let changes = UserChanges { full_name: Some(Some(name.into())), ..UserChanges::default() };
        update_user(self.storage, self.shop, user.id, change(changes, at(6))).await?;
        Ok(())
    }

    /// The shop's events after the creation of the webhook.
    pub(super) async fn log(&self) -> anyhow::Result<Vec<Event>> {
        log_after(self.storage, self.shop, Some(self.webhook.place), PageSize::MAX).await
    }

    pub(super) async fn plan(&self, now: i64, limit: u32) -> anyhow::Result<u32> {
        Ok(self.storage.plan_deliveries(self.shop, self.webhook.id, at(now), limit).await?)
    }

    /// Claims deliveries for a second.
    pub(super) async fn claim(&self, now: i64, limit: u32) -> anyhow::Result<Vec<ClaimedDelivery>> {
        let (shop, id, until) = (self.shop, self.webhook.id, at(now + 1_000));
        let claimed = self.storage.claim_deliveries(shop, id, at(now), until, limit).await?;
        Ok(claimed.context("the webhook is not found")?.deliveries)
    }

    pub(super) async fn settle(&self, settlement: Settlement) -> anyhow::Result<()> {
        let outcomes = self.settle_all(vec![settlement]).await?;
        same("a settlement", &outcomes, &vec![hexdesk_domain::ports::SettleOutcome::Settled])
    }

    pub(super) async fn settle_all(
        &self,
        settlements: Vec<Settlement>,
    ) -> anyhow::Result<Vec<hexdesk_domain::ports::SettleOutcome>> {
        let stamp = AuditStamp { actor: Actor::Server, time: at(77), request_id: None };
        Ok(self.storage.settle_deliveries(self.shop, self.webhook.id, settlements, stamp).await?)
    }

    pub(super) async fn found(&self) -> anyhow::Result<Webhook> {
        find_webhook(self.storage, &self.webhook).await
    }

    /// Claims and delivers until nothing is due any more. Returns the positions in order.
    pub(super) async fn deliver_all(&self, now: i64) -> anyhow::Result<Vec<EventPosition>> {
        let mut delivered = Vec::new();
        for _ in 0..1_000 {
            let claimed = self.claim(now, 100).await?;
            if claimed.is_empty() {
                return Ok(delivered);
            }
            for delivery in claimed {
                delivered.push(delivery.event.position);
                self.settle(settlement(&delivery, now - 1, OK)).await?;
            }
        }
        anyhow::bail!("deliveries do not end")
    }

    pub(super) async fn disable(&self) -> anyhow::Result<()> {
        let changes = WebhookChanges { is_enabled: Some(false), ..WebhookChanges::default() };
        let update =
            hexdesk_domain::ports::WebhookUpdate { changes, expected_version: None, stamp: stamp(at(7)) };
        update_webhook(self.storage, self.shop, self.webhook.id, update).await?;
        Ok(())
    }
}

pub(super) const OK: AttemptResult = AttemptResult::Status(204);
pub(super) const TIMEOUT: AttemptResult = AttemptResult::Error(AttemptError::Timeout);

/// An attempt of a millisecond.
pub(super) fn settlement(delivery: &ClaimedDelivery, time: i64, result: AttemptResult) -> Settlement {
    Settlement {
        position: delivery.event.position,
        claim: delivery.claim,
        attempt: NewAttempt { time: at(time), duration_millis: 1, result },
        jitter: 0,
        retry_after_millis: None,
    }
}

pub(super) fn positions(events: &[Event]) -> Vec<EventPosition> {
    events.iter().map(|event| event.position).collect()
}

/// DELIVERY-1: planning adds the wanted events after the place, and moves the place.
pub async fn delivery_1_planning_follows_the_log(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let (shop, key) = (fixture.shop, KeyNumber::new(3).context("a key's number")?);
    let picky =
        NewWebhook { kinds: Some([EventKind::UserCreated].into()), ignore_key: Some(key), ..new_webhook(2)? };
    let picky = create_webhook(&*storage, shop, picky).await?;
    let users = fixture.add_users(3).await?;
    fixture.rename(&users[0], "renamed").await?;
    for number in [key.get(), 4] {
        let number = KeyNumber::new(number).context("a key's number")?;
        let stamp =
            AuditStamp { actor: Actor::ApiKey { number, user_id: None }, time: at(9), request_id: None };
        let email = format!("by-key-{}@example.com", number.get());
        create_user(&*storage, shop, NewUser { stamp, ..user_by_email(&email) }).await?;
    }
    let log = fixture.log().await?;
    for (limit, read) in [(3, 3), (2, 2), (10, 2), (10, 0)] {
        same("the number of events that a plan read", &fixture.plan(10, limit).await?, &read)?;
    }
    let last = log.last().context("an event")?.position;
    same("the place after planning", &fixture.found().await?.place, &last)?;
    let mut delivered = fixture.deliver_all(10).await?;
    delivered.sort_unstable();
    same("the delivered events", &delivered, &positions(&log))?;

    let picky = ShopWithWebhook { webhook: picky, domain: fixture.domain.clone(), ..fixture };
    same("the number of events that another plan read", &picky.plan(10, 100).await?, &6)?;
    same("the place of the other webhook", &picky.found().await?.place, &last)?;
    let wanted: Vec<_> = log
        .iter()
        .filter(|event| event.kind == EventKind::UserCreated && event.stamp.time != at(9))
        .collect();
    let by_other_key = log.last().context("an event")?;
    let wanted: Vec<_> = wanted.into_iter().chain([by_other_key]).map(|event| event.position).collect();
    same("the events of some kinds", &picky.deliver_all(10).await?, &wanted)?;

    picky.add_users(1).await?;
    picky.disable().await?;
    same("a plan of a disabled webhook", &picky.plan(10, 100).await?, &0)?;
    let missing = storage.plan_deliveries(shop, webhook_id(9)?, at(10), 100).await?;
    same("a plan of a missing webhook", &missing, &0)?;
    same("the place of a disabled webhook", &picky.found().await?.place, &last)
}

/// DELIVERY-2: racing plans plan each event once.
pub async fn delivery_2_racing_plans_share_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    fixture.add_users(30).await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    let read = race(12, |_| {
        let storage = Arc::clone(&storage);
        async move {
            let mut sum = 0;
            loop {
                let read = storage.plan_deliveries(shop, id, at(10), 4).await?;
                if read == 0 {
                    return Ok(sum);
                }
                sum += read;
            }
        }
    })
    .await?;
    same("the number of events that racing plans read", &read.iter().sum::<u32>(), &30)?;
    let mut delivered = fixture.deliver_all(10).await?;
    delivered.sort_unstable();
    same("the delivered events", &delivered, &positions(&fixture.log().await?))
}

/// DELIVERY-12: the list of due webhooks holds those with something to do.
pub async fn delivery_12_due_webhooks_are_listed(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    let other = create_shop(&*storage, "two.example.com").await?.id;
    create_webhook(&*storage, other, new_webhook(5)?).await?;
    let is_due =
        async |now: Timestamp| anyhow::Ok(storage.list_due_webhooks(now).await?.contains(&(shop, id)));
    same("whether a new webhook is due", &is_due(at(10)).await?, &false)?;
    fixture.add_users(1).await?;
    same("whether a webhook with a new event is due", &is_due(Timestamp::MIN).await?, &true)?;
    let listed = storage.list_due_webhooks(at(10)).await?;
    same("the due webhooks of all shops", &listed, &vec![(shop, id)])?;
    fixture.plan(20, 10).await?;
    same("whether it is due before its delivery", &is_due(at(19)).await?, &false)?;
    same("whether it is due with its delivery", &is_due(at(20)).await?, &true)?;
    let claimed = fixture.claim(20, 1).await?;
    same("whether it is due during a lease", &is_due(at(1_019)).await?, &false)?;
    same("whether it is due after a lease", &is_due(at(1_020)).await?, &true)?;
    fixture.settle(settlement(&claimed[0], 20, TIMEOUT)).await?;
    same("whether it is due before a retry", &is_due(at(5_020)).await?, &false)?;
    same("whether it is due at a retry", &is_due(at(5_021)).await?, &true)?;
    fixture.disable().await?;
    same("whether a disabled webhook is due", &is_due(at(9_000)).await?, &false)?;
    let changes = WebhookChanges { is_enabled: Some(true), ..WebhookChanges::default() };
    let update =
        hexdesk_domain::ports::WebhookUpdate { changes, expected_version: None, stamp: stamp(at(7)) };
    update_webhook(&*storage, shop, id, update).await?;
    fixture.plan(5_000, 10).await?;
    same("whether an enabled webhook is due", &is_due(at(9_000)).await?, &true)?;
    let mut now = 100_000;
    for _ in 0..5 {
        for delivery in fixture.claim(now, 1).await? {
            fixture.settle(settlement(&delivery, now, TIMEOUT)).await?;
        }
        now += 100_000_000;
    }
    fixture.add_users(1).await?;
    let probe = fixture.found().await?.health.next_probe.context("a probe")?;
    let before = probe.saturating_add_millis(-1);
    same("whether it is due with a new event before its probe", &is_due(before).await?, &false)?;
    same("whether it is due with a new event at its probe", &is_due(probe).await?, &true)?;
    fixture.plan(now, 10).await?;
    let early = storage.claim_deliveries(shop, id, before, probe, 1).await?;
    same("the deliveries before a probe", &early.map(|it| it.deliveries.len()), &Some(0))?;
    same("whether it is due after its probe", &is_due(probe.saturating_add_millis(now)).await?, &true)?;
    storage.change_shop(&fixture.domain, ShopChange::Close, stamp(at(8))).await?;
    same("whether it is due in a closed shop", &is_due(at(now * 9)).await?, &false)
}
