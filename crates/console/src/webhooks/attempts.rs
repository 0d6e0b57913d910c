//! The attempts of a webhook, tests, and sending events again.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{
    Attempt, AttemptError, AttemptResult, DeliveryRange, EventPosition, Page, PageSize, ReplayOutcome,
    Timestamp, Webhook,
};

use super::{PATH, find, not_found, path, services};
use crate::form::Form;
use crate::inbox::see_other;
use crate::mark::Mark;
use crate::question::{self, Question};
use crate::when::When;
use crate::{Agent, Console, ConsoleWebhooks, Failure};

/// The attempts of a page.
const PAGE_ENTRIES: u32 = 25;

/// Attempts as a page lists them.
pub(super) struct Attempts {
    pub(super) rows: Vec<Row>,
    /// The path of the next page.
    pub(super) next: Option<String>,
    pub(super) is_later_page: bool,
    /// The number of the newest attempt. A form says which attempts its user has seen.
    pub(super) newest: i64,
}

pub(super) struct Row {
    pub(super) number: i64,
    pub(super) kind: &'static str,
    pub(super) time: When,
    pub(super) mark: Mark,
    pub(super) result: String,
    pub(super) millis: i64,
    /// Its number among the attempts of the event.
    pub(super) of_delivery: u32,
    pub(super) next: Option<When>,
    /// The event, to send it again. Absent for a test.
    pub(super) event: Option<String>,
}

impl Attempts {
    pub(super) async fn load(
        services: &ConsoleWebhooks,
        webhook: &Webhook,
        before: Option<i64>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let (shop, size) = (webhook.shop_id, PageSize::of(PAGE_ENTRIES));
        let attempts = services.deliveries.list_attempts(shop, webhook.id, before, size).await?;
        let Page { entries, next } = attempts.ok_or_else(not_found)?;
        Ok(Self {
            rows: entries.iter().map(|attempt| Row::new(attempt, now)).collect(),
            next: next.map(|before| format!("{}?before={before}#attempts", path(webhook.id))),
            is_later_page: before.is_some(),
            newest: webhook.health.last_attempt,
        })
    }
}

impl Row {
    fn new(attempt: &Attempt, now: Timestamp) -> Self {
        let Attempt { number, position, kind, of_delivery, made, next_due } = *attempt;
        let is_over = next_due.is_none() && position.is_some();
        let mark = match made.result {
            result if result.is_success() => Mark::works("Accepted"),
            _ if is_over => Mark::ended("Given up"),
            _ => Mark::warns("Failed"),
        };
        Self {
            number,
            kind: kind.map_or("Test", |kind| kind.as_str()),
            time: When::new(made.time, now),
            mark,
            result: result(made.result),
            millis: made.duration_millis,
            of_delivery,
            next: next_due.map(|due| When::new(due, now)),
            event: position.map(|EventPosition { change, part }| format!("{change}.{part}")),
        }
    }
}

/// What happened in an attempt.
fn result(result: AttemptResult) -> String {
    match result {
        AttemptResult::Status(status) => format!("Status {status}"),
        AttemptResult::Error(error) => match error {
            AttemptError::Dns => "The host name has no address",
            AttemptError::RefusedAddress => "The address is not allowed",
            AttemptError::Connect => "No connection",
            AttemptError::Tls => "TLS failed",
            AttemptError::Timeout => "No response in time",
        }
        .to_owned(),
    }
}

/// Whether a test after this attempt was made. A form that is sent again finds that its first use has sent
/// the message.
async fn was_tested(services: &ConsoleWebhooks, webhook: &Webhook, seen: i64) -> Result<bool, Failure> {
    let (shop, size) = (webhook.shop_id, PageSize::of(PAGE_ENTRIES));
    let attempts = services.deliveries.list_attempts(shop, webhook.id, None, size).await?;
    let mut attempts = attempts.ok_or_else(not_found)?.entries.into_iter();
    Ok(attempts.any(|attempt| attempt.number > seen && attempt.position.is_none()))
}

