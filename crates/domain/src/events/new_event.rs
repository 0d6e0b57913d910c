use super::event::{Event, EventKind, EventPosition, Snapshot, Subject, TicketSnapshot};
use crate::{
    ApiKey, AuditStamp, Comment, CommentId, Customer, CustomerId, Shop, ShopId, TicketId, User, Webhook,
    WebhookId,
};

/// An event to append to the log. The store gives it a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    kind: EventKind,
    subject: Subject,
    snapshot: Option<Snapshot>,
}

/// Makes the constructors: of subjects in their state after the change, and of subjects that are gone.
macro_rules! constructors {
    (
        after { $($(#[$changed_doc:meta])* $changed:ident($state:ident: $type:ty) = $changed_kind:ident;)+ }
        gone { $($(#[$gone_doc:meta])* $gone:ident($id:ident: $id_type:ty) = $gone_kind:ident($subject:ident);)+ }
    ) => {$(
        $(#[$changed_doc])*
        pub fn $changed($state: $type) -> Self {
            let snapshot = Snapshot::from($state);
            Self { kind: EventKind::$changed_kind, subject: snapshot.subject(), snapshot: Some(snapshot) }
        }
    )+$(
        $(#[$gone_doc])*
        pub const fn $gone($id: $id_type) -> Self {
            Self { kind: EventKind::$gone_kind, subject: Subject::$subject($id), snapshot: None }
        }
    )+};
}

impl NewEvent {
    constructors! {
        after {
            /// A ticket was created (EVENT-1).
            ticket_created(ticket: TicketSnapshot) = TicketCreated;
            /// A ticket was updated, or a comment of it was created, updated or deleted (EVENT-2, EVENT-3).
            ticket_updated(ticket: TicketSnapshot) = TicketUpdated;
            /// A comment was created (EVENT-3).
            comment_created(comment: Comment) = CommentCreated;
            /// A comment was updated (EVENT-3).
            comment_updated(comment: Comment) = CommentUpdated;
            /// A customer was created (EVENT-4).
            customer_created(customer: Customer) = CustomerCreated;
            /// A customer was updated (EVENT-4).
            customer_updated(customer: Customer) = CustomerUpdated;
            /// A user was created (EVENT-6).
            user_created(user: User) = UserCreated;
            /// A user was updated (EVENT-6).
            user_updated(user: User) = UserUpdated;
            /// A user got a link to set a password (CREDENTIAL-9).
            user_invited(user: User) = UserInvited;
            /// A user set a password (CREDENTIAL-9).
            user_password_set(user: User) = UserPasswordSet;
            /// A user got another role (CREDENTIAL-9).
            user_role_changed(user: User) = UserRoleChanged;
            /// A key was created, also by a rotation (EVENT-7).
            api_key_created(key: &ApiKey) = ApiKeyCreated;
            /// A key was replaced by a rotation (EVENT-7).
            api_key_rotated(key: &ApiKey) = ApiKeyRotated;
            /// A key was revoked, also with its user (EVENT-6, EVENT-7).
            api_key_revoked(key: &ApiKey) = ApiKeyRevoked;
            /// A webhook was created (WEBHOOK-9).
            webhook_created(webhook: &Webhook) = WebhookCreated;
            /// A webhook was updated (WEBHOOK-9).
            webhook_updated(webhook: &Webhook) = WebhookUpdated;
            /// A webhook was disabled (WEBHOOK-9, DELIVERY-11).
            webhook_disabled(webhook: &Webhook) = WebhookDisabled;
            /// A setting of a shop changed (EVENT-18).
            shop_updated(shop: &Shop) = ShopUpdated;
            /// A shop was closed (EVENT-18).
            shop_closed(shop: &Shop) = ShopClosed;
            /// A shop was reopened (EVENT-18).
            shop_reopened(shop: &Shop) = ShopReopened;
        }
        gone {
            /// A ticket was deleted, or erased with its customer (EVENT-2, EVENT-5).
            ticket_deleted(id: TicketId) = TicketDeleted(Ticket);
            /// A comment was deleted, also with its ticket (EVENT-2, EVENT-3, EVENT-5).
            comment_deleted(id: CommentId) = CommentDeleted(Comment);
            /// A customer was merged into another (CUSTOMER-27).
            customer_merged(id: CustomerId) = CustomerMerged(Customer);
            /// A customer was erased (EVENT-5).
            customer_erased(id: CustomerId) = CustomerErased(Customer);
            /// A webhook was deleted (WEBHOOK-9).
            webhook_deleted(id: WebhookId) = WebhookDeleted(Webhook);
        }
    }

    /// Returns the event at this position of the shop's log, by this actor at this time (EVENT-9).
    pub fn at(self, shop_id: ShopId, position: EventPosition, stamp: AuditStamp) -> Event {
        let Self { kind, subject, snapshot } = self;
        Event { shop_id, position, kind, subject, stamp, snapshot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn every_kind_has_its_constructor_with_its_subject() {
        let (ticket, key) = (samples::ticket_snapshot(), samples::api_key());
        let events = [
            NewEvent::ticket_created(ticket.clone()),
            NewEvent::ticket_updated(ticket.clone()),
            NewEvent::ticket_deleted(ticket.ticket.id),
            NewEvent::comment_created(samples::comment()),
            NewEvent::comment_updated(samples::comment()),
            NewEvent::comment_deleted(samples::comment().id),
            NewEvent::customer_created(samples::customer()),
            NewEvent::customer_updated(samples::customer()),
            NewEvent::customer_merged(samples::customer().id),
            NewEvent::customer_erased(samples::customer().id),
            NewEvent::user_created(samples::user()),
            NewEvent::user_updated(samples::user()),
            NewEvent::user_invited(samples::user()),
            NewEvent::user_password_set(samples::user()),
            NewEvent::user_role_changed(samples::user()),
            NewEvent::api_key_created(&key),
            NewEvent::api_key_rotated(&key),
            NewEvent::api_key_revoked(&key),
            NewEvent::webhook_created(&samples::webhook()),
            NewEvent::webhook_updated(&samples::webhook()),
            NewEvent::webhook_disabled(&samples::webhook()),
            NewEvent::webhook_deleted(samples::webhook().id),
            NewEvent::shop_updated(&samples::shop()),
            NewEvent::shop_closed(&samples::shop()),
            NewEvent::shop_reopened(&samples::shop()),
        ];
        let kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, EventKind::ALL);
        let (shop, position) = (ticket.ticket.shop_id, EventPosition { change: 4, part: 2 });
        for event in events {
            let event = event.at(shop, position, samples::STAMP);
            assert_eq!((event.shop_id, event.position, event.stamp), (shop, position, samples::STAMP));
            assert_eq!(event.kind.subject(event.subject.number()), Some(event.subject));
            let is_gone = event.kind.as_str().ends_with("ed") && event.snapshot.is_none();
            assert_eq!(
                is_gone,
                [
                    "ticket.deleted",
                    "comment.deleted",
                    "customer.merged",
                    "customer.erased",
                    "webhook.deleted"
                ]
                .contains(&event.kind.as_str())
            );
            assert!(event.snapshot.is_none_or(|snapshot| snapshot.subject() == event.subject));
        }
    }
}
