//! The obligations of [`TicketStore`](hexdesk_domain::TicketStore) on updates, except idempotency
//! keys.

mod moves;
mod reopening;

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::limits::{MAX_CONTACT_REASON_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TICKET_NAME_CHARS};
use hexdesk_domain::ports::UpdateTicketOutcome::{
    AssigneeDeactivated, AssigneeNotFound, TicketNotFound, VersionMismatch,
};
use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{
    AssigneeFilter, HumanTicket, NewCustomer, NewUser, ShopId, Storage, Ticket, TicketChanges, TicketFilter,
    TicketId, TicketView, Timestamp, User, UserId,
};

pub use super::first_message::ticket_26_first_message_stays;
use crate::cases::ticket_lists::{create_all, expect_list_and_count, some_filters, whole_list};
use crate::cases::user_changes::activate;
use crate::comparison::same;
use crate::samples::shop_with_tickets::{CREATED, ShopContents, ShopWithTickets};
use crate::samples::ticket_members::{
    after_all_changes, all_changes, before_all_changes, current_values, extreme_changes,
};
use crate::samples::{
    ShopWithPeople, TRICKY_TEXTS, at, attempt_update, comment_creation, create_comment, create_customer,
    create_ticket, create_user, creation, customer_by_email, customer_id, extreme_times, find_ticket,
    heavy_text_of, new_comment, stamp, ticket_id, update, update_ticket, user_by_email, user_id,
};

pub use self::moves::ticket_29_update_moves_the_ticket;
pub use self::reopening::comment_20_reply_opens_closed_ticket;

/// TICKET-17: an update changes only the fields it names, and raises the version. TICKET-18: not if the
/// ticket already has the values.
pub async fn ticket_17_update_changes_what_it_says(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    each_field_alone(&*storage).await?;
    several_at_once(&*storage).await?;
    any_value(&*storage).await?;
    lists_and_counts_follow(&*storage).await
}

async fn each_field_alone(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixtures = ShopWithTickets::pair(storage, "example.com").await?;
    let mut contents = ShopContents::of(storage, &fixtures).await?;
    for fixture in &fixtures {
        for id in ShopWithTickets::ALL {
            for (what, changes) in fixture.single_changes() {
                // Also an update to the current value.
                for what in [what.to_owned(), format!("{what} again")] {
                    let update = update(changes.clone());
                    let ticket = (fixture, id);
                    if id == ShopWithTickets::ALL[0] {
                        expect_update_of(&mut contents, storage, &fixtures, ticket, &what, update).await?;
                    } else {
                        expect_returned(&mut contents, storage, ticket, &what, update).await?;
                    }
                }
            }
            contents.expect(storage, &fixtures, &format!("the updates of ticket {id}")).await?;
        }
    }
    Ok(())
}

async fn several_at_once(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "several.example.com").await?;
    let before = before_all_changes(fixture.ticket(1)?, fixture.user.id);
    create_all(storage, std::slice::from_ref(&before)).await?;
    let view = update_ticket(
        storage,
        fixture.shop.id,
        before.id,
        TicketUpdate { expected_version: Some(1), ..update(all_changes()) },
    )
    .await?;
    let human_ticket = view.human_ticket.clone().context("the human ticket of a ticket created open")?;
    let expected = TicketView {
        ticket: after_all_changes(before),
        customer: fixture.customer.clone(),
        assignee: None,
        human_ticket: Some(HumanTicket { opened_at: at(7), closed_at: Some(at(11)), ..human_ticket }),
    };
    same("the ticket returned by an update of all fields", &view, &expected)?;
    same(
        "the ticket after an update of all fields",
        &find_ticket(storage, fixture.shop.id, view.ticket.id).await?,
        &expected,
    )
}

