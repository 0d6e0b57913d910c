//! The obligations of [`FigureStore`](hexdesk_domain::FigureStore).

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{DeleteCommentOutcome, TicketUpdate};
use hexdesk_domain::{
    Day, DayFigures, FirstAnswer, NewComment, OpenTickets, ShopId, Storage, Ticket, TicketChanges, Timestamp,
};

use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, comment_creation, comment_id, create_comment, creation, new_comment, stamp,
    update_ticket,
};

/// The day of most samples.
fn day() -> Day {
    Day::of(at(0))
}

/// An open ticket with this id.
fn open_ticket(people: &ShopWithPeople, id: i64) -> anyhow::Result<Ticket> {
    Ok(Ticket { is_opened: true, ..people.ticket(id)? })
}

async fn create(storage: &dyn Storage, tickets: Vec<Ticket>) -> anyhow::Result<()> {
    storage.create_tickets(tickets.into_iter().map(creation).collect()).await?;
    Ok(())
}

/// Opens or closes a ticket at this time.
async fn set_state(
    storage: &dyn Storage,
    ticket: &Ticket,
    is_opened: bool,
    time: Timestamp,
) -> anyhow::Result<()> {
    let changes = TicketChanges { is_opened: Some(is_opened), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version: None, stamp: stamp(time) };
    update_ticket(storage, ticket.shop_id, ticket.id, update).await.map(|_| ())
}

/// Adds comments, one after another.
async fn write(storage: &dyn Storage, comments: Vec<NewComment>) -> anyhow::Result<()> {
    for comment in comments {
        create_comment(storage, comment_creation(comment)).await?;
    }
    Ok(())
}

/// The figures of a day with any number of entries.
async fn figures(storage: &dyn Storage, shop: ShopId, day: Day) -> anyhow::Result<DayFigures> {
    storage.count_day(shop, day, u64::MAX).await?.context("a day without a limit is not counted")
}

/// FIGURE-1: new tickets with a human ticket are opened.
pub async fn figure_1_opened_tickets_have_a_human_ticket(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let people = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let ids = day().ids();
    // The first and the last id of the day, and those around them.
    let opened = [ids.start - 1, ids.start, ids.end - 1, ids.end];
    let opened = opened.map(|id| open_ticket(&people, id)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let (closed_later, never_opened) = (open_ticket(&people, ids.start + 7)?, people.ticket(ids.start + 8)?);
    let last = opened.get(2).context("a ticket")?.clone();
    create(&*storage, [opened, vec![closed_later.clone(), never_opened]].concat()).await?;
    create(&*storage, vec![open_ticket(&other, ids.start)?]).await?;
    set_state(&*storage, &closed_later, false, at(90_000_000)).await?;
    let counted = |shop, day| {
        let storage = &storage;
        async move { anyhow::Ok(figures(&**storage, shop, day).await?.opened) }
    };
    same("tickets opened on the day", &counted(people.shop.id, day()).await?, &3)?;
    same("tickets opened the day before", &counted(people.shop.id, day().earlier(1)).await?, &1)?;
    same("tickets opened a day without tickets", &counted(people.shop.id, day().earlier(2)).await?, &0)?;
    same("tickets opened in another shop", &counted(other.shop.id, day()).await?, &1)?;
    storage.delete_ticket(people.shop.id, last.id, None, stamp(at(0))).await?;
    same("tickets opened without a deleted one", &counted(people.shop.id, day()).await?, &2)
}

/// FIGURE-2: a ticket counts on the day of its first answer.
pub async fn figure_2_first_answer_counts_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let people = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let (ids, before) = (day().ids(), day().earlier(1).ids());
    let older = open_ticket(&people, before.start + 1)?;
    let answered_before = open_ticket(&people, before.start + 2)?;
    let noted_before = open_ticket(&people, before.start + 3)?;
    let new = open_ticket(&people, ids.start + 1)?;
    let answered_later = open_ticket(&people, ids.start + 2)?;
    let never_opened = people.ticket(ids.start + 3)?;
    let of_other = open_ticket(&other, ids.start + 1)?;
    let all = [&older, &answered_before, &noted_before, &new, &answered_later, &never_opened, &of_other];
    create(&*storage, all.into_iter().cloned().collect()).await?;
    let by_customer = |comment| NewComment { is_from_shop: false, ..comment };
    let note = |comment| NewComment { is_note: true, ..comment };
    // An answer with a time in the past is not earlier.
    let backdated = |comment| NewComment { time: at(-1_000), ..comment };
    write(
        &*storage,
        vec![
            new_comment(ids.start, &older)?,
            new_comment(before.end - 1, &answered_before)?,
            new_comment(ids.start + 10, &answered_before)?,
            note(new_comment(before.end - 2, &noted_before)?),
            by_customer(new_comment(before.end - 3, &noted_before)?),
            new_comment(ids.end - 1, &noted_before)?,
            by_customer(new_comment(ids.start + 11, &new)?),
            note(new_comment(ids.start + 12, &new)?),
            new_comment(ids.start + 13, &new)?,
            backdated(new_comment(ids.start + 14, &new)?),
            new_comment(ids.end, &answered_later)?,
            new_comment(ids.start + 15, &never_opened)?,
            new_comment(ids.start + 5, &of_other)?,
        ],
    )
    .await?;
    let answers = |shop, day| {
        let storage = &storage;
        async move {
            let mut answers = figures(&**storage, shop, day).await?.first_answers;
            answers.sort_unstable();
            anyhow::Ok(answers)
        }
    };
    let first = |ticket: &Ticket, id| anyhow::Ok(FirstAnswer { ticket: ticket.id, answer: comment_id(id)? });
    let expected =
        vec![first(&older, ids.start)?, first(&noted_before, ids.end - 1)?, first(&new, ids.start + 13)?];
    same("first answers of the day", &answers(people.shop.id, day()).await?, &expected)?;
    let expected = vec![first(&answered_before, before.end - 1)?];
    same("first answers of the day before", &answers(people.shop.id, day().earlier(1)).await?, &expected)?;
    let expected = vec![first(&of_other, ids.start + 5)?];
    same("first answers of another shop", &answers(other.shop.id, day()).await?, &expected)?;
    // Without the first answer, the second is the first.
    let (shop, deleted) = (people.shop.id, comment_id(before.end - 1)?);
    let outcome = storage.delete_comment(shop, answered_before.id, deleted, None, stamp(at(0))).await?;
    ensure!(outcome == DeleteCommentOutcome::Deleted, "a comment was not deleted: {outcome:?}");
    let expected = first(&answered_before, ids.start + 10)?;
    ensure!(answers(shop, day()).await?.contains(&expected), "the answer after a deleted one is not counted");
    Ok(())
}

