//! The obligations of [`CustomerStore`](hexdesk_domain::CustomerStore).

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::limits::{MAX_EXTERNAL_ID_CHARS, MAX_PERSON_NAME_CHARS, MAX_PHONE_NUMBER_CHARS};
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{Customer, CustomerId, IdempotentOutcome, NewCustomer, ShopId, Storage};

use crate::comparison::same;
use crate::samples::{
    ALIKE_ADDRESSES, EXTERNAL_IDS, Field, SAME_ADDRESSES, TRICKY_TEXTS, at, create_customer, create_shop,
    customer_by_email, customer_by_phone_number, customer_id, every_external_id, extreme_times,
    heavy_text_of, longest_email, stamp, text_of,
};

/// CUSTOMER-1: each customer has its own number and is found with every field as passed in.
pub async fn customer_1_is_found_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let mut expected = Vec::new();
    for new in various_customers() {
        let created = create_customer(&*storage, shop, new.clone()).await?;
        same("the created customer", &created, &new.into_customer(shop, created.id))?;
        expected.push(created);
    }
    let numbers: BTreeSet<_> = expected.iter().map(|customer| customer.id).collect();
    ensure!(numbers.len() == expected.len(), "two customers have the same number: {numbers:?}");
    for customer in &expected {
        let found = storage.find_customer(shop, customer.id).await?;
        same("the customer by its number", &found.as_ref(), &Some(customer))?;
    }
    same(
        "a number that was not assigned",
        &storage.find_customer(shop, customer_id(CustomerId::MAX)?).await?,
        &None,
    )
}

/// Every field at its extremes, all together and each alone.
fn various_customers() -> Vec<NewCustomer> {
    let plain = customer_by_email("");
    let mut all = vec![
        NewCustomer { email: Some("only@example.com".into()), ..plain.clone() },
        NewCustomer { email: None, phone_number: Some("+33 1 23".into()), ..plain.clone() },
        // Stored as given, not in the form used for comparison.
        NewCustomer { email: Some("MiXeD.Case@EXAMPLE.Com".into()), ..plain.clone() },
        NewCustomer {
            email: Some(longest_email()),
            phone_number: Some(text_of(MAX_PHONE_NUMBER_CHARS)),
            first_name: Some(text_of(MAX_PERSON_NAME_CHARS)),
            last_name: Some(heavy_text_of(MAX_PERSON_NAME_CHARS)),
            full_name: Some(text_of(MAX_PERSON_NAME_CHARS - 1)),
            external_ids: every_external_id(|_| heavy_text_of(MAX_EXTERNAL_ID_CHARS)),
            ..plain.clone()
        },
    ];
    for (index, text) in TRICKY_TEXTS.iter().enumerate() {
        let email = Some(format!("tricky-{index}@example.com"));
        all.push(NewCustomer {
            email: email.clone(),
            first_name: Some((*text).into()),
            last_name: Some(format!("last {text}")),
            full_name: Some(format!("{text} full")),
            external_ids: every_external_id(|name| format!("{text}{name}")),
            ..plain.clone()
        });
        if !text.trim().is_empty() {
            all.push(NewCustomer { email: None, phone_number: Some((*text).into()), ..plain.clone() });
        }
    }
    // Each optional field alone.
    let names: [Field<NewCustomer>; 3] =
        [|new| &mut new.first_name, |new| &mut new.last_name, |new| &mut new.full_name];
    for (index, field) in names.into_iter().enumerate() {
        let mut new = customer_by_email(&format!("one-name-{index}@example.com"));
        *field(&mut new) = Some(format!("name {index}"));
        all.push(new);
    }
    for (name, field) in EXTERNAL_IDS {
        let mut new = customer_by_email(&format!("one-id-{name}@example.com"));
        *field(&mut new.external_ids) = Some(format!("id {name}"));
        all.push(new);
    }
    for (index, created_at) in extreme_times().into_iter().enumerate() {
        all.push(NewCustomer {
            stamp: stamp(created_at),
            ..customer_by_email(&format!("time-{index}@example.com"))
        });
    }
    all
}

