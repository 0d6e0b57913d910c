//! The obligations on concurrent calls. Each case starts several rounds of tasks, on several
//! threads. A barrier releases all tasks of a round at once.

mod api_keys;
mod changes;
mod comments;
mod customers;
mod erasures;
mod events;
mod merges;
mod moves;
mod retention;
mod shops;
pub(crate) mod taken_ids;
mod tickets;
mod users;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{
    CreateCommentOutcome, CreateShopOutcome, CreateTicketOutcome, TicketCreation, TicketUpdate,
    UpdateTicketOutcome,
};
use hexdesk_domain::{
    IdempotentOutcome, NewComment, PageSize, ShopId, Storage, Ticket, TicketChanges, TicketView,
};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

pub use self::api_keys::{key_9_one_of_racing_revocations_wins, key_10_revoked_key_is_not_rotated};
pub use self::comments::comment_22_one_of_racing_comments_wins;
pub use self::customers::{
    customer_7_one_of_racing_creations_wins, customer_14_one_of_racing_updates_wins,
    customer_20_racing_updates_all_take_effect,
};
pub use self::erasures::customer_17_racing_erasure_leaves_nothing;
pub use self::events::{event_13_later_commands_stand_later, event_14_reader_misses_no_event};
pub use self::merges::customer_30_racing_merge_loses_nothing;
pub use self::moves::ticket_30_racing_moves_lose_nothing;
pub use self::retention::retention_4_racing_steps_remove_everything_once;
pub use self::shops::shop_7_closings_and_writes_all_take_effect;
pub use self::tickets::{
    comment_13_racing_deletion_leaves_no_comment, ticket_25_inactive_user_gets_no_ticket,
};
pub use self::users::{
    user_10_deactivation_leaves_no_key, user_12_one_of_racing_users_wins,
    user_13_racing_updates_all_take_effect,
};
use crate::cases::id_ranges::expect_no_overlap;
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, attempt_update, claim, claimed, comment_creation, create_ticket, creation, domain,
    expect_no_ticket, expect_ticket, find_ticket, new_comment, update,
};

pub(crate) const RACERS: usize = 50;
pub(crate) const ROUNDS: usize = 5;
/// For cases that race for several things in each round.
const FEW_ROUNDS: usize = 3;

/// Returns whether this racer runs with the others but contests nothing.
fn has_its_own(racer: usize) -> bool {
    racer.is_multiple_of(5)
}

/// SHOP-6: of racing creations for one domain, exactly one returns `Created`.
pub async fn shop_6_one_of_racing_creations_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut numbers = BTreeSet::new();
    for round in 0..ROUNDS {
        let contested = domain(&format!("round-{round}.example.com"))?;
        let outcomes = race(RACERS, |racer| {
            let (storage, contested) = (Arc::clone(&storage), contested.clone());
            async move {
                // Some have their own domain. Their creations must succeed.
                let own = domain(&format!("round-{round}-{racer}.example.com"))?;
                let domain = if has_its_own(racer) { own } else { contested };
                let (time, from) = (at(i64::try_from(racer)?), ShopId::new(1).context("a number")?);
                let outcome = match racer % 2 {
                    0 => storage.create_shop(&domain, time).await?,
                    _ => storage.create_shop_from(&domain, from, time).await?,
                };
                Ok(outcome)
            }
        })
        .await?;
        let mut created = Vec::new();
        for outcome in &outcomes {
            let (CreateShopOutcome::Created(shop) | CreateShopOutcome::AlreadyExists(shop)) = outcome;
            if matches!(outcome, CreateShopOutcome::Created(_)) {
                ensure!(numbers.insert(shop.id), "two shops have the number {}", shop.id);
                created.push(shop);
            }
            let found = storage.find_shop(&shop.domain).await?;
            same("the shop returned to a racer", &Some(shop), &found.as_ref())?;
        }
        let winners = created.iter().filter(|shop| shop.domain == contested).count();
        same("the number of racers with `Created`", &winners, &1)?;
        let others = (0..RACERS).filter(|racer| has_its_own(*racer)).count();
        same("the number of created shops", &created.len(), &(others + 1))?;
        same("the number of listed shops", &storage.list_shops().await?.len(), &numbers.len())?;
    }
    Ok(())
}

