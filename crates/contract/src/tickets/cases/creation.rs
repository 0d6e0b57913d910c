//! The obligations of [`TicketStore`](hexdesk_domain::TicketStore) on creations, except idempotency
//! keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::limits::{
    MAX_CHANNEL_CHARS, MAX_CONTACT_REASON_CHARS, MAX_MESSAGE_CHARS, MAX_TAG_CHARS, MAX_TAGS,
    MAX_THREAD_ID_CHARS, MAX_TICKET_NAME_CHARS, MAX_VIA_CHARS,
};
use hexdesk_domain::ports::CreateTicketOutcome::{
    AssigneeDeactivated, AssigneeNotFound, Created, CustomerNotFound, KeyReused, Replayed,
};
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    Customer, CustomerId, ExternalIds, NewCustomer, NewUser, Shop, ShopId, Storage, StorageErrorKind, Ticket,
    TicketId, Timestamp, User, UserId,
};

use crate::cases::concurrency::taken_ids::one_of_racing_tickets_is_created;
use crate::cases::user_changes::activate;
use crate::comparison::same;
use crate::samples::ticket_members::{SINGLE_TEXTS, longest_ticket};
use crate::samples::{
    ShopWithPeople, TRICKY_TEXTS, at, claim, claimed, create_customer, create_ticket, create_user, creation,
    customer_by_email, customer_id, expect_no_ticket, expect_outcomes, expect_ticket, extreme_times,
    filled_ticket, find_ticket, heavy_text_of, plain_ticket, stamp, ticket_id, user_by_email, user_id,
};

/// TICKET-1: found with every field as passed in, with exact times and the order of tags.
pub async fn ticket_1_is_found_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let tickets = various_tickets(&fixture)?;
    // Half of them in one batch, half of them one by one.
    let (together, alone) = tickets.split_at(tickets.len() / 2);
    let batch: Vec<_> = together.iter().cloned().map(creation).collect();
    expect_outcomes(&*storage, "a batch of new tickets", batch, &vec![Created; together.len()]).await?;
    for ticket in alone {
        let outcome = create_ticket(&*storage, creation(ticket.clone())).await?;
        same("a new ticket", &outcome, &Created)?;
        expect_ticket(&*storage, "the ticket just created", ticket).await?;
    }
    for ticket in &tickets {
        expect_ticket(&*storage, "the ticket", ticket).await?;
    }
    Ok(())
}

