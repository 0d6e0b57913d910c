//! The obligations of [`ArchiveStore`](hexdesk_domain::ArchiveStore).

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{BeginLoadOutcome, CreateShopOutcome, LoadEntriesOutcome};
use hexdesk_domain::{
    ArchiveEntry, ArchivedShop, EventPosition, NodeNumber, PageSize, Shop, ShopChange, ShopCounters, ShopId,
    ShopStore, Storage, StorageErrorKind, TextBytes, TicketChanges, Timestamp,
};

use super::answers::{ask, ask_writing};
use super::full_shop::{self, DELIVERED, LINK, SESSION};
use super::moving::{PAGE, begin, finish, load, move_shop, rest_of, whole_archive};
use crate::MemoryStorage;
use crate::cases::concurrency::race;
use crate::comparison::same;
use crate::events::settled_log::log_after;
use crate::samples::{
    at, create_customer, create_key, create_shop, create_user, customer_by_email, domain, new_key,
    secret_hash, stamp, ticket_id, update, update_ticket, user_by_email,
};

/// A page that holds the archive of any case.
const ALL: PageSize = PageSize { entries: 10_000, bytes: usize::MAX };

/// The domain of the shop that is loaded.
const NAME: &str = "archived.example.com";

/// A shop with everything in the reference store. No shop of the store under test has its number.
async fn source() -> anyhow::Result<(MemoryStorage, Shop)> {
    let reference = MemoryStorage::new();
    let from = ShopId::new(100).context("a shop's number")?;
    reference.create_shop_from(&domain("source.example.com")?, from, at(0)).await?;
    let shop = full_shop::create(&reference, NAME).await?.people.shop;
    Ok((reference, shop))
}

/// Its archive.
async fn archive() -> anyhow::Result<(ArchivedShop, Vec<ArchiveEntry>)> {
    let (reference, shop) = source().await?;
    whole_archive(&reference, &shop, ALL).await
}

/// What two stores have in common of a shop.
fn compared(archived: &ArchivedShop) -> (&Shop, Option<EventPosition>) {
    (&archived.shop, archived.log_beginning)
}

/// ARCHIVE-1: an archive holds everything, and a store that has loaded it answers as its source.
pub async fn archive_1_loaded_shop_answers_as_its_source(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let searches = storage.capabilities().text_search;
    create_shop(storage, "first.example.com").await?;
    let own = full_shop::create(storage, "own.example.com").await?.people.shop;
    let (reference, shop) = source().await?;
    move_shop(storage, &reference, &own).await?;
    move_shop(&reference, storage, &shop).await?;
    for (what, shop) in [("read from the store", &own), ("loaded into the store", &shop)] {
        let (store, other) = (ask(storage, shop, searches).await?, ask(&reference, shop, searches).await?);
        store.expect(&format!("a shop that was {what}"), &other)?;
        let (store, other) =
            (whole_archive(storage, shop, ALL).await?, whole_archive(&reference, shop, ALL).await?);
        same(&format!("the archive of a shop that was {what}"), &compared(&store.0), &compared(&other.0))?;
        same(&format!("the entries of a shop that was {what}"), &store.1, &other.1)?;
        let (store, other) = (ask_writing(storage, shop).await?, ask_writing(&reference, shop).await?);
        store.expect(&format!("a shop that was {what}"), &other)?;
    }
    // The customer into whom another was merged: its erasure removes the data of both.
    for (what, shop) in [("read", &own), ("loaded", &shop)] {
        let merged = storage.find_merged_customer(shop.id, crate::samples::customer_id(3)?).await?;
        let into = merged.context("the merged customer is not found")?;
        for store in [storage, &reference] {
            store.erase_customer(shop.id, into, stamp(at(40))).await?;
        }
        let log = async |store| {
            let log = log_after(store, shop.id, None, PageSize::MAX).await?;
            let data = log.iter().map(|event| (event.kind, event.subject, event.snapshot.is_some()));
            let mut data: Vec<_> = data.collect();
            data.sort();
            anyhow::Ok(data)
        };
        same(
            &format!("the log after an erasure in a {what} shop"),
            &log(storage).await?,
            &log(&reference).await?,
        )?;
    }
    Ok(())
}