/// TICKET-12: concurrent batches all take effect, each item once.
pub async fn ticket_12_racing_batches_all_take_effect(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const ITEMS: usize = 4;
    let fixtures = Arc::new([
        ShopWithPeople::create(&*storage, "one.example.com").await?,
        ShopWithPeople::create(&*storage, "two.example.com").await?,
    ]);
    let mut human_tickets = BTreeSet::new();
    for round in 0..ROUNDS {
        let batches = race(RACERS, |racer| {
            let (storage, fixtures) = (Arc::clone(&storage), Arc::clone(&fixtures));
            async move {
                let mut batch = Vec::new();
                for item in 0..ITEMS {
                    // Shops in opposite orders, which can deadlock calls that lock shops in turn.
                    let fixture = &fixtures[(racer + item) % fixtures.len()];
                    let number = i64::try_from((round * RACERS + racer) * ITEMS + item + 1)?;
                    let ticket = Ticket {
                        name: Some(format!("ticket {number}")),
                        is_opened: item != 0,
                        assigned_to: (item == 1).then_some(fixture.user.id),
                        ..fixture.ticket(number)?
                    };
                    batch.push(claimed(ticket, claim(&format!("key {number}"), 1, &number.to_be_bytes())?));
                }
                let outcomes = storage.create_tickets(batch.clone()).await?;
                same("a racer's batch", &outcomes, &vec![CreateTicketOutcome::Created; ITEMS])?;
                Ok(batch)
            }
        })
        .await?;
        for item in batches.into_iter().flatten() {
            expect_ticket(&*storage, "a racer's ticket", &item.ticket).await?;
            let view = storage
                .find_ticket(item.ticket.shop_id, item.ticket.id)
                .await?
                .context("a racer's ticket")?;
            same("whether it has a human ticket", &view.human_ticket.is_some(), &item.ticket.is_opened)?;
            if let Some(human_ticket) = view.human_ticket {
                ensure!(
                    human_tickets.insert((item.ticket.shop_id, human_ticket.id)),
                    "two human tickets of a shop have the number {}",
                    human_ticket.id
                );
            }
            let receipt =
                item.idempotency.as_ref().map(|claim| claim.receipt.response.clone()).context("a claim")?;
            let again = create_ticket(&*storage, item).await?;
            same("a racer's item, repeated", &again, &CreateTicketOutcome::Replayed(receipt))?;
        }
    }
    Ok(())
}

/// IDEMPOTENCY-7: of racing items with one key, exactly one is created.
pub async fn idempotency_7_one_of_racing_items_is_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = Arc::new(ShopWithPeople::create(&*storage, "shop.example.com").await?);
    for round in 0..ROUNDS {
        let item = move |fixture: &ShopWithPeople, racer: usize| -> anyhow::Result<TicketCreation> {
            let number = i64::try_from(round * RACERS + racer + 1)?;
            let ticket = Ticket { is_opened: true, ..fixture.ticket(number)? };
            Ok(claimed(ticket, claim(&format!("key {round}"), 1, &number.to_be_bytes())?))
        };
        let outcomes = race(RACERS, |racer| {
            let (storage, fixture) = (Arc::clone(&storage), Arc::clone(&fixture));
            async move {
                let item = item(&fixture, racer)?;
                // Half of them share a batch with an item without a key, which must be created.
                if racer % 2 == 0 {
                    return Ok((create_ticket(&*storage, item.clone()).await?, item));
                }
                let neighbour = creation(fixture.ticket(1_000_000 + item.ticket.id.get())?);
                let outcomes = storage.create_tickets(vec![neighbour.clone(), item.clone()]).await?;
                same("the number of outcomes of a batch of two", &outcomes.len(), &2)?;
                same("a racer's neighbour", &outcomes.first(), &Some(&CreateTicketOutcome::Created))?;
                expect_ticket(&*storage, "a racer's neighbour", &neighbour.ticket).await?;
                Ok((outcomes.into_iter().next_back().context("an outcome")?, item))
            }
        })
        .await?;
        let winners: Vec<_> =
            outcomes.iter().filter(|(outcome, _)| *outcome == CreateTicketOutcome::Created).collect();
        same("the number of racers with `Created`", &winners.len(), &1)?;
        let (_, winner) = winners.into_iter().next().context("a winner")?;
        let receipt =
            winner.idempotency.as_ref().map(|claim| claim.receipt.response.clone()).context("a claim")?;
        let replayed = CreateTicketOutcome::Replayed(receipt);
        for (outcome, item) in &outcomes {
            if *outcome == CreateTicketOutcome::Created {
                expect_ticket(&*storage, "the winner's ticket", &item.ticket).await?;
            } else {
                ensure!(
                    *outcome == replayed || *outcome == CreateTicketOutcome::InProgress,
                    "a loser got {outcome:?}"
                );
                expect_no_ticket(&*storage, "a loser's ticket", fixture.shop.id, item.ticket.id).await?;
            }
            same(
                "an item repeated after the race",
                &create_ticket(&*storage, item.clone()).await?,
                &replayed,
            )?;
        }
    }
    Ok(())
}

