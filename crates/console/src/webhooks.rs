//! Webhooks: the list, and the settings, secret and state of one.

mod attempts;
mod deletion;
mod editor;
mod health;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use hexdesk_domain::ports::{CreateWebhookOutcome, SecretSealerError, UpdateWebhookOutcome};
use hexdesk_domain::{
    IdempotentOutcome, ManageWebhooksError, Scope, Timestamp, Webhook, WebhookChangesDraft, WebhookId,
    WebhookRotationDraft,
};

use crate::choice::{Choice, OVERLAPS, choices};
use crate::form::{self, Form};
use crate::inbox::see_other;
use crate::mark::{Fact, Mark};
use crate::once::Once;
use crate::refusals::Refusals;
use crate::shell::{self, Shell};
use crate::when::When;
use crate::{Agent, Console, ConsoleWebhooks, Failure};

use attempts::Attempts;
pub(crate) use attempts::{ask_to_replay, replay, test};
pub(crate) use deletion::{ask, delete};
use editor::Editor;

/// The path of the list.
pub(crate) const PATH: &str = "/webhooks";

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    shell: Shell,
    rows: Vec<Row>,
    is_full: bool,
    manages: bool,
    editor: Editor,
}

struct Row {
    path: String,
    url: String,
    kinds: String,
    mark: Mark,
    /// What to do.
    advice: String,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct WebhookPage {
    shell: Shell,
    path: String,
    url: String,
    mark: Mark,
    advice: String,
    facts: Vec<Fact>,
    manages: bool,
    is_enabled: bool,
    editor: Editor,
    /// The idempotency key of the rotation.
    key: String,
    overlaps: Vec<Choice>,
    attempts: Attempts,
    once: Option<Once>,
    notice: String,
    refusals: Refusals,
}

/// What the pages of webhooks use.
fn services(console: &Console) -> Result<&ConsoleWebhooks, Failure> {
    console.webhooks.as_ref().ok_or_else(|| {
        let sentence = "This server was built without webhooks.";
        Failure::new(StatusCode::NOT_FOUND, "No webhooks", sentence)
    })
}

fn manages(agent: &Agent) -> bool {
    agent.principal.scopes.contains(&Scope::WebhooksManage)
}

fn path(webhook: WebhookId) -> String {
    format!("{PATH}/{webhook}")
}

fn not_found() -> Failure {
    let sentence = "This webhook does not exist, or was deleted meanwhile.";
    Failure::new(StatusCode::NOT_FOUND, "Webhook not found", sentence)
}

async fn find(console: &Console, agent: &Agent, webhook: i64) -> Result<Webhook, Failure> {
    let webhook = WebhookId::new(webhook).ok_or_else(not_found)?;
    services(console)?.store.find_webhook(agent.shop(), webhook).await?.ok_or_else(not_found)
}

/// `GET /webhooks`: the webhooks, and a form for another.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn list(console: Console, agent: Agent) -> Result<HttpResponse, Failure> {
    webhooks(&console, &agent, Editor::empty()?, StatusCode::OK).await
}

async fn webhooks(
    console: &Console,
    agent: &Agent,
    editor: Editor,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let place = console.place(agent.shop()).await?;
    let webhooks = services(console)?.store.list_webhooks(agent.shop()).await?;
    let now = console.clock.now();
    let rows = webhooks.iter().map(|webhook| {
        let (mark, advice) = health::of(webhook, now);
        Row { path: path(webhook.id), url: webhook.url.clone(), kinds: editor::kinds(webhook), mark, advice }
    });
    let page = WebhooksPage {
        shell: Shell::load(console, agent, place, None, "").await?.at(PATH),
        rows: rows.collect(),
        is_full: webhooks.len() >= Webhook::MAX_OF_SHOP,
        manages: manages(agent),
        editor,
    };
    shell::page(HttpResponse::build(status), &page)
}

/// What a page about a webhook says besides its settings.
#[derive(Default)]
struct Said {
    once: Option<Once>,
    notice: String,
    refusals: Refusals,
    /// The settings that a user typed, if they were refused.
    editor: Option<Editor>,
    /// The attempts before this number.
    before: Option<i64>,
}

