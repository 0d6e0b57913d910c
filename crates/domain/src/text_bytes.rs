//! The bytes of texts: they decide where a page or a batch ends.

use crate::{
    ApiKey, ApiKeySnapshot, Attempt, Comment, CommentView, Customer, Event, ExternalIds, InitialMessage,
    NewComment, Snapshot, Ticket, TicketSnapshot, TicketView, User, WebhookSnapshot,
};

/// The bytes of the texts of a value, in UTF-8. Numbers, times and flags do not count. It depends on
/// the value alone, so every store ends a page with the same entry.
pub trait TextBytes {
    /// Returns the sum of the bytes of the texts.
    fn text_bytes(&self) -> usize;
}

impl TextBytes for String {
    fn text_bytes(&self) -> usize {
        self.len()
    }
}

impl<T: TextBytes> TextBytes for Option<T> {
    fn text_bytes(&self) -> usize {
        self.as_ref().map_or(0, T::text_bytes)
    }
}

impl<T: TextBytes> TextBytes for Vec<T> {
    fn text_bytes(&self) -> usize {
        self.iter().map(T::text_bytes).sum()
    }
}

impl<T: TextBytes> TextBytes for Box<T> {
    fn text_bytes(&self) -> usize {
        T::text_bytes(self)
    }
}

/// Implements [`TextBytes`] for a type: its texts, then its other fields. Every field is in one of
/// the two lists, so that no text of a new field is forgotten.
macro_rules! text_bytes {
    ($($type:ident { $($text:ident),* ; $($other:ident),* })+) => {$(
        impl TextBytes for $type {
            fn text_bytes(&self) -> usize {
                let Self { $($text,)* $($other: _,)* } = self;
                0 $(+ $text.text_bytes())*
            }
        }
    )+};
}

text_bytes! {
    Ticket {
        channel, name, thread_id, email_used, last_message, initial_message, contact_reason, tags,
        language_code, via;
        id, shop_id, customer_id, date, last_message_time, assigned_to, is_opened, unread_count, version
    }
    InitialMessage { text; time }
    NewComment {
        text, channel, subject, from_email, to_emails, attachments, tags;
        id, shop_id, ticket_id, time, is_from_shop, is_note, author_id
    }
    Comment {
        text, channel, subject, from_email, to_emails, attachments, tags;
        id, shop_id, ticket_id, customer_id, time, is_from_shop, is_note, author_id
    }
    CommentView { comment, customer, author; }
    Customer {
        email, phone_number, first_name, last_name, full_name, external_ids, cms;
        id, shop_id, number_of_orders, cms_created_at, created_at
    }
    ExternalIds {
        shopify_id, wordpress_id, prestashop_id, fb_user_id, ig_user_id, ig_pseudo, whatsapp_id, zendesk_id,
        freshdesk_id, gmelius_id, gorgias_id;
    }
    User { email, first_name, last_name, full_name; id, shop_id, created_at, deactivated_at }
    WebhookSnapshot {
        url; id, kinds, payload, ignore_key, state, former_secret_ends_at, created_at, version
    }
    Attempt { ; number, position, kind, of_delivery, made, next_due }
    Event { snapshot; shop_id, position, kind, subject, stamp }
}

/// The bytes of a last message that is also the first one, because responses hold it twice.
fn repeated_bytes(ticket: &Ticket) -> usize {
    if ticket.initial_message.is_none() { ticket.last_message.text_bytes() } else { 0 }
}

impl TextBytes for TicketView {
    fn text_bytes(&self) -> usize {
        let Self { ticket, customer, assignee, human_ticket: _ } = self;
        ticket.text_bytes() + repeated_bytes(ticket) + customer.text_bytes() + assignee.text_bytes()
    }
}

impl TextBytes for TicketSnapshot {
    fn text_bytes(&self) -> usize {
        let Self { ticket, human_ticket: _ } = self;
        ticket.text_bytes() + repeated_bytes(ticket)
    }
}

/// The names of its scopes.
impl TextBytes for ApiKey {
    fn text_bytes(&self) -> usize {
        let Self {
            scopes,
            shop_id: _,
            number: _,
            secret_hash: _,
            user_id: _,
            created_at: _,
            expires_at: _,
            revoked_at: _,
        } = self;
        scopes.iter().map(|scope| scope.as_str().len()).sum()
    }
}

/// As for [`ApiKey`].
impl TextBytes for ApiKeySnapshot {
    fn text_bytes(&self) -> usize {
        let Self { scopes, number: _, user_id: _, created_at: _, expires_at: _, revoked_at: _ } = self;
        scopes.iter().map(|scope| scope.as_str().len()).sum()
    }
}

impl TextBytes for Snapshot {
    fn text_bytes(&self) -> usize {
        match self {
            Self::Ticket(snapshot) => snapshot.text_bytes(),
            Self::Comment(comment) => comment.text_bytes(),
            Self::Customer(customer) => customer.text_bytes(),
            Self::User(user) => user.text_bytes(),
            Self::ApiKey(key) => key.text_bytes(),
            Self::Webhook(webhook) => webhook.text_bytes(),
            // Shops are not listed in pages.
            Self::Shop(shop) => shop.domain.as_str().len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ShopId, Timestamp, UserId};

    #[test]
    fn texts_are_counted_in_bytes() {
        assert_eq!(String::from("é日").text_bytes(), 5);
        assert_eq!(Some(String::from("é")).text_bytes(), 2);
        assert_eq!(None::<String>.text_bytes(), 0);
        assert_eq!(vec![String::from("ab"), String::from("日")].text_bytes(), 5);
    }

    #[test]
    fn only_texts_count() {
        let user = User {
            id: UserId::new(7).unwrap(),
            shop_id: ShopId::new(1).unwrap(),
            email: "a@b.c".into(),
            first_name: Some("é".into()),
            last_name: None,
            full_name: Some(String::new()),
            created_at: Timestamp::MIN,
            deactivated_at: None,
        };
        assert_eq!(user.text_bytes(), 7);
        assert_eq!(Snapshot::User(Box::new(user)).text_bytes(), 7);
    }
}
