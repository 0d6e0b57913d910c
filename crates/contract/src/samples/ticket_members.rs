//! Tickets and changes of tickets with every member. New members are added here, for all cases.

use hexdesk_domain::limits::{
    MAX_CHANNEL_CHARS, MAX_CONTACT_REASON_CHARS, MAX_MESSAGE_CHARS, MAX_TAG_CHARS, MAX_TAGS,
    MAX_THREAD_ID_CHARS, MAX_TICKET_NAME_CHARS, MAX_VIA_CHARS,
};
use hexdesk_domain::{
    Customer, CustomerId, InitialMessage, ShopId, Ticket, TicketChanges, TicketId, Timestamp, UserId,
};

use super::{at, longest_email, longest_language_code, text_of};

/// A ticket with only the required fields.
pub(crate) fn plain_ticket(id: TicketId, customer: &Customer) -> Ticket {
    plain_ticket_of(id, customer.shop_id, customer.id)
}

/// [`plain_ticket`] for a customer's number.
pub(crate) fn plain_ticket_of(id: TicketId, shop_id: ShopId, customer_id: CustomerId) -> Ticket {
    Ticket {
        id,
        shop_id,
        customer_id,
        channel: "Mail".to_owned(),
        name: None,
        thread_id: None,
        email_used: None,
        date: at(-60_000),
        last_message: None,
        last_message_time: at(-30_000),
        initial_message: None,
        contact_reason: None,
        assigned_to: None,
        is_opened: false,
        unread_count: 0,
        tags: Vec::new(),
        language_code: None,
        via: None,
        version: 1,
    }
}

/// The ticket with every field filled. All values differ, so that no field can be mistaken for
/// another, unless `text` maps different texts to the same one.
pub(crate) fn filled_ticket(plain: Ticket, assignee: UserId, text: impl Fn(&str) -> String) -> Ticket {
    let Ticket { id, shop_id, customer_id, version, .. } = plain;
    Ticket {
        id,
        shop_id,
        customer_id,
        channel: text("Website"),
        name: Some(text("name")),
        thread_id: Some(text("<thread@example.com>")),
        email_used: Some(text("Used@Example.com")),
        date: at(1),
        last_message: Some(text("last message")),
        last_message_time: at(2),
        initial_message: None,
        contact_reason: Some(text("reason")),
        assigned_to: Some(assignee),
        is_opened: true,
        unread_count: 3,
        tags: vec![text("zulu"), text("alpha"), text("zulu")],
        language_code: Some(text("pt_BR")),
        via: Some(text("via")),
        version,
    }
}

/// The ticket with the largest value in every field.
pub(crate) fn longest_ticket(plain: Ticket, assignee: UserId) -> Ticket {
    let Ticket { id, shop_id, customer_id, version, .. } = plain;
    Ticket {
        id,
        shop_id,
        customer_id,
        channel: text_of(MAX_CHANNEL_CHARS),
        name: Some(text_of(MAX_TICKET_NAME_CHARS)),
        thread_id: Some(text_of(MAX_THREAD_ID_CHARS)),
        email_used: Some(longest_email()),
        date: Timestamp::MAX,
        last_message: Some(text_of(MAX_MESSAGE_CHARS)),
        last_message_time: Timestamp::MIN,
        initial_message: None,
        contact_reason: Some(text_of(MAX_CONTACT_REASON_CHARS)),
        assigned_to: Some(assignee),
        is_opened: true,
        unread_count: i32::MAX,
        tags: longest_tags(),
        language_code: Some(longest_language_code()),
        via: Some(text_of(MAX_VIA_CHARS)),
        version,
    }
}

fn longest_tags() -> Vec<String> {
    (0..MAX_TAGS).map(|index| text_of(MAX_TAG_CHARS - index % 2)).collect()
}

/// Functions that each fill one optional text of a ticket.
pub(crate) const SINGLE_TEXTS: [fn(&mut Ticket); 7] = [
    |ticket| ticket.name = Some("name".into()),
    |ticket| ticket.thread_id = Some("<thread@example.com>".into()),
    |ticket| ticket.email_used = Some("used@example.com".into()),
    |ticket| ticket.last_message = Some("message".into()),
    |ticket| ticket.contact_reason = Some("reason".into()),
    |ticket| ticket.language_code = Some("EN".into()),
    |ticket| ticket.via = Some("via".into()),
];