/// Every value that a new ticket can have.
async fn any_value(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "values.example.com").await?;
    create_all(storage, &[fixture.ticket(1)?, fixture.ticket(TicketId::MAX)?]).await?;
    let nothing = TicketChanges::default;
    let text = |text: &str| Some(Some(text.to_owned()));
    let mut all = vec![
        TicketChanges {
            name: Some(Some(heavy_text_of(MAX_TICKET_NAME_CHARS))),
            tags: Some(vec![heavy_text_of(MAX_TAG_CHARS); usize::try_from(MAX_TAGS)?]),
            contact_reason: Some(Some(heavy_text_of(MAX_CONTACT_REASON_CHARS))),
            ..nothing()
        },
        TicketChanges { unread_count: Some(32_768), ..nothing() },
        TicketChanges { tags: Some(vec![String::new()]), ..nothing() },
        TicketChanges { tags: Some(["b", "a", "b", "", "B", ""].map(Into::into).to_vec()), ..nothing() },
        TicketChanges {
            tags: Some(["a,b", "{c}", "[d]", "\"e\"", "\\", "'", "NULL", " f "].map(Into::into).to_vec()),
            ..nothing()
        },
        TicketChanges {
            tags: Some(TRICKY_TEXTS.iter().map(|text| (*text).to_owned()).collect()),
            ..nothing()
        },
    ];
    for tricky in TRICKY_TEXTS {
        // One of them is cleared each time, to detect a store that confuses empty and missing
        // texts.
        all.push(TicketChanges { name: text(tricky), contact_reason: Some(None), ..nothing() });
        all.push(TicketChanges { name: Some(None), contact_reason: text(tricky), ..nothing() });
    }
    all.extend(extreme_changes());
    for id in [1, TicketId::MAX] {
        for changes in &all {
            let before = find_ticket(storage, fixture.shop.id, ticket_id(id)?).await?;
            let view =
                update_ticket(storage, fixture.shop.id, before.ticket.id, update(changes.clone())).await?;
            let ticket = changed(before.ticket.clone(), changes.clone());
            same("the ticket returned by an update", &view, &TicketView { ticket, ..before })?;
            let found = find_ticket(storage, fixture.shop.id, view.ticket.id).await?;
            same("the ticket after an update", &found, &view)?;
        }
    }
    Ok(())
}

/// Lists with each filter and counts show the updated tickets.
async fn lists_and_counts_follow(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithTickets::create(storage, "lists.example.com").await?;
    let shop = fixture.shop();
    for id in 10..22 {
        let ticket = Ticket {
            last_message_time: at(id / 3),
            date: at(-id),
            assigned_to: (id % 3 == 0).then_some(fixture.people.user.id),
            is_opened: id % 4 < 2,
            unread_count: i32::try_from(id % 2)?,
            tags: vec!["tag".into(), format!("tag {id}")],
            contact_reason: (id % 2 == 0).then(|| "reason".into()),
            ..fixture.people.ticket(id)?
        };
        same("a ticket", &create_ticket(storage, creation(ticket)).await?, &CREATED)?;
    }
    let all = TicketFilter::default;
    let mut filters = some_filters(&fixture.people);
    filters.extend([
        TicketFilter { tags: vec!["new".into()], ..all() },
        TicketFilter { tags: vec!["tag 10".into()], is_opened: Some(true), ..all() },
        TicketFilter { contact_reasons: vec!["new".into()], ..all() },
        TicketFilter { contact_reasons: vec!["reason".into()], ..all() },
        TicketFilter { assignees: vec![AssigneeFilter::User(fixture.agent.id)], ..all() },
        TicketFilter { is_opened: Some(false), ..all() },
        TicketFilter { has_unread: Some(false), ..all() },
    ]);
    let list = whole_list(storage, shop, &all()).await?;
    let mut tickets: Vec<Ticket> = list.into_iter().map(|view| view.ticket).collect();
    let changes = fixture.single_changes();
    for place in 0..changes.len() * 2 {
        let (what, changes) = &changes[place % changes.len()];
        let ticket = &mut tickets[place * 5 % 16];
        update_ticket(storage, shop, ticket.id, update(changes.clone())).await?;
        *ticket = changed(ticket.clone(), changes.clone());
        for filter in &filters {
            let listed = expect_list_and_count(storage, shop, filter, &tickets).await;
            listed.with_context(|| format!("after an update with {what}"))?;
        }
    }
    Ok(())
}

