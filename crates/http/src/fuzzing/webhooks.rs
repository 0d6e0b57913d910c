//! Bodies that create, change, rotate and replay webhooks, for the fuzzer.

use std::collections::BTreeSet;

use hexdesk_domain::{
    AllowedTargets, EventKind, EventPosition, NewWebhook, SealedSecret, Webhook, WebhookChanges, WebhookId,
    WebhookPayload,
};
use serde_json::{Value, json};

use super::body_kind::{BodyKind, answered};
use super::samples;
use crate::command::Command;
use crate::problem::Problem;
use crate::webhooks::bodies::{NEW_WEBHOOK, WEBHOOK_CHANGES, WEBHOOK_REPLAY, WEBHOOK_ROTATION};
use crate::webhooks::{answers, replay};

pub(super) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_WEBHOOK.spelling(), is_patch: false, answer: create };
pub(super) const UPDATE: BodyKind =
    BodyKind { spelling: || WEBHOOK_CHANGES.spelling(), is_patch: true, answer: update };
pub(super) const ROTATE: BodyKind =
    BodyKind { spelling: || WEBHOOK_ROTATION.spelling(), is_patch: false, answer: rotate };
pub(super) const REPLAY: BodyKind =
    BodyKind { spelling: || WEBHOOK_REPLAY.spelling(), is_patch: false, answer: replayed };

fn new(url: String) -> NewWebhook {
    NewWebhook {
        id: WebhookId::new(9).unwrap(),
        url,
        kinds: None,
        payload: WebhookPayload::Full,
        ignore_key: None,
        secret: SealedSecret(Vec::new()),
    }
}

fn webhook(new: NewWebhook) -> Webhook {
    new.into_webhook(samples::SHOP, samples::NOW, EventPosition { change: 1, part: 1 })
}

fn kinds(names: &[String]) -> BTreeSet<EventKind> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn payload(name: &str) -> WebhookPayload {
    WebhookPayload::named(name).unwrap()
}

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = NEW_WEBHOOK.read(&mut command.members);
    let violations = draft.violations(&AllowedTargets::default());
    let (members, _) = command.accept(|| violations.clone())?;
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    Ok(answer(&webhook(NewWebhook {
        kinds: draft.kinds.as_deref().map(kinds),
        payload: draft.payload.as_deref().map_or(WebhookPayload::Full, payload),
        ignore_key: draft.ignore_key,
        ..new(draft.url.unwrap())
    })))
}

fn update(mut command: Command) -> Result<Value, Problem> {
    let draft = WEBHOOK_CHANGES.read(&mut command.members);
    let violations = draft.violations(&AllowedTargets::default());
    let (members, _) = command.accept(|| violations.clone())?;
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    let changes = WebhookChanges {
        url: draft.url,
        kinds: draft.kinds.map(|names| names.as_deref().map(kinds)),
        payload: draft.payload.as_deref().map(payload),
        ignore_key: draft.ignore_key,
        is_enabled: draft.is_enabled,
        rotation: None,
    };
    let mut webhook = webhook(new("https://example.com/".to_owned()));
    let is_change = webhook.change(changes, samples::NOW).is_some();
    assert_eq!(webhook.version, 1 + i64::from(is_change));
    Ok(answer(&webhook))
}

fn rotate(mut command: Command) -> Result<Value, Problem> {
    let draft = WEBHOOK_ROTATION.read(&mut command.members);
    let violations = draft.violations();
    let (members, _) = command.accept(|| violations.clone())?;
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    Ok(json!({"overlapSeconds": draft.overlap_seconds}))
}

fn replayed(mut command: Command) -> Result<Value, Problem> {
    let cursors = WEBHOOK_REPLAY.read(&mut command.members);
    command.accept(Vec::new)?;
    replay::range(samples::SHOP, &cursors)?;
    Ok(json!({"event": cursors.event, "after": cursors.after, "until": cursors.until}))
}

fn answer(webhook: &Webhook) -> Value {
    answered(answers::webhook(webhook))["webhook"].take()
}