/// ARCHIVE-2: the entries are in order, each once, whatever the pages.
pub async fn archive_2_entries_are_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = full_shop::create(&*storage, "one.example.com").await?.people.shop;
    full_shop::create(&*storage, "two.example.com").await?;
    let (_, whole) = whole_archive(&*storage, &shop, ALL).await?;
    ensure!(whole.len() > 50, "an archive has {} entries", whole.len());
    for pair in whole.windows(2) {
        let [one, next] = [pair[0].place(), pair[1].place()];
        ensure!(one < next, "the entry at {next:?} comes after the one at {one:?}");
    }
    for entries in [1, 2, 5, 100] {
        let size = PageSize { entries, bytes: usize::MAX };
        let read = whole_archive(&*storage, &shop, size).await?.1;
        same(&format!("the archive in pages of {entries}"), &read, &whole)?;
    }
    let (size, mut reader) = (PAGE, storage.read_archive(shop.id).await?.context("the shop has no archive")?);
    loop {
        same("the number of entries", &reader.count_entries().await?, &u64::try_from(whole.len())?)?;
        let page = reader.next_entries(size).await?;
        let Some((_, before)) = page.split_last() else { return Ok(()) };
        let bytes: usize = before.iter().map(ArchiveEntry::text_bytes).sum();
        ensure!(bytes < size.bytes, "a page of {} bytes goes on after {bytes}", size.bytes);
    }
}

/// ARCHIVE-3: a reader shows one moment.
pub async fn archive_3_reader_shows_one_moment(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = full_shop::create(&*storage, "one.example.com").await?;
    let shop = &fixture.people.shop;
    let whole = whole_archive(&*storage, shop, ALL).await?;
    let mut reader = storage.read_archive(shop.id).await?.context("the shop has no archive")?;
    let mut first = reader.next_entries(PageSize::of(1)).await?;
    let changes = TicketChanges { name: Some(Some("later".into())), ..TicketChanges::default() };
    update_ticket(&*storage, shop.id, ticket_id(2)?, update(changes)).await?;
    create_customer(&*storage, shop.id, customer_by_email("later@example.com")).await?;
    storage.delete_ticket(shop.id, ticket_id(4)?, None, stamp(at(30))).await?;
    storage.remove_events(shop.id, at(6), 3).await?;
    storage.change_shop(&shop.domain, ShopChange::Close, stamp(at(31))).await?;
    let (archived, rest) = rest_of(Some(reader), PAGE).await?;
    first.extend(rest);
    same("the shop of a reader", &archived, &whole.0)?;
    same("the entries of a reader", &first, &whole.1)?;

    let (archived, _) = whole_archive(&*storage, shop, PAGE).await?;
    same("the closing of a closed shop", &archived.shop.closed_at, &Some(at(31)))?;
    let unknown = ShopId::new(ShopId::MAX).context("a shop's number")?;
    same("whether an unknown shop has an archive", &storage.read_archive(unknown).await?.is_some(), &false)?;

    let (archived, entries) = archive().await?;
    begin(&*storage, &archived).await?;
    load(&*storage, &archived.shop, &entries[..10], 0).await?;
    let read = whole_archive(&*storage, &archived.shop, PAGE).await?;
    same("a shop that is being loaded", &compared(&read.0), &compared(&archived))?;
    same("the entries of a shop that is being loaded", &read.1.as_slice(), &&entries[..10])
}

/// ARCHIVE-4: a load needs a free number and a free domain.
pub async fn archive_4_taken_shop_is_not_loaded(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let taken = create_shop(&*storage, "taken.example.com").await?;
    let closed = create_shop(&*storage, "closed.example.com").await?;
    let closed =
        storage.change_shop(&closed.domain, ShopChange::Close, stamp(at(1))).await?.context("closed")?;
    let (archived, entries) = archive().await?;
    let with = |shop: Shop| ArchivedShop { shop, ..archived.clone() };
    for (what, shop, by) in [
        ("a number that is taken", Shop { id: taken.id, ..archived.shop.clone() }, &taken),
        ("a domain that is taken", Shop { domain: taken.domain.clone(), ..archived.shop.clone() }, &taken),
        ("the number of a closed shop", Shop { id: closed.id, ..archived.shop.clone() }, &closed),
        (
            "the domain of a closed shop",
            Shop { domain: closed.domain.clone(), ..archived.shop.clone() },
            &closed,
        ),
        ("a shop that exists", taken.clone(), &taken),
    ] {
        let outcome = storage.begin_load(with(shop.clone())).await?;
        same(what, &outcome, &BeginLoadOutcome::Taken(by.clone()))?;
        same(&format!("the load of {what}"), &storage.find_load(shop.id).await?, &None)?;
    }
    same("the shops after refused loads", &storage.list_shops().await?, &vec![taken, closed])?;

    begin(&*storage, &archived).await?;
    load(&*storage, &archived.shop, &entries[..20], 0).await?;
    let again = storage.begin_load(archived.clone()).await?;
    same("a load that goes on", &again, &BeginLoadOutcome::Loading(20))?;
    let counted = ArchivedShop { counters: ShopCounters::default(), ..archived.clone() };
    same(
        "the same with other counters",
        &storage.begin_load(counted).await?,
        &BeginLoadOutcome::Loading(20),
    )?;
    let other_shop = with(Shop { reopen_on_reply: !archived.shop.reopen_on_reply, ..archived.shop.clone() });
    let other_log =
        ArchivedShop { log_beginning: Some(EventPosition { change: 2, part: 9 }), ..archived.clone() };
    for (what, other) in [("another shop", other_shop), ("another log", other_log)] {
        let outcome = storage.begin_load(other).await?;
        ensure!(matches!(outcome, BeginLoadOutcome::Taken(_)), "{what} with the number returned {outcome:?}");
    }
    load(&*storage, &archived.shop, &entries, 20).await?;
    finish(&*storage, &archived.shop).await?;
    let again = storage.begin_load(archived.clone()).await?;
    same("a shop that was loaded", &again, &BeginLoadOutcome::Taken(archived.shop))
}

