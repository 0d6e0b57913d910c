//! The obligations of [`UserStore`](hexdesk_domain::UserStore).

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::limits::MAX_PERSON_NAME_CHARS;
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{IdempotentOutcome, NewUser, ShopId, Storage, User, UserId};

use crate::comparison::same;
use crate::samples::{
    ALIKE_ADDRESSES, SAME_ADDRESSES, TRICKY_TEXTS, at, create_shop, create_user, extreme_times,
    heavy_text_of, longest_email, stamp, text_of, user_by_email, user_id,
};

/// USER-1: each user has its own number and is found with every field as passed in.
pub async fn user_1_is_found_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let mut all = vec![
        user_by_email("only@example.com"),
        // Stored as given, not in the form used for comparison.
        user_by_email("MiXeD.Case@EXAMPLE.Com"),
        NewUser {
            first_name: Some(text_of(MAX_PERSON_NAME_CHARS)),
            last_name: Some(heavy_text_of(MAX_PERSON_NAME_CHARS)),
            full_name: Some(text_of(MAX_PERSON_NAME_CHARS - 1)),
            ..user_by_email(&longest_email())
        },
        NewUser { first_name: Some("first only".into()), ..user_by_email("first@example.com") },
        NewUser { last_name: Some("last only".into()), ..user_by_email("last@example.com") },
        NewUser { full_name: Some("full only".into()), ..user_by_email("full@example.com") },
    ];
    for (index, text) in TRICKY_TEXTS.iter().enumerate() {
        all.push(NewUser {
            first_name: Some((*text).into()),
            last_name: Some(format!("last {text}")),
            full_name: Some(format!("{text} full")),
            ..user_by_email(&format!("tricky-{index}@example.com"))
        });
    }
    for (index, created_at) in extreme_times().into_iter().enumerate() {
        all.push(NewUser { stamp: stamp(created_at), ..user_by_email(&format!("time-{index}@example.com")) });
    }

    let mut expected = Vec::new();
    for new in all {
        let created = create_user(&*storage, shop, new.clone()).await?;
        same("the created user", &created, &new.into_user(shop, created.id))?;
        expected.push(created);
    }
    let numbers: BTreeSet<_> = expected.iter().map(|user| user.id).collect();
    ensure!(numbers.len() == expected.len(), "two users have the same number: {numbers:?}");
    for user in &expected {
        let found = storage.find_user(shop, user.id).await?;
        same("the user by its number", &found.as_ref(), &Some(user))?;
    }
    same("a number that was not assigned", &storage.find_user(shop, user_id(UserId::MAX)?).await?, &None)
}

/// USER-2: a creation with a user's e-mail address returns that user and changes nothing.
pub async fn user_2_same_email_is_taken(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    for addresses in SAME_ADDRESSES.iter() {
        let new = NewUser { first_name: Some("first".into()), ..user_by_email(&addresses[0]) };
        let there = create_user(&*storage, shop, new).await?;
        for address in addresses {
            let free_number = user_id(there.id.get() + 1_000)?;
            for id in [None, Some(free_number), Some(there.id)] {
                let again = NewUser {
                    id,
                    last_name: Some("last".into()),
                    stamp: stamp(at(99)),
                    ..user_by_email(address)
                };
                expect_taken(&*storage, shop, again, &there).await?;
            }
            same(
                "the requested number, which was not used",
                &storage.find_user(shop, free_number).await?,
                &None,
            )?;
        }
    }
    for address in ALIKE_ADDRESSES {
        create_user(&*storage, shop, user_by_email(address)).await?;
    }
    Ok(())
}

/// USER-3: another shop's user is never found and never blocks a creation.
pub async fn user_3_shops_are_apart(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = create_shop(&*storage, "one.example.com").await?.id;
    let two = create_shop(&*storage, "two.example.com").await?.id;
    let new = |id: i64, name: &str| -> anyhow::Result<NewUser> {
        Ok(NewUser {
            id: Some(user_id(id)?),
            first_name: Some(name.into()),
            ..user_by_email("ada@example.com")
        })
    };
    let of_one = create_user(&*storage, one, new(41, "one")?).await?;
    same("another shop's user", &storage.find_user(two, of_one.id).await?, &None)?;
    let of_two = create_user(&*storage, two, new(42, "two")?).await?;
    same("another shop's user", &storage.find_user(one, of_two.id).await?, &None)?;
    expect_taken(&*storage, one, user_by_email("ADA@example.com"), &of_one).await?;
    expect_taken(&*storage, two, user_by_email("ADA@example.com"), &of_two).await?;

    // The same number in both shops: two users.
    let same_number = |name: &str| -> anyhow::Result<NewUser> {
        Ok(NewUser { email: format!("{name}@example.com"), ..new(50, name)? })
    };
    for (shop, name) in [(one, "one"), (two, "two")] {
        create_user(&*storage, shop, same_number(name)?).await?;
    }
    for (shop, name) in [(one, "one"), (two, "two")] {
        let expected = same_number(name)?.into_user(shop, user_id(50)?);
        let found = storage.find_user(shop, user_id(50)?).await?;
        same("the user with a number used in both shops", &found, &Some(expected))?;
    }
    Ok(())
}

