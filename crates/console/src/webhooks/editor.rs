//! The form for the settings of a webhook.

use hexdesk_domain::{EventKind, KeyNumber, Violation, Webhook, WebhookDraft, WebhookPayload};

use crate::Failure;
use crate::choice::Choice;
use crate::form::{self, Form};
use crate::refusals::Refusals;

/// The settings in a form.
pub(super) struct Editor {
    /// The idempotency key of a creation.
    pub(super) key: String,
    /// The version that the user has seen.
    pub(super) version: i64,
    pub(super) url: String,
    /// Whether all kinds of events are sent.
    pub(super) sends_all: bool,
    pub(super) kinds: Vec<Choice>,
    pub(super) is_thin: bool,
    /// The number of the key whose changes are not sent.
    pub(super) ignore: String,
    pub(super) refusals: Refusals,
}

fn kind_choices(is_chosen: impl Fn(EventKind) -> bool) -> Vec<Choice> {
    let choice = |kind: &EventKind| Choice { value: kind.as_str(), text: "", is_chosen: is_chosen(*kind) };
    EventKind::ALL.iter().map(choice).collect()
}

impl Editor {
    /// For a new webhook.
    pub(super) fn empty() -> Result<Self, Failure> {
        Ok(Self {
            key: form::new_key()?,
            version: 0,
            url: String::new(),
            sends_all: true,
            kinds: kind_choices(|_| false),
            is_thin: false,
            ignore: String::new(),
            refusals: Refusals::default(),
        })
    }

    /// With the settings of this webhook.
    pub(super) fn of_webhook(webhook: &Webhook) -> Result<Self, Failure> {
        let chosen = webhook.kinds.as_ref();
        Ok(Self {
            version: webhook.version,
            url: webhook.url.clone(),
            sends_all: chosen.is_none(),
            kinds: kind_choices(|kind| chosen.is_some_and(|chosen| chosen.contains(&kind))),
            is_thin: webhook.payload == WebhookPayload::Thin,
            ignore: webhook.ignore_key.map_or_else(String::new, |key| key.get().to_string()),
            ..Self::empty()?
        })
    }

    /// With what a user typed.
    pub(super) fn refused(form: &Form, refusals: Refusals) -> Result<Self, Failure> {
        Ok(Self {
            url: form.text("url").to_owned(),
            sends_all: form.text("all") != "false",
            kinds: kind_choices(|kind| form.texts("kind").any(|chosen| chosen == kind.as_str())),
            is_thin: form.text("payload") == WebhookPayload::Thin.as_str(),
            ignore: form.text("ignore").to_owned(),
            refusals,
            ..Self::empty()?
        })
    }

    /// Why this field is refused, or nothing.
    pub(super) fn at(&self, field: &str) -> &str {
        self.refusals.at(field)
    }
}

/// Reads the settings of a form.
pub(super) fn draft(form: &Form) -> Result<WebhookDraft, Refusals> {
    let ignore = form.text("ignore").trim();
    let ignore_key = match ignore {
        "" => None,
        number => {
            let number = number.parse().ok().and_then(KeyNumber::new);
            let refused = || Refusals::of("ignore", "Enter the number of an API key, or nothing.");
            Some(number.ok_or_else(refused)?)
        }
    };
    let kinds = (form.text("all") == "false").then(|| form.texts("kind").map(str::to_owned).collect());
    let payload = Some(form.text("payload").to_owned()).filter(|payload| !payload.is_empty());
    Ok(WebhookDraft { url: Some(form.text("url").trim().to_owned()), kinds, payload, ignore_key })
}

/// Describes violations of the settings.
pub(super) fn refusals(violations: &[Violation]) -> Refusals {
    match Refusals::from_violations(violations) {
        refusals if refusals.at("kind").is_empty() => refusals,
        _ => Refusals::of("kind", "Choose at least one kind of event."),
    }
}

/// The kinds of events that a webhook sends, on one line.
pub(super) fn kinds(webhook: &Webhook) -> String {
    match &webhook.kinds {
        None => "All events".to_owned(),
        Some(kinds) => kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", "),
    }
}
