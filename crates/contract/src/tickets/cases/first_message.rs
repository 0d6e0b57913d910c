//! The message that a ticket was created with.

use std::sync::Arc;

use hexdesk_domain::limits::MAX_MESSAGE_CHARS;
use hexdesk_domain::{InitialMessage, NewComment, PageSize, Storage, Ticket, TicketChanges, TicketFilter};

use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, comment_creation, create_comment, create_ticket, creation, find_ticket,
    heavy_text_of, new_comment, update, update_ticket,
};

/// TICKET-26: the first message stays, whatever replaces it as the last one.
pub async fn ticket_26_first_message_stays(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixture = ShopWithPeople::create(storage, "shop.example.com").await?;
    let later = |time| TicketChanges { last_message_time: Some(at(time)), ..TicketChanges::default() };
    let texts = [None, Some(String::new()), Some("first".into()), Some(heavy_text_of(MAX_MESSAGE_CHARS))];
    // An update or a comment is the first to replace it.
    for (begins_with_update, first_id) in [(true, 1), (false, 11)] {
        for (text, id) in texts.iter().cloned().zip(first_id..) {
            let mut ticket =
                Ticket { last_message: text.clone(), last_message_time: at(5), ..fixture.ticket(id)? };
            create_ticket(storage, creation(ticket.clone())).await?;
            // Neither an update of other fields, nor to the same time, nor an older comment replaces it.
            let renamed = TicketChanges { name: Some(Some("name".into())), ..later(5) };
            update_ticket(storage, ticket.shop_id, ticket.id, update(renamed)).await?;
            let older = NewComment { time: at(4), ..new_comment(id * 10, &ticket)? };
            create_comment(storage, comment_creation(older)).await?;
            (ticket.name, ticket.version) = (Some("name".into()), 3);
            expect_ticket(storage, &ticket).await?;

            let initial = InitialMessage { text: text.clone(), time: at(5) };
            ticket.initial_message = Some(initial);
            if begins_with_update {
                update_ticket(storage, ticket.shop_id, ticket.id, update(later(6))).await?;
                (ticket.last_message_time, ticket.version) = (at(6), 4);
                expect_ticket(storage, &ticket).await?;
            }
            for (comment, time) in (1..).zip([at(7), at(7), at(9)]) {
                let new = NewComment { time, ..new_comment(id * 10 + comment, &ticket)? };
                (ticket.last_message, ticket.last_message_time) = (Some(new.text.clone()), time);
                ticket.version += 1;
                create_comment(storage, comment_creation(new)).await?;
                expect_ticket(storage, &ticket).await?;
            }
            update_ticket(storage, ticket.shop_id, ticket.id, update(later(-8))).await?;
            (ticket.last_message_time, ticket.version) = (at(-8), ticket.version + 1);
            expect_ticket(storage, &ticket).await?;
        }
    }
    // In one batch of comments.
    let mut ticket = Ticket { last_message: Some("first".into()), ..fixture.ticket(30)? };
    create_ticket(storage, creation(ticket.clone())).await?;
    let news = [new_comment(1_000, &ticket)?, new_comment(1_001, &ticket)?];
    storage.create_comments(news.iter().cloned().map(comment_creation).collect()).await?;
    for new in news {
        ticket.replace_last_message(Some(new.text), new.time);
        ticket.version += 1;
    }
    expect_ticket(storage, &ticket).await
}

/// Fails unless the ticket is found and listed like this.
async fn expect_ticket(storage: &dyn Storage, ticket: &Ticket) -> anyhow::Result<()> {
    let view = find_ticket(storage, ticket.shop_id, ticket.id).await?;
    same("a ticket", &view.ticket, ticket)?;
    let all = TicketFilter { customer_id: Some(ticket.customer_id), ..TicketFilter::default() };
    let page = storage.list_tickets(ticket.shop_id, all, None, PageSize::MAX).await?;
    let listed = page.entries.iter().find(|listed| listed.ticket.id == ticket.id);
    same("the ticket in a list", &listed, &Some(&view))
}