/// TICKET-18: an update without values, or with those that the ticket has, changes nothing, not even the
/// version.
pub async fn ticket_18_empty_update_changes_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixtures = ShopWithTickets::pair(storage, "example.com").await?;
    for fixture in &fixtures {
        for id in ShopWithTickets::ALL {
            let before = ShopContents::of(storage, &fixtures).await?;
            let view = before.view(fixture.shop(), ticket_id(id)?)?;
            let empty = [TicketChanges::default(), current_values(&view.ticket)];
            let empty =
                empty.iter().flat_map(|changes| [(changes, None), (changes, Some(view.ticket.version))]);
            for (changes, expected_version) in empty {
                for changed_at in [at(11), Timestamp::MIN, Timestamp::MAX] {
                    let changes = changes.clone();
                    let empty = TicketUpdate { changes, expected_version, stamp: stamp(changed_at) };
                    let from_store = update_ticket(storage, fixture.shop(), ticket_id(id)?, empty).await?;
                    same("the ticket returned by an empty update", &from_store, view)?;
                }
            }
            before.expect(storage, &fixtures, "empty updates").await?;
        }
    }
    Ok(())
}

/// TICKET-19: a human ticket opens, closes and opens again, and keeps its number.
pub async fn ticket_19_human_ticket_opens_and_closes(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixtures = ShopWithTickets::pair(storage, "example.com").await?;
    let times = extreme_times();
    let mut contents = ShopContents::of(storage, &fixtures).await?;
    for fixture in &fixtures {
        for (id, step) in ShopWithTickets::ALL.into_iter().zip([1, 3, 5, 9]) {
            // Times go back and forth, as clocks can.
            let mut times = (0..).map(|place: usize| times[place * step % times.len()]);
            for is_opened in [true, true, false, false, true, false, true, true, false, true, false, false] {
                let changed_at = times.next().context("a time")?;
                let mut changes = TicketChanges { is_opened: Some(is_opened), ..TicketChanges::default() };
                if changed_at.unix_millis() % 2 == 0 {
                    changes.name = Some(Some(format!("at {}", changed_at.unix_millis())));
                }
                let what = format!("an update to opened: {is_opened}, at {changed_at}");
                let update = TicketUpdate { stamp: stamp(changed_at), ..update(changes) };
                let ticket = (fixture, id);
                let view = expect_update_of(&mut contents, storage, &fixtures, ticket, &what, update).await?;
                same("whether it is opened", &view.ticket.is_opened, &is_opened)?;
            }
        }
    }
    // All human tickets have different numbers: opened by a creation or an update, open or closed.
    let [fixture, _] = &fixtures;
    for id in 10..18 {
        let ticket = Ticket { is_opened: id % 2 == 0, ..fixture.people.ticket(id)? };
        same("a ticket", &create_ticket(storage, creation(ticket)).await?, &CREATED)?;
        if id % 4 < 3 {
            let open = TicketChanges { is_opened: Some(true), ..TicketChanges::default() };
            expect_update(storage, &fixtures, fixture, id, "an update to opened", update(open)).await?;
        }
    }
    Ok(())
}

