//! The feature `serde`: what a store keeps, as serde values.
//!
//! Every value is read back through the checks that made it: a number outside its range, an unknown
//! name, and a text that is too long, blank where it must not be, or holds U+0000 fail. Unknown
//! fields fail, too. Only the syntax of e-mail addresses and language codes is not checked again, so
//! that a stricter rule does not make older values unreadable. A missing optional field is `None`.
//! Times are milliseconds since 1970 (UTC). Every field is always written, so formats without names
//! work as well.

use std::collections::BTreeSet;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Actor, ApiKey, ApiKeySnapshot, ArchiveEntry, ArchivedAttempt, ArchivedDelivery, ArchivedEvent,
    ArchivedSession, ArchivedShop, Attempt, AttemptError, AttemptResult, AuditStamp, Comment, CommentDraft,
    CommentId, Credential, Customer, CustomerDraft, CustomerId, Delivery, DisabledReason, Event, EventKind,
    EventPosition, ExternalIds, Fingerprint, FormerSecret, HumanTicket, HumanTicketId, IdRange,
    IdempotencyKey, IdempotencyRecord, InitialMessage, KeyNumber, Link, MergedCustomer, NewAttempt,
    NodeNumber, PasswordHash, Receipt, RequestId, Role, Rule, SavedReply, SavedReplyDraft, SavedReplyId,
    Scope, SealedSecret, SecretHash, SessionLife, Shop, ShopCounters, ShopDomain, ShopId, Snapshot, Subject,
    Ticket, TicketDraft, TicketId, TicketSnapshot, Timestamp, User, UserDraft, UserId, Violation, Webhook,
    WebhookHealth, WebhookId, WebhookPayload, WebhookSnapshot, WebhookState,
};

/// Implements both traits through another type, and a check on reading.
macro_rules! through {
    ($($type:ident as $other:ty: |$written:ident| $write:expr, |$read:ident| $check:expr;)+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $written = self;
                <$other>::serialize(&$write, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let $read = <$other>::deserialize(deserializer)?;
                let checked: Option<Self> = $check;
                checked.ok_or_else(|| D::Error::custom(concat!("an invalid ", stringify!($type))))
            }
        }
    )+};
}

through! {
    NodeNumber as u16: |it| it.get(), |number| Self::new(number);
    Timestamp as i64: |it| it.unix_millis(), |millis| Self::from_unix_millis(millis).ok();
    SecretHash as [u8; 32]: |it| it.0, |bytes| Some(Self(bytes));
    Fingerprint as [u8; 32]: |it| it.0, |bytes| Some(Self(bytes));
    RequestId as [u8; 16]: |it| *it.as_bytes(), |bytes| Some(Self::from_bytes(bytes));
    IdempotencyKey as String: |it| it.as_str().to_owned(), |text| Self::parse(&text).ok();
    ShopDomain as String: |it| it.as_str().to_owned(),
        |text| Self::parse(&text).ok().filter(|domain| domain.as_str() == text);
    PasswordHash as String: |it| it.as_str().to_owned(), |text| Some(Self::new(text));
    Role as String: |it| it.as_str().to_owned(), |text| text.parse().ok();
    Scope as String: |it| it.as_str().to_owned(), |text| text.parse().ok();
    EventKind as String: |it| it.as_str().to_owned(), |text| text.parse().ok();
    WebhookPayload as String: |it| it.as_str().to_owned(), |text| Self::named(&text);
    DisabledReason as String: |it| it.as_str().to_owned(), |text| Self::named(&text);
    AttemptError as String: |it| it.as_str().to_owned(), |text| Self::named(&text);
    SealedSecret as Vec<u8>: |it| it.0, |bytes| Some(Self(bytes));
    IdempotencyRecord as IdempotencyRecordFields: |it| it.clone().into(), |fields| Some(fields.into());
}

