use std::collections::BTreeSet;

use super::changes::WebhookChanges;
use super::targets::{AllowedTargets, TargetUrl, TargetUrlError};
use super::webhook::WebhookPayload;
use crate::limits::{MAX_WEBHOOK_OVERLAP_SECONDS, MAX_WEBHOOK_URL_CHARS};
use crate::{EventKind, Field, KeyNumber, Rule, Violation, Violations};

/// A new webhook, as requested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookDraft {
    /// The URL that receives the events: required. See [`TargetUrl`].
    pub url: Option<String>,
    /// The names of the kinds of events to send, at least one. Default: all, also those of later
    /// versions.
    pub kinds: Option<Vec<String>>,
    /// The name of the parts of an event to send. Default: `full`.
    pub payload: Option<String>,
    /// The key whose changes are not sent. Default: none.
    pub ignore_key: Option<KeyNumber>,
}

/// Requested changes of a webhook. An absent value stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookChangesDraft {
    /// As in [`WebhookDraft`].
    pub url: Option<String>,
    /// As in [`WebhookDraft`]. `Some(None)` sends all.
    pub kinds: Option<Option<Vec<String>>>,
    /// As in [`WebhookDraft`].
    pub payload: Option<String>,
    /// As in [`WebhookDraft`]. `Some(None)` ignores no key.
    pub ignore_key: Option<Option<KeyNumber>>,
    /// Whether it sends events.
    pub is_enabled: Option<bool>,
}

/// A requested rotation of a webhook's secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookRotationDraft {
    /// How long the old secret signs, too: 0 to [`MAX_WEBHOOK_OVERLAP_SECONDS`]. Default: a day.
    pub overlap_seconds: Option<i64>,
}

/// The checked values of a draft.
pub(super) struct CheckedWebhook {
    pub(super) url: String,
    pub(super) kinds: Option<BTreeSet<EventKind>>,
    pub(super) payload: WebhookPayload,
}

impl WebhookDraft {
    /// Returns every violation of the draft, in the order of [`Field`].
    pub fn violations(&self, allowed: &AllowedTargets) -> Vec<Violation> {
        self.check(allowed).err().map(Into::into).unwrap_or_default()
    }

    pub(super) fn check(&self, allowed: &AllowedTargets) -> Result<CheckedWebhook, Violations> {
        let mut found = Vec::new();
        if self.url.is_none() {
            found.push(violation(Field::Url, Rule::Required));
        }
        let url = self.url.as_deref().and_then(|url| checked_url(url, allowed, &mut found));
        let kinds = self.kinds.as_deref().and_then(|names| checked_kinds(names, &mut found));
        let payload = self.payload.as_deref().and_then(|name| checked_payload(name, &mut found));
        Violations::none_of(found)?;
        Ok(CheckedWebhook {
            url: url.unwrap_or_default(),
            kinds,
            payload: payload.unwrap_or(WebhookPayload::Full),
        })
    }
}

impl WebhookChangesDraft {
    /// Returns every violation of the changes, in the order of [`Field`].
    pub fn violations(&self, allowed: &AllowedTargets) -> Vec<Violation> {
        self.check(allowed).err().map(Into::into).unwrap_or_default()
    }

    pub(super) fn check(&self, allowed: &AllowedTargets) -> Result<WebhookChanges, Violations> {
        let mut found = Vec::new();
        let url = self.url.as_deref().and_then(|url| checked_url(url, allowed, &mut found));
        let kinds = self.kinds.as_ref().map(|names| checked_kinds(names.as_deref()?, &mut found));
        let payload = self.payload.as_deref().and_then(|name| checked_payload(name, &mut found));
        Violations::none_of(found)?;
        let Self { ignore_key, is_enabled, .. } = *self;
        Ok(WebhookChanges { url, kinds, payload, ignore_key, is_enabled, rotation: None })
    }
}

impl WebhookRotationDraft {
    /// The default of `overlap_seconds`.
    const DEFAULT_OVERLAP_SECONDS: i64 = 24 * 60 * 60;

    /// Returns the violation of the rotation, if there is one.
    pub fn violations(&self) -> Vec<Violation> {
        self.check().err().map(Into::into).unwrap_or_default()
    }

    /// Returns the overlap in milliseconds.
    pub(super) fn check(&self) -> Result<i64, Violations> {
        let seconds = self.overlap_seconds.unwrap_or(Self::DEFAULT_OVERLAP_SECONDS);
        if !(0..=MAX_WEBHOOK_OVERLAP_SECONDS).contains(&seconds) {
            let range = Rule::Range(0, MAX_WEBHOOK_OVERLAP_SECONDS);
            return Err(violation(Field::OverlapSeconds, range).into());
        }
        Ok(seconds.saturating_mul(1_000))
    }
}