/// TICKET-20: another version or another shop's ticket is refused, and nothing changes.
pub async fn ticket_20_other_version_or_shop_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixtures = ShopWithTickets::pair(storage, "example.com").await?;
    let [one, two] = &fixtures;
    // The other shop's tickets with the same ids have other versions, to detect stores that compare
    // with those.
    for id in ShopWithTickets::ALL {
        let name = TicketChanges { name: Some(Some("other".into())), ..TicketChanges::default() };
        expect_update(storage, &fixtures, two, id, "a name", update(name)).await?;
    }
    let before = ShopContents::of(storage, &fixtures).await?;
    for id in ShopWithTickets::ALL {
        let id = ticket_id(id)?;
        let version = before.view(one.shop(), id)?.ticket.version;
        let of_two = before.view(two.shop(), id)?.ticket.version;
        ensure!(version != of_two, "the kit gave two tickets the same version");
        let others =
            [0, 1, version - 1, version + 1, of_two, -version, version + (1 << 32), i64::MIN, i64::MAX];
        for other in others.into_iter().filter(|other| *other != version) {
            let refused = |changes| TicketUpdate { expected_version: Some(other), ..update(changes) };
            for (_, changes) in one.single_changes().into_iter().chain([("", TicketChanges::default())]) {
                let outcome = attempt_update(storage, one.shop(), id, refused(changes)).await?;
                same(
                    &format!("an update that expects version {other} instead of {version}"),
                    &outcome,
                    &VersionMismatch,
                )?;
            }
            let outcome = storage.delete_ticket(one.shop(), id, Some(other), stamp(at(13))).await?;
            same(
                &format!("a deletion that expects version {other} instead of {version}"),
                &outcome,
                &DeleteTicketOutcome::VersionMismatch,
            )?;
        }
    }
    before.expect(storage, &fixtures, "calls that expect another version").await?;

    tickets_outside_the_shop_are_not_found(storage, &fixtures).await?;

    // The current version is right until something changes the ticket.
    let (shop, id) = (one.shop(), ticket_id(ShopWithTickets::FULL)?);
    let name = TicketChanges { name: Some(None), ..TicketChanges::default() };
    let version = before.view(shop, id)?.ticket.version;
    let right = TicketUpdate { expected_version: Some(version), ..update(name) };
    expect_update(storage, &fixtures, one, ShopWithTickets::FULL, "the right version", right.clone()).await?;
    let outcome = attempt_update(storage, shop, id, right.clone()).await?;
    same("the same update again", &outcome, &VersionMismatch)?;
    create_comment(storage, comment_creation(new_comment(900, &one.people.ticket(ShopWithTickets::FULL)?)?))
        .await?;
    let before = ShopContents::of(storage, &fixtures).await?;
    let outcome = storage.delete_ticket(shop, id, Some(version + 1), stamp(at(13))).await?;
    same(
        "a deletion that expects the version before a comment",
        &outcome,
        &DeleteTicketOutcome::VersionMismatch,
    )?;
    before.expect(storage, &fixtures, "a deletion that expects the version before a comment").await?;
    let outcome = storage.delete_ticket(shop, id, Some(version + 2), stamp(at(13))).await?;
    same("a deletion that expects the right version", &outcome, &DeleteTicketOutcome::Deleted)?;
    before.without(shop, id).expect(storage, &fixtures, "the deletion").await
}

async fn tickets_outside_the_shop_are_not_found(
    storage: &dyn Storage,
    fixtures: &[ShopWithTickets; 2],
) -> anyhow::Result<()> {
    let [one, two] = fixtures;
    let of_two = Ticket { is_opened: true, ..two.people.ticket(77)? };
    same("a ticket", &create_ticket(storage, creation(of_two)).await?, &CREATED)?;
    let before = ShopContents::of(storage, fixtures).await?;
    let no_shop = ShopId::new(ShopId::MAX).context("a shop's number")?;
    let nobody = TicketChanges { assigned_to: Some(Some(user_id(UserId::MAX)?)), ..TicketChanges::default() };
    for (shop, id) in [(one.shop(), 77), (one.shop(), 78), (two.shop(), 78), (no_shop, 77), (no_shop, 1)] {
        let id = ticket_id(id)?;
        for expected_version in [None, Some(1), Some(2)] {
            let others = [("", TicketChanges::default()), ("", nobody.clone())];
            for (_, changes) in two.single_changes().into_iter().chain(others) {
                let update = TicketUpdate { expected_version, ..update(changes) };
                let outcome = attempt_update(storage, shop, id, update).await?;
                same("an update of a ticket outside the shop", &outcome, &TicketNotFound)?;
            }
            let outcome = storage.delete_ticket(shop, id, expected_version, stamp(at(13))).await?;
            same(
                "the deletion of a ticket outside the shop",
                &outcome,
                &DeleteTicketOutcome::TicketNotFound,
            )?;
        }
    }
    before.expect(storage, fixtures, "calls about tickets outside the shop").await
}