async fn page(
    console: &Console,
    agent: &Agent,
    webhook: &Webhook,
    said: Said,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let place = console.place(agent.shop()).await?;
    let now = console.clock.now();
    let attempts = Attempts::load(services(console)?, webhook, said.before, now).await?;
    let (mark, advice) = health::of(webhook, now);
    let path = path(webhook.id);
    let page = WebhookPage {
        shell: Shell::load(console, agent, place, None, "").await?.at(PATH).of(&path),
        path,
        url: webhook.url.clone(),
        mark,
        advice,
        facts: facts(webhook, now),
        manages: manages(agent),
        is_enabled: webhook.is_enabled(),
        editor: match said.editor {
            Some(editor) => editor,
            None => Editor::of_webhook(webhook)?,
        },
        key: form::new_key()?,
        overlaps: choices(OVERLAPS, ""),
        attempts,
        once: said.once,
        notice: said.notice,
        refusals: said.refusals,
    };
    shell::page(HttpResponse::build(status), &page)
}

fn facts(webhook: &Webhook, now: Timestamp) -> Vec<Fact> {
    let mut facts = vec![
        Fact::text("Id", webhook.id.to_string()),
        Fact::time("Created", When::new(webhook.created_at, now)),
    ];
    if let Some(former) = webhook.former_secret.as_ref().filter(|former| now < former.ends_at) {
        facts.push(Fact::time("Old secret until", When::new(former.ends_at, now)));
    }
    facts
}

/// `GET /webhooks/{webhook}`: a webhook with its attempts, newest first.
///
/// # Errors
/// 404 for a webhook that the shop does not have.
pub(crate) async fn serve(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let webhook = find(&console, &agent, *webhook).await?;
    let query = Form::of_query(&request);
    let notice = match query.text("done") {
        "saved" => "The settings were saved.".to_owned(),
        "enabled" => "The webhook is enabled. It goes on where it stopped.".to_owned(),
        "disabled" => "The webhook is disabled. It keeps its place.".to_owned(),
        "tested" => "A test was sent. Its attempt is the newest below.".to_owned(),
        "repeated" => {
            "This form was already sent. The secret was shown once. If it is lost, rotate it.".to_owned()
        }
        "replayed" => match query.number("events") {
            Some(1) => "1 event is sent again.".to_owned(),
            Some(events) => format!("{events} events are sent again."),
            None => String::new(),
        },
        _ => String::new(),
    };
    let said = Said { notice, before: query.number("before"), ..Said::default() };
    page(&console, &agent, &webhook, said, StatusCode::OK).await
}

/// The webhook that an earlier use of a form has made or changed.
fn done_before(receipt: &[u8]) -> Result<HttpResponse, Failure> {
    let id = form::number_of(receipt).and_then(WebhookId::new).ok_or_else(Failure::internal)?;
    Ok(see_other(&format!("{}?done=repeated", path(id))))
}

fn failed(error: ManageWebhooksError) -> Failure {
    match error {
        ManageWebhooksError::Storage(error) => error.into(),
        ManageWebhooksError::Ids(error) => {
            tracing::error!(%error, "no id is left");
            Failure::overloaded()
        }
        ManageWebhooksError::RetentionTooShort => {
            Failure::new(StatusCode::CONFLICT, "Not possible here", error.to_string())
        }
        ManageWebhooksError::Sealer(error) => sealer_failed(&error),
        ManageWebhooksError::Invalid(_) => {
            Failure::new(StatusCode::BAD_REQUEST, "Not changed", "This value is not allowed.")
        }
    }
}

/// The page of a secret that cannot be sealed or opened. The log says why.
fn sealer_failed(error: &SecretSealerError) -> Failure {
    tracing::warn!(%error, "the secret of a webhook cannot be sealed or opened");
    match error {
        SecretSealerError::KeyMissing | SecretSealerError::KeyUnknown(_) => {
            let sentence = "The server lacks the key that protects secrets of webhooks. Its operator sets it \
                            with --secret-key-file.";
            Failure::new(StatusCode::CONFLICT, "No key for secrets", sentence)
        }
        SecretSealerError::DoesNotOpen | SecretSealerError::Unusable(_) => Failure::internal(),
    }
}