/// ARCHIVE-5: a shop that is being loaded is closed, and nothing else changes it.
pub async fn archive_5_unfinished_shop_is_closed(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (archived, entries) = archive().await?;
    let shop = &archived.shop;
    begin(&*storage, &archived).await?;
    let domain_taken = storage.create_shop(&shop.domain, at(50)).await?;
    ensure!(
        matches!(domain_taken, CreateShopOutcome::AlreadyExists(_)),
        "a shop with its domain was created"
    );
    load(&*storage, shop, &entries, 0).await?;
    let found = storage.find_shop(&shop.domain).await?.context("the shop is not found")?;
    ensure!(found.closed_at.is_some(), "a shop that is being loaded is open");
    for entry in &entries {
        if let ArchiveEntry::ApiKey(key) = entry {
            let (_, of) = storage.find_key(shop.id, key.number).await?.context("a key is not found")?;
            ensure!(of.closed_at.is_some(), "the shop of a key is open");
        }
    }
    let due = storage.list_due_webhooks(at(DELIVERED + 600_000)).await?;
    same("what is due", &due, &Vec::new())?;
    for change in [ShopChange::Reopen, ShopChange::Close, ShopChange::SetReopenOnReply(true)] {
        same(
            &format!("{change:?}"),
            &storage.change_shop(&shop.domain, change, stamp(at(60))).await?,
            &None,
        )?;
    }
    storage.remove_idempotency_records(Timestamp::MAX, 1_000).await?;
    same("removed events", &storage.remove_events(shop.id, Timestamp::MAX, 1_000).await?, &0)?;
    same("removed attempts", &storage.remove_attempts(shop.id, Timestamp::MAX, 1_000).await?, &0)?;
    let (_, read) = whole_archive(&*storage, shop, PAGE).await?;
    same("the entries after refused changes", &read, &entries)?;
    for (what, is_found) in [
        ("a link", storage.find_link(shop.id, secret_hash(LINK), at(21)).await?.is_some()),
        ("a session", storage.find_session(shop.id, secret_hash(SESSION), at(21)).await?.is_some()),
    ] {
        ensure!(!is_found, "{what} of a shop that is being loaded is found");
    }
    Ok(())
}

/// ARCHIVE-6: entries are loaded in order, all or none.
pub async fn archive_6_entries_are_loaded_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (archived, entries) = archive().await?;
    let shop = &archived.shop;
    let next = |from: usize, until: usize| entries[from..until].to_vec();
    let stale = LoadEntriesOutcome::Stale;
    same("entries of an unknown shop", &storage.load_entries(shop.id, 0, next(0, 5)).await?, &stale)?;
    begin(&*storage, &archived).await?;
    load(&*storage, shop, &entries[..10], 0).await?;
    for after in [0, 9, 11, u64::MAX] {
        let outcome = storage.load_entries(shop.id, after, next(10, 15)).await?;
        same(&format!("entries after {after} of 10"), &outcome, &stale)?;
    }
    // The second of them is there already.
    let twice = [next(10, 12), next(3, 4)].concat();
    let refused = storage.load_entries(shop.id, 10, twice).await.map_err(|error| error.kind);
    same("an entry that is loaded twice", &refused, &Err(StorageErrorKind::Unexpected))?;
    let orphan =
        entries.iter().find(|entry| matches!(entry, ArchiveEntry::Comment(_))).context("a comment")?;
    let orphan = [next(10, 12), vec![orphan.clone()]].concat();
    let refused = storage.load_entries(shop.id, 10, orphan).await.map_err(|error| error.kind);
    same("a comment of an unknown ticket", &refused, &Err(StorageErrorKind::Unexpected))?;
    same("the number of loaded entries", &storage.find_load(shop.id).await?, &Some(10))?;
    same("the entries after refusals", &whole_archive(&*storage, shop, PAGE).await?.1, &next(0, 10))?;
    load(&*storage, shop, &entries, 10).await?;
    same("all entries", &whole_archive(&*storage, shop, PAGE).await?.1, &entries)
}