/// Every field at its extremes, all together and each alone.
pub(crate) fn various_tickets(fixture: &ShopWithPeople) -> anyhow::Result<Vec<Ticket>> {
    let plain = fixture.ticket(1)?;
    let mut tickets = vec![
        plain.clone(),
        filled_ticket(plain.clone(), fixture.user.id, ToOwned::to_owned),
        longest_ticket(plain.clone(), fixture.user.id),
        Ticket {
            channel: heavy_text_of(MAX_CHANNEL_CHARS),
            name: Some(heavy_text_of(MAX_TICKET_NAME_CHARS)),
            thread_id: Some(heavy_text_of(MAX_THREAD_ID_CHARS)),
            last_message: Some(heavy_text_of(MAX_MESSAGE_CHARS)),
            contact_reason: Some(heavy_text_of(MAX_CONTACT_REASON_CHARS)),
            tags: vec![heavy_text_of(MAX_TAG_CHARS); usize::try_from(MAX_TAGS)?],
            via: Some(heavy_text_of(MAX_VIA_CHARS)),
            ..plain.clone()
        },
        Ticket { assigned_to: Some(fixture.user.id), ..plain.clone() },
        Ticket { is_opened: true, ..plain.clone() },
        Ticket { unread_count: 1, ..plain.clone() },
        Ticket { unread_count: 32_768, ..plain.clone() },
        // Order, repetition, empty tags, and characters that serialized lists use.
        Ticket { tags: ["b", "a", "b", "", "B", ""].map(Into::into).to_vec(), ..plain.clone() },
        Ticket { tags: vec![String::new()], ..plain.clone() },
        Ticket {
            tags: ["a,b", "{c}", "[d]", "\"e\"", "\\", "'", "NULL", " f "].map(Into::into).to_vec(),
            ..plain.clone()
        },
        Ticket { tags: TRICKY_TEXTS.iter().map(|text| (*text).to_owned()).collect(), ..plain.clone() },
    ];
    for set in SINGLE_TEXTS {
        let mut ticket = plain.clone();
        set(&mut ticket);
        tickets.push(ticket);
    }
    for text in TRICKY_TEXTS {
        let text = Some((*text).to_owned());
        tickets.push(Ticket {
            channel: format!("channel {text:?}"),
            name: text.clone(),
            thread_id: text.clone(),
            last_message: text.clone(),
            contact_reason: text.clone(),
            via: text,
            ..plain.clone()
        });
    }
    let times = extreme_times();
    for (date, last_message_time) in times.iter().zip(times.iter().rev()) {
        tickets.push(Ticket { date: *date, last_message_time: *last_message_time, ..plain.clone() });
    }
    // Ids across their whole range.
    let count = i64::try_from(tickets.len())?;
    for (ticket, index) in tickets.iter_mut().zip(0..) {
        ticket.id = ticket_id(1 + (TicketId::MAX - 1) / (count - 1) * index)?;
    }
    if let [first, .., last] = tickets.as_mut_slice() {
        first.id = ticket_id(1)?;
        last.id = ticket_id(TicketId::MAX)?;
    }
    Ok(tickets)
}

/// TICKET-2: one outcome for each item, in the order of the items.
pub async fn ticket_2_outcomes_are_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_outcomes(&*storage, "an empty batch in an empty store", Vec::new(), &[]).await?;
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    expect_outcomes(&*storage, "an empty batch", Vec::new(), &[]).await?;

    let first = claimed(fixture.ticket(1)?, claim("key", 1, b"first")?);
    same("a ticket with a key", &create_ticket(&*storage, first).await?, &Created)?;
    // Ids and outcomes are not sorted.
    let mut batch = Vec::new();
    let mut expected = Vec::new();
    for index in 0..120_i64 {
        let id = 1_000 + index * 77 % 120;
        let (item, outcome) = match index * index % 7 {
            0 => (creation(fixture.ticket_of_nobody(id)?), CustomerNotFound),
            1 => (creation(fixture.ticket_for_nobody(id)?), AssigneeNotFound),
            2 if index % 2 == 0 => {
                (claimed(fixture.ticket(id)?, claim("key", 1, b"later")?), Replayed(b"first".to_vec()))
            }
            2 => (claimed(fixture.ticket(id)?, claim("key", 2, b"later")?), KeyReused),
            _ => (creation(fixture.ticket(id)?), Created),
        };
        batch.push(item);
        expected.push(outcome);
    }
    expect_outcomes(&*storage, "a batch of 120 items", batch.clone(), &expected).await?;
    for (item, outcome) in batch.iter().zip(&expected) {
        let found = storage.find_ticket(fixture.shop.id, item.ticket.id).await?.is_some();
        same(
            &format!("whether the ticket of an item with {outcome:?} exists"),
            &found,
            &(*outcome == Created),
        )?;
    }
    Ok(())
}