/// Shows a new secret. It is part of this response only.
async fn show(
    console: &Console,
    agent: &Agent,
    webhook: &Webhook,
    secret: String,
) -> Result<HttpResponse, Failure> {
    let hint = "Your endpoint checks signatures with it. Copy it now: it is not shown again.".to_owned();
    let once = Some(Once { name: "Secret", secret, hint });
    page(console, agent, webhook, Said { once, ..Said::default() }, StatusCode::OK).await
}

/// `POST /webhooks`: creates a webhook, and shows its secret once.
///
/// # Errors
/// 409 without a key for secrets, and the errors of the store.
pub(crate) async fn create(console: Console, agent: Agent, form: Form) -> Result<HttpResponse, Failure> {
    let services = services(&console)?;
    let secret = (services.new_secret)()?;
    let receipt = Arc::new(|outcome: &CreateWebhookOutcome| match outcome {
        CreateWebhookOutcome::Created(webhook) => Some(form::receipt(webhook.id.get())),
        CreateWebhookOutcome::TooMany => None,
    });
    let (caller, once) = (agent.principal.caller(), form.once("console create webhook"));
    let created = match editor::draft(&form) {
        Ok(draft) => services.manage.create(caller, draft, &secret.bytes, once, receipt).await,
        Err(refusals) => {
            let editor = Editor::refused(&form, refusals)?;
            return webhooks(&console, &agent, editor, StatusCode::BAD_REQUEST).await;
        }
    };
    let refusals = match created {
        Ok(IdempotentOutcome::Ran(CreateWebhookOutcome::Created(webhook))) => {
            return show(&console, &agent, &webhook, secret.text).await;
        }
        Ok(IdempotentOutcome::Ran(CreateWebhookOutcome::TooMany)) => {
            let most = Webhook::MAX_OF_SHOP;
            Refusals::of("form", format!("A shop has at most {most} webhooks. Delete one first."))
        }
        Ok(IdempotentOutcome::Replayed(receipt)) => return done_before(&receipt),
        Ok(IdempotentOutcome::KeyReused) => Refusals::of("form", form::SENT_BEFORE),
        Ok(IdempotentOutcome::InProgress) => return Err(form::in_progress()),
        Err(ManageWebhooksError::Invalid(violations)) => editor::refusals(&violations),
        Err(error) => return Err(failed(error)),
    };
    let editor = Editor::refused(&form, refusals)?;
    webhooks(&console, &agent, editor, StatusCode::BAD_REQUEST).await
}

/// `POST /webhooks/{webhook}`: changes the settings, unless somebody else did so meanwhile.
///
/// # Errors
/// 404 for a webhook that the shop does not have.
pub(crate) async fn save(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let webhook = find(&console, &agent, *webhook).await?;
    let saved = match editor::draft(&form) {
        Ok(draft) => {
            let changes = WebhookChangesDraft {
                url: draft.url,
                kinds: Some(draft.kinds),
                payload: draft.payload,
                ignore_key: Some(draft.ignore_key),
                is_enabled: None,
            };
            let version = Some(form.number("version").unwrap_or(0));
            update(&console, &agent, webhook.id, changes, version).await
        }
        Err(refusals) => Err(Unsaved::Refused(refusals)),
    };
    let (status, refusals) = match saved {
        Ok(webhook) => return Ok(see_other(&format!("{}?done=saved", path(webhook.id)))),
        Err(Unsaved::Refused(refusals)) => (StatusCode::BAD_REQUEST, refusals),
        Err(Unsaved::Stale) => (
            StatusCode::PRECONDITION_FAILED,
            Refusals::of(
                "form",
                "Not saved yet: somebody changed this webhook meanwhile. What you typed is below. Compare it with \
                 the page of the webhook, and save again to replace the other change.",
            ),
        ),
        Err(Unsaved::Failed(failure)) => return Err(failure),
    };
    let webhook = find(&console, &agent, webhook.id.get()).await?;
    let editor = Editor { version: webhook.version, ..Editor::refused(&form, refusals)? };
    page(&console, &agent, &webhook, Said { editor: Some(editor), ..Said::default() }, status).await
}