/// ARCHIVE-7: a finished shop is what it was.
pub async fn archive_7_finished_shop_is_what_it_was(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (reference, shop) = source().await?;
    let (archived, entries) = whole_archive(&reference, &shop, ALL).await?;
    same("finishing an unknown shop", &storage.finish_load(shop.id).await?, &false)?;
    begin(&*storage, &archived).await?;
    load(&*storage, &shop, &entries, 0).await?;
    finish(&*storage, &shop).await?;
    same("the open shop", &storage.find_shop(&shop.domain).await?, &Some(shop.clone()))?;
    same("finishing again", &storage.finish_load(shop.id).await?, &false)?;

    let closed = create_shop(&reference, "closed.example.com").await?;
    let change = ShopChange::SetReopenOnReply(true);
    reference.change_shop(&closed.domain, change, stamp(at(69))).await?;
    let closed =
        reference.change_shop(&closed.domain, ShopChange::Close, stamp(at(70))).await?.context("closed")?;
    move_shop(&reference, &*storage, &closed).await?;
    same("the closed shop", &storage.find_shop(&closed.domain).await?, &Some(closed.clone()))?;
    let reopened = storage.change_shop(&closed.domain, ShopChange::Reopen, stamp(at(71))).await?;
    same("the closed shop, opened again", &reopened, &Some(Shop { closed_at: None, ..closed }))
}

/// ARCHIVE-8: a discarded load leaves nothing.
pub async fn archive_8_discarded_load_leaves_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let own = full_shop::create(&*storage, "own.example.com").await?.people.shop;
    let before = whole_archive(&*storage, &own, ALL).await?.1;
    let (archived, entries) = archive().await?;
    let shop = &archived.shop;
    same("discarding an unknown shop", &storage.discard_load(shop.id).await?, &false)?;
    same("discarding a shop that is not loaded", &storage.discard_load(own.id).await?, &false)?;
    for loaded in [0, 30, entries.len()] {
        begin(&*storage, &archived).await?;
        load(&*storage, shop, &entries[..loaded], 0).await?;
        same("discarding a load", &storage.discard_load(shop.id).await?, &true)?;
        same("the load after it", &storage.find_load(shop.id).await?, &None)?;
        same("the shop after it", &storage.find_shop(&shop.domain).await?, &None)?;
        same("the archive after it", &storage.read_archive(shop.id).await?.is_some(), &false)?;
        let next = storage.load_entries(shop.id, loaded as u64, Vec::new()).await?;
        same("entries after it", &next, &LoadEntriesOutcome::Stale)?;
        same("discarding again", &storage.discard_load(shop.id).await?, &false)?;
    }
    begin(&*storage, &archived).await?;
    load(&*storage, shop, &entries, 0).await?;
    finish(&*storage, shop).await?;
    same("discarding a finished load", &storage.discard_load(shop.id).await?, &false)?;
    same("the entries of the finished load", &whole_archive(&*storage, shop, ALL).await?.1, &entries)?;
    same("the entries of the other shop", &whole_archive(&*storage, &own, ALL).await?.1, &before)
}

