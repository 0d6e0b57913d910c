use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{DeliveryRange, EventPosition, Principal, ReplayOutcome, ShopId};

use super::answers::WebhookReplayAnswer;
use super::bodies::{ReplayCursors, WEBHOOK_REPLAY};
use crate::command::Command;
use crate::events;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::{MemberError, Problem};
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `POST /api/v1/webhooks/{webhookId}/replay`: sends one event or a range again.
///
/// # Errors
/// - 400 for an invalid webhook id, and with an invalid member
/// - 404 for a webhook that the shop does not have
/// - 409 for more than 100,000 events
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    webhook: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let webhook = wire_id::webhook_in_path(&webhook);
    let (webhook, cursors, command) = Command::read(&request, payload, webhook, &WEBHOOK_REPLAY).await?;
    command.accept(Vec::new)?;
    let shop = principal.shop.id;
    let range = range(shop, &cursors)?;
    let outcome = services.webhooks.manage.replay(shop, webhook, range).await.map_err(storage_problem)?;
    match outcome {
        ReplayOutcome::Replayed(replayed) => {
            Ok(HttpResponse::Ok().json(WebhookReplayAnswer { success: true, replayed }))
        }
        ReplayOutcome::TooLarge => Err(Problem::replay_too_large()),
        ReplayOutcome::NotFound => Err(Problem::webhook_not_found()),
    }
}

/// Returns the range between the cursors.
pub(crate) fn range(shop: ShopId, cursors: &ReplayCursors) -> Result<DeliveryRange, Problem> {
    let ReplayCursors { event, after, until } = cursors;
    if event.is_some() && (after.is_some() || until.is_some()) {
        let requirement = "must not be there together with after or until";
        return Err(refused("event", "together", requirement));
    }
    let open = |name, cursor: &Option<String>| match cursor {
        None => Ok(None),
        Some(cursor) => events::open_cursor(shop, cursor)
            .map(Some)
            .ok_or_else(|| refused(name, "cursor", "must be the cursor of an event of the shop")),
    };
    if let Some(position) = open("event", event)? {
        return Ok(DeliveryRange::of_event(position));
    }
    let end = EventPosition { change: i64::MAX, part: i64::MAX };
    Ok(DeliveryRange { after: open("after", after)?, until: open("until", until)?.unwrap_or(end) })
}

fn refused(name: &str, code: &'static str, requirement: &str) -> Problem {
    let message = format!("{name} {requirement}");
    Problem::invalid_members(vec![MemberError { pointer: format!("/{name}"), code, message }])
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    const CURSOR: &str = "AQAAAAAAAAArAAAAAAAAAAcAAAAAAAAAAJvLb5h0b1nDwDo4Aw";
    Description::new(
        "replayWebhook",
        WEBHOOKS,
        "Replay events of a webhook",
        "Sends one event or a range of at most 100,000 events again, as far as the webhook wants them. Messages have \
         the ids that they had, so endpoints that skip ids they have seen can be replayed twice. Events that the \
         webhook has not read yet are sent anyway.",
    )
    .parameters([parameters::webhook_id()])
    .body_without_key(
        WEBHOOK_REPLAY.schema(),
        [("everything", json!({})), ("one", json!({"event": CURSOR})), ("range", json!({"after": CURSOR}))],
    )
    .returns::<WebhookReplayAnswer>(
        StatusCode::OK,
        "The number of events that are sent again.",
        &[],
        [("range", json!({"success": true, "replayed": 12}))],
    )
    .fails_with([Problem::webhook_not_found(), Problem::replay_too_large()])
}