/// A record. The bytes of a response are a text if they are UTF-8, so that an archive can be read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdempotencyRecordFields {
    operation: String,
    key: IdempotencyKey,
    fingerprint: Fingerprint,
    response: Response,
    customer_id: Option<CustomerId>,
    requested_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Response {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<IdempotencyRecord> for IdempotencyRecordFields {
    fn from(record: IdempotencyRecord) -> Self {
        let IdempotencyRecord { operation, key, fingerprint, receipt, requested_at } = record;
        let Receipt { response, customer_id } = receipt;
        let response = String::from_utf8(response)
            .map_or_else(|error| Response::Bytes(error.into_bytes()), Response::Text);
        Self { operation, key, fingerprint, response, customer_id, requested_at }
    }
}

impl From<IdempotencyRecordFields> for IdempotencyRecord {
    fn from(fields: IdempotencyRecordFields) -> Self {
        let IdempotencyRecordFields { operation, key, fingerprint, response, customer_id, requested_at } =
            fields;
        let response = match response {
            Response::Text(text) => text.into_bytes(),
            Response::Bytes(bytes) => bytes,
        };
        Self { operation, key, fingerprint, receipt: Receipt { response, customer_id }, requested_at }
    }
}

/// Implements reading for ids, which are numbers.
macro_rules! ids {
    ($($id:ident)+) => {$(
        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = i64::deserialize(deserializer)?;
                Self::new(number).ok_or_else(|| D::Error::custom(concat!("an invalid ", stringify!($id))))
            }
        }
    )+};
}

ids! { ShopId CustomerId UserId KeyNumber HumanTicketId TicketId CommentId WebhookId SavedReplyId }

/// Implements both traits for structs, through all of their fields. A field that is missing here
/// does not compile. The function after a struct checks the whole value on reading.
macro_rules! structs {
    ($($type:ident $name:literal as $fields:ident { $($field:ident: $field_type:ty),+ $(,)? } $check:expr;)+) => {$(
        #[derive(Serialize, Deserialize)]
        #[serde(remote = $name, deny_unknown_fields)]
        struct $fields { $($field: $field_type),+ }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $fields::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $fields::deserialize(deserializer)?;
                let check: fn(&Self) -> Result<(), String> = $check;
                check(&value).map_err(|problem| D::Error::custom(format!("{}: {problem}", $name)))?;
                Ok(value)
            }
        }
    )+};
}

