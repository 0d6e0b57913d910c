//! API keys: the list, and what an admin does with a key.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use hexdesk_domain::ports::{CreateKeyOutcome, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyDraft, IdempotentOutcome, KeyNumber, ManageApiKeysError, PageSize, RotationDraft, Scope,
    Timestamp,
};

use crate::choice::{Choice, OVERLAPS, choices};
use crate::form::{self, Form};
use crate::inbox::see_other;
use crate::mark::{Fact, Mark};
use crate::once::Once;
use crate::question::{self, Question};
use crate::refusals::Refusals;
use crate::shell::{self, Shell};
use crate::when::When;
use crate::{Agent, Console, Failure};

/// The path of the list.
pub(crate) const PATH: &str = "/keys";

/// The keys of a page.
const PAGE_ENTRIES: u32 = 50;

const HOUR_SECONDS: i64 = 60 * 60;
const DAY_MILLIS: i64 = 24 * HOUR_SECONDS * 1_000;

/// A key that ends within this time gets a warning.
const SOON_MILLIS: i64 = 7 * DAY_MILLIS;

/// The lives of a key to choose from, in days. The first has no end.
const LIVES: &[(&str, &str)] =
    &[("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")];

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    shell: Shell,
    rows: Vec<Row>,
    next: Option<String>,
    is_later_page: bool,
    form: KeyForm,
}

struct Row {
    path: String,
    beginning: String,
    mark: Mark,
    scopes: String,
    end: Option<When>,
    created: When,
}

struct KeyForm {
    key: String,
    scopes: Vec<Choice>,
    lives: Vec<Choice>,
    refusals: Refusals,
}

impl KeyForm {
    /// The form with these values and a new idempotency key.
    fn new(form: &Form, refusals: Refusals) -> Result<Self, Failure> {
        let scopes = Scope::ALL.iter().map(|scope| Choice {
            value: scope.as_str(),
            text: what(*scope),
            is_chosen: form.texts("scope").any(|chosen| chosen == scope.as_str()),
        });
        let lives = choices(LIVES, form.text("days"));
        Ok(Self { key: form::new_key()?, scopes: scopes.collect(), lives, refusals })
    }
}

/// What a scope allows.
const fn what(scope: Scope) -> &'static str {
    match scope {
        Scope::TicketsRead => "Read tickets and their comments",
        Scope::TicketsWrite => "Create and change tickets and comments",
        Scope::CustomersRead => "Read customers",
        Scope::CustomersWrite => "Create, change and erase customers",
        Scope::UsersRead => "Read users",
        Scope::UsersWrite => "Create, change and deactivate users",
        Scope::ApiKeysManage => "Manage API keys",
        Scope::EventsRead => "Read the event log",
        Scope::WebhooksRead => "Read webhooks and their attempts",
        Scope::WebhooksManage => "Manage webhooks; needs the event log, too",
    }
}

#[derive(Template)]
#[template(path = "key.html")]
struct KeyPage {
    shell: Shell,
    path: String,
    beginning: String,
    mark: Mark,
    facts: Vec<Fact>,
    scopes: Vec<&'static str>,
    is_live: bool,
    key: String,
    lives: Vec<Choice>,
    overlaps: Vec<Choice>,
    once: Option<Once>,
    notice: String,
    refusals: Refusals,
}

/// The state of a key.
fn mark(key: &ApiKey, now: Timestamp) -> Mark {
    let soon = now.saturating_add_millis(SOON_MILLIS);
    match key.expires_at {
        _ if key.revoked_at.is_some() => Mark::ended("Revoked"),
        Some(_) if !key.is_live(now) => Mark::ended("Expired"),
        Some(end) if end < soon => Mark::warns("Expires soon"),
        _ => Mark::works("Works"),
    }
}

/// `GET /keys`: the keys, and a form for another.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn list(
    console: Console,
    agent: Agent,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let after = Form::of_query(&request).number("after").and_then(KeyNumber::new);
    let form = KeyForm::new(&Form::default(), Refusals::default())?;
    keys(&console, &agent, after, form, StatusCode::OK).await
}

async fn keys(
    console: &Console,
    agent: &Agent,
    after: Option<KeyNumber>,
    form: KeyForm,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let place = console.place(agent.shop()).await?;
    let page = console.api_keys.list_keys(agent.shop(), after, PageSize::of(PAGE_ENTRIES)).await?;
    let now = console.clock.now();
    let rows = page.entries.iter().map(|key| Row {
        path: path(key.number),
        beginning: (console.key_texts.beginning)(key),
        mark: mark(key, now),
        scopes: scopes(key).join(", "),
        end: key.expires_at.map(|end| When::new(end, now)),
        created: When::new(key.created_at, now),
    });
    let rows = rows.collect();
    let shell = Shell::load(console, agent, place, None, "").await?.at(PATH);
    let next = page.next.map(|after| format!("{PATH}?after={}", after.get()));
    shell::page(
        HttpResponse::build(status),
        &KeysPage { shell, rows, next, is_later_page: after.is_some(), form },
    )
}