/// USER-4: a requested number is used. Numbers assigned later are larger.
pub async fn user_4_asked_number_is_kept(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let first = create_user(&*storage, shop, user_by_email("first@example.com")).await?;
    let mut largest = first.id;
    for step in 0..4 {
        let number = match step {
            0 => largest.get() + 10,
            // Larger than four bytes can hold.
            1 => i64::from(u32::MAX) + 5,
            // Smaller than the existing numbers. The store must not continue from it.
            2 => first.id.get() + 5,
            // A number that the store would soon assign.
            _ => largest.get() + 2,
        };
        let new = NewUser { id: Some(user_id(number)?), ..user_by_email(&format!("{number}@example.com")) };
        let kept = create_user(&*storage, shop, new.clone()).await?;
        same("the user with the requested number", &kept, &new.into_user(shop, user_id(number)?))?;
        largest = largest.max(kept.id);
        for next in 0..3 {
            let email = format!("after-{number}-{next}@example.com");
            let handed_out = create_user(&*storage, shop, user_by_email(&email)).await?;
            ensure!(
                handed_out.id > largest,
                "the number {} was assigned after {largest} was in use",
                handed_out.id
            );
            largest = handed_out.id;
        }
        same("the user with the requested number", &storage.find_user(shop, kept.id).await?, &Some(kept))?;
    }
    // The largest number can be used. No larger number is left to assign.
    let largest = NewUser { id: Some(user_id(UserId::MAX)?), ..user_by_email("max@example.com") };
    let largest = create_user(&*storage, shop, largest).await?;
    same("the largest number", &largest.id.get(), &UserId::MAX)?;
    let past = storage.create_user(shop, user_by_email("past@example.com"), None).await;
    ensure!(past.is_err(), "with the largest number in use, another number was assigned: {past:?}");
    same("the user with the largest number", &storage.find_user(shop, largest.id).await?, &Some(largest))
}

/// USER-5: a requested number that is taken returns `IdTaken` and changes nothing.
pub async fn user_5_taken_number_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let handed_out = create_user(&*storage, shop, user_by_email("out@example.com")).await?;
    let asked = NewUser { id: Some(user_id(900)?), ..user_by_email("asked@example.com") };
    let asked = create_user(&*storage, shop, asked).await?;
    for there in [&handed_out, &asked] {
        let new = NewUser {
            id: Some(there.id),
            first_name: Some("new".into()),
            ..user_by_email("new@example.com")
        };
        let outcome = storage.create_user(shop, new, None).await?;
        same("requesting a taken number", &outcome, &IdempotentOutcome::Ran(CreateUserOutcome::IdTaken))?;
        let found = storage.find_user(shop, there.id).await?;
        same("the user who has the number", &found.as_ref(), &Some(there))?;
    }
    // The address was not stored.
    create_user(&*storage, shop, user_by_email("new@example.com")).await?;
    Ok(())
}

/// Fails unless creating `new` returns `there` and leaves it unchanged.
async fn expect_taken(storage: &dyn Storage, shop: ShopId, new: NewUser, there: &User) -> anyhow::Result<()> {
    let what = format!("creating a user with {:?}", new.email);
    let outcome = storage.create_user(shop, new, None).await?;
    same(&what, &outcome, &IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(there.clone())))?;
    same("the existing user", &storage.find_user(shop, there.id).await?.as_ref(), &Some(there))
}

/// USER-11: the assigned numbers do not depend on other shops.
pub async fn user_11_every_shop_counts_for_itself(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let busy = create_shop(&*storage, "busy.example.com").await?.id;
    let mut numbers = Vec::new();
    for (domain, others) in [("early.example.com", 0), ("late.example.com", 3)] {
        let shop = create_shop(&*storage, domain).await?.id;
        let mut of_shop = Vec::new();
        for step in 0..4 {
            for other in 0..others {
                let id = (other == 1).then(|| user_id(1_000 * (step + 1))).transpose()?;
                let new = user_by_email(&format!("{step}-{other}@example.com"));
                create_user(&*storage, busy, NewUser { id, ..new }).await?;
            }
            let new = user_by_email(&format!("{step}@example.com"));
            of_shop.push(create_user(&*storage, shop, new).await?.id);
        }
        numbers.push(of_shop);
    }
    same("the numbers that a shop assigns while another shop is busy", &numbers[1], &numbers[0])
}