/// TICKET-3: a customer outside the shop is refused. Nothing is written.
pub async fn ticket_3_unknown_customer_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    let of_other = NewCustomer { id: Some(customer_id(700)?), ..customer_by_email("700@example.com") };
    let of_other = create_customer(&*storage, other.shop.id, of_other).await?;
    // A user's number is not a customer's number.
    let as_user = NewUser { id: Some(user_id(800)?), ..user_by_email("800@example.com") };
    create_user(&*storage, fixture.shop.id, as_user).await?;

    let no_shop = hexdesk_domain::ShopId::new(ShopId::MAX).context("a shop's number")?;
    for (shop, customer) in [
        (fixture.shop.id, customer_id(CustomerId::MAX)?),
        (fixture.shop.id, of_other.id),
        (fixture.shop.id, customer_id(800)?),
        (no_shop, fixture.customer.id),
    ] {
        for is_opened in [false, true] {
            let refused = Ticket { shop_id: shop, customer_id: customer, is_opened, ..fixture.ticket(5)? };
            let outcome = create_ticket(&*storage, creation(refused)).await?;
            same("a ticket of an unknown customer", &outcome, &CustomerNotFound)?;
            expect_no_ticket(&*storage, "the refused ticket", shop, ticket_id(5)?).await?;
            expect_no_ticket(&*storage, "the refused ticket", other.shop.id, ticket_id(5)?).await?;
        }
    }
    // Refused tickets do not block their ids.
    let accepted = fixture.ticket(5)?;
    same(
        "the ticket of a known customer",
        &create_ticket(&*storage, creation(accepted.clone())).await?,
        &Created,
    )?;
    expect_ticket(&*storage, "the ticket of a known customer", &accepted).await?;
    expect_nothing_left_on_neighbour(&*storage, &fixture, fixture.ticket_of_nobody(6)?, CustomerNotFound)
        .await
}

/// TICKET-4: an assignee who is not an active user of the shop is refused. Nothing is written.
pub async fn ticket_4_unknown_assignee_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    let of_other = NewUser { id: Some(user_id(700)?), ..user_by_email("700@example.com") };
    let of_other = create_user(&*storage, other.shop.id, of_other).await?;
    // A customer's number is not a user's number.
    let as_customer = NewCustomer { id: Some(customer_id(800)?), ..customer_by_email("800@example.com") };
    create_customer(&*storage, fixture.shop.id, as_customer).await?;

    // A user who is inactive here and active in the other shop.
    for shop in [fixture.shop.id, other.shop.id] {
        let new = NewUser { id: Some(user_id(900)?), ..user_by_email("900@example.com") };
        create_user(&*storage, shop, new).await?;
    }
    let before = Ticket { assigned_to: Some(user_id(900)?), ..fixture.ticket(90)? };
    same("a ticket", &create_ticket(&*storage, creation(before.clone())).await?, &Created)?;
    let deactivated = activate(&*storage, fixture.shop.id, user_id(900)?, false).await?;

    let unknown = [user_id(UserId::MAX)?, of_other.id, user_id(800)?].map(|user| (user, AssigneeNotFound));
    for (user, refusal) in unknown.into_iter().chain([(deactivated.id, AssigneeDeactivated)]) {
        for is_opened in [false, true] {
            let refused = Ticket { assigned_to: Some(user), is_opened, ..fixture.ticket(5)? };
            let outcome = create_ticket(&*storage, creation(refused)).await?;
            same("a ticket assigned to an unknown or inactive user", &outcome, &refusal)?;
            expect_no_ticket(&*storage, "the refused ticket", fixture.shop.id, ticket_id(5)?).await?;
        }
    }
    let accepted = Ticket { assigned_to: Some(fixture.user.id), ..fixture.ticket(5)? };
    same(
        "the ticket of a known user",
        &create_ticket(&*storage, creation(accepted.clone())).await?,
        &Created,
    )?;
    expect_ticket(&*storage, "the ticket of a known user", &accepted).await?;
    // An older ticket keeps the deactivated assignee. A new ticket can have the assignee once it is
    // active again.
    expect_ticket(&*storage, "the ticket of a deactivated user", &before).await?;
    let view = find_ticket(&*storage, fixture.shop.id, before.id).await?;
    same("the deactivated assignee", &view.assignee, &Some(deactivated))?;
    let active = activate(&*storage, fixture.shop.id, user_id(900)?, true).await?;
    let again = Ticket { assigned_to: Some(active.id), ..fixture.ticket(91)? };
    let outcome = create_ticket(&*storage, creation(again)).await?;
    same("the ticket of a reactivated user", &outcome, &Created)?;
    expect_nothing_left_on_neighbour(&*storage, &fixture, fixture.ticket_for_nobody(6)?, AssigneeNotFound)
        .await
}