/// ARCHIVE-9: new numbers are larger than those that were loaded.
pub async fn archive_9_new_numbers_follow_the_loaded(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let (archived, entries) = archive().await?;
    let counters = ShopCounters { changes: 1_000, customers: 2_000, users: 3_000, human_tickets: 4_000 };
    let range = storage.reserve_id_range(at(0), 1_000, None).await?;
    let other_node = if range.node.get() == 7 { 8 } else { 7 };
    let other_node = NodeNumber::new(other_node).context("a node")?;
    let id_range_ends = vec![(range.node, at(500_000)), (other_node, at(600_000))];
    let archived = ArchivedShop { counters, id_range_ends, ..archived };
    let shop = &archived.shop;
    begin(storage, &archived).await?;
    load(storage, shop, &entries, 0).await?;
    finish(storage, shop).await?;
    let (read, _) = whole_archive(storage, shop, ALL).await?;
    ensure!(
        read.counters.changes >= 1_000
            && read.counters.customers >= 2_000
            && read.counters.users >= 3_000
            && read.counters.human_tickets >= 4_000,
        "the counters after a load are {:?}",
        read.counters
    );
    let end = storage.find_log_end(shop.id).await?;
    ensure!(end >= EventPosition { change: 1_000, part: 0 }, "the log ends at {end:?}");
    let customer = create_customer(storage, shop.id, customer_by_email("new@example.com")).await?;
    let user = create_user(storage, shop.id, user_by_email("new@example.com")).await?;
    ensure!(
        customer.id.get() > 2_000 && user.id.get() > 3_000,
        "new numbers are {} and {}",
        customer.id,
        user.id
    );
    let changes = TicketChanges { is_opened: Some(true), ..TicketChanges::default() };
    let opened = update_ticket(storage, shop.id, ticket_id(2)?, update(changes)).await?;
    let number = opened.human_ticket.context("an open ticket has a human ticket")?.id;
    ensure!(number.get() > 4_000, "a new human ticket has the number {number}");
    let keys = entries.iter().filter_map(|entry| match entry {
        ArchiveEntry::ApiKey(key) => Some(key.number),
        _ => None,
    });
    let key = create_key(storage, shop.id, new_key(9)).await?;
    ensure!(Some(key.number) > keys.max(), "a new key has the number {}", key.number);
    let log =
        log_after(storage, shop.id, Some(EventPosition { change: 1_000, part: 0 }), PageSize::MAX).await?;
    ensure!(log.len() >= 4, "{} of the new events come after the loaded ones", log.len());
    let next = create_shop(storage, "next.example.com").await?;
    ensure!(next.id > shop.id, "a new shop has the number {}", next.id);
    // The loaded range of its node is later, so it is not extended.
    let next = storage.reserve_id_range(at(500), 1_000, Some(range)).await?;
    ensure!(next.node != range.node, "a range goes on at {:?}, within one that was loaded", next.from);
    for _ in 0..20 {
        let next = storage.reserve_id_range(at(499_999), 1_000, None).await?;
        let is_free = next.node != range.node && next.node != other_node;
        ensure!(is_free, "node {:?} got a range before its latest has passed", next.node);
    }
    Ok(())
}

/// ARCHIVE-10: of loads that run at the same time, one goes on.
pub async fn archive_10_concurrent_loads_add_each_entry_once(
    storage: Arc<dyn Storage>,
) -> anyhow::Result<()> {
    const RACERS: usize = 8;
    let (archived, entries) = archive().await?;
    let shop = archived.shop.clone();
    let begun = race(RACERS, |_| {
        let (storage, archived) = (Arc::clone(&storage), archived.clone());
        async move { Ok(storage.begin_load(archived).await?) }
    });
    same("loads that begin together", &begun.await?, &vec![BeginLoadOutcome::Loading(0); RACERS])?;
    for (round, next) in entries.chunks(20).enumerate() {
        let after = (round * 20) as u64;
        let outcomes = race(RACERS, |_| {
            let (storage, next) = (Arc::clone(&storage), next.to_vec());
            async move { Ok(storage.load_entries(shop.id, after, next).await?) }
        });
        let outcomes = outcomes.await?;
        let loaded = outcomes.iter().filter(|outcome| **outcome == LoadEntriesOutcome::Loaded).count();
        same("the calls that loaded the same entries", &loaded, &1)?;
    }
    same("the entries", &whole_archive(&*storage, &shop, ALL).await?.1, &entries)?;
    let ended = race(RACERS, |racer| {
        let storage = Arc::clone(&storage);
        async move {
            let is_end = if racer % 2 == 0 {
                storage.finish_load(shop.id).await?
            } else {
                storage.discard_load(shop.id).await?
            };
            Ok((racer % 2 == 0, is_end))
        }
    });
    let ended: Vec<bool> =
        ended.await?.into_iter().filter(|(_, is_end)| *is_end).map(|(kept, _)| kept).collect();
    same("the calls that ended the load", &ended.len(), &1)?;
    let is_kept = ended == [true];
    same("whether the shop is there", &storage.find_shop(&shop.domain).await?.is_some(), &is_kept)?;
    if is_kept {
        same("the entries at the end", &whole_archive(&*storage, &shop, ALL).await?.1, &entries)?;
    }
    Ok(())
}
