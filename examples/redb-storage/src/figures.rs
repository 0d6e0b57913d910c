use std::collections::BTreeMap;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::{
    Comment, CommentId, Day, DayFigures, FigureStore, FirstAnswer, OpenTickets, ShopId, StorageError, Ticket,
    TicketFilter, TicketId,
};
use redb::{ReadTransaction, ReadableTable};

use crate::RedbStorage;
use crate::comments::comments_of;
use crate::tables::{
    COMMENT_IDS, COMMENTS, CommentKey, HUMAN_TICKET_BY_TICKET, HUMAN_TICKETS_BY_CLOSING, Json, TICKETS,
};
use crate::tickets::TicketViews;

#[async_trait]
impl FigureStore for RedbStorage {
    async fn count_day(
        &self,
        shop: ShopId,
        day: Day,
        at_most: u64,
    ) -> Result<Option<DayFigures>, StorageError> {
        self.read("count_day", move |transaction| count_day(transaction, shop, day, at_most)).await
    }

    async fn count_open_tickets(&self, shop: ShopId, at_most: u64) -> Result<OpenTickets, StorageError> {
        self.read("count_open_tickets", move |transaction| {
            let filter = TicketFilter { is_opened: Some(true), ..TicketFilter::default() };
            let (mut total, mut by_channel, mut by_assignee) = (0, BTreeMap::new(), BTreeMap::new());
            let views = TicketViews::open(transaction)?;
            for ticket in views.matching(shop, &filter, None)?.take(up_to(at_most)) {
                let Ticket { channel, assigned_to, .. } = ticket?;
                total += 1;
                *by_channel.entry(channel).or_default() += 1;
                *by_assignee.entry(assigned_to).or_default() += 1;
            }
            Ok(OpenTickets { total, by_channel: largest(by_channel), by_assignee: largest(by_assignee) })
        })
        .await
    }
}

fn count_day(
    transaction: &ReadTransaction,
    shop: ShopId,
    day: Day,
    at_most: u64,
) -> anyhow::Result<Option<DayFigures>> {
    let (ids, times) = (day.ids(), day.times());
    let of_day = (shop.get(), ids.start)..(shop.get(), ids.end);
    let one_more = up_to(at_most).saturating_add(1);

    let mut tickets = Vec::new();
    for entry in transaction.open_table(TICKETS)?.range(of_day.clone())?.take(one_more) {
        tickets.push(entry?.0.value());
    }
    let mut comments = Vec::new();
    for entry in transaction.open_table(COMMENT_IDS)?.range(of_day)?.take(one_more) {
        let (key, place) = entry?;
        comments.push((key.value().1, place.value().0));
    }
    let times =
        (shop.get(), times.start.unix_millis(), i64::MIN)..(shop.get(), times.end.unix_millis(), i64::MIN);
    let mut closings = transaction.open_table(HUMAN_TICKETS_BY_CLOSING)?.range(times)?.take(one_more);
    let closed: u64 = closings.try_fold(0, |count, entry| entry.map(|_| count + 1))?;
    let entries = u64::try_from(tickets.len() + comments.len())? + closed;
    if entries > at_most {
        return Ok(None);
    }

    let human_tickets = transaction.open_table(HUMAN_TICKET_BY_TICKET)?;
    let mut opened = 0;
    for ticket in tickets {
        opened += u64::from(human_tickets.get(ticket)?.is_some());
    }
    let all_comments = transaction.open_table(COMMENTS)?;
    let mut first_answers = Vec::new();
    for (comment, ticket) in comments {
        let id = TicketId::new(ticket).context("a stored ticket id is out of range")?;
        if human_tickets.get((shop.get(), ticket))?.is_some()
            && let Some(answer) = first_answer(&all_comments, shop, id)?
            && answer.get() == comment
        {
            first_answers.push(FirstAnswer { ticket: id, answer });
        }
    }
    Ok(Some(DayFigures { opened, first_answers, closed, entries }))
}

/// Returns the first answer to a ticket. Reads its comments.
fn first_answer(
    comments: &impl ReadableTable<CommentKey, Json>,
    shop: ShopId,
    ticket: TicketId,
) -> anyhow::Result<Option<CommentId>> {
    let mut first = None;
    for comment in comments_of(comments, shop, ticket)? {
        let Comment { id, is_from_shop, is_note, .. } = comment?;
        if is_from_shop && !is_note && first.is_none_or(|first| id < first) {
            first = Some(id);
        }
    }
    Ok(first)
}

fn up_to(at_most: u64) -> usize {
    usize::try_from(at_most).unwrap_or(usize::MAX)
}

/// Returns the largest groups, the largest first.
fn largest<T>(groups: BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, tickets)| std::cmp::Reverse(*tickets));
    groups.truncate(OpenTickets::MAX_GROUPS);
    groups
}