/// Fails if a refused item changes a neighbour with the same id in its batch. The refused item
/// comes before or after the neighbour and would open a human ticket.
async fn expect_nothing_left_on_neighbour(
    storage: &dyn Storage,
    fixture: &ShopWithPeople,
    refused: Ticket,
    refusal: CreateTicketOutcome,
) -> anyhow::Result<()> {
    for (id, place) in [(refused.id.get(), 0), (refused.id.get() + 1, 1)] {
        let neighbour = fixture.ticket(id)?;
        let refused =
            Ticket { id: neighbour.id, is_opened: true, name: Some("refused".into()), ..refused.clone() };
        let mut batch = vec![creation(neighbour.clone())];
        let mut expected = vec![Created];
        batch.insert(place, creation(refused));
        expected.insert(place, refusal.clone());
        expect_outcomes(storage, "a refused item and one with the same id", batch, &expected).await?;
        expect_ticket(storage, "the accepted item", &neighbour).await?;
        let view = storage.find_ticket(neighbour.shop_id, neighbour.id).await?;
        same("the human ticket of an item created closed", &view.and_then(|view| view.human_ticket), &None)?;
    }
    Ok(())
}

/// TICKET-5: if customer and assignee are missing, `CustomerNotFound` wins.
pub async fn ticket_5_missing_customer_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let neither = |id: i64| -> anyhow::Result<Ticket> {
        Ok(Ticket { customer_id: customer_id(CustomerId::MAX)?, ..fixture.ticket_for_nobody(id)? })
    };
    let outcome = create_ticket(&*storage, creation(neither(5)?)).await?;
    same("a ticket with a missing customer and assignee", &outcome, &CustomerNotFound)?;
    let batch = vec![
        creation(fixture.ticket_for_nobody(6)?),
        creation(neither(7)?),
        creation(fixture.ticket_of_nobody(8)?),
        creation(neither(9)?),
    ];
    let expected = [AssigneeNotFound, CustomerNotFound, CustomerNotFound, CustomerNotFound];
    expect_outcomes(&*storage, "a batch with known and unknown people", batch, &expected).await?;
    for id in 5..=9 {
        expect_no_ticket(&*storage, "a refused ticket", fixture.shop.id, ticket_id(id)?).await?;
    }
    Ok(())
}

/// TICKET-6: a refused item fails alone. Its neighbours are created.
pub async fn ticket_6_refused_item_fails_alone(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let used = claimed(fixture.ticket(1)?, claim("used", 1, b"first")?);
    same("a ticket with a key", &create_ticket(&*storage, used).await?, &Created)?;

    let refused = [
        (creation(fixture.ticket_of_nobody(100)?), CustomerNotFound),
        (creation(fixture.ticket_for_nobody(100)?), AssigneeNotFound),
        (claimed(fixture.ticket(100)?, claim("used", 2, b"")?), KeyReused),
        (claimed(fixture.ticket(100)?, claim("used", 1, b"")?), Replayed(b"first".to_vec())),
    ];
    let mut next_id = 1_000;
    for (item, outcome) in refused {
        // In the first, the middle and the last position.
        for place in 0..3 {
            let mut neighbours = Vec::new();
            for _ in 0..2 {
                next_id += 1;
                let open = Ticket {
                    is_opened: true,
                    assigned_to: Some(fixture.user.id),
                    ..fixture.ticket(next_id)?
                };
                neighbours.push(claimed(open, claim(&format!("key-{next_id}"), 1, b"receipt")?));
            }
            let mut batch = neighbours.clone();
            batch.insert(place, item.clone());
            let mut expected = vec![Created; 2];
            expected.insert(place, outcome.clone());
            expect_outcomes(&*storage, "a batch with a refused item", batch, &expected).await?;

            expect_no_ticket(&*storage, "the refused item", fixture.shop.id, ticket_id(100)?).await?;
            for neighbour in neighbours {
                expect_ticket(&*storage, "a neighbour of a refused item", &neighbour.ticket).await?;
                let again = create_ticket(&*storage, neighbour).await?;
                same("the neighbour's key", &again, &Replayed(b"receipt".to_vec()))?;
            }
        }
    }
    Ok(())
}

