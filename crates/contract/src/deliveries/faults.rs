use hexdesk_domain::ports::SettleOutcome;
use hexdesk_domain::{DeliveryQueue, Page, PageSize, ShopId, WebhookId};

use crate::faulty::{Fault, Store, fault, full_page_goes_on};

pub(crate) fn faults() -> Vec<Fault> {
    [of_plans(), of_claims(), of_settlements(), of_lists(), of_replays()].into_iter().flatten().collect()
}

fn queue<'a>(store: &'a mut Store<'_>, shop: ShopId, id: WebhookId) -> &'a mut DeliveryQueue {
    store.deliveries.entry((shop, id)).or_default()
}

fn of_plans() -> Vec<Fault> {
    vec![
        fault("DELIVERY-1", "Planning ignores the kinds of the webhook.").plan_deliveries(
            |store, shop, id, now, limit| {
                let kinds = store.webhooks.get_mut(&(shop, id)).and_then(|webhook| webhook.kinds.take());
                let read = store.plan_deliveries(shop, id, now, limit);
                if let Some(webhook) = store.webhooks.get_mut(&(shop, id)) {
                    webhook.kinds = kinds;
                }
                Ok(read)
            },
        ),
        fault("DELIVERY-1", "The place moves to the end of the log, whatever the limit is.").plan_deliveries(
            |store, shop, id, now, limit| {
                let read = store.plan_deliveries(shop, id, now, limit);
                let last = store.events.get(&shop).and_then(|log| log.last()).map(|event| event.position);
                if let (Some(webhook), Some(last), 1..) = (store.webhooks.get_mut(&(shop, id)), last, read) {
                    webhook.place = last;
                }
                Ok(read)
            },
        ),
        fault("DELIVERY-2", "Racing plans do not see each other.").unlocked(["plan_deliveries"]),
    ]
}

fn of_claims() -> Vec<Fault> {
    vec![
        fault("DELIVERY-3", "A claim does not wait until a delivery is due.").claim_deliveries(
            |store, shop, id, now, until, limit| {
                let now = now.saturating_add_millis(1);
                Ok(store.claim_deliveries(shop, id, now, until, limit))
            },
        ),
        fault("DELIVERY-3", "The deliveries of the latest events are claimed first.").claim_deliveries(
            |store, shop, id, now, until, limit| {
                let mut first = std::collections::BTreeMap::new();
                for delivery in queue(store, shop, id).0.values_mut().rev() {
                    if delivery.due_at.is_some_and(|due| due <= now) {
                        first.insert(delivery.position, delivery.due_at);
                    }
                }
                let skipped = first.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
                let hidden: Vec<_> = first.into_iter().take(skipped).collect();
                for (position, _) in &hidden {
                    if let Some(delivery) = queue(store, shop, id).0.get_mut(position) {
                        delivery.due_at = None;
                    }
                }
                let claimed = store.claim_deliveries(shop, id, now, until, limit);
                for (position, due_at) in hidden {
                    if let Some(delivery) = queue(store, shop, id).0.get_mut(&position) {
                        delivery.due_at = due_at;
                    }
                }
                Ok(claimed)
            },
        ),
        fault("DELIVERY-4", "Deliveries of one subject are all due at once.").plan_deliveries(
            |store, shop, id, now, limit| {
                let read = store.plan_deliveries(shop, id, now, limit);
                for delivery in queue(store, shop, id).0.values_mut() {
                    delivery.due_at.get_or_insert(now);
                }
                Ok(read)
            },
        ),
        fault("DELIVERY-5", "A lease ends a millisecond early.").claim_deliveries(
            |store, shop, id, now, until, limit| {
                let until = until.saturating_add_millis(-1);
                Ok(store.claim_deliveries(shop, id, now, until, limit))
            },
        ),
        fault("DELIVERY-5", "An expired claim counts as an attempt.").claim_deliveries(
            |store, shop, id, now, until, limit| {
                let claimed = store.claim_deliveries(shop, id, now, until, limit);
                for delivery in queue(store, shop, id).0.values_mut() {
                    delivery.attempts += u32::from(delivery.claimed_until == Some(until));
                }
                Ok(claimed)
            },
        ),
        fault("DELIVERY-6", "Claimed deliveries are not counted.").claim_deliveries(
            |store, shop, id, now, until, limit| {
                let mut hidden = Vec::new();
                for delivery in queue(store, shop, id).0.values_mut() {
                    hidden.push((delivery.position, delivery.claimed_until.take()));
                }
                let claimed = store.claim_deliveries(shop, id, now, until, limit);
                for (position, claimed_until) in hidden {
                    if let Some(delivery) = queue(store, shop, id).0.get_mut(&position) {
                        delivery.claimed_until = delivery.claimed_until.or(claimed_until);
                    }
                }
                Ok(claimed)
            },
        ),
        fault("DELIVERY-6", "A failing webhook is not probed.").claim_deliveries(
            |store, shop, id, now, until, limit| {
                if let Some(webhook) = store.webhooks.get_mut(&(shop, id)) {
                    webhook.health.failures = 0;
                }
                Ok(store.claim_deliveries(shop, id, now, until, limit))
            },
        ),
        fault("DELIVERY-7", "Racing claims do not see each other.").unlocked(["claim_deliveries"]),
        fault("DELIVERY-8", "A delivery stays when its event is removed.").claim_deliveries(
            |store, shop, id, now, until, limit| {
                let all = queue(store, shop, id).clone();
                let claimed = store.claim_deliveries(shop, id, now, until, limit);
                for (position, delivery) in all.0 {
                    queue(store, shop, id).0.entry(position).or_insert(delivery);
                }
                Ok(claimed)
            },
        ),
    ]
}