/// CUSTOMER-2: a creation with a customer's e-mail address returns that customer.
pub async fn customer_2_same_email_is_existing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    for (index, addresses) in SAME_ADDRESSES.iter().enumerate() {
        let new = NewCustomer {
            first_name: Some("first".into()),
            phone_number: Some(format!("phone {index}")),
            ..customer_by_email(&addresses[0])
        };
        let there = create_customer(&*storage, shop, new).await?;
        for (spelling, address) in addresses.iter().enumerate() {
            let free_number = there.id.get() + 1_000;
            let again = NewCustomer {
                id: Some(customer_id(free_number)?),
                phone_number: Some(format!("new phone {index} {spelling}")),
                first_name: None,
                last_name: Some("last".into()),
                stamp: stamp(at(99)),
                ..customer_by_email(address)
            };
            let by_number = NewCustomer { id: Some(there.id), ..again.clone() };
            for again in [again.clone(), NewCustomer { id: None, ..again }, by_number] {
                expect_existing(&*storage, shop, again, &there).await?;
            }
            let at_free_number = storage.find_customer(shop, customer_id(free_number)?).await?;
            same("the requested number, which was not used", &at_free_number, &None)?;
        }
        // The phone numbers of these requests were not stored.
        let by_phone = customer_by_phone_number(&format!("new phone {index} 0"));
        create_customer(&*storage, shop, by_phone).await?;
    }
    for address in ALIKE_ADDRESSES {
        create_customer(&*storage, shop, customer_by_email(address)).await?;
    }
    Ok(())
}

/// CUSTOMER-3: without a match by address, a customer with the phone number is returned. If both
/// match, the address wins.
pub async fn customer_3_same_phone_number_is_existing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let phone = "+33 1 23 45 67 89";
    // One match by phone number is older than the match by address, the other newer.
    let by_phone = create_customer(
        &*storage,
        shop,
        NewCustomer { phone_number: Some(phone.into()), ..customer_by_email("phone@example.com") },
    )
    .await?;
    let by_email = create_customer(&*storage, shop, customer_by_email("Email@example.com")).await?;
    let later_phone = create_customer(&*storage, shop, customer_by_phone_number("555")).await?;

    let both = |phone: &str| NewCustomer {
        phone_number: Some(phone.into()),
        ..customer_by_email("email@EXAMPLE.com")
    };
    let asking = |id: CustomerId, new: NewCustomer| NewCustomer { id: Some(id), ..new };
    for (new, existing) in [
        (customer_by_phone_number(phone), &by_phone),
        (NewCustomer { email: Some("new@example.com".into()), ..customer_by_phone_number(phone) }, &by_phone),
        (customer_by_phone_number("555"), &later_phone),
        (both(phone), &by_email),
        (both("555"), &by_email),
        (asking(by_phone.id, both(phone)), &by_email),
        (asking(by_email.id, customer_by_phone_number(phone)), &by_phone),
        (asking(customer_id(70_000)?, customer_by_phone_number(phone)), &by_phone),
    ] {
        expect_existing(&*storage, shop, new, existing).await?;
    }
    same(
        "the requested number, which was not used",
        &storage.find_customer(shop, customer_id(70_000)?).await?,
        &None,
    )?;
    // The address of this request was not stored. Customers without an address or phone number do
    // not match each other.
    create_customer(&*storage, shop, customer_by_email("new@example.com")).await?;
    let heavy = |last: &str| heavy_text_of(MAX_PHONE_NUMBER_CHARS - 1) + last;
    let others = ["+33 1 23 45 67 8", "+33123456789", "555 ", "5555", "55_", "55%"].map(Into::into);
    for other in others.into_iter().chain(["🦀", "🐙", "1", "2"].map(heavy)) {
        let there = create_customer(&*storage, shop, customer_by_phone_number(&other)).await?;
        expect_existing(&*storage, shop, customer_by_phone_number(&other), &there).await?;
    }
    Ok(())
}