/// FIGURE-3: a closed ticket counts on the day of its closing.
pub async fn figure_3_closed_tickets_count_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let people = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let times = day().times();
    let around = |time: Timestamp, millis| time.saturating_add_millis(millis);
    let tickets = (1..=6).map(|id| open_ticket(&people, id)).collect::<Result<Vec<_>, _>>()?;
    let [just_before, first, last, just_after, reopened, closed_again] = &tickets[..] else {
        anyhow::bail!("six tickets")
    };
    let of_other = open_ticket(&other, 1)?;
    create(&*storage, [tickets.clone(), vec![of_other.clone(), people.ticket(7)?]].concat()).await?;
    for (ticket, time) in [
        (just_before, around(times.start, -1)),
        (first, times.start),
        (last, around(times.end, -1)),
        (just_after, times.end),
        (reopened, at(0)),
        (closed_again, around(times.start, -1)),
        (&of_other, at(0)),
    ] {
        set_state(&*storage, ticket, false, time).await?;
    }
    for ticket in [reopened, closed_again] {
        set_state(&*storage, ticket, true, at(1)).await?;
    }
    set_state(&*storage, closed_again, false, at(2)).await?;
    let counted = |shop, day| {
        let storage = &storage;
        async move { anyhow::Ok(figures(&**storage, shop, day).await?.closed) }
    };
    same("tickets closed on the day", &counted(people.shop.id, day()).await?, &3)?;
    same("tickets closed the day before", &counted(people.shop.id, day().earlier(1)).await?, &1)?;
    same("tickets closed in another shop", &counted(other.shop.id, day()).await?, &1)
}