structs! {
    Shop "Shop" as ShopFields {
        id: ShopId,
        domain: ShopDomain,
        created_at: Timestamp,
        closed_at: Option<Timestamp>,
        reopen_on_reply: bool,
    } every_field_is_checked;
    Customer "Customer" as CustomerFields {
        id: CustomerId,
        shop_id: ShopId,
        email: Option<String>,
        phone_number: Option<String>,
        first_name: Option<String>,
        last_name: Option<String>,
        full_name: Option<String>,
        external_ids: ExternalIds,
        number_of_orders: i32,
        cms: Option<String>,
        cms_created_at: Option<Timestamp>,
        created_at: Timestamp,
    } customer_keeps_the_rules;
    ExternalIds "ExternalIds" as ExternalIdsFields {
        shopify_id: Option<String>,
        wordpress_id: Option<String>,
        prestashop_id: Option<String>,
        fb_user_id: Option<String>,
        ig_user_id: Option<String>,
        ig_pseudo: Option<String>,
        whatsapp_id: Option<String>,
        zendesk_id: Option<String>,
        freshdesk_id: Option<String>,
        gmelius_id: Option<String>,
        gorgias_id: Option<String>,
    } every_field_is_checked;
    User "User" as UserFields {
        id: UserId,
        shop_id: ShopId,
        email: String,
        first_name: Option<String>,
        last_name: Option<String>,
        full_name: Option<String>,
        created_at: Timestamp,
        deactivated_at: Option<Timestamp>,
    } user_keeps_the_rules;
    Ticket "Ticket" as TicketFields {
        id: TicketId,
        shop_id: ShopId,
        customer_id: CustomerId,
        channel: String,
        name: Option<String>,
        thread_id: Option<String>,
        email_used: Option<String>,
        date: Timestamp,
        last_message: Option<String>,
        last_message_time: Timestamp,
        initial_message: Option<InitialMessage>,
        contact_reason: Option<String>,
        assigned_to: Option<UserId>,
        is_opened: bool,
        unread_count: i32,
        tags: Vec<String>,
        language_code: Option<String>,
        via: Option<String>,
        version: i64,
    } ticket_keeps_the_rules;
    InitialMessage "InitialMessage" as InitialMessageFields {
        text: Option<String>,
        time: Timestamp,
    } initial_message_keeps_the_rules;
    HumanTicket "HumanTicket" as HumanTicketFields {
        id: HumanTicketId,
        opened_at: Timestamp,
        closed_at: Option<Timestamp>,
    } every_field_is_checked;
    Comment "Comment" as CommentFields {
        id: CommentId,
        shop_id: ShopId,
        ticket_id: TicketId,
        customer_id: CustomerId,
        text: String,
        time: Timestamp,
        channel: String,
        is_from_shop: bool,
        is_note: bool,
        author_id: Option<UserId>,
        subject: Option<String>,
        from_email: Option<String>,
        to_emails: Vec<String>,
        attachments: Option<String>,
        tags: Vec<String>,
    } comment_keeps_the_rules;
    ApiKey "ApiKey" as ApiKeyFields {
        shop_id: ShopId,
        number: KeyNumber,
        secret_hash: SecretHash,
        scopes: BTreeSet<Scope>,
        user_id: Option<UserId>,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
        revoked_at: Option<Timestamp>,
    } every_field_is_checked;
    Credential "Credential" as CredentialFields {
        user_id: UserId,
        role: Role,
        password: Option<PasswordHash>,
        link: Option<Link>,
        signed_in_at: Option<Timestamp>,
    } every_field_is_checked;
    Link "Link" as LinkFields {
        token_hash: SecretHash,
        ends_at: Timestamp,
    } every_field_is_checked;
    SessionLife "SessionLife" as SessionLifeFields {
        created_at: Timestamp,
        last_used_at: Timestamp,
    } every_field_is_checked;
    SavedReply "SavedReply" as SavedReplyFields {
        shop_id: ShopId,
        id: SavedReplyId,
        title: String,
        text: String,
        created_at: Timestamp,
        changed_at: Timestamp,
    } saved_reply_keeps_the_rules;
    Receipt "Receipt" as ReceiptFields {
        response: Vec<u8>,
        customer_id: Option<CustomerId>,
    } every_field_is_checked;
    IdRange "IdRange" as IdRangeFields {
        node: NodeNumber,
        from: Timestamp,
        until: Timestamp,
    } range_is_not_empty;
    AuditStamp "AuditStamp" as AuditStampFields {
        actor: Actor,
        time: Timestamp,
        request_id: Option<RequestId>,
    } every_field_is_checked;
    EventPosition "EventPosition" as EventPositionFields {
        change: i64,
        part: i64,
    } position_is_not_negative;
    TicketSnapshot "TicketSnapshot" as TicketSnapshotFields {
        ticket: Ticket,
        human_ticket: Option<HumanTicket>,
    } every_field_is_checked;
    ApiKeySnapshot "ApiKeySnapshot" as ApiKeySnapshotFields {
        number: KeyNumber,
        scopes: BTreeSet<Scope>,
        user_id: Option<UserId>,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
        revoked_at: Option<Timestamp>,
    } every_field_is_checked;
    WebhookSnapshot "WebhookSnapshot" as WebhookSnapshotFields {
        id: WebhookId,
        url: String,
        kinds: Option<BTreeSet<EventKind>>,
        payload: WebhookPayload,
        ignore_key: Option<KeyNumber>,
        state: WebhookState,
        former_secret_ends_at: Option<Timestamp>,
        created_at: Timestamp,
        version: i64,
    } every_field_is_checked;
    Webhook "Webhook" as WebhookFields {
        shop_id: ShopId,
        id: WebhookId,
        url: String,
        kinds: Option<BTreeSet<EventKind>>,
        payload: WebhookPayload,
        ignore_key: Option<KeyNumber>,
        state: WebhookState,
        secret: SealedSecret,
        former_secret: Option<FormerSecret>,
        created_at: Timestamp,
        version: i64,
        place: EventPosition,
        health: WebhookHealth,
    } every_field_is_checked;
    FormerSecret "FormerSecret" as FormerSecretFields {
        secret: SealedSecret,
        ends_at: Timestamp,
    } every_field_is_checked;
    WebhookHealth "WebhookHealth" as WebhookHealthFields {
        failures: u32,
        failing_since: Option<Timestamp>,
        next_probe: Option<Timestamp>,
        last_attempt: i64,
        last_claim: i64,
    } every_field_is_checked;
    NewAttempt "NewAttempt" as NewAttemptFields {
        time: Timestamp,
        duration_millis: i64,
        result: AttemptResult,
    } every_field_is_checked;
    Delivery "Delivery" as DeliveryFields {
        position: EventPosition,
        kind: EventKind,
        subject: Subject,
        attempts: u32,
        claim: i64,
        due_at: Option<Timestamp>,
        claimed_until: Option<Timestamp>,
    } every_field_is_checked;
    Attempt "Attempt" as AttemptFields {
        number: i64,
        position: Option<EventPosition>,
        kind: Option<EventKind>,
        of_delivery: u32,
        made: NewAttempt,
        next_due: Option<Timestamp>,
    } every_field_is_checked;
    Event "Event" as EventFields {
        shop_id: ShopId,
        position: EventPosition,
        kind: EventKind,
        subject: Subject,
        stamp: AuditStamp,
        snapshot: Option<Snapshot>,
    } event_is_about_its_subject;
    ArchivedShop "ArchivedShop" as ArchivedShopFields {
        shop: Shop,
        log_beginning: Option<EventPosition>,
        counters: ShopCounters,
        id_range_ends: Vec<(NodeNumber, Timestamp)>,
    } every_field_is_checked;
    ShopCounters "ShopCounters" as ShopCountersFields {
        changes: i64,
        customers: i64,
        users: i64,
        human_tickets: i64,
    } every_field_is_checked;
    ArchivedSession "ArchivedSession" as ArchivedSessionFields {
        token_hash: SecretHash,
        user_id: UserId,
        life: SessionLife,
    } every_field_is_checked;
    MergedCustomer "MergedCustomer" as MergedCustomerFields {
        id: CustomerId,
        into: CustomerId,
    } every_field_is_checked;
    ArchivedEvent "ArchivedEvent" as ArchivedEventFields {
        event: Event,
        customer_id: Option<CustomerId>,
    } every_field_is_checked;
    ArchivedDelivery "ArchivedDelivery" as ArchivedDeliveryFields {
        webhook_id: WebhookId,
        delivery: Delivery,
    } every_field_is_checked;
    ArchivedAttempt "ArchivedAttempt" as ArchivedAttemptFields {
        webhook_id: WebhookId,
        attempt: Attempt,
    } every_field_is_checked;
}