/// TICKET-21: a new assignee who is not an active user of the shop is refused, after TICKET-20.
/// Nothing changes.
pub async fn ticket_21_unknown_assignee_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixtures = ShopWithTickets::pair(storage, "example.com").await?;
    let [one, two] = &fixtures;
    let of_two = NewUser { id: Some(user_id(700)?), ..user_by_email("700@example.com") };
    let of_two = create_user(storage, two.shop(), of_two).await?;
    // A customer's number is not a user's number.
    let as_customer = NewCustomer { id: Some(customer_id(800)?), ..customer_by_email("800@example.com") };
    create_customer(storage, one.shop(), as_customer).await?;

    // A user who is inactive here and active in the other shop.
    for fixture in &fixtures {
        let new = NewUser { id: Some(user_id(900)?), ..user_by_email("900@example.com") };
        create_user(storage, fixture.shop(), new).await?;
    }
    let deactivated = activate(storage, one.shop(), user_id(900)?, false).await?;

    let before = ShopContents::of(storage, &fixtures).await?;
    let unknown = [user_id(UserId::MAX)?, of_two.id, user_id(800)?].map(|user| (user, AssigneeNotFound));
    for (user, refusal) in unknown.into_iter().chain([(deactivated.id, AssigneeDeactivated)]) {
        for id in ShopWithTickets::ALL {
            let id = ticket_id(id)?;
            let version = before.view(one.shop(), id)?.ticket.version;
            for (_, changes) in one.single_changes() {
                let changes = TicketChanges { assigned_to: Some(Some(user)), ..changes };
                let attempt = |expected_version: Option<i64>| {
                    let update = TicketUpdate { expected_version, ..update(changes.clone()) };
                    attempt_update(storage, one.shop(), id, update)
                };
                for version in [None, Some(version)] {
                    same("an update to an unknown assignee", &attempt(version).await?, &refusal)?;
                }
                let outcome = attempt(Some(version + 1)).await?;
                same(
                    "an update to an unknown assignee that expects another version",
                    &outcome,
                    &VersionMismatch,
                )?;
            }
            let nobody = TicketChanges { assigned_to: Some(Some(user)), ..TicketChanges::default() };
            let outcome: UpdateTicketOutcome =
                attempt_update(storage, one.shop(), ticket_id(404)?, update(nobody)).await?;
            same("an update of a missing ticket to an unknown assignee", &outcome, &TicketNotFound)?;
        }
    }
    before.expect(storage, &fixtures, "updates to an unknown assignee").await?;

    // The user is known in its own shop. A number used in both shops means each shop's own user.
    let to = |user: &User| TicketChanges { assigned_to: Some(Some(user.id)), ..TicketChanges::default() };
    let view =
        update_ticket(storage, two.shop(), ticket_id(ShopWithTickets::PLAIN)?, update(to(&of_two))).await?;
    same("the assignee in the user's shop", &view.assignee, &Some(of_two))?;
    for fixture in [one, two] {
        let view = update_ticket(
            storage,
            fixture.shop(),
            ticket_id(ShopWithTickets::FULL)?,
            update(to(&fixture.agent)),
        )
        .await?;
        same(
            "the assignee with a number used in both shops",
            &view.assignee.as_ref(),
            &Some(&fixture.agent),
        )?;
    }
    deactivated_assignee_stays(storage, &fixtures).await
}

/// A deactivated assignee stays until the ticket is assigned to another user, also in updates that name
/// the assignee. Then the ticket cannot be assigned to the deactivated user again.
async fn deactivated_assignee_stays(
    storage: &dyn Storage,
    fixtures: &[ShopWithTickets; 2],
) -> anyhow::Result<()> {
    let [one, _] = fixtures;
    let (shop, id) = (one.shop(), ticket_id(ShopWithTickets::FULL)?);
    let to_agent = || TicketChanges { assigned_to: Some(Some(one.agent.id)), ..TicketChanges::default() };
    update_ticket(storage, shop, id, update(to_agent())).await?;
    let deactivated = activate(storage, shop, one.agent.id, false).await?;
    let before = ShopContents::of(storage, fixtures).await?;
    same("the deactivated assignee", &before.view(shop, id)?.assignee.as_ref(), &Some(&deactivated))?;
    let view = update_ticket(storage, shop, id, update(to_agent())).await?;
    same("the version after an update to the same assignee", &view, before.view(shop, id)?)?;
    before.expect(storage, fixtures, "an update to the same assignee").await?;
    for changes in [
        TicketChanges::default(),
        TicketChanges { name: Some(Some("named".into())), ..to_agent() },
        TicketChanges { name: Some(Some("new".into())), ..TicketChanges::default() },
        TicketChanges { is_opened: Some(false), ..TicketChanges::default() },
    ] {
        let view = update_ticket(storage, shop, id, update(changes)).await?;
        same("the assignee after another update", &view.assignee.as_ref(), &Some(&deactivated))?;
    }
    let to_nobody = TicketChanges { assigned_to: Some(None), ..TicketChanges::default() };
    update_ticket(storage, shop, id, update(to_nobody)).await?;
    let outcome = attempt_update(storage, shop, id, update(to_agent())).await?;
    same("an update to the former assignee", &outcome, &AssigneeDeactivated)?;
    let active = activate(storage, shop, one.agent.id, true).await?;
    let view = update_ticket(storage, shop, id, update(to_agent())).await?;
    same("the reactivated assignee", &view.assignee, &Some(active))
}