fn of_settlements() -> Vec<Fault> {
    vec![
        fault("DELIVERY-9", "A failed delivery is removed.").settle_deliveries(
            |store, shop, id, settlements, stamp| {
                let outcomes = store.settle_deliveries(shop, id, &settlements, stamp);
                for settlement in settlements {
                    queue(store, shop, id).0.remove(&settlement.position);
                }
                Ok(outcomes)
            },
        ),
        fault("DELIVERY-9", "An attempt does not say when the next is due.").settle_deliveries(
            |store, shop, id, settlements, stamp| {
                let outcomes = store.settle_deliveries(shop, id, &settlements, stamp);
                store.attempts.values_mut().for_each(|attempt| attempt.next_due = None);
                Ok(outcomes)
            },
        ),
        fault("DELIVERY-9", "Retry-After is ignored.").settle_deliveries(
            |store, shop, id, mut settlements, stamp| {
                settlements.iter_mut().for_each(|settlement| settlement.retry_after_millis = None);
                Ok(store.settle_deliveries(shop, id, &settlements, stamp))
            },
        ),
        fault("DELIVERY-10", "The number of a claim is not compared.").settle_deliveries(
            |store, shop, id, mut settlements, stamp| {
                for settlement in &mut settlements {
                    if let Some(delivery) = queue(store, shop, id).0.get(&settlement.position) {
                        settlement.claim = delivery.claim;
                    }
                }
                Ok(store.settle_deliveries(shop, id, &settlements, stamp))
            },
        ),
        fault("DELIVERY-10", "A stale settlement makes the whole call stale.").settle_deliveries(
            |store, shop, id, settlements, stamp| {
                let before = store.state.clone();
                let outcomes = store.settle_deliveries(shop, id, &settlements, stamp);
                if outcomes.contains(&SettleOutcome::Stale) {
                    *store.state = before;
                    return Ok(vec![SettleOutcome::Stale; outcomes.len()]);
                }
                Ok(outcomes)
            },
        ),
        fault("DELIVERY-10", "Racing settlements of a delivery are all noted.")
            .unlocked(["settle_deliveries"]),
        fault("DELIVERY-10", "A test takes its number before, not while, it is noted.")
            .unlocked(["note_test"]),
        fault("DELIVERY-10", "An update writes back the webhook from before an attempt.")
            .unlocked(["update_webhook"]),
        fault("DELIVERY-11", "A webhook is disabled by an attempt without an event.").settle_deliveries(
            |store, shop, id, settlements, stamp| {
                let log = store.events.get(&shop).map_or(0, Vec::len);
                let outcomes = store.settle_deliveries(shop, id, &settlements, stamp);
                store.events.entry(shop).or_default().truncate(log);
                Ok(outcomes)
            },
        ),
    ]
}