/// TICKET-24: of racing updates and deletions with the same expected version, exactly one takes
/// effect. Updates without an expected version all take effect, and one deletion does.
pub async fn ticket_24_one_of_racing_updates_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let (shop, user) = (fixture.shop.id, fixture.user.id);
    let contested = fixture.ticket(1)?;
    let neighbour = Ticket { is_opened: true, ..fixture.ticket(2)? };
    storage.create_tickets(vec![creation(contested.clone()), creation(neighbour.clone())]).await?;
    for round in 0..ROUNDS {
        let before = find_ticket(&*storage, shop, contested.id).await?;
        let version = before.ticket.version;
        let outcomes = race(RACERS + RACERS / 5, |racer| {
            let storage = Arc::clone(&storage);
            let (contested, neighbour) = (contested.id, neighbour.id);
            async move {
                let changes = TicketChanges {
                    name: Some(Some(format!("round {round}, racer {racer}"))),
                    // The racers write different members.
                    assigned_to: (racer % 2 == 0).then_some((racer % 4 == 0).then_some(user)),
                    is_opened: (racer % 3 == 0).then_some(racer % 2 == 0),
                    tags: (racer % 7 == 0).then(|| vec![format!("{racer}"); 3]),
                    ..TicketChanges::default()
                };
                // Fifty update one ticket. The others update another ticket without an expected
                // version.
                let is_racing = racer < RACERS;
                let id = if is_racing { contested } else { neighbour };
                let expected_version = is_racing.then_some(version);
                let update = TicketUpdate { expected_version, ..update(changes.clone()) };
                Ok((is_racing, changes, attempt_update(&*storage, shop, id, update).await?))
            }
        })
        .await?;
        let after = find_ticket(&*storage, shop, contested.id).await?;
        let mut winners = 0;
        for (is_racing, changes, outcome) in outcomes {
            match outcome {
                UpdateTicketOutcome::Updated(view) if is_racing => {
                    winners += 1;
                    let mut ticket = before.ticket.clone();
                    changes.apply(&mut ticket);
                    same("the ticket after the race", &after.ticket, &ticket)?;
                    same("the ticket returned to the winner", &*view, &after)?;
                }
                UpdateTicketOutcome::VersionMismatch if is_racing => {}
                UpdateTicketOutcome::Updated(view) => {
                    same("the name returned to a racer", &Some(view.ticket.name), &changes.name)?;
                }
                other => anyhow::bail!("a racer got {other:?}"),
            }
        }
        same("the number of racers with `Updated`", &winners, &1)?;
        let TicketView { ticket, .. } = find_ticket(&*storage, shop, neighbour.id).await?;
        let updates = i64::try_from((round + 1) * (RACERS / 5))?;
        same("the version of a ticket updated without an expected version", &ticket.version, &(1 + updates))?;
    }
    tickets::one_of_racing_deletions_wins(&storage).await
}