/// `POST /webhooks/{webhook}/test`: sends a test, and shows the attempt.
///
/// # Errors
/// 404 for a webhook that the shop does not have, 409 without the key of its secret.
pub(crate) async fn test(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let webhook = find(&console, &agent, *webhook).await?;
    let services = services(&console)?;
    let seen = form.number("seen").unwrap_or(i64::MAX);
    if !was_tested(services, &webhook, seen).await? {
        (services.test)(webhook.clone()).await?.ok_or_else(not_found)?;
    }
    Ok(see_other(&format!("{}?done=tested#attempts", path(webhook.id))))
}

/// `POST /webhooks/{webhook}/replay`: sends one event again, or all events from it on. Messages have the ids
/// that they had, so a form that is sent twice sends nothing new.
///
/// # Errors
/// 404 for a webhook that the shop does not have.
pub(crate) async fn replay(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let webhook = find(&console, &agent, *webhook).await?;
    let services = services(&console)?;
    let (event, goes_on) = (position(form.text("event"))?, form.text("on") == "true");
    match services.manage.replay(agent.shop(), webhook.id, range(event, goes_on)).await? {
        ReplayOutcome::Replayed(events) => {
            Ok(see_other(&format!("{}?done=replayed&events={events}#attempts", path(webhook.id))))
        }
        ReplayOutcome::NotFound => Err(not_found()),
        ReplayOutcome::TooLarge => Err(too_many()),
    }
}

/// `GET /webhooks/{webhook}/replay`: asks before an event and all after it are sent again.
///
/// # Errors
/// 404 for a webhook that the shop does not have.
pub(crate) async fn ask_to_replay(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let webhook = find(&console, &agent, *webhook).await?;
    let form = Form::of_query(&request);
    let event = form.text("event");
    let range = DeliveryRange { until: webhook.place, ..range(position(event)?, true) };
    let too_large = DeliveryRange::MAX_EVENTS.saturating_add(1);
    let count = services(&console)?.deliveries.count_events(agent.shop(), range, too_large).await?;
    if count >= too_large {
        return Err(too_many());
    }
    let path = path(webhook.id);
    let question = Question {
        title: "Send this event and all after it again?".to_owned(),
        sentences: vec![
            format!("The log has {count} such events. The webhook sends the kinds that it wants."),
            "Messages have the ids that they had, so an endpoint that skips ids it has seen misses and doubles \
             nothing."
                .to_owned(),
        ],
        action: format!("{path}/replay"),
        fields: vec![("event", event.to_owned()), ("on", "true".to_owned())],
        yes: "Send again",
        back: path,
    };
    question::ask(&console, &agent, PATH, question).await
}

/// The range of an event, or of all events from it on.
const fn range(event: EventPosition, goes_on: bool) -> DeliveryRange {
    let one = DeliveryRange::of_event(event);
    let until = if goes_on { EventPosition::end_of(i64::MAX) } else { one.until };
    DeliveryRange { until, ..one }
}

fn too_many() -> Failure {
    let most = DeliveryRange::MAX_EVENTS;
    let sentence = format!("These are more than {most} events. Begin with a later one.");
    Failure::new(StatusCode::CONFLICT, "Too many events", sentence)
}

/// Reads `12.0`. It names an event of the user's own shop only.
fn position(text: &str) -> Result<EventPosition, Failure> {
    let numbers = text.split_once('.');
    let position = numbers.and_then(|(change, part)| {
        Some(EventPosition { change: change.parse().ok()?, part: part.parse().ok()? })
    });
    position.ok_or_else(|| {
        Failure::new(StatusCode::BAD_REQUEST, "No such event", "The address names no event of the log.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_name_events() {
        assert_eq!(position("12.1").ok(), Some(EventPosition { change: 12, part: 1 }));
        assert!(["12", "a.1", ""].iter().all(|text| position(text).is_err()));
        let event = EventPosition { change: 12, part: 0 };
        let (one, all) = (range(event, false), range(event, true));
        assert_eq!((one.until, one.contains(event), all.contains(event)), (event, true, true));
        assert!(all.contains(EventPosition { change: 13, part: 0 }));
        assert!(!all.contains(EventPosition { change: 11, part: 9 }));
    }
}
