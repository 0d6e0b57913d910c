//! The obligations of [`ShopStore`](hexdesk_domain::ShopStore).

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{Shop, ShopChange, ShopId, Storage, Timestamp};

use crate::comparison::same;
use crate::samples::{at, create_shop, domain, extreme_times, stamp};

/// SHOP-1: each shop is open, has its own number and is found with everything it was created with.
pub async fn shop_1_is_found_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    let mut names = vec!["a".to_owned(), "localhost".to_owned(), "1.2.3.4".to_owned(), longest];
    // Each is a prefix or suffix of another, or differs from it by one character.
    names.extend(
        ["shop.example.com", "shop.example.co", "myshop.example.com", "sh-op.example.com"].map(Into::into),
    );
    names.extend((0..extreme_times().len()).map(|index| format!("time-{index}.example.com")));

    let mut expected = Vec::new();
    for (name, created_at) in names.iter().zip(extreme_times().into_iter().cycle()) {
        let domain = domain(name)?;
        let CreateShopOutcome::Created(shop) = storage.create_shop(&domain, created_at).await? else {
            anyhow::bail!("creating the shop {name} did not return `Created`");
        };
        same("the created shop", &shop, &Shop::new(shop.id, domain, created_at))?;
        expected.push(shop);
    }
    let numbers: BTreeSet<_> = expected.iter().map(|shop| shop.id).collect();
    ensure!(numbers.len() == expected.len(), "two shops have the same number: {numbers:?}");
    for shop in &expected {
        same("the shop by its domain", &storage.find_shop(&shop.domain).await?.as_ref(), &Some(shop))?;
    }
    // A closed shop's number is not assigned again.
    let closed = &expected[0];
    storage.change_shop(&closed.domain, ShopChange::Close, stamp(at(1))).await?;
    let next = create_shop(&*storage, "after-closing.example.com").await?;
    ensure!(!numbers.contains(&next.id), "the number {} was assigned again", next.id);
    Ok(())
}

/// SHOP-2: creating a shop with a taken domain returns that shop and changes nothing.
pub async fn shop_2_taken_domain_answers_the_shop(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let other = create_shop(&*storage, "other.example.com").await?;
    let open = create_shop(&*storage, "open.example.com").await?;
    let closed = create_shop(&*storage, "closed.example.com").await?;
    let closed = Shop { closed_at: Some(at(500)), ..closed };
    storage.change_shop(&closed.domain, ShopChange::Close, stamp(at(500))).await?;

    for shop in [&open, &closed] {
        for now in [shop.created_at, at(1_000), Timestamp::MAX] {
            let outcome = storage.create_shop(&shop.domain, now).await?;
            same("creating it again", &outcome, &CreateShopOutcome::AlreadyExists(shop.clone()))?;
            let found = storage.find_shop(&shop.domain).await?;
            same("the shop afterwards", &found.as_ref(), &Some(shop))?;
        }
    }
    let mut all = vec![other, open, closed];
    all.sort_by_key(|shop| shop.id);
    same("all shops afterwards", &storage.list_shops().await?, &all)
}

/// SHOP-3: finding, closing or changing a domain that no shop has returns `None`.
pub async fn shop_3_unknown_domain_is_none(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let unknown =
        ["example.com", "shop.example", "shop.example.co", "shop.example.com.au", "s-op.example.com"];
    let mut expected = Vec::new();
    for there in [None, Some("shop.example.com")] {
        if let Some(name) = there {
            expected.push(create_shop(&*storage, name).await?);
        }
        for name in unknown {
            let domain = domain(name)?;
            same("finding an unknown domain", &storage.find_shop(&domain).await?, &None)?;
            same(
                "closing an unknown domain",
                &storage.change_shop(&domain, ShopChange::Close, stamp(at(1))).await?,
                &None,
            )?;
            for change in [ShopChange::Reopen, ShopChange::SetReopenOnReply(true)] {
                let changed = storage.change_shop(&domain, change, stamp(at(1))).await?;
                same("changing an unknown domain", &changed, &None)?;
            }
            same("finding it after closing it", &storage.find_shop(&domain).await?, &None)?;
        }
        same("all shops afterwards", &storage.list_shops().await?, &expected)?;
    }
    Ok(())
}

/// SHOP-4: the list holds every shop, closed ones included, in order of number.
pub async fn shop_4_list_holds_all_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    same("the list of an empty store", &storage.list_shops().await?, &Vec::new())?;
    let mut expected = Vec::new();
    // Names and times are not in order of creation.
    for index in 0..25_i64 {
        let scattered = index * 7 % 25;
        let domain = domain(&format!("shop-{scattered}.example.com"))?;
        match storage.create_shop(&domain, at(-scattered)).await? {
            CreateShopOutcome::Created(shop) => expected.push(shop),
            other => anyhow::bail!("a new shop returned {other:?}"),
        }
    }
    expected.sort_by_key(|shop| shop.id);
    same("all shops", &storage.list_shops().await?, &expected)?;

    for shop in expected.iter_mut().rev().step_by(3) {
        shop.closed_at = Some(at(9));
        storage.change_shop(&shop.domain, ShopChange::Close, stamp(at(9))).await?;
    }
    same("all shops after some were closed", &storage.list_shops().await?, &expected)
}