fn path(key: KeyNumber) -> String {
    format!("{PATH}/{}", key.get())
}

fn scopes(key: &ApiKey) -> Vec<&'static str> {
    key.scopes.iter().map(|scope| scope.as_str()).collect()
}

/// When a key with the chosen life expires.
fn expiry(form: &Form, now: Timestamp) -> Option<Timestamp> {
    let days = form.number("days").filter(|days| LIVES.iter().any(|(life, _)| *life == days.to_string()));
    days.map(|days| now.saturating_add_millis(days.saturating_mul(DAY_MILLIS)))
}

/// The key that an earlier use of a form has made.
fn made_before(receipt: &[u8]) -> Result<HttpResponse, Failure> {
    let number = form::number_of(receipt).and_then(KeyNumber::new).ok_or_else(Failure::internal)?;
    Ok(see_other(&format!("{}?done=repeated", path(number))))
}

/// `POST /keys`: creates a key, and shows its text once.
///
/// # Errors
/// 403 for more rights than the user has, and the errors of the store.
pub(crate) async fn create(console: Console, agent: Agent, form: Form) -> Result<HttpResponse, Failure> {
    let draft = ApiKeyDraft {
        scopes: Some(form.texts("scope").map(str::to_owned).collect()),
        user_id: None,
        expires_at: expiry(&form, console.clock.now()),
    };
    let secret = (console.key_texts.new_secret)()?;
    let receipt = Arc::new(|outcome: &CreateKeyOutcome| match outcome {
        CreateKeyOutcome::Created(key) => Some(form::receipt(key.number.get())),
        CreateKeyOutcome::UserNotFound => None,
    });
    let once = form.once("console create key");
    let manage = &console.manage_api_keys;
    let refusals = match manage.create(&agent.principal, draft, secret.hash, once, receipt).await {
        Ok(IdempotentOutcome::Ran(CreateKeyOutcome::Created(key))) => {
            return show(&console, &agent, &key, (secret.text)(&key)).await;
        }
        Ok(IdempotentOutcome::Replayed(receipt)) => return made_before(&receipt),
        Ok(IdempotentOutcome::KeyReused) => Refusals::of("form", form::SENT_BEFORE),
        Ok(IdempotentOutcome::InProgress) => return Err(form::in_progress()),
        Ok(IdempotentOutcome::Ran(CreateKeyOutcome::UserNotFound)) => return Err(Failure::internal()),
        Err(ManageApiKeysError::Invalid(violations)) => match Refusals::from_violations(&violations) {
            refusals if refusals.at("scope").is_empty() => refusals,
            _ => Refusals::of("scope", "Choose at least one right."),
        },
        Err(error) => return Err(failed(error)),
    };
    let form = KeyForm::new(&form, refusals)?;
    keys(&console, &agent, None, form, StatusCode::BAD_REQUEST).await
}

fn failed(error: ManageApiKeysError) -> Failure {
    match error {
        ManageApiKeysError::KeyNotFound => not_found(),
        ManageApiKeysError::Storage(error) => error.into(),
        ManageApiKeysError::Exceeds(_) | ManageApiKeysError::HolderNotLive => Failure::forbidden(),
        ManageApiKeysError::Invalid(_) => {
            Failure::new(StatusCode::BAD_REQUEST, "Not changed", "This value is not allowed.")
        }
    }
}

fn not_found() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "Key not found", "This shop has no such API key.")
}

async fn find(console: &Console, agent: &Agent, key: i64) -> Result<ApiKey, Failure> {
    let key = KeyNumber::new(key).ok_or_else(not_found)?;
    let found = console.api_keys.find_key(agent.shop(), key).await?;
    Ok(found.ok_or_else(not_found)?.0)
}

/// What a page about a key says besides its facts.
#[derive(Default)]
struct Said {
    once: Option<Once>,
    notice: String,
    refusals: Refusals,
}

/// Shows the text of a new key. It is part of this response only.
async fn show(console: &Console, agent: &Agent, key: &ApiKey, text: String) -> Result<HttpResponse, Failure> {
    let hint =
        "Programs send it in the header x-api-key. Copy it now: it is stored nowhere and not shown again.";
    let once = Once { name: "API key", secret: text, hint: hint.to_owned() };
    page(console, agent, key, Said { once: Some(once), ..Said::default() }, StatusCode::OK).await
}