/// FIGURE-4: a day with too many entries is not counted.
pub async fn figure_4_day_has_a_limit(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let people = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let (shop, ids) = (people.shop.id, day().ids());
    same("an empty day", &storage.count_day(shop, day(), 0).await?, &Some(DayFigures::default()))?;
    let (open, older) = (open_ticket(&people, ids.start)?, open_ticket(&people, 1)?);
    create(
        &*storage,
        vec![open.clone(), older.clone(), people.ticket(ids.end - 1)?, people.ticket(ids.end)?],
    )
    .await?;
    create(&*storage, vec![open_ticket(&other, ids.start)?]).await?;
    write(
        &*storage,
        vec![
            new_comment(ids.start, &open)?,
            NewComment { is_note: true, ..new_comment(ids.start + 1, &open)? },
            NewComment { is_from_shop: false, ..new_comment(ids.end - 1, &older)? },
            new_comment(ids.start - 1, &older)?,
        ],
    )
    .await?;
    set_state(&*storage, &older, false, at(0)).await?;
    let expected = DayFigures {
        opened: 1,
        first_answers: vec![FirstAnswer { ticket: open.id, answer: comment_id(ids.start)? }],
        closed: 1,
        // Two tickets, three comments, and a closing.
        entries: 6,
    };
    for at_most in [u64::MAX, 7, 6] {
        let counted = storage.count_day(shop, day(), at_most).await?;
        same(&format!("a day of 6 entries, at most {at_most}"), &counted, &Some(expected.clone()))?;
    }
    for at_most in [5, 1, 0] {
        let counted = storage.count_day(shop, day(), at_most).await?;
        same(&format!("a day of 6 entries, at most {at_most}"), &counted, &None)?;
    }
    Ok(())
}

/// FIGURE-5: open tickets are counted by channel and by assignee.
pub async fn figure_5_open_tickets_are_grouped(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let people = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let shop = people.shop.id;
    same("no open tickets", &storage.count_open_tickets(shop, 100).await?, &OpenTickets::default())?;
    let in_channel = |id, channel: &str, assigned_to| {
        anyhow::Ok(Ticket { channel: channel.to_owned(), assigned_to, ..open_ticket(&people, id)? })
    };
    let somebody = Some(people.user.id);
    let closed = Ticket { is_opened: false, ..in_channel(6, "Chat", somebody)? };
    create(
        &*storage,
        vec![
            in_channel(1, "Mail", somebody)?,
            in_channel(2, "Mail", somebody)?,
            in_channel(3, "Mail", None)?,
            in_channel(4, "mail", None)?,
            in_channel(5, "mail", somebody)?,
            closed,
            open_ticket(&other, 1)?,
        ],
    )
    .await?;
    let expected = OpenTickets {
        total: 5,
        by_channel: vec![("Mail".to_owned(), 3), ("mail".to_owned(), 2)],
        by_assignee: vec![(somebody, 3), (None, 2)],
    };
    same("open tickets", &storage.count_open_tickets(shop, 100).await?, &expected)?;
    let most = OpenTickets::MAX_GROUPS;
    let rare = (0..most).map(|number| in_channel(i64::try_from(number)? + 10, &format!("{number}"), None));
    create(&*storage, rare.collect::<Result<_, _>>()?).await?;
    let OpenTickets { total, by_channel, by_assignee } = storage.count_open_tickets(shop, 100).await?;
    same("open tickets of many channels", &usize::try_from(total)?, &(5 + most))?;
    same("the largest channels", &by_channel.get(..2), &Some(&expected.by_channel[..]))?;
    let counts: Vec<u64> = by_channel.iter().map(|(_, tickets)| *tickets).collect();
    same("the sizes of channels", &counts, &[vec![3, 2], vec![1; most - 2]].concat())?;
    same("the assignees", &by_assignee, &vec![(None, u64::try_from(2 + most)?), (somebody, 3)])
}

/// FIGURE-6: the count of open tickets stops at its limit.
pub async fn figure_6_open_tickets_have_a_limit(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let people = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let closed = (1..=3).map(|id| people.ticket(id));
    let open = (4..=8).map(|id| open_ticket(&people, id));
    create(&*storage, closed.chain(open).collect::<Result<_, _>>()?).await?;
    for (at_most, expected) in [(0, 0), (3, 3), (5, 5), (u64::MAX, 5)] {
        let counted = storage.count_open_tickets(people.shop.id, at_most).await?;
        let OpenTickets { total, by_channel, by_assignee } = &counted;
        let sums = [
            *total,
            by_channel.iter().map(|(_, tickets)| tickets).sum(),
            by_assignee.iter().map(|(_, tickets)| tickets).sum(),
        ];
        same(&format!("at most {at_most} of five open tickets"), &sums, &[expected; 3])?;
    }
    Ok(())
}
