use std::collections::{BTreeMap, BTreeSet};

use super::attempt::Attempt;
use super::delivery::{Delivery, Settlement};
use super::webhook::Webhook;
use crate::{Event, EventPosition, Subject, Timestamp};

/// The deliveries of one webhook, by the position of their events. Stores without a query language
/// read them, call these methods, and write them back. The methods are the rules for all stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryQueue(pub BTreeMap<EventPosition, Delivery>);

impl DeliveryQueue {
    /// Adds a delivery for each of these events that the webhook wants, and moves its place
    /// (DELIVERY-1). The events follow the place, oldest first.
    pub fn plan<'a>(
        &mut self,
        webhook: &mut Webhook,
        events: impl IntoIterator<Item = &'a Event>,
        now: Timestamp,
    ) {
        let mut waiting: BTreeSet<Subject> = self.0.values().map(|delivery| delivery.subject).collect();
        for event in events {
            webhook.place = event.position;
            if webhook.wants(event.kind, event.stamp.actor) {
                let due_at = waiting.insert(event.subject).then_some(now);
                self.0.insert(event.position, Delivery::new(event, due_at));
            }
        }
    }

    /// Claims due deliveries: at most `limit`, and as many as the webhook allows (DELIVERY-5,
    /// DELIVERY-6). Those that are due longest come first.
    pub fn claim(
        &mut self,
        webhook: &mut Webhook,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Vec<Delivery> {
        let claimed = self.0.values().filter(|delivery| delivery.claimed_until > Some(now)).count();
        let free = webhook.free_claims(u32::try_from(claimed).unwrap_or(u32::MAX), now).min(limit);
        let mut due: Vec<_> =
            self.0.values_mut().filter(|delivery| delivery.due_at.is_some_and(|due| due <= now)).collect();
        due.sort_by_key(|delivery| (delivery.due_at, delivery.position));
        due.truncate(usize::try_from(free).unwrap_or(usize::MAX));
        for delivery in &mut due {
            delivery.claim = webhook.health.next_claim(now);
            delivery.due_at = Some(until);
            delivery.claimed_until = Some(until);
        }
        due.into_iter().map(|delivery| delivery.clone()).collect()
    }

    /// Settles a claimed delivery (DELIVERY-9). Returns the attempt, or `None` if the claim is stale.
    pub fn settle(&mut self, webhook: &mut Webhook, settlement: &Settlement) -> Option<Attempt> {
        let delivery = self.0.get_mut(&settlement.position)?;
        if !delivery.is_claimed_by(settlement.claim) {
            return None;
        }
        let attempt = webhook.settle(settlement, delivery.kind, delivery.attempts);
        match attempt.next_due {
            Some(due) => {
                delivery.attempts = attempt.of_delivery;
                delivery.due_at = Some(due);
                delivery.claimed_until = None;
            }
            None => self.remove(settlement.position, settlement.attempt.end()),
        }
        Some(attempt)
    }

    /// Makes the deliveries of these events that the webhook wants due again (DELIVERY-14).
    pub fn replay<'a>(
        &mut self,
        webhook: &Webhook,
        events: impl IntoIterator<Item = &'a Event>,
        now: Timestamp,
    ) -> u64 {
        let mut replayed = 0;
        for event in events.into_iter().filter(|event| webhook.wants(event.kind, event.stamp.actor)) {
            self.0.insert(event.position, Delivery::new(event, None));
            self.align(event.subject, now);
            replayed += 1;
        }
        replayed
    }

    /// Removes a delivery. The next of its subject is due at `now`.
    pub fn remove(&mut self, position: EventPosition, now: Timestamp) {
        if let Some(delivery) = self.0.remove(&position) {
            self.align(delivery.subject, now);
        }
    }

    /// Makes the first delivery of this subject due, and no other. Claims of the others end.
    fn align(&mut self, subject: Subject, now: Timestamp) {
        let mut of_subject = self.0.values_mut().filter(|delivery| delivery.subject == subject);
        if let Some(first) = of_subject.next() {
            first.due_at.get_or_insert(now);
        }
        for other in of_subject {
            other.due_at = None;
            other.claimed_until = None;
        }
    }
}
