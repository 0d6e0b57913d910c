//! The deletion of a webhook.

use actix_web::{HttpResponse, web};
use hexdesk_domain::WebhookId;

use super::{PATH, find, not_found, path, services};
use crate::inbox::see_other;
use crate::question::{self, Question};
use crate::{Agent, Console, Failure};

/// `GET /webhooks/{webhook}/delete`: asks.
///
/// # Errors
/// 404 for a webhook that the shop does not have.
pub(crate) async fn ask(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
) -> Result<HttpResponse, Failure> {
    let webhook = find(&console, &agent, *webhook).await?;
    let path = path(webhook.id);
    let question = Question {
        title: "Delete this webhook?".to_owned(),
        sentences: vec![
            format!(
                "Nothing more is sent to {}. Its place, its secret and its attempts are lost.",
                webhook.url
            ),
            "To pause it, disable it instead: it keeps its place.".to_owned(),
        ],
        action: format!("{path}/delete"),
        fields: Vec::new(),
        yes: "Delete",
        back: path,
    };
    question::ask(&console, &agent, PATH, question).await
}

/// `POST /webhooks/{webhook}/delete`: deletes a webhook.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn delete(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
) -> Result<HttpResponse, Failure> {
    let webhook = WebhookId::new(*webhook).ok_or_else(not_found)?;
    let stamp = agent.principal.caller().stamp(console.clock.now());
    // Sent twice, it has deleted the webhook before.
    services(&console)?.store.delete_webhook(agent.shop(), webhook, None, stamp).await?;
    Ok(see_other(PATH))
}