/// CUSTOMER-4: another shop's customer is never found and never `Existing`.
pub async fn customer_4_shops_are_apart(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = create_shop(&*storage, "one.example.com").await?.id;
    let two = create_shop(&*storage, "two.example.com").await?.id;
    let new = |id: i64, name: &str| -> anyhow::Result<NewCustomer> {
        Ok(NewCustomer {
            id: Some(customer_id(id)?),
            phone_number: Some("555".into()),
            first_name: Some(name.into()),
            ..customer_by_email("ada@example.com")
        })
    };
    let of_one = create_customer(&*storage, one, new(41, "one")?).await?;
    same("another shop's customer", &storage.find_customer(two, of_one.id).await?, &None)?;
    let of_two = create_customer(&*storage, two, new(42, "two")?).await?;
    same("another shop's customer", &storage.find_customer(one, of_two.id).await?, &None)?;

    expect_existing(&*storage, one, customer_by_email("ADA@example.com"), &of_one).await?;
    expect_existing(&*storage, two, customer_by_email("ADA@example.com"), &of_two).await?;
    expect_existing(&*storage, one, customer_by_phone_number("555"), &of_one).await?;
    expect_existing(&*storage, two, customer_by_phone_number("555"), &of_two).await?;

    // The same number in both shops: two customers.
    for (shop, name) in [(one, "one"), (two, "two")] {
        let new = NewCustomer {
            id: Some(customer_id(50)?),
            first_name: Some(name.into()),
            ..customer_by_email("same-number@example.com")
        };
        let created = create_customer(&*storage, shop, new.clone()).await?;
        same(
            "the customer with a number used in both shops",
            &created,
            &new.into_customer(shop, customer_id(50)?),
        )?;
    }
    for (shop, name) in [(one, "one"), (two, "two")] {
        let found = storage.find_customer(shop, customer_id(50)?).await?;
        let found = found.map(|customer| (customer.shop_id, customer.first_name));
        same("the customer with a number used in both shops", &found, &Some((shop, Some(name.into()))))?;
    }
    Ok(())
}

/// CUSTOMER-5: a requested number is used. Numbers assigned later are larger.
pub async fn customer_5_asked_number_is_kept(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let first = create_customer(&*storage, shop, customer_by_email("first@example.com")).await?;
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
        let new = NewCustomer {
            id: Some(customer_id(number)?),
            ..customer_by_email(&format!("{number}@example.com"))
        };
        let kept = create_customer(&*storage, shop, new.clone()).await?;
        same(
            "the customer with the requested number",
            &kept,
            &new.into_customer(shop, customer_id(number)?),
        )?;
        largest = largest.max(kept.id);
        for next in 0..3 {
            let email = format!("after-{number}-{next}@example.com");
            let handed_out = create_customer(&*storage, shop, customer_by_email(&email)).await?;
            ensure!(
                handed_out.id > largest,
                "the number {} was assigned after {largest} was in use",
                handed_out.id
            );
            largest = handed_out.id;
        }
        same(
            "the customer with the requested number",
            &storage.find_customer(shop, kept.id).await?,
            &Some(kept),
        )?;
    }
    // The largest number can be used. No larger number is left to assign.
    let largest =
        NewCustomer { id: Some(customer_id(CustomerId::MAX)?), ..customer_by_email("max@example.com") };
    let largest = create_customer(&*storage, shop, largest).await?;
    same("the largest number", &largest.id.get(), &CustomerId::MAX)?;
    let past = storage.create_customer(shop, customer_by_email("past@example.com"), None).await;
    ensure!(past.is_err(), "with the largest number in use, another number was assigned: {past:?}");
    same(
        "the customer with the largest number",
        &storage.find_customer(shop, largest.id).await?,
        &Some(largest),
    )
}