/// Changes of one field each.
pub(crate) fn single_changes(assignee: UserId, other: UserId) -> Vec<(&'static str, TicketChanges)> {
    let nothing = TicketChanges::default;
    let new = || Some(Some("new".to_owned()));
    vec![
        ("an assignee", TicketChanges { assigned_to: Some(Some(assignee)), ..nothing() }),
        ("another assignee", TicketChanges { assigned_to: Some(Some(other)), ..nothing() }),
        ("no assignee", TicketChanges { assigned_to: Some(None), ..nothing() }),
        ("a name", TicketChanges { name: new(), ..nothing() }),
        ("no name", TicketChanges { name: Some(None), ..nothing() }),
        ("tags", TicketChanges { tags: Some(vec!["new".into(), "alpha".into()]), ..nothing() }),
        ("no tags", TicketChanges { tags: Some(Vec::new()), ..nothing() }),
        ("a contact reason", TicketChanges { contact_reason: new(), ..nothing() }),
        ("no contact reason", TicketChanges { contact_reason: Some(None), ..nothing() }),
        ("a language", TicketChanges { language_code: Some(Some("fr".into())), ..nothing() }),
        ("no language", TicketChanges { language_code: Some(None), ..nothing() }),
        ("opened", TicketChanges { is_opened: Some(true), ..nothing() }),
        ("closed", TicketChanges { is_opened: Some(false), ..nothing() }),
        ("a channel", TicketChanges { channel: Some("new".into()), ..nothing() }),
        ("a thread", TicketChanges { thread_id: new(), ..nothing() }),
        ("no thread", TicketChanges { thread_id: Some(None), ..nothing() }),
        ("an address", TicketChanges { email_used: Some(Some("new@example.com".into())), ..nothing() }),
        ("no address", TicketChanges { email_used: Some(None), ..nothing() }),
        ("a date", TicketChanges { date: Some(at(77)), ..nothing() }),
        ("a program", TicketChanges { via: new(), ..nothing() }),
        ("no program", TicketChanges { via: Some(None), ..nothing() }),
        ("unread messages", TicketChanges { unread_count: Some(7), ..nothing() }),
        ("a time", TicketChanges { last_message_time: Some(at(77)), ..nothing() }),
        ("nothing unread", TicketChanges { unread_count: Some(0), ..nothing() }),
    ]
}

/// Sets every field to the ticket's own value.
pub(crate) fn current_values(ticket: &Ticket) -> TicketChanges {
    TicketChanges {
        assigned_to: Some(ticket.assigned_to),
        name: Some(ticket.name.clone()),
        tags: Some(ticket.tags.clone()),
        contact_reason: Some(ticket.contact_reason.clone()),
        language_code: Some(ticket.language_code.clone()),
        is_opened: Some(ticket.is_opened),
        unread_count: Some(ticket.unread_count),
        customer_id: Some(ticket.customer_id),
        channel: Some(ticket.channel.clone()),
        thread_id: Some(ticket.thread_id.clone()),
        email_used: Some(ticket.email_used.clone()),
        date: Some(ticket.date),
        via: Some(ticket.via.clone()),
        last_message_time: Some(ticket.last_message_time),
    }
}

/// Changes every field except the customer of a ticket with the values of [`before_all_changes`].
pub(crate) fn all_changes() -> TicketChanges {
    TicketChanges {
        assigned_to: Some(None),
        name: Some(Some("name".into())),
        tags: Some(vec!["b".into(), "a".into(), "b".into()]),
        contact_reason: Some(Some("reason".into())),
        language_code: Some(None),
        is_opened: Some(false),
        unread_count: Some(2),
        customer_id: None,
        channel: Some("Chat".into()),
        thread_id: Some(None),
        email_used: Some(Some("used@example.com".into())),
        date: Some(at(33)),
        via: Some(Some("via".into())),
        last_message_time: Some(at(3)),
    }
}

