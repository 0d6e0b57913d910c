//! Lists and counts of comments.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{
    CommentId, CommentPosition, CommentView, NewComment, Page, PageSize, ShopId, Storage, Ticket, TicketId,
    Timestamp,
};

use super::whole_list;
use crate::comparison::same;
use crate::pages::{pages_of, sizes_by_bytes};
use crate::samples::{
    ShopWithPeople, at, comment_creation, comment_id, create_comment, create_ticket, creation, extreme_times,
    new_comment, ticket_id,
};

/// COMMENT-7: only the ticket's comments, earliest first, then smallest id first.
pub async fn comment_7_list_is_earliest_first(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let two = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let mut tickets = vec![one.ticket(1)?, one.ticket(2)?, two.ticket(1)?, one.ticket(TicketId::MAX)?];
    for ticket in &mut tickets {
        create_ticket(&*storage, creation(ticket.clone())).await?;
        let list = storage.list_comments(ticket.shop_id, ticket.id, None, PageSize::MAX).await?;
        same("the list without comments", &list, &Some(Page { entries: Vec::new(), next: None }))?;
    }
    let mut times = extreme_times();
    times.extend([at(1), at(0), at(1), at(1)]);
    let mut expected = vec![Vec::new(); tickets.len()];
    // Ids whose numeric order differs from their order as texts and as doubles. They are not in the
    // order of times, and the tickets take turns.
    for (index, time) in (0_i64..).zip(times.iter().chain(times.iter().rev()).cycle().take(times.len() * 4)) {
        let id = match index % 3 {
            0 => 10 + index * 7 % 97,
            1 => CommentId::MAX - index,
            _ => (1 << 53) + index * 5 % 89,
        };
        let place = usize::try_from(index * index % 5)? % tickets.len();
        let new = NewComment { time: *time, ..new_comment(id, &tickets[place])? };
        create_comment(&*storage, comment_creation(new)).await?;
        expected[place].push((*time, comment_id(id)?));
    }
    for (ticket, mut expected) in tickets.iter().zip(expected) {
        expected.sort_unstable();
        let list = whole_list(&*storage, ticket.shop_id, ticket.id).await?;
        let listed: Vec<_> = list.iter().map(|view| (view.comment.time, view.comment.id)).collect();
        same("the order of a ticket's comments", &listed, &expected)?;
        let count = storage.count_comments(ticket.shop_id, ticket.id).await?;
        same("the count of a ticket's comments", &count, &Some(u64::try_from(expected.len())?))?;
    }
    Ok(())
}

/// COMMENT-8: the pages hold every comment once. Each page except the last is full.
pub async fn comment_8_pages_hold_every_comment_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let (ticket, neighbour, empty) = (fixture.ticket(1)?, fixture.ticket(2)?, fixture.ticket(3)?);
    for ticket in [&ticket, &neighbour, &empty] {
        create_ticket(&*storage, creation(ticket.clone())).await?;
    }
    // Groups of one and of several comments with the same time.
    for (index, time) in (0..).zip([0, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 4, 5, 5]) {
        let new = NewComment {
            time: at(time),
            // Some have more bytes than characters, or more than several others.
            text: "日本".repeat(if index == 4 { 124 } else { 1 }),
            ..new_comment(20 + index * 5 % 14, &ticket)?
        };
        create_comment(&*storage, comment_creation(new)).await?;
        let new = NewComment { time: at(time), ..new_comment(60 - index, &neighbour)? };
        create_comment(&*storage, comment_creation(new)).await?;
    }
    let list = whole_list(&*storage, ticket.shop_id, ticket.id).await?;
    same("the number of listed comments", &list.len(), &14)?;
    let by_entries = (1..=16).chain([MAX_PAGE_ENTRIES, u32::MAX]).map(PageSize::of);
    for size in by_entries.chain(sizes_by_bytes(&list)) {
        expect_pages(&*storage, &ticket, &list, size).await?;
        expect_pages(&*storage, &empty, &[], size).await?;
    }
    // After any position, whether or not a comment has it.
    for time in [Timestamp::MIN, at(-1), at(0), at(1), at(2), at(3), at(5), at(6), Timestamp::MAX] {
        for id in [1, 20, 24, 29, 33, 34, CommentId::MAX] {
            let after = CommentPosition { time, id: comment_id(id)? };
            let rest: Vec<_> = list
                .iter()
                .filter(|view| (view.comment.time, view.comment.id) > (time, after.id))
                .cloned()
                .collect();
            for size in [PageSize::MAX, PageSize { entries: u32::MAX, bytes: usize::MAX }] {
                let page = storage.list_comments(ticket.shop_id, ticket.id, Some(after), size).await?;
                let expected = Page { entries: rest.clone(), next: None };
                same(&format!("the list after {after:?}"), &page, &Some(expected))?;
            }
        }
    }
    // A list of several full pages.
    let many = fixture.ticket(4)?;
    create_ticket(&*storage, creation(many.clone())).await?;
    let batch: Vec<_> = (1_000..1_260)
        .map(|id| Ok(comment_creation(NewComment { time: at(id / 7), ..new_comment(id, &many)? })))
        .collect::<anyhow::Result<_>>()?;
    let count = batch.len();
    storage.create_comments(batch).await?;
    let list = whole_list(&*storage, many.shop_id, many.id).await?;
    same("the length of a long list", &list.len(), &count)?;
    let counted = storage.count_comments(many.shop_id, many.id).await?;
    same("the count of many comments", &counted, &Some(u64::try_from(count)?))?;
    for size in [41, MAX_PAGE_ENTRIES, 259, 260, 261].map(PageSize::of) {
        expect_pages(&*storage, &many, &list, size).await?;
    }
    large_comments_fill_a_page(&*storage, &fixture.ticket(5)?).await
}

