//! The order of the log, and reading a growing log.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, ensure};
use hexdesk_domain::{Event, EventPosition, PageSize, ShopId, Storage, Subject};

use super::race;
use crate::cases::events::walk;
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::events::settled_log::settled_log;
use crate::samples::{
    ShopWithPeople, at, comment_creation, create_comment, create_customer, create_key, create_ticket,
    create_user, creation, customer_by_email, new_comment, new_key, plain_ticket, stamp, ticket_id,
    user_by_email,
};

const WRITERS: usize = 12;
/// The number of commands of each writer, one after the other.
const COMMANDS: usize = 10;
/// The number of events of these commands. A comment makes two.
const EVENTS: usize = WRITERS * COMMANDS / 5 * 6;
/// The time that a store may hold events back.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 5 } else { 90 });

/// The beginning and end of a command, and the subject it created. One clock counts both times.
#[derive(Debug, Clone)]
struct Command {
    began: u64,
    returned: u64,
    subject: Subject,
}

/// EVENT-13: a later command's event has a later position.
pub async fn event_13_later_commands_stand_later(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?.shop.id;
    let two = expected_events.create_shop_with_people("two.example.com").await?.shop.id;
    for number in 1..=2 {
        walk(&mut expected_events, one, number).await?;
        walk(&mut expected_events, two, number).await?;
    }
    expected_events.check("one command after the other").await?;

    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let commands = write(&storage, &fixture).await?;
    let (log, _) = settled_log(&*storage, fixture.shop.id, stamp(at(0))).await?;
    let mut places: BTreeMap<Subject, EventPosition> = BTreeMap::new();
    for event in log.iter().rev() {
        places.insert(event.subject, event.position);
    }
    for command in &commands {
        let place = places.get(&command.subject);
        let place = place.with_context(|| format!("no event of {:?}", command.subject))?;
        for later in commands.iter().filter(|later| later.began > command.returned) {
            ensure!(
                places.get(&later.subject).is_some_and(|later| later > place),
                "{:?} is logged after {:?}, whose command began later",
                command.subject,
                later.subject,
            );
        }
    }
    Ok(())
}

/// EVENT-14: a client that continues from the last event it has seen misses no event.
pub async fn event_14_reader_misses_no_event(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let shop = fixture.shop.id;
    let last = Arc::new(OnceLock::new());
    let readers = [1, 2, 7, 100].map(PageSize::of).map(|size| {
        let (storage, last) = (Arc::clone(&storage), Arc::clone(&last));
        tokio::spawn(async move {
            let reading = follow(&*storage, shop, size, &last);
            tokio::time::timeout(PATIENCE, reading).await.context("the last event does not appear")?
        })
    });
    write(&storage, &fixture).await?;
    let (mut log, marker) = settled_log(&*storage, shop, stamp(at(0))).await?;
    let _ = last.set(marker.subject);
    log.push(marker);
    same("the number of events", &log.len(), &(2 + 1 + EVENTS + 1))?;
    for reader in readers {
        same("the events that a reader saw", &reader.await.context("a reader panicked")??, &log)?;
    }
    Ok(())
}

/// Reads on from the last event seen, until the event of the last subject.
async fn follow(
    storage: &dyn Storage,
    shop: ShopId,
    size: PageSize,
    last: &OnceLock<Subject>,
) -> anyhow::Result<Vec<Event>> {
    let mut seen: Vec<Event> = Vec::new();
    loop {
        let is_last = |event: &Event| last.get() == Some(&event.subject);
        if seen.last().is_some_and(is_last) {
            return Ok(seen);
        }
        let after = seen.last().map(|event| event.position);
        seen.extend(storage.list_events(shop, Default::default(), after, size).await??.entries);
        tokio::task::yield_now().await;
    }
}

/// Runs many writers at the same time. They use every method that creates something.
async fn write(storage: &Arc<dyn Storage>, fixture: &ShopWithPeople) -> anyhow::Result<Vec<Command>> {
    let clock = Arc::new(AtomicU64::new(0));
    let shop = fixture.shop.id;
    let contested = fixture.ticket(1)?;
    create_ticket(&**storage, creation(contested.clone())).await?;
    let written = race(WRITERS, |writer| {
        let (storage, clock) = (Arc::clone(storage), Arc::clone(&clock));
        let (customer, contested) = (fixture.customer.clone(), contested.clone());
        async move {
            let storage = &*storage;
            let mut commands = Vec::new();
            for command in 0..COMMANDS {
                let number = i64::try_from(100 + writer * COMMANDS + command)?;
                let email = format!("{number}@example.com");
                let began = clock.fetch_add(1, Ordering::SeqCst);
                let subject = match (writer + command) % 5 {
                    0 => Subject::User(create_user(storage, shop, user_by_email(&email)).await?.id),
                    1 => {
                        let new = customer_by_email(&email);
                        Subject::Customer(create_customer(storage, shop, new).await?.id)
                    }
                    2 => {
                        let id = ticket_id(number)?;
                        let ticket = plain_ticket(id, &customer);
                        create_ticket(storage, creation(ticket)).await?;
                        Subject::Ticket(id)
                    }
                    3 => Subject::ApiKey(create_key(storage, shop, new_key(1)).await?.number),
                    _ => {
                        let new = new_comment(number, &contested)?;
                        Subject::Comment(create_comment(storage, comment_creation(new)).await?.comment.id)
                    }
                };
                let returned = clock.fetch_add(1, Ordering::SeqCst);
                commands.push(Command { began, returned, subject });
            }
            Ok(commands)
        }
    })
    .await?;
    Ok(written.into_iter().flatten().collect())
}