/// Why a webhook was not changed.
enum Unsaved {
    Refused(Refusals),
    Stale,
    Failed(Failure),
}

async fn update(
    console: &Console,
    agent: &Agent,
    id: WebhookId,
    changes: WebhookChangesDraft,
    version: Option<i64>,
) -> Result<Webhook, Unsaved> {
    let manage = &services(console).map_err(Unsaved::Failed)?.manage;
    let (caller, receipt) = (agent.principal.caller(), Arc::new(|_: &UpdateWebhookOutcome| None));
    match manage.update(caller, id, changes, version, None, receipt).await {
        Ok(IdempotentOutcome::Ran(UpdateWebhookOutcome::Updated(webhook))) => Ok(*webhook),
        Ok(IdempotentOutcome::Ran(UpdateWebhookOutcome::VersionMismatch)) => Err(Unsaved::Stale),
        Ok(_) => Err(Unsaved::Failed(not_found())),
        Err(ManageWebhooksError::Invalid(violations)) => Err(Unsaved::Refused(editor::refusals(&violations))),
        Err(error) => Err(Unsaved::Failed(failed(error))),
    }
}

/// `POST /webhooks/{webhook}/state`: enables or disables a webhook.
///
/// # Errors
/// 404 for a webhook that the shop does not have.
pub(crate) async fn set_state(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let webhook = find(&console, &agent, *webhook).await?;
    let is_enabled = form.text("enabled") == "true";
    let changes = WebhookChangesDraft { is_enabled: Some(is_enabled), ..WebhookChangesDraft::default() };
    match update(&console, &agent, webhook.id, changes, None).await {
        Ok(webhook) => {
            let done = if is_enabled { "enabled" } else { "disabled" };
            Ok(see_other(&format!("{}?done={done}", path(webhook.id))))
        }
        Err(Unsaved::Failed(failure)) => Err(failure),
        Err(Unsaved::Refused(_) | Unsaved::Stale) => Err(Failure::internal()),
    }
}

/// `POST /webhooks/{webhook}/rotate`: makes another secret, and shows it once.
///
/// # Errors
/// 404 for a webhook that the shop does not have, 409 without a key for secrets.
pub(crate) async fn rotate(
    console: Console,
    agent: Agent,
    webhook: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let webhook = find(&console, &agent, *webhook).await?;
    let services = services(&console)?;
    let draft = WebhookRotationDraft { overlap_seconds: form.number("overlap") };
    let secret = (services.new_secret)()?;
    let receipt = Arc::new(|outcome: &UpdateWebhookOutcome| match outcome {
        UpdateWebhookOutcome::Updated(webhook) => Some(form::receipt(webhook.id.get())),
        UpdateWebhookOutcome::NotFound | UpdateWebhookOutcome::VersionMismatch => None,
    });
    let (caller, once) =
        (agent.principal.caller(), form.once(&format!("console rotate webhook {}", webhook.id)));
    let refusals = match services.manage.rotate(caller, webhook.id, draft, &secret.bytes, once, receipt).await
    {
        Ok(IdempotentOutcome::Ran(UpdateWebhookOutcome::Updated(webhook))) => {
            return show(&console, &agent, &webhook, secret.text).await;
        }
        Ok(IdempotentOutcome::Ran(_)) => return Err(not_found()),
        Ok(IdempotentOutcome::Replayed(receipt)) => return done_before(&receipt),
        Ok(IdempotentOutcome::KeyReused) => Refusals::of("form", form::SENT_BEFORE),
        Ok(IdempotentOutcome::InProgress) => return Err(form::in_progress()),
        Err(ManageWebhooksError::Invalid(violations)) => Refusals::from_violations(&violations),
        Err(error) => return Err(failed(error)),
    };
    page(&console, &agent, &webhook, Said { refusals, ..Said::default() }, StatusCode::BAD_REQUEST).await
}
