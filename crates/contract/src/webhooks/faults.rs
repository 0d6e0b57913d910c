use hexdesk_domain::ports::{
    CreateWebhookOutcome, DeleteWebhookOutcome, UpdateWebhookOutcome, WebhookUpdate,
};
use hexdesk_domain::{EventKind, NewWebhook, Subject, Webhook, WebhookChanges};

use crate::faulty::{
    Fault, Store, cutting_operations, fault, joining_keys, kept_apart, recording_all, recording_nothing,
    without_fingerprint,
};

pub(crate) fn faults() -> Vec<Fault> {
    [of_webhooks(), of_updates(), of_the_log(), of_races()].into_iter().flatten().collect()
}

fn of_webhooks() -> Vec<Fault> {
    vec![
        fault("WEBHOOK-1", "A new webhook without kinds sends all.").webhook_creation(
            |store, shop, mut new, stamp| {
                new.kinds.take_if(|kinds| kinds.is_empty());
                store.create_webhook(shop, new, stamp)
            },
        ),
        fault("WEBHOOK-1", "A new webhook reads the log from its beginning.").webhook_creation(
            |store, shop, new, stamp| {
                let outcome = store.create_webhook(shop, new, stamp)?;
                let CreateWebhookOutcome::Created(mut webhook) = outcome else { return Ok(outcome) };
                webhook.place.change = 0;
                store.webhooks.insert((shop, webhook.id), (*webhook).clone());
                Ok(CreateWebhookOutcome::Created(webhook))
            },
        ),
        fault("WEBHOOK-1", "A sealed secret is cut at 128 bytes.").webhook_creation(
            |store, shop, mut new, stamp| {
                new.secret.0.truncate(128);
                store.create_webhook(shop, new, stamp)
            },
        ),
        fault("WEBHOOK-2", "A webhook is found by id in any shop.").find_webhook(|store, _, id| {
            Ok(store.webhooks.values().find(|webhook| webhook.id == id).cloned())
        }),
        fault("WEBHOOK-2", "A webhook is deleted by id in any shop.").delete_webhook(
            |store, shop, id, version, stamp| {
                let shop = store.webhooks.values().find(|it| it.id == id).map_or(shop, |it| it.shop_id);
                Ok(store.delete_webhook(shop, id, version, stamp))
            },
        ),
        fault("WEBHOOK-3", "Webhooks are listed latest first.").list_webhooks(|store, shop| {
            let list: Vec<Webhook> = store.webhooks_of(shop).cloned().collect();
            Ok(list.into_iter().rev().collect())
        }),
        fault("WEBHOOK-3", "Disabled webhooks are not listed.").list_webhooks(|store, shop| {
            Ok(store.webhooks_of(shop).filter(|webhook| webhook.is_enabled()).cloned().collect())
        }),
        fault("WEBHOOK-4", "The webhooks of all shops are counted.").webhook_creation(
            |store, shop, new, stamp| {
                if store.webhooks.len() >= Webhook::MAX_OF_SHOP {
                    return Ok(CreateWebhookOutcome::TooMany);
                }
                store.create_webhook(shop, new, stamp)
            },
        ),
        fault("WEBHOOK-5", "A new webhook replaces one with its id.").webhook_creation(
            |store, shop, new: NewWebhook, stamp| {
                store.webhooks.remove(&(shop, new.id));
                store.create_webhook(shop, new, stamp)
            },
        ),
    ]
}