/// Updates the fixture's ticket. Fails unless the ticket is as expected and everything else is
/// unchanged.
async fn expect_update(
    storage: &dyn Storage,
    fixtures: &[ShopWithTickets],
    fixture: &ShopWithTickets,
    id: i64,
    what: &str,
    update: TicketUpdate,
) -> anyhow::Result<TicketView> {
    let mut contents = ShopContents::of(storage, fixtures).await?;
    expect_update_of(&mut contents, storage, fixtures, (fixture, id), what, update).await
}

/// Does the same for shops with these contents, and changes the contents. Spares a series of updates
/// half of the reads.
async fn expect_update_of(
    contents: &mut ShopContents,
    storage: &dyn Storage,
    fixtures: &[ShopWithTickets],
    ticket: (&ShopWithTickets, i64),
    what: &str,
    update: TicketUpdate,
) -> anyhow::Result<TicketView> {
    let view = expect_returned(contents, storage, ticket, what, update).await?;
    contents.expect(storage, fixtures, &format!("an update with {what}")).await?;
    Ok(view)
}

/// Fails unless the update returns the changed ticket, and puts that into the expected contents.
async fn expect_returned(
    contents: &mut ShopContents,
    storage: &dyn Storage,
    (fixture, id): (&ShopWithTickets, i64),
    what: &str,
    update: TicketUpdate,
) -> anyhow::Result<TicketView> {
    let (shop, id) = (fixture.shop(), ticket_id(id)?);
    let view = update_ticket(storage, shop, id, update.clone()).await?;
    let expected = view_after(contents.view(shop, id)?, update, fixture, &view)?;
    same(&format!("the ticket returned by an update with {what}"), &view, &expected)?;
    *contents = contents.clone().with(expected);
    Ok(view)
}

/// The expected ticket. Only the number of a new human ticket comes from the returned ticket.
fn view_after(
    before: &TicketView,
    update: TicketUpdate,
    fixture: &ShopWithTickets,
    from_store: &TicketView,
) -> anyhow::Result<TicketView> {
    let TicketUpdate { changes, expected_version: _, stamp } = update;
    let human_ticket = match (changes.is_opened, before.human_ticket.clone()) {
        (Some(true), None) => {
            let new =
                from_store.human_ticket.clone().context("a ticket was opened without a human ticket")?;
            Some(HumanTicket { opened_at: stamp.time, closed_at: None, ..new })
        }
        (Some(true), Some(closed)) if closed.closed_at.is_some() => {
            Some(HumanTicket { opened_at: stamp.time, closed_at: None, ..closed })
        }
        (Some(false), Some(open)) if open.closed_at.is_none() => {
            Some(HumanTicket { closed_at: Some(stamp.time), ..open })
        }
        (_, unchanged) => unchanged,
    };
    let ticket = changed(before.ticket.clone(), changes);
    let users = [&fixture.people.user, &fixture.agent];
    let assignee = users.into_iter().find(|user| Some(user.id) == ticket.assigned_to).cloned();
    Ok(TicketView { ticket, customer: before.customer.clone(), assignee, human_ticket })
}

/// The ticket after an accepted update.
fn changed(mut ticket: Ticket, changes: TicketChanges) -> Ticket {
    changes.apply(&mut ticket);
    ticket
}
