//! One of each thing that a store keeps, for tests.

use std::collections::BTreeSet;

use crate::{
    Actor, ApiKey, AuditStamp, Comment, CommentDraft, CommentId, Customer, CustomerDraft, CustomerId,
    DisabledReason, EventKind, EventPosition, FormerSecret, HumanTicket, HumanTicketId, KeyNumber, NewApiKey,
    Scope, SealedSecret, SecretHash, Shop, ShopDomain, ShopId, Ticket, TicketDraft, TicketId, TicketSnapshot,
    Timestamp, User, UserDraft, UserId, Webhook, WebhookHealth, WebhookId, WebhookPayload, WebhookState,
};

pub(crate) const STAMP: AuditStamp =
    AuditStamp { actor: Actor::Operator, time: Timestamp::MIN, request_id: None };

pub(crate) fn shop() -> Shop {
    let domain = ShopDomain::parse("shop.example.com").unwrap();
    Shop {
        id: ShopId::new(1).unwrap(),
        domain,
        created_at: Timestamp::MIN,
        closed_at: Some(Timestamp::MAX),
        reopen_on_reply: true,
    }
}

/// A customer with every field that an update can set, except ids in other systems.
pub(crate) fn customer() -> Customer {
    let draft = CustomerDraft {
        email: Some("Ada@Example.com".into()),
        phone_number: Some("+33 1".into()),
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        ..CustomerDraft::default()
    };
    draft.into_new(STAMP).unwrap().into_customer(shop().id, CustomerId::new(3).unwrap())
}

/// An active user with every name.
pub(crate) fn user() -> User {
    let draft = UserDraft {
        email: Some("grace@example.com".into()),
        first_name: Some("Grace".into()),
        last_name: Some("Hopper".into()),
        ..UserDraft::default()
    };
    draft.into_new(STAMP).unwrap().into_user(shop().id, UserId::new(2).unwrap())
}

/// A ticket with every field.
pub(crate) fn ticket() -> Ticket {
    let draft = TicketDraft {
        customer_id: Some(customer().id),
        channel: Some("Mail".into()),
        name: Some("Refund".into()),
        thread_id: Some("t1".into()),
        email_used: Some("shop@example.com".into()),
        date: Some(Timestamp::MIN),
        last_message: Some("Hello 🦀".into()),
        last_message_time: Some(Timestamp::MAX),
        contact_reason: Some("refund".into()),
        assigned_to: Some(user().id),
        is_opened: true,
        unread_count: Some(3),
        tags: Some(vec!["new".into(), "vip".into()]),
        language_code: Some("pt_BR".into()),
        via: Some("import".into()),
    };
    draft.into_ticket(TicketId::new(4).unwrap(), shop().id, Timestamp::MIN).unwrap()
}

pub(crate) fn ticket_snapshot() -> TicketSnapshot {
    let human_ticket = HumanTicket::opened(HumanTicketId::new(5).unwrap(), Timestamp::MIN);
    TicketSnapshot { ticket: ticket(), human_ticket: Some(human_ticket) }
}

/// A comment with every field.
pub(crate) fn comment() -> Comment {
    let ticket = ticket();
    let draft = CommentDraft {
        text: Some("Thanks".into()),
        subject: Some("Re: Refund".into()),
        from_email: Some("ada@example.com".into()),
        to_emails: Some(vec!["shop@example.com".into()]),
        attachments: Some("[1]".into()),
        tags: Some(vec!["vip".into()]),
        ..CommentDraft::default()
    };
    let id = CommentId::new(6).unwrap();
    draft
        .into_new(id, ticket.shop_id, ticket.id, Some(user().id), Timestamp::MIN)
        .unwrap()
        .into_comment(&ticket)
}

/// A key with every field, except a time of revocation.
pub(crate) fn api_key() -> ApiKey {
    let new = NewApiKey {
        secret_hash: SecretHash([7; 32]),
        scopes: BTreeSet::from([Scope::TicketsRead, Scope::EventsRead]),
        user_id: Some(user().id),
        stamp: STAMP,
        expires_at: Some(Timestamp::MAX),
    };
    new.into_key(shop().id, KeyNumber::new(7).unwrap())
}

/// A webhook with every field.
pub(crate) fn webhook() -> Webhook {
    Webhook {
        shop_id: shop().id,
        id: WebhookId::new(8).unwrap(),
        url: "https://example.com/hook".into(),
        kinds: Some(BTreeSet::from([EventKind::TicketCreated, EventKind::CommentCreated])),
        payload: WebhookPayload::Thin,
        ignore_key: KeyNumber::new(7),
        state: WebhookState::Disabled { reason: DisabledReason::Failing, at: Timestamp::MAX },
        secret: SealedSecret(vec![1, 2, 3]),
        former_secret: Some(FormerSecret { secret: SealedSecret(vec![4]), ends_at: Timestamp::MAX }),
        created_at: Timestamp::MIN,
        version: 3,
        place: EventPosition { change: 9, part: 1 },
        health: WebhookHealth {
            failures: 6,
            failing_since: Some(Timestamp::MIN),
            next_probe: Some(Timestamp::MAX),
            last_attempt: 12,
            last_claim: 13,
        },
    }
}