/// TICKET-7: a ticket created open has a human ticket. One created closed has none.
pub async fn ticket_7_open_ticket_has_human_ticket(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    let mut created = Vec::new();
    for (index, created_at) in (0..).zip(extreme_times()) {
        for (fixture, is_opened, place) in [(&fixture, true, 1), (&fixture, false, 2), (&other, true, 3)] {
            // The ticket's own dates differ from the time of opening.
            let ticket = Ticket {
                is_opened,
                date: at(1),
                last_message_time: at(2),
                ..fixture.ticket(3 * index + place)?
            };
            created.push(TicketCreation { ticket, stamp: stamp(created_at), idempotency: None });
        }
    }
    let (together, alone) = created.split_at(created.len() / 2);
    expect_outcomes(&*storage, "a batch", together.to_vec(), &vec![Created; together.len()]).await?;
    for item in alone {
        same("a ticket", &create_ticket(&*storage, item.clone()).await?, &Created)?;
    }
    // Refused tickets open no human tickets that would show elsewhere.
    create_ticket(&*storage, creation(Ticket { is_opened: true, ..fixture.ticket_of_nobody(900)? })).await?;

    let mut numbers = BTreeSet::new();
    for TicketCreation { ticket, stamp, .. } in &created {
        let view =
            storage.find_ticket(ticket.shop_id, ticket.id).await?.context("a created ticket is not found")?;
        let human_ticket = view.human_ticket;
        same("whether there is a human ticket", &human_ticket.is_some(), &ticket.is_opened)?;
        if let Some(human_ticket) = human_ticket {
            same("the time of opening", &human_ticket.opened_at, &stamp.time)?;
            same("the time of closing", &human_ticket.closed_at, &None)?;
            ensure!(
                numbers.insert((ticket.shop_id, human_ticket.id)),
                "two human tickets of a shop have the number {}",
                human_ticket.id
            );
        }
    }
    Ok(())
}

/// TICKET-8: another shop's ticket is not found.
pub async fn ticket_8_other_shops_ticket_is_not_found(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let two = ShopWithPeople::create(&*storage, "two.example.com").await?;
    expect_no_ticket(&*storage, "a ticket of an empty shop", one.shop.id, ticket_id(1)?).await?;
    let of_one = Ticket { is_opened: true, ..one.ticket(1)? };
    let of_two = Ticket { is_opened: true, ..two.ticket(2)? };
    for ticket in [&of_one, &of_two] {
        same("a ticket", &create_ticket(&*storage, creation(ticket.clone())).await?, &Created)?;
    }
    expect_no_ticket(&*storage, "the other shop's ticket", one.shop.id, of_two.id).await?;
    expect_no_ticket(&*storage, "the other shop's ticket", two.shop.id, of_one.id).await?;
    expect_no_ticket(&*storage, "an unknown ticket", one.shop.id, ticket_id(3)?).await?;
    expect_ticket(&*storage, "the shop's own ticket", &of_one).await?;
    expect_ticket(&*storage, "the shop's own ticket", &of_two).await
}