/// Implements both traits for enums, through all of their variants.
macro_rules! enums {
    ($($type:ident $name:literal as $variants:ident { $($variant:tt)+ };)+) => {$(
        #[derive(Serialize, Deserialize)]
        #[serde(remote = $name, rename_all = "snake_case", deny_unknown_fields)]
        enum $variants { $($variant)+ }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $variants::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $variants::deserialize(deserializer)
            }
        }
    )+};
}

enums! {
    Actor "Actor" as ActorVariants {
        Operator,
        Server,
        ApiKey { number: KeyNumber, user_id: Option<UserId> },
        User { id: UserId },
    };
    Subject "Subject" as SubjectVariants {
        Ticket(TicketId),
        Comment(CommentId),
        Customer(CustomerId),
        User(UserId),
        ApiKey(KeyNumber),
        Webhook(WebhookId),
        Shop(ShopId),
    };
    Snapshot "Snapshot" as SnapshotVariants {
        Ticket(Box<TicketSnapshot>),
        Comment(Box<Comment>),
        Customer(Box<Customer>),
        User(Box<User>),
        ApiKey(Box<ApiKeySnapshot>),
        Webhook(Box<WebhookSnapshot>),
        Shop(Box<Shop>),
    };
    ArchiveEntry "ArchiveEntry" as ArchiveEntryVariants {
        User(Box<User>),
        Credential(Box<Credential>),
        Session(Box<ArchivedSession>),
        ApiKey(Box<ApiKey>),
        Customer(Box<Customer>),
        MergedCustomer(MergedCustomer),
        Ticket(Box<TicketSnapshot>),
        Comment(Box<Comment>),
        SavedReply(Box<SavedReply>),
        Event(Box<ArchivedEvent>),
        Webhook(Box<Webhook>),
        Delivery(Box<ArchivedDelivery>),
        Attempt(Box<ArchivedAttempt>),
        IdempotencyRecord(Box<IdempotencyRecord>),
    };
    WebhookState "WebhookState" as WebhookStateVariants {
        Enabled,
        Disabled { reason: DisabledReason, at: Timestamp },
    };
    AttemptResult "AttemptResult" as AttemptResultVariants {
        Status(u16),
        Error(AttemptError),
    };
}

