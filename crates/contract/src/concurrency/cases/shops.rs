//! Concurrent closings of a shop.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::CreateTicketOutcome;
use hexdesk_domain::{CustomerFilter, Shop, ShopChange, Storage, TicketFilter, Timestamp, UserFilter};
use tokio::sync::Semaphore;

use super::{ROUNDS, race};
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, create_customer, create_key, create_ticket, create_user, creation, customer_by_email,
    new_key, stamp, user_by_email,
};

const RACERS: usize = 36;
/// The kinds of racers, each as many.
const KINDS: usize = 6;
/// The racers that create a user or change a setting.
const BEFORE: u32 = 12;

/// SHOP-7: racing closings return one time, and calls that write in the shop take effect.
pub async fn shop_7_closings_and_writes_all_take_effect(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    for round in 0..ROUNDS {
        let people = ShopWithPeople::create(&*storage, &format!("round-{round}.example.com")).await?;
        let people = Arc::new(people);
        let begun = Arc::new(Semaphore::new(0));
        let times = race(RACERS, |racer| {
            let (storage, people, begun) = (Arc::clone(&storage), Arc::clone(&people), Arc::clone(&begun));
            async move { take_part(&*storage, &people, racer, &begun).await }
        })
        .await?;
        let times: Vec<_> = times.into_iter().flatten().collect();
        let first = *times.first().context("a closing")?;
        ensure!(
            (0..RACERS).any(|racer| first == time_of(racer)),
            "the time of closing, {first}, is no racer's"
        );
        same("the times that the closings returned", &times, &vec![first; RACERS / KINDS])?;
        let closed = Shop { closed_at: Some(first), reopen_on_reply: true, ..people.shop.clone() };
        let found = storage.find_shop(&people.shop.domain).await?;
        same("the shop after the race", &found.as_ref(), &Some(&closed))?;
        // The racers of each kind, and the people from before.
        let shop = people.shop.id;
        let each = u64::try_from(RACERS / KINDS)?;
        let customers = storage.count_customers(shop, CustomerFilter::default()).await?;
        same("the number of customers", &customers, &(each + 1))?;
        same("the number of users", &storage.count_users(shop, UserFilter::default()).await?, &(each + 1))?;
        same("the number of keys", &storage.count_keys(shop).await?, &each)?;
        same(
            "the number of tickets",
            &storage.count_tickets(shop, TicketFilter::default(), u64::MAX).await?,
            &each,
        )?;
    }
    Ok(())
}

fn time_of(racer: usize) -> Timestamp {
    at(i64::try_from(racer).unwrap_or_default())
}

/// Closes the shop, changes it, or creates something in it. Returns the time at which the shop was
/// closed. The closings wait until every creation of a user and every change of the setting has `begun`,
/// so some run at the same time.
async fn take_part(
    storage: &dyn Storage,
    people: &ShopWithPeople,
    racer: usize,
    begun: &Semaphore,
) -> anyhow::Result<Option<Timestamp>> {
    let shop = people.shop.id;
    let email = format!("{racer}@example.com");
    match racer % KINDS {
        0 => {
            drop(begun.acquire_many(BEFORE).await?);
            let closed =
                storage.change_shop(&people.shop.domain, ShopChange::Close, stamp(time_of(racer))).await?;
            let closed = closed.context("an existing shop is not found")?;
            return Ok(Some(closed.closed_at.context("a closed shop is open")?));
        }
        1 => drop(create_customer(storage, shop, customer_by_email(&email)).await?),
        2 => {
            let creation = create_user(storage, shop, user_by_email(&email));
            tokio::join!(creation, async { begun.add_permits(1) }).0?;
        }
        4 => {
            let change =
                storage.change_shop(&people.shop.domain, ShopChange::SetReopenOnReply(true), stamp(at(1)));
            let changed = tokio::join!(change, async { begun.add_permits(1) }).0?;
            ensure!(changed.is_some_and(|shop| shop.reopen_on_reply), "a setting was not changed");
        }
        3 => drop(create_key(storage, shop, new_key(u8::try_from(racer)?)).await?),
        _ => {
            let ticket = people.ticket(i64::try_from(racer)?)?;
            let outcome = create_ticket(storage, creation(ticket)).await?;
            same("a racing ticket", &outcome, &CreateTicketOutcome::Created)?;
        }
    }
    Ok(None)
}