/// TICKET-9: found with its customer and assignee, as they are stored.
pub async fn ticket_9_is_found_with_its_people(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let two = ShopWithPeople::create(&*storage, "two.example.com").await?;
    // Both shops have people with the same numbers. They differ otherwise.
    let mut people = Vec::new();
    for fixture in [&one, &two] {
        people.push((fixture.customer.clone(), None));
        people.push((fixture.customer.clone(), Some(fixture.user.clone())));
        people.push(full_people(&*storage, &fixture.shop).await?);
    }
    for ((customer, assignee), id) in people.iter().zip(1..) {
        let assigned_to = assignee.as_ref().map(|user| user.id);
        let ticket = Ticket { assigned_to, ..plain_ticket(ticket_id(id)?, customer) };
        same("a ticket", &create_ticket(&*storage, creation(ticket)).await?, &Created)?;
    }
    for ((customer, assignee), id) in people.iter().zip(1..) {
        let view = storage
            .find_ticket(customer.shop_id, ticket_id(id)?)
            .await?
            .context("a created ticket is not found")?;
        same("the ticket's customer", &view.customer, customer)?;
        same("the ticket's assignee", &view.assignee, assignee)?;
        let stored = storage.find_customer(customer.shop_id, customer.id).await?;
        same("the customer found by number", &stored.as_ref(), &Some(&view.customer))?;
    }
    Ok(())
}

/// A customer and a user with every field filled.
async fn full_people(storage: &dyn Storage, shop: &Shop) -> anyhow::Result<(Customer, Option<User>)> {
    let named = |what: &str| Some(format!("{what} of {}", shop.domain));
    let customer = NewCustomer {
        id: Some(customer_id(60)?),
        phone_number: named("phone"),
        first_name: named("first"),
        last_name: named("last"),
        full_name: named("full"),
        external_ids: ExternalIds { gorgias_id: named("gorgias"), ..ExternalIds::default() },
        stamp: stamp(Timestamp::MIN),
        ..customer_by_email("Full.Customer@example.com")
    };
    let user = NewUser {
        id: Some(user_id(60)?),
        first_name: named("agent's first"),
        last_name: named("agent's last"),
        full_name: named("agent's full"),
        stamp: stamp(Timestamp::MAX),
        ..user_by_email("Full.Agent@example.com")
    };
    let customer = create_customer(storage, shop.id, customer).await?;
    Ok((customer, Some(create_user(storage, shop.id, user).await?)))
}

/// TICKET-10: a taken id fails the call, and nothing is written or changed.
pub async fn ticket_10_taken_id_fails_the_batch(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    let stored = Ticket { name: Some("stored".into()), is_opened: true, ..fixture.ticket(1)? };
    same("a ticket", &create_ticket(&*storage, creation(stored)).await?, &Created)?;
    let before = storage.find_ticket(fixture.shop.id, ticket_id(1)?).await?;

    let taken = creation(Ticket { name: Some("taken".into()), ..fixture.ticket(1)? });
    let keyed = |id: i64| -> anyhow::Result<TicketCreation> {
        let open = Ticket { is_opened: true, ..fixture.ticket(id)? };
        Ok(claimed(open, claim(&format!("key-{id}"), 1, b"of the failed batch")?))
    };
    let of_other_shop = creation(other.ticket(12)?);
    let twice = creation(Ticket { name: Some("twice".into()), ..fixture.ticket(11)? });
    let batches = [
        vec![taken.clone()],
        vec![claimed(taken.ticket.clone(), claim("key-10", 1, b"of the failed batch")?)],
        vec![taken.clone(), keyed(10)?, keyed(11)?],
        vec![keyed(10)?, taken.clone(), keyed(11)?, of_other_shop.clone()],
        vec![of_other_shop, keyed(10)?, keyed(11)?, taken],
        // The id is taken by an item of the same batch.
        vec![keyed(10)?, keyed(11)?, twice],
    ];
    for batch in batches {
        match storage.create_tickets(batch).await {
            // The only kind that means: nothing was written, and a retry is useless.
            Err(error) => same("the kind of failure", &error.kind, &StorageErrorKind::Unexpected)?,
            Ok(outcomes) => anyhow::bail!("a batch with a taken id returned {outcomes:?}"),
        }
        same("the stored ticket", &storage.find_ticket(fixture.shop.id, ticket_id(1)?).await?, &before)?;
        for id in [10, 11] {
            expect_no_ticket(&*storage, "a ticket of a failed batch", fixture.shop.id, ticket_id(id)?)
                .await?;
        }
        expect_no_ticket(&*storage, "a ticket of a failed batch", other.shop.id, ticket_id(12)?).await?;
    }
    // Ids and keys of the failed batches are still free.
    expect_outcomes(
        &*storage,
        "the rest of the failed batches",
        vec![keyed(10)?, keyed(11)?],
        &[Created, Created],
    )
    .await?;
    // Another shop's ids are not taken.
    let same_id = other.ticket(1)?;
    same(
        "another shop's ticket with that id",
        &create_ticket(&*storage, creation(same_id.clone())).await?,
        &Created,
    )?;
    expect_ticket(&*storage, "another shop's ticket with that id", &same_id).await?;
    same("the stored ticket", &storage.find_ticket(fixture.shop.id, ticket_id(1)?).await?, &before)?;
    one_of_racing_tickets_is_created(&storage).await
}