/// Comments of 1 MB and of more bytes than characters: fewer than a page of the largest size may
/// hold.
async fn large_comments_fill_a_page(storage: &dyn Storage, ticket: &Ticket) -> anyhow::Result<()> {
    create_ticket(storage, creation(ticket.clone())).await?;
    let text = |id: i64| if id % 2 == 0 { "🦀".repeat(65_536) } else { "A".to_owned() };
    let attachments = |id: i64| match id % 3 {
        0 => Some(format!("[\"{}\"]", "é".repeat(500_000))),
        1 => Some(format!("[\"{}\"]", "a".repeat(1_000_000))),
        _ => None,
    };
    let batch: Vec<_> = (2_001..=2_009)
        .map(|id| {
            let new = NewComment { text: text(id), attachments: attachments(id), ..new_comment(id, ticket)? };
            Ok(comment_creation(new))
        })
        .collect::<anyhow::Result<_>>()?;
    storage.create_comments(batch).await?;
    let list = whole_list(storage, ticket.shop_id, ticket.id).await?;
    same("the number of large comments", &list.len(), &9)?;
    expect_pages(storage, ticket, &list, PageSize::MAX).await
}

/// Fails unless pages of this size together are the list.
async fn expect_pages(
    storage: &dyn Storage,
    ticket: &Ticket,
    list: &[CommentView],
    size: PageSize,
) -> anyhow::Result<()> {
    for (after, expected) in pages_of(list, size, |view| view.comment.position()) {
        let page = storage.list_comments(ticket.shop_id, ticket.id, after, size).await?;
        same(&format!("a page of {size:?} after {after:?}"), &page, &Some(expected))?;
    }
    Ok(())
}

/// COMMENT-9: the list and the count are `None` for a ticket outside the shop.
pub async fn comment_9_other_shops_ticket_has_no_list(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let two = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let ticket = one.ticket(1)?;
    create_ticket(&*storage, creation(ticket.clone())).await?;
    let no_shop = ShopId::new(ShopId::MAX).context("a shop's number")?;
    for with_comment in [false, true] {
        if with_comment {
            create_comment(&*storage, comment_creation(new_comment(1, &ticket)?)).await?;
        }
        let after = CommentPosition { time: Timestamp::MIN, id: comment_id(1)? };
        for (shop, id) in [
            (two.shop.id, ticket.id),
            (no_shop, ticket.id),
            (one.shop.id, ticket_id(2)?),
            (one.shop.id, ticket_id(TicketId::MAX)?),
        ] {
            for after in [None, Some(after)] {
                for size in [PageSize::of(1), PageSize::MAX] {
                    let page = storage.list_comments(shop, id, after, size).await?;
                    same("the comments of a missing ticket", &page, &None)?;
                }
            }
            let count = storage.count_comments(shop, id).await?;
            same("the comment count of a missing ticket", &count, &None)?;
        }
        let count = storage.count_comments(one.shop.id, ticket.id).await?;
        same("the comment count of the shop's own ticket", &count, &Some(u64::from(with_comment)))?;
        let page = storage.list_comments(one.shop.id, ticket.id, None, PageSize::MAX).await?;
        same(
            "the length of the shop's own list",
            &page.map(|page| page.entries.len()),
            &Some(usize::from(with_comment)),
        )?;
    }
    Ok(())
}