fn of_lists() -> Vec<Fault> {
    vec![
        fault("DELIVERY-12", "Webhooks of closed shops are due.").list_due_webhooks(|store, now| {
            let mut state = store.state.clone();
            state.shops.values_mut().for_each(|shop| shop.closed_at = None);
            Ok(state.list_due_webhooks(now))
        }),
        fault("DELIVERY-12", "A webhook is due only once events are planned.").list_due_webhooks(
            |store, now| {
                let mut state = store.state.clone();
                state.events.clear();
                Ok(state.list_due_webhooks(now))
            },
        ),
        fault("DELIVERY-12", "Webhooks are due before their probes.").list_due_webhooks(|store, now| {
            let mut state = store.state.clone();
            state.webhooks.values_mut().for_each(|webhook| webhook.health.next_probe = None);
            Ok(state.list_due_webhooks(now))
        }),
        fault("DELIVERY-12", "Disabled webhooks are due.").list_due_webhooks(|store, now| {
            let mut state = store.state.clone();
            for webhook in state.webhooks.values_mut() {
                webhook.state = hexdesk_domain::WebhookState::Enabled;
            }
            Ok(state.list_due_webhooks(now))
        }),
        fault("DELIVERY-13", "Attempts are listed earliest first.").list_attempts(
            |store, shop, id, before, size| {
                let list = store.attempts_before(shop, id, before);
                Ok(list.map(|list| Page::cut(list.into_iter().rev(), size)))
            },
        ),
        fault("DELIVERY-13", "A full page of attempts always has a next one.").list_attempts(
            |store, shop, id, before, size| {
                Ok(store.attempts_before(shop, id, before).map(|list| full_page_goes_on(list, size)))
            },
        ),
        fault("DELIVERY-13", "A missing webhook has an empty list of attempts.").list_attempts(
            |store, shop, id, before, size: PageSize| {
                Ok(Some(Page::cut(store.attempts_before(shop, id, before).unwrap_or_default(), size)))
            },
        ),
        fault("RETENTION-5", "Attempts of all shops are removed.").remove_attempts(
            |store, _, before, limit| {
                let shops: Vec<ShopId> = store.shops.keys().copied().collect();
                Ok(shops.into_iter().map(|shop| store.remove_attempts(shop, before, limit)).sum())
            },
        ),
        fault("RETENTION-5", "A step removes every old attempt.")
            .remove_attempts(|store, shop, before, _| Ok(store.remove_attempts(shop, before, u32::MAX))),
    ]
}

fn of_replays() -> Vec<Fault> {
    vec![
        fault("DELIVERY-14", "A replay moves the place back.").replay_deliveries(
            |store, shop, id, range, now, limit| {
                let replayed = store.replay_deliveries(shop, id, range, now, limit);
                if let (Some(webhook), Some(after)) = (store.webhooks.get_mut(&(shop, id)), range.after) {
                    webhook.place = webhook.place.min(after);
                }
                Ok(replayed)
            },
        ),
        fault("DELIVERY-14", "A replay keeps the attempts of a waiting delivery.").replay_deliveries(
            |store, shop, id, range, now, limit| {
                let before = queue(store, shop, id).clone();
                let replayed = store.replay_deliveries(shop, id, range, now, limit);
                for (position, old) in before.0 {
                    if let Some(delivery) = queue(store, shop, id).0.get_mut(&position) {
                        delivery.attempts = old.attempts;
                    }
                }
                Ok(replayed)
            },
        ),
        fault("DELIVERY-14", "A replay writes back the deliveries from before a plan.")
            .unlocked(["replay_deliveries"]),
        fault("DELIVERY-15", "The last event of a range is not counted.").count_events(
            |store, shop, range, at_most| {
                let counted = store.count_events(shop, range, u64::MAX);
                let has_last = store.event_at(shop, range.until).is_some() && counted > 0;
                Ok((counted - u64::from(has_last)).min(at_most))
            },
        ),
        fault("DELIVERY-15", "A count does not end at its maximum.")
            .count_events(|store, shop, range, _| Ok(store.count_events(shop, range, u64::MAX))),
        fault("DELIVERY-16", "A failed test counts as a failure.").note_test(|store, shop, id, made| {
            let attempt = store.note_test(shop, id, made);
            if let Some(webhook) = store.webhooks.get_mut(&(shop, id)) {
                webhook.health.failures += u32::from(!made.result.is_success());
            }
            Ok(attempt)
        }),
    ]
}
