use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Subcommand;
use hexdesk_adapters::SystemClock;
use hexdesk_domain::ports::{CreateWebhookOutcome, UpdateWebhookOutcome, WebhookUpdate};
use hexdesk_domain::{
    Actor, AttemptResult, Caller, DeliveryRange, EventKind, IdempotentOutcome, KeyNumber,
    MIN_IDEMPOTENCY_HOURS, ReplayOutcome, Retention, ShopDomain, Storage, TargetUrl, Webhook, WebhookChanges,
    WebhookDraft, WebhookId, WebhookPayload, WebhookState, replay_events,
};
use hexdesk_webhooks::WebhookSecret;

use crate::retention::event_days;
use crate::services::WebhookServices;
use crate::ticket_ids::ReservedTicketIds;
use crate::webhooks::messages;
use crate::webhooks::settings::WebhookSettings;
use crate::{events, wire_id};

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Create a webhook, and print its id and its secret, separated by a tab. The secret is shown once.
    Create {
        /// The shop's domain.
        #[arg(long)]
        shop: ShopDomain,
        /// The URL that receives the events: https://…
        url: String,
        /// The kinds of events to send, such as ticket.created. Repeat the option, or separate kinds by
        /// commas. The default is all.
        #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
        kinds: Vec<EventKind>,
        /// Send events without the state of the changed resource.
        #[arg(long)]
        thin: bool,
        /// The number of the API key whose changes are not sent.
        #[arg(long, value_name = "KEY", value_parser = key_number)]
        ignore_key: Option<KeyNumber>,
        /// How many days the servers keep the event log, as in `hexdesk serve`. Webhooks need at least 7. The
        /// default is forever.
        #[arg(long, env = "HEXDESK_KEEP_EVENTS", value_name = "DAYS", value_parser = event_days())]
        keep_events: Option<u32>,
        #[command(flatten)]
        settings: WebhookSettings,
    },
    /// Print a shop's webhooks, one per line.
    ///
    /// A line has these columns, separated by tabs: the id, the URL, the kinds or "all", "full" or "thin",
    /// "enabled" or "disabled" with the reason and the time, and the number of failed attempts since the
    /// last success.
    List {
        /// The shop's domain.
        #[arg(long)]
        shop: ShopDomain,
    },
    /// Send a test message once, and print the result.
    ///
    /// Prints the status or the class of the error, and the milliseconds, separated by a tab. Fails unless
    /// the endpoint accepts the message.
    Test {
        #[command(flatten)]
        webhook: Named,
        #[command(flatten)]
        settings: WebhookSettings,
    },
    /// Send a range of the log again, and print the number of events.
    ///
    /// Messages have the ids that they had. A range has at most 100,000 events. A running server sends them.
    Replay {
        #[command(flatten)]
        webhook: Named,
        /// The `cursor` of the event before the first event to send. The default is the beginning of the log.
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// The `cursor` of the last event to send. The default is the last event that the webhook has read.
        #[arg(long, value_name = "CURSOR")]
        until: Option<String>,
    },
    /// Disable a webhook, and print its line. It keeps its place in the log.
    Disable {
        #[command(flatten)]
        webhook: Named,
    },
    /// Enable a webhook, and print its line. It continues where it stopped.
    Enable {
        #[command(flatten)]
        webhook: Named,
    },
}

/// A webhook of a shop.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The shop's domain.
    #[arg(long)]
    shop: ShopDomain,
    /// The webhook's id, as `webhook list` prints it.
    #[arg(value_parser = webhook_id)]
    id: WebhookId,
}

impl Named {
    async fn find(&self, storage: &Arc<dyn Storage>) -> anyhow::Result<Webhook> {
        let shop = super::existing_shop(storage, &self.shop).await?;
        storage.find_webhook(shop.id, self.id).await?.with_context(|| self.missing())
    }

    fn missing(&self) -> String {
        format!("{} has no webhook {}: see `hexdesk webhook list`", self.shop, self.id)
    }
}