fn of_updates() -> Vec<Fault> {
    vec![
        fault("WEBHOOK-6", "An update that changes nothing raises the version.").webhook_update(
            |store, shop, id, update| {
                let outcome = store.update_webhook(shop, id, update.clone());
                let UpdateWebhookOutcome::Updated(mut webhook) = outcome else { return Ok(outcome) };
                if update.changes == WebhookChanges::default() {
                    webhook.version += 1;
                    store.webhooks.insert((shop, id), (*webhook).clone());
                }
                Ok(UpdateWebhookOutcome::Updated(webhook))
            },
        ),
        fault("WEBHOOK-6", "A rotation drops the former secret.").webhook_update(
            |store, shop, id, update| {
                let outcome = store.update_webhook(shop, id, update);
                if let Some(webhook) = store.webhooks.get_mut(&(shop, id)) {
                    webhook.former_secret = None;
                }
                Ok(outcome)
            },
        ),
        fault("WEBHOOK-7", "An update ignores the version.").webhook_update(|store, shop, id, update| {
            Ok(store.update_webhook(shop, id, WebhookUpdate { expected_version: None, ..update }))
        }),
        fault("WEBHOOK-7", "A deletion ignores the version.")
            .delete_webhook(|store, shop, id, _, stamp| Ok(store.delete_webhook(shop, id, None, stamp))),
        fault("WEBHOOK-8", "A deletion only disables the webhook.").delete_webhook(
            |store, shop, id, version, stamp| {
                let kept = store.webhooks.get(&(shop, id)).cloned();
                let outcome = store.delete_webhook(shop, id, version, stamp);
                if let (DeleteWebhookOutcome::Deleted, Some(webhook)) = (outcome, kept) {
                    store.webhooks.insert((shop, id), webhook);
                }
                Ok(outcome)
            },
        ),
        fault("WEBHOOK-8", "A deletion keeps the attempts of the webhook.").delete_webhook(
            |store, shop, id, version, stamp| {
                let attempts = store.attempts.clone();
                let outcome = store.delete_webhook(shop, id, version, stamp);
                store.attempts.extend(attempts);
                Ok(outcome)
            },
        ),
        fault("WEBHOOK-8", "A deletion removes all webhooks of the shop.").delete_webhook(
            |store, shop, id, version, stamp| {
                let outcome = store.delete_webhook(shop, id, version, stamp);
                if outcome == DeleteWebhookOutcome::Deleted {
                    store.webhooks.retain(|(of, _), _| *of != shop);
                }
                Ok(outcome)
            },
        ),
    ]
}

fn of_the_log() -> Vec<Fault> {
    vec![
        fault("WEBHOOK-9", "Disabling a webhook is logged as an update.").webhook_update(
            |store, shop, id, update| {
                let outcome = store.update_webhook(shop, id, update);
                for event in store.events.entry(shop).or_default() {
                    if event.kind == EventKind::WebhookDisabled {
                        event.kind = EventKind::WebhookUpdated;
                    }
                }
                Ok(outcome)
            },
        ),
        fault("WEBHOOK-9", "A refused deletion of a webhook is logged.").delete_webhook(
            |store, shop, id, version, stamp| {
                let outcome = store.delete_webhook(shop, id, version, stamp);
                if outcome != DeleteWebhookOutcome::Deleted {
                    store.append_events(shop, stamp, [(EventKind::WebhookDeleted, Subject::Webhook(id))]);
                }
                Ok(outcome)
            },
        ),
    ]
}

fn of_races() -> Vec<Fault> {
    vec![
        fault("WEBHOOK-10", "Creations of webhooks leave no record.")
            .webhook_creation_claim(recording_nothing),
        fault("WEBHOOK-10", "A key replays an operation on webhooks even for another request.")
            .webhook_creation_claim(without_fingerprint)
            .webhook_update_claim(without_fingerprint),
        fault("WEBHOOK-10", "A missing webhook is found before the record.").update_webhook(
            |store, shop, id, update, claim| {
                let is_there = store.webhooks.contains_key(&(shop, id));
                let claim = claim.filter(|_| is_there);
                store.attempt(shop, claim, |store| Ok(store.update_webhook(shop, id, update)))
            },
        ),
        fault("WEBHOOK-10", "Operations of creations of webhooks are cut at 32 bytes.")
            .webhook_creation_claim(cutting_operations),
        fault("WEBHOOK-10", "Operation and key of creations of webhooks are joined by a space.")
            .webhook_creation_claim(joining_keys),
        fault("WEBHOOK-10", "Operations of updates of webhooks are cut at 32 bytes.")
            .webhook_update_claim(cutting_operations),
        fault("WEBHOOK-10", "A refused update of a webhook leaves a record.")
            .webhook_update_claim(recording_all),
        fault("WEBHOOK-10", "Racing updates of webhooks with one key all take effect.")
            .racing_webhook_updates(),
        fault("WEBHOOK-10", "Updates of webhooks have their own space of keys.")
            .webhook_update_claim(kept_apart),
        fault("WEBHOOK-11", "Racing deletions of a webhook all delete it.").unlocked(["delete_webhook"]),
        fault("WEBHOOK-11", "A test brings a deleted webhook back.").unlocked(["note_test"]),
        fault("WEBHOOK-11", "A webhook's id is free before, not while, it is taken.")
            .webhook_creation(|Store { state, earlier }, shop, new, stamp| {
                let place = (shop, new.id);
                if !earlier.webhooks.contains_key(&place) {
                    state.webhooks.remove(&place);
                }
                state.create_webhook(shop, new, stamp)
            })
            .after_a_gap(),
        fault("WEBHOOK-11", "Racing creations of webhooks do not see each other.")
            .unlocked(["create_webhook"]),
        fault("WEBHOOK-11", "Racing updates of webhooks do not see each other.").unlocked(["update_webhook"]),
    ]
}
