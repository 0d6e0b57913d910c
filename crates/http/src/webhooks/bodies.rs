//! The bodies of the requests about webhooks.

use hexdesk_domain::limits::{MAX_WEBHOOK_OVERLAP_SECONDS, MAX_WEBHOOK_URL_CHARS};
use hexdesk_domain::{EventKind, Field, KeyNumber, WebhookChangesDraft, WebhookDraft, WebhookRotationDraft};

use crate::json_members::kinds::{Count, EventKinds, Flag, Id, Text};
use crate::json_members::{Body, Member, Members};

const URL: Member<Text> = Member::new(
    Field::Url,
    "url",
    Text::NotBlank(MAX_WEBHOOK_URL_CHARS),
    "The URL that receives the events: `https://` and a public host.",
);
/// Its length is limited only so that a long list is not read. A kind may be named twice.
const KINDS: Member<EventKinds> = Member::new(
    Field::Kinds,
    "kinds",
    EventKinds(4 * EventKind::ALL.len() as u64),
    "The kinds of events that it sends.",
)
.remark("`null` for all, also those of later versions.");
const PAYLOAD: Member<Text> = Member::new(
    Field::Payload,
    "payload",
    Text::OneOf(&["full", "thin"]),
    "`full`, or `thin` without snapshots.",
);
const IGNORE_KEY: Member<Id<KeyNumber>> = Member::new(
    Field::IgnoreKey,
    "ignoreKey",
    Id::KEY,
    "The id of the API key whose changes it does not send; `null` for none.",
);
const IS_ENABLED: Member<Flag> = Member::new(Field::IsEnabled, "isEnabled", Flag, "Whether it sends events.");
const OVERLAP_SECONDS: Member<Count> = Member::new(
    Field::OverlapSeconds,
    "overlapSeconds",
    Count(MAX_WEBHOOK_OVERLAP_SECONDS),
    "How many seconds the old secret signs, too.",
);
const CURSOR: Text = Text::NotBlank(100);
const EVENT: Member<Text> =
    Member::new(Field::Event, "event", CURSOR, "The cursor of the one event to send.");
const AFTER: Member<Text> =
    Member::new(Field::After, "after", CURSOR, "The cursor before the first event to send.");
const UNTIL: Member<Text> =
    Member::new(Field::Until, "until", CURSOR, "The cursor of the last event to send.");

/// The body that creates a webhook.
pub(crate) static NEW_WEBHOOK: Body<WebhookDraft> = Body::create("NewWebhook", "Webhook", draft);

fn draft(members: &mut Members) -> WebhookDraft {
    WebhookDraft {
        url: members.required(URL),
        kinds: members.optional(KINDS),
        payload: members.optional(PAYLOAD.remark("The default is `full`.")),
        ignore_key: members.optional(IGNORE_KEY),
    }
}

/// The body that changes a webhook.
pub(crate) static WEBHOOK_CHANGES: Body<WebhookChangesDraft> =
    Body::change("WebhookChanges", "Webhook", changes);

fn changes(members: &mut Members) -> WebhookChangesDraft {
    WebhookChangesDraft {
        url: members.replacement(URL),
        kinds: members.change(KINDS),
        payload: members.replacement(PAYLOAD),
        ignore_key: members.change(IGNORE_KEY),
        is_enabled: members
            .replacement(IS_ENABLED.remark("`true` forgets its failures; it continues where it stopped.")),
    }
}

/// The body that rotates a secret.
pub(crate) static WEBHOOK_ROTATION: Body<WebhookRotationDraft> =
    Body::create("WebhookRotation", "Webhook", rotation);

fn rotation(members: &mut Members) -> WebhookRotationDraft {
    WebhookRotationDraft {
        overlap_seconds: members.optional(OVERLAP_SECONDS.remark("The default is a day.")),
    }
}

/// The cursors of a replay.
pub(crate) struct ReplayCursors {
    pub(crate) event: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) until: Option<String>,
}

/// The body that replays events.
pub(crate) static WEBHOOK_REPLAY: Body<ReplayCursors> = Body::create("WebhookReplay", "Webhook", replay);

fn replay(members: &mut Members) -> ReplayCursors {
    ReplayCursors {
        event: members.optional(EVENT.remark("Not together with `after` or `until`.")),
        after: members.optional(AFTER.remark("The default is the beginning of the log.")),
        until: members.optional(UNTIL.remark("The default is the last event that the webhook has read.")),
    }
}