/// SHOP-5: closing sets the time of closing. Closing again keeps the first time.
pub async fn shop_5_first_closing_stays(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let neighbour = create_shop(&*storage, "neighbour.example.com").await?;
    for (index, closed_at) in extreme_times().into_iter().enumerate() {
        let open = create_shop(&*storage, &format!("shop-{index}.example.com")).await?;
        let closed = Some(Shop { closed_at: Some(closed_at), ..open.clone() });
        same(
            "closing it",
            &storage.change_shop(&open.domain, ShopChange::Close, stamp(closed_at)).await?,
            &closed,
        )?;
        same("the closed shop", &storage.find_shop(&open.domain).await?, &closed)?;
        for later in [closed_at.saturating_add_millis(1), Timestamp::MIN, Timestamp::MAX] {
            same(
                "closing it again",
                &storage.change_shop(&open.domain, ShopChange::Close, stamp(later)).await?,
                &closed,
            )?;
            same("the shop closed twice", &storage.find_shop(&open.domain).await?, &closed)?;
        }
    }
    same("a shop that was not closed", &storage.find_shop(&neighbour.domain).await?, &Some(neighbour))
}

/// SHOP-9: setting `reopen_on_reply` changes this value alone.
pub async fn shop_9_setting_changes_one_value(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut shops = Vec::new();
    for name in ["before.example.com", "shop.example.com", "my-shop.example.com"] {
        shops.push(create_shop(&*storage, name).await?);
    }
    // The first time the shop is open, then closed.
    for closed_at in [None, Some(at(500))] {
        if let Some(closed_at) = closed_at {
            storage.change_shop(&shops[1].domain, ShopChange::Close, stamp(closed_at)).await?;
        }
        for reopen_on_reply in [false, true, true, false, true] {
            shops[1] = Shop { closed_at, reopen_on_reply, ..shops[1].clone() };
            let set = storage
                .change_shop(&shops[1].domain, ShopChange::SetReopenOnReply(reopen_on_reply), stamp(at(0)))
                .await?;
            same("the shop as returned", &set.as_ref(), &Some(&shops[1]))?;
            let found = storage.find_shop(&shops[1].domain).await?;
            same("the shop as found", &found.as_ref(), &Some(&shops[1]))?;
            same("all shops", &storage.list_shops().await?, &shops)?;
        }
    }
    Ok(())
}

/// SHOP-10: reopening removes the time of closing alone. The shop can be closed again.
pub async fn shop_10_reopened_shop_is_open(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let neighbour = create_shop(&*storage, "neighbour.example.com").await?;
    storage.change_shop(&neighbour.domain, ShopChange::Close, stamp(at(5))).await?;
    let neighbour = Shop { closed_at: Some(at(5)), ..neighbour };
    let shop = create_shop(&*storage, "shop.example.com").await?;
    let mut shop = Shop { reopen_on_reply: true, ..shop };
    storage.change_shop(&shop.domain, ShopChange::SetReopenOnReply(true), stamp(at(6))).await?;
    // An open shop stays as it is, and a closed one is closed at the time of its own closing.
    for (change, time, closed_at) in [
        (ShopChange::Reopen, at(7), None),
        (ShopChange::Close, at(20), Some(at(20))),
        (ShopChange::Reopen, at(9), None),
        (ShopChange::Reopen, at(30), None),
        (ShopChange::Close, at(8), Some(at(8))),
        (ShopChange::Close, at(40), Some(at(8))),
        (ShopChange::Reopen, Timestamp::MAX, None),
    ] {
        shop.closed_at = closed_at;
        let changed = storage.change_shop(&shop.domain, change, stamp(time)).await?;
        same("the shop as returned", &changed.as_ref(), &Some(&shop))?;
        same("the shop as found", &storage.find_shop(&shop.domain).await?.as_ref(), &Some(&shop))?;
    }
    same("all shops", &storage.list_shops().await?, &vec![neighbour, shop])
}

/// SHOP-8: a shop created from a number has at least this number, and a larger one than all earlier
/// shops.
pub async fn shop_8_has_at_least_the_number(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let number = |number| ShopId::new(number).context("the number is out of range");
    let first = create_shop(&*storage, "first.example.com").await?.id;
    let mut last = first;
    // The first two numbers are free, the third is taken, the others are smaller than assigned ones.
    for (index, ahead) in [1, 1_000, 1_000, 500, 0].into_iter().enumerate() {
        let domain = domain(&format!("from-{index}.example.com"))?;
        let from = number(first.get() + ahead)?;
        let created = storage.create_shop_from(&domain, from, at(7)).await?;
        let CreateShopOutcome::Created(shop) = created else { anyhow::bail!("a new shop: {created:?}") };
        let expected = Shop::new(shop.id, domain, at(7));
        same("a shop created from a number", &shop, &expected)?;
        ensure!(shop.id > last, "the number {} follows {last}", shop.id);
        ensure!(shop.id >= from, "the number {} is smaller than {from}", shop.id);
        last = shop.id;
        // A domain that is taken uses no number.
        let again = storage.create_shop_from(&shop.domain, number(1_000_000)?, at(9)).await?;
        same("creating it again", &again, &CreateShopOutcome::AlreadyExists(shop.clone()))?;
        let found = storage.find_shop(&shop.domain).await?;
        same("the shop by its domain", &found, &Some(shop))?;
    }
    let next = create_shop(&*storage, "next.example.com").await?.id;
    ensure!(next > last && next.get() < 1_000_000, "the number {next} follows {last}");
    Ok(())
}