/// The types of the fields have no invalid values.
fn every_field_is_checked<T>(_: &T) -> Result<(), String> {
    Ok(())
}

/// Fails if one of these rules is broken, except those of syntax. An existing customer may have
/// neither an e-mail address nor a phone number (CUSTOMER-18).
fn kept(mut broken: Vec<Violation>) -> Result<(), String> {
    broken.retain(|found| {
        !matches!(found.rule, Rule::Email | Rule::BareEmail | Rule::LanguageTag | Rule::Reachable)
    });
    let shown: Vec<_> =
        broken.iter().map(|found| format!("{:?} breaks {:?}", found.field, found.rule)).collect();
    if shown.is_empty() { Ok(()) } else { Err(shown.join(", ")) }
}

fn customer_keeps_the_rules(customer: &Customer) -> Result<(), String> {
    let Customer { email, phone_number, first_name, last_name, full_name, external_ids, .. } =
        customer.clone();
    let ExternalIds {
        shopify_id,
        wordpress_id,
        prestashop_id,
        fb_user_id,
        ig_user_id,
        ig_pseudo,
        whatsapp_id,
        zendesk_id,
        freshdesk_id,
        gmelius_id,
        gorgias_id,
    } = external_ids;
    let id = Some(customer.id);
    let draft = CustomerDraft {
        id,
        email,
        phone_number,
        first_name,
        last_name,
        full_name,
        shopify_id,
        wordpress_id,
        prestashop_id,
        fb_user_id,
        ig_user_id,
        ig_pseudo,
        whatsapp_id,
        zendesk_id,
        freshdesk_id,
        gmelius_id,
        gorgias_id,
    };
    kept(draft.violations())
}

fn user_keeps_the_rules(user: &User) -> Result<(), String> {
    let User { email, first_name, last_name, full_name, .. } = user.clone();
    let draft = UserDraft { id: Some(user.id), email: Some(email), first_name, last_name, full_name };
    kept(draft.violations())
}

fn saved_reply_keeps_the_rules(reply: &SavedReply) -> Result<(), String> {
    let SavedReply { title, text, .. } = reply.clone();
    let draft = SavedReplyDraft { title: Some(title), text: Some(text) };
    kept(draft.into_new().err().map(Vec::from).unwrap_or_default())
}

fn ticket_keeps_the_rules(ticket: &Ticket) -> Result<(), String> {
    let Ticket {
        id: _,
        shop_id: _,
        customer_id,
        channel,
        name,
        thread_id,
        email_used,
        date,
        last_message,
        last_message_time,
        initial_message: _,
        contact_reason,
        assigned_to,
        is_opened,
        unread_count,
        tags,
        language_code,
        via,
        version,
    } = ticket.clone();
    if version < 1 {
        return Err("the version is less than 1".to_owned());
    }
    let draft = TicketDraft {
        customer_id: Some(customer_id),
        channel: Some(channel),
        name,
        thread_id,
        email_used,
        date: Some(date),
        last_message,
        last_message_time: Some(last_message_time),
        contact_reason,
        assigned_to,
        is_opened,
        unread_count: Some(unread_count.into()),
        tags: Some(tags),
        language_code,
        via,
    };
    kept(draft.violations())
}

fn initial_message_keeps_the_rules(message: &InitialMessage) -> Result<(), String> {
    let InitialMessage { text, time: _ } = message.clone();
    let draft = TicketDraft {
        // Only the text is checked.
        customer_id: CustomerId::new(1),
        channel: Some("Mail".to_owned()),
        last_message: text,
        ..TicketDraft::default()
    };
    kept(draft.violations())
}

fn comment_keeps_the_rules(comment: &Comment) -> Result<(), String> {
    let Comment {
        text,
        time,
        channel,
        is_from_shop,
        is_note,
        subject,
        from_email,
        to_emails,
        attachments,
        tags,
        ..
    } = comment.clone();
    let draft = CommentDraft {
        text: Some(text),
        time: Some(time),
        channel: Some(channel),
        is_from_shop: Some(is_from_shop),
        is_note: Some(is_note),
        subject,
        from_email,
        to_emails: Some(to_emails),
        attachments,
        tags: Some(tags),
    };
    kept(draft.violations())
}