/// A ticket in which [`all_changes`] changes every field.
pub(crate) fn before_all_changes(plain: Ticket, assignee: UserId) -> Ticket {
    Ticket {
        assigned_to: Some(assignee),
        language_code: Some("en".into()),
        is_opened: true,
        thread_id: Some("thread".into()),
        ..plain
    }
}

/// The ticket after [`all_changes`].
pub(crate) fn after_all_changes(before: Ticket) -> Ticket {
    Ticket {
        assigned_to: None,
        name: Some("name".into()),
        tags: vec!["b".into(), "a".into(), "b".into()],
        contact_reason: Some("reason".into()),
        language_code: None,
        is_opened: false,
        unread_count: 2,
        channel: "Chat".into(),
        thread_id: None,
        email_used: Some("used@example.com".into()),
        date: at(33),
        via: Some("via".into()),
        last_message_time: at(3),
        initial_message: Some(InitialMessage {
            text: before.last_message.clone(),
            time: before.last_message_time,
        }),
        version: before.version + 1,
        ..before
    }
}

/// Changes to the largest value of every field, and language codes in unusual forms.
pub(crate) fn extreme_changes() -> Vec<TicketChanges> {
    let nothing = TicketChanges::default;
    let language = |code: &str| Some(Some(code.to_owned()));
    vec![
        TicketChanges {
            name: Some(Some(text_of(MAX_TICKET_NAME_CHARS))),
            tags: Some(longest_tags()),
            contact_reason: Some(Some(text_of(MAX_CONTACT_REASON_CHARS))),
            language_code: Some(Some(longest_language_code())),
            unread_count: Some(i32::MAX),
            channel: Some(text_of(MAX_CHANNEL_CHARS)),
            thread_id: Some(Some(text_of(MAX_THREAD_ID_CHARS))),
            email_used: Some(Some(longest_email())),
            date: Some(Timestamp::MAX),
            via: Some(Some(text_of(MAX_VIA_CHARS))),
            last_message_time: Some(Timestamp::MAX),
            ..nothing()
        },
        TicketChanges { date: Some(Timestamp::MIN), ..nothing() },
        TicketChanges { last_message_time: Some(Timestamp::MIN), language_code: language("EN"), ..nothing() },
        TicketChanges { language_code: language("pt_BR"), ..nothing() },
        TicketChanges { language_code: language("zh_Hant_TW"), ..nothing() },
    ]
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::TicketDraft;
    use hexdesk_domain::limits::{MAX_EMAIL_CHARS, MAX_LANGUAGE_CODE_CHARS};

    use super::*;
    use crate::MemoryStorage;
    use crate::cases::tickets::various_tickets;
    use crate::samples::ShopWithPeople;

    #[tokio::test]
    async fn the_domain_makes_the_same_tickets() -> anyhow::Result<()> {
        let fixture = ShopWithPeople::create(&MemoryStorage::new(), "shop.example.com").await?;
        for ticket in various_tickets(&fixture)? {
            let draft = TicketDraft {
                customer_id: Some(ticket.customer_id),
                channel: Some(ticket.channel.clone()),
                name: ticket.name.clone(),
                thread_id: ticket.thread_id.clone(),
                email_used: ticket.email_used.clone(),
                date: Some(ticket.date),
                last_message: ticket.last_message.clone(),
                last_message_time: Some(ticket.last_message_time),
                contact_reason: ticket.contact_reason.clone(),
                assigned_to: ticket.assigned_to,
                is_opened: ticket.is_opened,
                unread_count: Some(ticket.unread_count.into()),
                tags: Some(ticket.tags.clone()),
                language_code: ticket.language_code.clone(),
                via: ticket.via.clone(),
            };
            assert_eq!(draft.into_ticket(ticket.id, ticket.shop_id, at(0)), Ok(ticket));
        }
        assert_eq!(longest_email().chars().count() as u64, MAX_EMAIL_CHARS);
        assert_eq!(longest_language_code().chars().count() as u64, MAX_LANGUAGE_CODE_CHARS);
        Ok(())
    }
}