const fn violation(field: Field, rule: Rule) -> Violation {
    Violation { field, index: None, rule }
}

fn checked_url(text: &str, allowed: &AllowedTargets, found: &mut Vec<Violation>) -> Option<String> {
    let rule = match TargetUrl::parse(text, allowed) {
        Ok(_) => return Some(text.to_owned()),
        Err(TargetUrlError::TooLong) => Rule::MaxLength(MAX_WEBHOOK_URL_CHARS),
        Err(error) => Rule::TargetUrl(error),
    };
    found.push(violation(Field::Url, rule));
    None
}

fn checked_kinds(names: &[String], found: &mut Vec<Violation>) -> Option<BTreeSet<EventKind>> {
    if names.is_empty() {
        found.push(violation(Field::Kinds, Rule::Required));
    }
    let mut kinds = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        match name.parse() {
            Ok(kind) => {
                kinds.insert(kind);
            }
            Err(_) => {
                found.push(Violation { field: Field::Kinds, index: Some(index), rule: Rule::EventKind });
            }
        }
    }
    Some(kinds)
}

fn checked_payload(name: &str, found: &mut Vec<Violation>) -> Option<WebhookPayload> {
    let payload = WebhookPayload::ALL.iter().find(|payload| payload.as_str() == name).copied();
    if payload.is_none() {
        found.push(violation(Field::Payload, Rule::WebhookPayload));
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_draft_reports_every_violation() {
        let allowed = AllowedTargets::default();
        let bad = WebhookDraft {
            url: Some("https://10.0.0.1".into()),
            kinds: Some(names(&["ticket.created", "ticket.exploded", "*"])),
            payload: Some("fat".into()),
            ignore_key: None,
        };
        let at = |field, index, rule| Violation { field, index, rule };
        assert_eq!(
            bad.violations(&allowed),
            [
                at(Field::Url, None, Rule::TargetUrl(TargetUrlError::RefusedAddress)),
                at(Field::Kinds, Some(1), Rule::EventKind),
                at(Field::Kinds, Some(2), Rule::EventKind),
                at(Field::Payload, None, Rule::WebhookPayload),
            ]
        );
        assert_eq!(
            WebhookDraft { kinds: Some(Vec::new()), ..WebhookDraft::default() }.violations(&allowed),
            [at(Field::Url, None, Rule::Required), at(Field::Kinds, None, Rule::Required)]
        );
        let long = format!("https://example.com/{}", "a".repeat(2_000));
        assert_eq!(
            WebhookDraft { url: Some(long), ..WebhookDraft::default() }.violations(&allowed),
            [at(Field::Url, None, Rule::MaxLength(MAX_WEBHOOK_URL_CHARS))]
        );
    }

    #[test]
    fn a_draft_has_defaults() {
        let draft = WebhookDraft { url: Some("https://example.com".into()), ..WebhookDraft::default() };
        let checked = draft.check(&AllowedTargets::default()).unwrap();
        assert_eq!((&*checked.url, checked.kinds), ("https://example.com", None));
        assert_eq!(checked.payload, WebhookPayload::Full);
        let twice = Some(names(&["user.created", "user.created"]));
        let checked = WebhookDraft { kinds: twice, ..draft }.check(&AllowedTargets::default()).unwrap();
        assert_eq!(checked.kinds, Some([EventKind::UserCreated].into()));
    }

    #[test]
    fn changes_are_checked_as_drafts_are() {
        let allowed = AllowedTargets::default();
        let changes = WebhookChangesDraft { kinds: Some(None), ..WebhookChangesDraft::default() };
        assert_eq!(changes.check(&allowed).unwrap().kinds, Some(None));
        assert_eq!(WebhookChangesDraft::default().check(&allowed), Ok(WebhookChanges::default()));
        let bad = WebhookChangesDraft {
            url: Some("http://example.com".into()),
            kinds: Some(Some(Vec::new())),
            ..WebhookChangesDraft::default()
        };
        let fields: Vec<Field> = bad.violations(&allowed).iter().map(|found| found.field).collect();
        assert_eq!(fields, [Field::Url, Field::Kinds]);
    }

    #[test]
    fn an_old_secret_signs_for_a_week_at_most() {
        let overlap = |overlap_seconds| WebhookRotationDraft { overlap_seconds }.check().ok();
        assert_eq!(overlap(None), Some(86_400_000));
        assert_eq!(overlap(Some(0)), Some(0));
        assert_eq!(overlap(Some(604_800)), Some(604_800_000));
        assert_eq!((overlap(Some(-1)), overlap(Some(604_801))), (None, None));
    }
}