fn range_is_not_empty(range: &IdRange) -> Result<(), String> {
    if range.from < range.until { Ok(()) } else { Err("the range is empty".to_owned()) }
}

fn position_is_not_negative(position: &EventPosition) -> Result<(), String> {
    if position.change >= 0 && position.part >= 0 { Ok(()) } else { Err("a number is negative".to_owned()) }
}

fn event_is_about_its_subject(event: &Event) -> Result<(), String> {
    let is_kind = event.kind.subject(event.subject.number()) == Some(event.subject);
    let is_snapshot = event.snapshot.as_ref().is_none_or(|snapshot| snapshot.subject() == event.subject);
    if is_kind && is_snapshot { Ok(()) } else { Err("it is not about its subject".to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;
    use crate::{NewEvent, samples};

    /// Writes the value, reads it back, and returns what was written.
    fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Value {
        let text = serde_json::to_string(value).unwrap();
        assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value);
        serde_json::from_str(&text).unwrap()
    }

    fn refusal<T: DeserializeOwned + Debug>(value: &Value) -> String {
        serde_json::from_str::<T>(&value.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn everything_that_a_store_keeps_is_read_back() {
        round_trip(&samples::shop());
        round_trip(&samples::customer());
        round_trip(&Customer { email: None, phone_number: None, ..samples::customer() });
        round_trip(&samples::user());
        round_trip(&User { deactivated_at: Some(Timestamp::MAX), ..samples::user() });
        round_trip(&samples::ticket());
        let by_another_rule =
            Ticket { email_used: Some("é".into()), language_code: Some("e".into()), ..samples::ticket() };
        round_trip(&by_another_rule);
        round_trip(&samples::comment());
        round_trip(&samples::api_key());
        round_trip(&HumanTicket {
            closed_at: Some(Timestamp::MAX),
            ..samples::ticket_snapshot().human_ticket.unwrap()
        });
        round_trip(&Receipt { response: (0..=u8::MAX).collect(), customer_id: CustomerId::new(1) });
        round_trip(&(IdempotencyKey::parse("a b").unwrap(), Fingerprint([9; 32])));
        round_trip(&samples::webhook());
        round_trip(&Webhook { state: WebhookState::Enabled, ..samples::webhook() });
        for result in [AttemptResult::Status(204), AttemptResult::Error(AttemptError::Dns)] {
            let made = NewAttempt { time: Timestamp::MIN, duration_millis: 5, result };
            let position = Some(EventPosition { change: 1, part: 0 });
            let kind = Some(EventKind::TicketCreated);
            round_trip(&Attempt { number: 1, position, kind, of_delivery: 1, made, next_due: None });
        }
        let node = NodeNumber::new(NodeNumber::COUNT - 1).unwrap();
        round_trip(&IdRange { node, from: Timestamp::MIN, until: Timestamp::MAX });
        for kind in EventKind::ALL {
            assert_eq!(round_trip(kind), json!(kind.as_str()));
        }
        for scope in Scope::ALL {
            assert_eq!(round_trip(scope), json!(scope.as_str()));
        }
    }

    #[test]
    fn every_event_is_read_back() {
        let (ticket, key) = (samples::ticket_snapshot(), samples::api_key());
        let events = [
            NewEvent::ticket_created(ticket.clone()),
            NewEvent::ticket_deleted(ticket.ticket.id),
            NewEvent::comment_created(samples::comment()),
            NewEvent::customer_created(samples::customer()),
            NewEvent::user_created(samples::user()),
            NewEvent::api_key_revoked(&key),
            NewEvent::webhook_disabled(&samples::webhook()),
            NewEvent::shop_closed(&samples::shop()),
        ];
        let by_key = Actor::ApiKey { number: key.number, user_id: key.user_id };
        for (event, change) in events.into_iter().zip(0..) {
            let request_id = Some(RequestId::from_bytes([change.try_into().unwrap(); 16]));
            let stamp = AuditStamp { actor: by_key, request_id, ..samples::STAMP };
            round_trip(&event.at(samples::shop().id, EventPosition { change, part: 0 }, stamp));
        }
        assert_eq!(
            round_trip(&samples::STAMP),
            json!({ "actor": "operator", "time": -62_135_596_800_000_i64, "request_id": null })
        );
    }

    #[test]
    fn values_outside_their_range_are_refused() {
        for number in [json!(0), json!(-1), json!(1_i64 << 53), json!("1"), json!(1.5)] {
            refusal::<ShopId>(&number);
            refusal::<CustomerId>(&number);
            refusal::<UserId>(&number);
            refusal::<HumanTicketId>(&number);
        }
        assert_eq!(refusal::<TicketId>(&json!(0)), "an invalid TicketId");
        refusal::<CommentId>(&json!(0));
        refusal::<KeyNumber>(&json!(0));
        refusal::<NodeNumber>(&json!(NodeNumber::COUNT));
        refusal::<Timestamp>(&json!(Timestamp::MAX.unix_millis() + 1));
        refusal::<ShopDomain>(&json!("a..b"));
        // It would be found under another name.
        refusal::<ShopDomain>(&json!("Shop.example.com"));
        refusal::<IdempotencyKey>(&json!(""));
        refusal::<Fingerprint>(&json!(vec![0; 31]));
        refusal::<SecretHash>(&json!(vec![0; 33]));
        refusal::<Scope>(&json!("everything"));
        refusal::<EventKind>(&json!("ticket.exploded"));
        refusal::<Actor>(&json!("nobody"));
        refusal::<IdRange>(&json!({ "node": 0, "from": 5, "until": 5 }));
        refusal::<EventPosition>(&json!({ "change": -1, "part": 0 }));
    }

    /// Refuses the value with one other member.
    fn refusal_with<T>(value: &T, member: &str, other: Value) -> String
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        let mut written = round_trip(value);
        written[member] = other;
        refusal::<T>(&written)
    }

    #[test]
    fn texts_that_break_the_rules_are_refused() {
        let (ticket, comment) = (samples::ticket(), samples::comment());
        for (member, bad) in [
            ("channel", json!(" ")),
            ("name", json!("a\u{0}")),
            ("email_used", json!("x".repeat(255))),
            ("unread_count", json!(-1)),
            ("tags", json!(["", "a\u{0}"])),
            ("language_code", json!("x".repeat(36))),
            ("version", json!(0)),
        ] {
            let problem = refusal_with(&ticket, member, bad);
            assert!(problem.starts_with("Ticket: "), "{member}: {problem}");
        }
        let without = Comment { attachments: None, ..comment.clone() };
        assert_eq!(refusal_with(&without, "text", json!("")), "Comment: Text breaks NotBlank");
        round_trip(&Comment { text: String::new(), ..comment });
        assert_eq!(refusal_with(&samples::user(), "email", json!("a\u{0}")), "User: Email breaks NoNul");
        let too_long = json!("x".repeat(501));
        assert_eq!(
            refusal_with(&samples::customer(), "full_name", too_long),
            "Customer: FullName breaks MaxLength(500)"
        );
        refusal_with(&samples::customer(), "phone_number", json!(" "));
    }

    #[test]
    fn unknown_and_missing_fields_are_refused_and_options_may_be_missing() {
        refusal_with(&samples::shop(), "fax", json!(1));
        refusal_with(&samples::customer(), "external_ids", json!({ "fax_id": "1" }));
        let mut shop = round_trip(&samples::shop());
        shop.as_object_mut().unwrap().remove("closed_at");
        assert_eq!(
            serde_json::from_value::<Shop>(shop.clone()).unwrap(),
            Shop { closed_at: None, ..samples::shop() }
        );
        shop.as_object_mut().unwrap().remove("domain");
        refusal::<Shop>(&shop);
    }

    #[test]
    fn an_event_is_about_its_subject() {
        let position = EventPosition { change: 0, part: 0 };
        let event = NewEvent::user_created(samples::user()).at(samples::shop().id, position, samples::STAMP);
        for (member, bad) in [
            ("kind", json!("ticket.created")),
            ("subject", json!({ "ticket": 2 })),
            ("subject", json!({ "user": 9 })),
            ("subject", json!({ "planet": 9 })),
            ("snapshot", json!({ "customer": round_trip(&samples::customer()) })),
        ] {
            refusal_with(&event, member, bad);
        }
    }
}