/// CUSTOMER-6: a requested number that is taken returns `IdTaken` and changes nothing.
pub async fn customer_6_taken_number_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let handed_out = create_customer(&*storage, shop, customer_by_email("out@example.com")).await?;
    let asked = NewCustomer { id: Some(customer_id(900)?), ..customer_by_phone_number("555") };
    let asked = create_customer(&*storage, shop, asked).await?;
    for there in [&handed_out, &asked] {
        for new in [customer_by_email("new@example.com"), customer_by_phone_number("777")] {
            let new = NewCustomer { id: Some(there.id), first_name: Some("new".into()), ..new };
            let outcome = storage.create_customer(shop, new, None).await?;
            same(
                "requesting a taken number",
                &outcome,
                &IdempotentOutcome::Ran(CreateCustomerOutcome::IdTaken),
            )?;
            let found = storage.find_customer(shop, there.id).await?;
            same("the customer who has the number", &found.as_ref(), &Some(there))?;
        }
    }
    // The address and the phone number were not stored.
    create_customer(&*storage, shop, customer_by_email("new@example.com")).await?;
    create_customer(&*storage, shop, customer_by_phone_number("777")).await?;
    Ok(())
}

/// Fails unless creating `new` returns `there` and leaves it unchanged.
async fn expect_existing(
    storage: &dyn Storage,
    shop: ShopId,
    new: NewCustomer,
    there: &Customer,
) -> anyhow::Result<()> {
    let what = format!("creating a customer with {:?} and {:?}", new.email, new.phone_number);
    let outcome = storage.create_customer(shop, new, None).await?;
    same(&what, &outcome, &IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(there.clone())))?;
    same("the existing customer", &storage.find_customer(shop, there.id).await?.as_ref(), &Some(there))
}

/// CUSTOMER-19: the assigned numbers do not depend on other shops.
pub async fn customer_19_every_shop_counts_for_itself(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let busy = create_shop(&*storage, "busy.example.com").await?.id;
    let mut numbers = Vec::new();
    for (domain, others) in [("early.example.com", 0), ("late.example.com", 3)] {
        let shop = create_shop(&*storage, domain).await?.id;
        let mut of_shop = Vec::new();
        for step in 0..4 {
            for other in 0..others {
                let id = (other == 1).then(|| customer_id(1_000 * (step + 1))).transpose()?;
                let new = customer_by_email(&format!("{step}-{other}@example.com"));
                create_customer(&*storage, busy, NewCustomer { id, ..new }).await?;
            }
            let new = customer_by_email(&format!("{step}@example.com"));
            of_shop.push(create_customer(&*storage, shop, new).await?.id);
        }
        numbers.push(of_shop);
    }
    same("the numbers that a shop assigns while another shop is busy", &numbers[1], &numbers[0])
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::CustomerDraft;

    use super::*;

    #[test]
    fn the_domain_makes_the_same_customers() {
        for new in various_customers() {
            let ids = new.external_ids.clone();
            let draft = CustomerDraft {
                id: new.id,
                email: new.email.clone(),
                phone_number: new.phone_number.clone(),
                first_name: new.first_name.clone(),
                last_name: new.last_name.clone(),
                full_name: new.full_name.clone(),
                shopify_id: ids.shopify_id,
                wordpress_id: ids.wordpress_id,
                fb_user_id: ids.fb_user_id,
                ig_user_id: ids.ig_user_id,
                whatsapp_id: ids.whatsapp_id,
            };
            let made = draft.into_new(new.stamp).unwrap();
            // A missing full name is joined from the other names. A draft does not have all ids.
            let external_ids = new.external_ids.clone();
            assert_eq!(NewCustomer { full_name: new.full_name.clone(), external_ids, ..made }, new);
        }
    }
}