impl WebhookCommand {
    pub(super) async fn run(self, storage: Arc<dyn Storage>, database_url: &str) -> anyhow::Result<()> {
        match self {
            Self::Create { shop, url, kinds, thin, ignore_key, keep_events, settings } => {
                let shop = super::open_shop(&storage, &shop).await?;
                TargetUrl::parse(&url, &settings.allowed())
                    .map_err(|error| anyhow::anyhow!("the URL {error}"))?;
                let clock = Arc::new(SystemClock);
                let (ids, _keeper) = ReservedTicketIds::start(storage.clone(), clock.clone()).await?;
                let retention =
                    Retention { idempotency_hours: MIN_IDEMPOTENCY_HOURS, event_days: keep_events };
                let webhooks = WebhookServices::on(&storage, &settings, database_url, retention, ids, clock);
                let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
                let draft = WebhookDraft {
                    url: Some(url),
                    kinds: Some(kinds).filter(|kinds| !kinds.is_empty()),
                    payload: thin.then(|| WebhookPayload::Thin.as_str().to_owned()),
                    ignore_key,
                };
                let secret = WebhookSecret::random()?;
                let caller = Caller { shop: shop.id, actor: Actor::Operator, request_id: None };
                let created =
                    webhooks.manage.create(caller, draft, secret.as_bytes(), None, Arc::new(|_| None));
                match created.await? {
                    IdempotentOutcome::Ran(CreateWebhookOutcome::Created(webhook)) => {
                        super::print([format!("{}\t{}", webhook.id, secret.text())])
                    }
                    _ => bail!(
                        "{} has {} webhooks, the most a shop can have",
                        shop.domain,
                        Webhook::MAX_OF_SHOP
                    ),
                }
            }
            Self::List { shop } => {
                let shop = super::existing_shop(&storage, &shop).await?;
                super::print(storage.list_webhooks(shop.id).await?.iter().map(line))
            }
            Self::Test { webhook, settings } => {
                let found = webhook.find(&storage).await?;
                let sealer = settings.secret_key.sealer(database_url);
                let client = settings.client(Arc::new(SystemClock));
                let sent = messages::send_test(&found, &sealer, &client, &*storage, super::now()).await?;
                let attempt = sent.with_context(|| webhook.missing())?.made;
                let result = match attempt.result {
                    AttemptResult::Status(status) => status.to_string(),
                    AttemptResult::Error(error) => error.as_str().to_owned(),
                };
                super::print([format!("{result}\t{}", attempt.duration_millis)])?;
                if attempt.result.is_success() {
                    Ok(())
                } else {
                    bail!("the endpoint did not accept the message")
                }
            }
            Self::Replay { webhook, after, until } => {
                let found = webhook.find(&storage).await?;
                let position = |cursor: String| {
                    let opened = events::open_cursor(found.shop_id, &cursor);
                    opened.with_context(|| {
                        format!("{cursor} is not the cursor of an event of {}", webhook.shop)
                    })
                };
                let until = until.map(position).transpose()?.unwrap_or(found.place);
                let range = DeliveryRange { after: after.map(position).transpose()?, until };
                match replay_events(&*storage, &SystemClock, &found, range).await? {
                    ReplayOutcome::Replayed(events) => super::print([events]),
                    ReplayOutcome::TooLarge => {
                        bail!("the range has more than {} events", DeliveryRange::MAX_EVENTS)
                    }
                    ReplayOutcome::NotFound => bail!(webhook.missing()),
                }
            }
            Self::Disable { webhook } => switch(&storage, &webhook, false).await,
            Self::Enable { webhook } => switch(&storage, &webhook, true).await,
        }
    }
}

async fn switch(storage: &Arc<dyn Storage>, webhook: &Named, is_enabled: bool) -> anyhow::Result<()> {
    let found = webhook.find(storage).await?;
    let changes = WebhookChanges { is_enabled: Some(is_enabled), ..WebhookChanges::default() };
    let update = WebhookUpdate { changes, expected_version: None, stamp: super::stamp() };
    match storage.update_webhook(found.shop_id, found.id, update, None).await? {
        IdempotentOutcome::Ran(UpdateWebhookOutcome::Updated(webhook)) => super::print([line(&webhook)]),
        _ => bail!(webhook.missing()),
    }
}

fn line(webhook: &Webhook) -> String {
    let kinds = match &webhook.kinds {
        None => "all".to_owned(),
        Some(kinds) => kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(","),
    };
    let state = match webhook.state {
        WebhookState::Enabled => "enabled".to_owned(),
        WebhookState::Disabled { reason, at } => format!("disabled {} {at}", reason.as_str()),
    };
    let (id, url, payload) = (webhook.id, &webhook.url, webhook.payload.as_str());
    format!("{id}\t{url}\t{kinds}\t{payload}\t{state}\t{}", webhook.health.failures)
}

fn webhook_id(text: &str) -> Result<WebhookId, String> {
    wire_id::parse(text).and_then(WebhookId::new).ok_or_else(|| wire_id::requirement(WebhookId::MAX))
}

fn key_number(text: &str) -> Result<KeyNumber, String> {
    wire_id::parse(text).and_then(KeyNumber::new).ok_or_else(|| wire_id::requirement(KeyNumber::MAX))
}