async fn page(
    console: &Console,
    agent: &Agent,
    key: &ApiKey,
    said: Said,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let place = console.place(agent.shop()).await?;
    let now = console.clock.now();
    let mut facts = vec![Fact::time("Created", When::new(key.created_at, now))];
    facts.push(match key.expires_at {
        Some(end) => Fact::time(if now < end { "Expires" } else { "Expired" }, When::new(end, now)),
        None => Fact::text("Expires", "Never"),
    });
    if let Some(time) = key.revoked_at {
        facts.push(Fact::time("Revoked", When::new(time, now)));
    }
    if let Some(user) = key.user_id {
        facts.push(Fact::text("Writes as", format!("user {user}")));
    }
    let path = path(key.number);
    let page = KeyPage {
        shell: Shell::load(console, agent, place, None, "").await?.at(PATH).of(&path),
        path,
        beginning: (console.key_texts.beginning)(key),
        mark: mark(key, now),
        facts,
        scopes: scopes(key),
        is_live: key.is_live(now),
        key: form::new_key()?,
        lives: choices(LIVES, ""),
        overlaps: choices(OVERLAPS, ""),
        once: said.once,
        notice: said.notice,
        refusals: said.refusals,
    };
    shell::page(HttpResponse::build(status), &page)
}

/// `GET /keys/{key}`: a key, and what an admin can do with it.
///
/// # Errors
/// 404 for a key that the shop does not have.
pub(crate) async fn serve(
    console: Console,
    agent: Agent,
    key: web::Path<i64>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let key = find(&console, &agent, *key).await?;
    let notice = match Form::of_query(&request).text("done") {
        "repeated" => {
            "This form was already sent and made this key. Its text was shown once. If it is lost, rotate the key."
        }
        "revoked" => "The key was revoked. Servers notice within 5 seconds.",
        _ => "",
    };
    page(&console, &agent, &key, Said { notice: notice.to_owned(), ..Said::default() }, StatusCode::OK).await
}

/// `POST /keys/{key}/rotate`: replaces a key, and shows the text of the new one once.
///
/// # Errors
/// 404 for a key that the shop does not have.
pub(crate) async fn rotate(
    console: Console,
    agent: Agent,
    key: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let old = find(&console, &agent, *key).await?;
    let expires_at = expiry(&form, console.clock.now());
    let draft = RotationDraft { expires_at, overlap_seconds: form.number("overlap") };
    let secret = (console.key_texts.new_secret)()?;
    let receipt = Arc::new(|outcome: &RotateKeyOutcome| match outcome {
        RotateKeyOutcome::Rotated(key) => Some(form::receipt(key.number.get())),
        RotateKeyOutcome::NotLive => None,
    });
    let once = form.once(&format!("console rotate key {}", old.number.get()));
    let manage = &console.manage_api_keys;
    let refusals = match manage.rotate(&agent.principal, old.number, draft, secret.hash, once, receipt).await
    {
        Ok(IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(key))) => {
            return show(&console, &agent, &key, (secret.text)(&key)).await;
        }
        Ok(IdempotentOutcome::Replayed(receipt)) => return made_before(&receipt),
        Ok(IdempotentOutcome::KeyReused) => Refusals::of("form", form::SENT_BEFORE),
        Ok(IdempotentOutcome::InProgress) => return Err(form::in_progress()),
        Ok(IdempotentOutcome::Ran(RotateKeyOutcome::NotLive)) => {
            Refusals::of("form", "This key does not work any more, so it was not rotated. Create another.")
        }
        Err(ManageApiKeysError::Invalid(violations)) => Refusals::from_violations(&violations),
        Err(error) => return Err(failed(error)),
    };
    let said = Said { refusals, ..Said::default() };
    page(&console, &agent, &old, said, StatusCode::CONFLICT).await
}

/// `GET /keys/{key}/revoke`: asks.
///
/// # Errors
/// 404 for a key that the shop does not have.
pub(crate) async fn ask(
    console: Console,
    agent: Agent,
    key: web::Path<i64>,
) -> Result<HttpResponse, Failure> {
    let key = find(&console, &agent, *key).await?;
    let path = path(key.number);
    let question = Question {
        title: format!("Revoke the key {}…?", (console.key_texts.beginning)(&key)),
        sentences: vec![
            "Every request with this key fails from now on. Nothing makes the key work again.".to_owned(),
            "To replace a key without an interruption, rotate it instead.".to_owned(),
        ],
        action: format!("{path}/revoke"),
        fields: Vec::new(),
        yes: "Revoke",
        back: path,
    };
    question::ask(&console, &agent, PATH, question).await
}

/// `POST /keys/{key}/revoke`: revokes a key. A revoked key keeps its time.
///
/// # Errors
/// 404 for a key that the shop does not have.
pub(crate) async fn revoke(
    console: Console,
    agent: Agent,
    key: web::Path<i64>,
) -> Result<HttpResponse, Failure> {
    let key = KeyNumber::new(*key).ok_or_else(not_found)?;
    console.manage_api_keys.revoke(&agent.principal, key).await.map_err(failed)?;
    Ok(see_other(&format!("{}?done=revoked", path(key))))
}