/// TICKET-11: a batch can hold items of several shops. Each is checked against its own shop.
pub async fn ticket_11_batch_spans_shops(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let two = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let new = NewCustomer { id: Some(customer_id(500)?), ..customer_by_email("500@example.com") };
    let of_one = create_customer(&*storage, one.shop.id, new).await?;
    let new = NewCustomer { id: Some(customer_id(501)?), ..customer_by_email("501@example.com") };
    let of_two_only = create_customer(&*storage, two.shop.id, new).await?;
    let new = NewUser { id: Some(user_id(600)?), ..user_by_email("600@example.com") };
    let of_two = create_user(&*storage, two.shop.id, new).await?;

    let with = |fixture: &ShopWithPeople,
                id: i64,
                customer: CustomerId,
                user: Option<UserId>|
     -> anyhow::Result<_> {
        let ticket = Ticket {
            customer_id: customer,
            assigned_to: user,
            is_opened: true,
            name: Some(format!("{id} of {}", fixture.shop.domain)),
            ..fixture.ticket(id)?
        };
        Ok(claimed(ticket, claim(&format!("key-{id}"), 1, fixture.shop.domain.as_str().as_bytes())?))
    };
    let items = [
        // The same id and idempotency key in both shops.
        (with(&one, 1, one.customer.id, Some(one.user.id))?, Created),
        (with(&two, 1, two.customer.id, Some(two.user.id))?, Created),
        // A customer of one shop only.
        (with(&two, 2, of_one.id, None)?, CustomerNotFound),
        (with(&one, 2, of_one.id, None)?, Created),
        // A user of the other shop only.
        (with(&one, 3, one.customer.id, Some(of_two.id))?, AssigneeNotFound),
        (with(&two, 3, two.customer.id, Some(of_two.id))?, Created),
        (with(&two, 4, of_two_only.id, None)?, Created),
        (with(&one, 4, of_two_only.id, None)?, CustomerNotFound),
        (with(&one, 5, one.customer.id, None)?, Created),
    ];
    let batch: Vec<_> = items.iter().map(|(item, _)| item.clone()).collect();
    let expected: Vec<_> = items.iter().map(|(_, outcome)| outcome.clone()).collect();
    expect_outcomes(&*storage, "a batch of two shops", batch, &expected).await?;
    for (TicketCreation { ticket, .. }, outcome) in &items {
        if *outcome == Created {
            expect_ticket(&*storage, "a ticket of one of two shops", ticket).await?;
        } else {
            expect_no_ticket(&*storage, "a refused ticket", ticket.shop_id, ticket.id).await?;
        }
    }
    for fixture in [&one, &two] {
        let receipt = fixture.shop.domain.as_str().as_bytes().to_vec();
        let again = with(fixture, 1, fixture.customer.id, None)?;
        same("the shop's own receipt", &create_ticket(&*storage, again).await?, &Replayed(receipt))?;
    }
    Ok(())
}