/// COMMENT-11: racing comments on one ticket, and updates of it, are all stored and counted. The last
/// message is the text of one of the latest.
pub async fn comment_11_racing_comments_are_all_stored(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    for round in 0..ROUNDS {
        let first = i64::try_from(round * 1_000)?;
        // Every fifth racer comments on a neighbour and the contested ticket in one batch. The
        // order varies, which can deadlock calls that lock tickets in turn.
        let ticket = Ticket { last_message_time: at(0), is_opened: true, ..fixture.ticket(first + 1)? };
        let neighbour = Ticket { last_message_time: at(0), ..fixture.ticket(first + 2)? };
        let batch = vec![creation(ticket.clone()), creation(neighbour.clone())];
        storage.create_tickets(batch).await?;
        // The updates wait until a comment has begun, so at least one runs at the same time.
        let begun = Arc::new(Semaphore::new(0));
        let comments = race(RACERS + UPDATES, |racer| {
            let (storage, ticket, neighbour) = (Arc::clone(&storage), ticket.clone(), neighbour.clone());
            let begun = Arc::clone(&begun);
            async move {
                let number = i64::try_from(racer)?;
                if let Some(change) = racer.checked_sub(RACERS) {
                    begun.acquire().await?.forget();
                    let changes = update_of(change);
                    let outcome =
                        attempt_update(&*storage, ticket.shop_id, ticket.id, update(changes)).await?;
                    let is_updated = matches!(outcome, UpdateTicketOutcome::Updated(_));
                    ensure!(is_updated, "a racing update returned {outcome:?}");
                    return Ok(None);
                }
                let comment = NewComment {
                    // Some have the same time, some are older than the ticket's last message.
                    time: at(number * 7 % 13 - 2),
                    is_from_shop: racer % 2 == 0,
                    ..new_comment(first + number + 1, &ticket)?
                };
                let on_neighbour = new_comment(first + 500 + number, &neighbour)?;
                let mut batch = vec![comment_creation(comment.clone())];
                if has_its_own(racer) {
                    batch.insert(racer % 2, comment_creation(on_neighbour));
                }
                let count = batch.len();
                let creation = storage.create_comments(batch);
                let attempts = tokio::join!(creation, async { begun.add_permits(UPDATES) }).0?;
                let is_created = |attempt: &IdempotentOutcome<_>| {
                    matches!(attempt, IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)))
                };
                let created = attempts.iter().filter(|attempt| is_created(attempt)).count();
                same("the number of a racer's comments created", &created, &count)?;
                Ok(Some(comment))
            }
        })
        .await?;
        let comments: Vec<_> = comments.into_iter().flatten().collect();
        let mut ids: Vec<_> = comments.iter().map(|comment| comment.id).collect();
        ids.sort_unstable();
        let page = storage.list_comments(fixture.shop.id, ticket.id, None, PageSize::MAX).await?;
        let page = page.context("the contested ticket is not found")?;
        let mut listed: Vec<_> = page.entries.iter().map(|view| view.comment.id).collect();
        listed.sort_unstable();
        same("the comments of the contested ticket", &listed, &ids)?;
        let count = storage.count_comments(fixture.shop.id, ticket.id).await?;
        same("the comment count of the contested ticket", &count, &Some(u64::try_from(RACERS)?))?;

        let found = storage.find_ticket(fixture.shop.id, ticket.id).await?;
        let found = found.context("the contested ticket is not found")?.ticket;
        let latest = comments.iter().map(|comment| comment.time).max().context("a comment")?;
        ensure!(
            comments.iter().any(|it| it.time == latest && found.last_message.as_ref() == Some(&it.text)),
            "the last message is {:?}, which is not the text of a comment at {latest}",
            found.last_message
        );
        let mut expected = Ticket { unread_count: 1, ..ticket };
        expected.replace_last_message(found.last_message.clone(), latest);
        (0..UPDATES).for_each(|change| update_of(change).apply(&mut expected));
        expected.version = 1 + i64::try_from(RACERS + UPDATES)?;
        same("the contested ticket", &found, &expected)?;
        let found_neighbour =
            storage.find_ticket(fixture.shop.id, neighbour.id).await?.context("the neighbour")?;
        let others = (0..RACERS).filter(|racer| has_its_own(*racer)).count();
        same("the neighbour's version", &found_neighbour.ticket.version, &(1 + i64::try_from(others)?))?;
    }
    comments::racing_changes_all_take_effect(&storage).await
}

/// The number of updates that run with the comments. Each sets another field.
const UPDATES: usize = 4;

fn update_of(change: usize) -> TicketChanges {
    let (text, nothing) = (format!("{change}"), TicketChanges::default());
    match change {
        0 => TicketChanges { name: Some(Some(text)), ..nothing },
        1 => TicketChanges { tags: Some(vec![text]), ..nothing },
        2 => TicketChanges { contact_reason: Some(Some(text)), ..nothing },
        _ => TicketChanges { language_code: Some(Some(text)), ..nothing },
    }
}

/// IDRANGE-1: concurrently reserved ranges do not overlap.
pub async fn id_range_1_racing_ranges_do_not_overlap(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const SPAN: i64 = 60_000;
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        // Each round begins half a span later, so that nodes become free in between.
        let now = at(i64::try_from(round)? * SPAN / 2);
        let new = race(RACERS, |_| {
            let storage = Arc::clone(&storage);
            async move { storage.reserve_id_range(now, SPAN, None).await.map_err(Into::into) }
        })
        .await?;
        all.extend(new.iter().copied());
        // Half of them extend their own range, the others all extend the first one.
        let extended = race(RACERS * 2, |racer| {
            let storage = Arc::clone(&storage);
            let current = if racer % 2 == 0 { new.get(racer / 2) } else { new.first() }.copied();
            async move { storage.reserve_id_range(now, SPAN, current).await.map_err(Into::into) }
        })
        .await?;
        all.extend(extended);
        expect_no_overlap(&all)?;
    }
    // Also without concurrency.
    for _ in 0..RACERS {
        all.push(storage.reserve_id_range(at(0), SPAN, None).await?);
    }
    expect_no_overlap(&all)
}

/// Runs the racers on the runtime's threads and releases all of them at once. Returns their results
/// in any order.
pub(crate) async fn race<T, F>(racers: usize, racer: impl Fn(usize) -> F) -> anyhow::Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(racers));
    let mut tasks = JoinSet::new();
    for number in 0..racers {
        let (start, running) = (Arc::clone(&start), racer(number));
        tasks.spawn(async move {
            start.wait().await;
            running.await
        });
    }
    let mut answers = Vec::with_capacity(racers);
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer.context("a racer panicked")??);
    }
    Ok(answers)
}
