//! The obligations of [`CustomerStore`](hexdesk_domain::CustomerStore).

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::limits::{MAX_EXTERNAL_ID_CHARS, MAX_PERSON_NAME_CHARS, MAX_PHONE_NUMBER_CHARS};
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{
    Customer, CustomerFilter, CustomerId, ExternalIds, IdempotentOutcome, NewCustomer, ShopId, Storage,
};

use crate::cases::customer_lists::whole_list;
use crate::comparison::same;
use crate::samples::{
    ALIKE_ADDRESSES, EXTERNAL_IDS, Field, SAME_ADDRESSES, TRICKY_TEXTS, at, create_customer,
    create_customer_sharing_ids, create_shop, customer_by_email, customer_by_phone_number, customer_id,
    every_external_id, extreme_times, heavy_text_of, longest_email, stamp, text_of,
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
        let mut there = create_customer(&*storage, shop, new).await?;
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
                there = expect_existing(&*storage, shop, again, there).await?;
            }
            let at_free_number = storage.find_customer(shop, customer_id(free_number)?).await?;
            same("the requested number, which was not used", &at_free_number, &None)?;
        }
        // The phone numbers of these requests were not stored, because the customer has one.
        let by_phone = customer_by_phone_number(&format!("new phone {index} 0"));
        create_customer(&*storage, shop, by_phone).await?;
    }
    for address in ALIKE_ADDRESSES {
        create_customer(&*storage, shop, customer_by_email(address)).await?;
    }
    Ok(())
}

/// CUSTOMER-3: without a match by address or id, a customer with the phone number is returned, unless
/// both have different addresses.
pub async fn customer_3_same_phone_number_is_existing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shop = create_shop(storage, "shop.example.com").await?.id;
    let phone = "+33 6 12 34 00 08";
    let with_phone = |email: &str, phone: &str| NewCustomer {
        phone_number: Some(phone.into()),
        ..customer_by_email(email)
    };
    let with_email = create_customer(storage, shop, with_phone("phone@example.com", phone)).await?;
    let without_email = create_customer(storage, shop, customer_by_phone_number("555")).await?;
    // Two people with different addresses share the number.
    let other = create_customer(storage, shop, with_phone("other@example.com", "+33612340008")).await?;
    let by_email = create_customer(storage, shop, customer_by_email("Email@example.com")).await?;

    let asking = |id: CustomerId, new: NewCustomer| NewCustomer { id: Some(id), ..new };
    for spelling in [phone, "+33612340008", "0033612340008", "+33 (0)6-12-34-00-08", "＋３３ 6 12340008"] {
        let new = customer_by_phone_number(spelling);
        for new in [new.clone(), asking(customer_id(70_000)?, new.clone()), asking(by_email.id, new)] {
            expect_existing(storage, shop, new, with_email.clone()).await?;
        }
    }
    expect_existing(storage, shop, with_phone("OTHER@example.com", "1"), other).await?;
    // The match by address wins, and lacks a phone number.
    expect_existing(storage, shop, with_phone("email@EXAMPLE.com", "555"), by_email).await?;
    // A customer without an address gets the new one, and is somebody else from then on.
    let named = expect_existing(storage, shop, with_phone("late@example.com", "5-55"), without_email).await?;
    create_customer(storage, shop, with_phone("later@example.com", "555")).await?;
    expect_existing(storage, shop, customer_by_phone_number("555"), named).await?;
    same(
        "the requested number, which was not used",
        &storage.find_customer(shop, customer_id(70_000)?).await?,
        &None,
    )?;
    let heavy = |last: &str| heavy_text_of(MAX_PHONE_NUMBER_CHARS - 1) + last;
    let others = ["33612340008", "0612340008", "+3361234000", "5555", "ask Ada", "Ask Ada"].map(Into::into);
    for other in others.into_iter().chain(["🦀", "🐙", "1", "2"].map(heavy)) {
        let there = create_customer(storage, shop, customer_by_phone_number(&other)).await?;
        expect_existing(storage, shop, customer_by_phone_number(&other), there).await?;
    }
    Ok(())
}

/// CUSTOMER-21: without a match by address, a customer with one of the ids is returned, even if the
/// addresses differ.
pub async fn customer_21_same_id_is_existing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shop = create_shop(storage, "shop.example.com").await?.id;
    let other = create_shop(storage, "other.example.com").await?.id;
    let mut customers = Vec::new();
    for (name, field) in EXTERNAL_IDS {
        let mut new = customer_by_email(&format!("{name}@example.com"));
        *field(&mut new.external_ids) = Some(format!("id {name}"));
        // Another system's id can be the same text.
        let next = EXTERNAL_IDS.iter().skip_while(|(this, _)| *this != name).nth(1);
        if let Some((_, field)) = next {
            *field(&mut new.external_ids) = Some(format!("id {name}"));
        }
        create_customer(storage, other, new.clone()).await?;
        customers.push(create_customer(storage, shop, new).await?);
    }
    for (place, (name, field)) in EXTERNAL_IDS.into_iter().enumerate() {
        let with_id = |new: NewCustomer, id: &str| {
            let mut new = new;
            *field(&mut new.external_ids) = Some(id.into());
            new
        };
        let nobody = NewCustomer { email: None, ..customer_by_email("") };
        let id = format!("id {name}");
        for new in [
            with_id(nobody.clone(), &id),
            with_id(customer_by_email(&format!("another-{name}@example.com")), &id),
        ] {
            customers[place] = expect_existing(storage, shop, new, customers[place].clone()).await?;
        }
        // The address wins.
        let first = customers[0].clone();
        let by_email = with_id(customer_by_email("SHOPIFY@example.com"), &id);
        customers[0] = expect_existing(storage, shop, by_email, first).await?;
        // Neither an empty id nor another spelling is the same.
        for (number, other) in ["", &*id.to_uppercase()].into_iter().enumerate() {
            let new = with_id(customer_by_email(&format!("{number}-{name}@example.com")), other);
            create_customer(storage, shop, new).await?;
        }
    }
    // Ids win over phone numbers. Of several customers with an id, the first is returned.
    let by_phone = create_customer(storage, shop, customer_by_phone_number("555")).await?;
    let sharing = |email: &str| {
        let external_ids = ExternalIds { gmelius_id: Some("shared".into()), ..ExternalIds::default() };
        NewCustomer { external_ids, ..customer_by_email(email) }
    };
    let first = create_customer(storage, shop, sharing("first@example.com")).await?;
    create_customer_sharing_ids(storage, shop, sharing("second@example.com")).await?;
    let new = NewCustomer { email: None, phone_number: by_phone.phone_number, ..sharing("") };
    expect_existing(storage, shop, new, first).await?;
    Ok(())
}

/// CUSTOMER-22: what an existing customer lacks is filled in, and nothing else changes.
pub async fn customer_22_what_is_missing_is_filled_in(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shop = create_shop(storage, "shop.example.com").await?.id;
    let complete = NewCustomer {
        phone_number: Some("+33 1".into()),
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        full_name: Some("Ada Lovelace".into()),
        external_ids: every_external_id(|name| format!("{name} 1")),
        stamp: stamp(at(99)),
        ..customer_by_email("ada@example.com")
    };
    let others = NewCustomer {
        phone_number: Some("+33 2".into()),
        first_name: Some("Grace".into()),
        last_name: Some("Hopper".into()),
        full_name: Some("Grace Hopper".into()),
        external_ids: every_external_id(|name| format!("{name} 2")),
        ..complete.clone()
    };
    let mut there = create_customer(storage, shop, customer_by_email("Ada@example.com")).await?;
    for new in [
        NewCustomer {
            first_name: Some("Ada".into()),
            full_name: Some("Ada".into()),
            ..customer_by_email("ada@example.com")
        },
        complete.clone(),
        others,
    ] {
        there = expect_existing(storage, shop, new, there).await?;
    }
    let expected = complete.clone().into_customer(shop, there.id);
    let expected = Customer { email: there.email.clone(), created_at: there.created_at, ..expected };
    same("the customer with what was filled in", &there, &expected)?;

    // Found by phone number, and then by its new address and id.
    let there = create_customer(storage, shop, customer_by_phone_number("+33 3")).await?;
    let external_ids = ExternalIds { zendesk_id: Some("3".into()), ..ExternalIds::default() };
    let new = NewCustomer {
        phone_number: Some("00333".into()),
        external_ids: external_ids.clone(),
        ..customer_by_email("three@example.com")
    };
    let there = expect_existing(storage, shop, new, there).await?;
    let by_id = NewCustomer { email: None, external_ids, ..customer_by_email("") };
    for new in [customer_by_email("Three@example.com"), by_id] {
        expect_existing(storage, shop, new, there.clone()).await?;
    }
    let listed = CustomerFilter { email: Some("THREE@example.com".into()), ..CustomerFilter::default() };
    same("the list by the new address", &whole_list(storage, shop, &listed).await?, &vec![there])
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

    for (shop, there) in [(one, of_one), (two, of_two)] {
        expect_existing(&*storage, shop, customer_by_email("ADA@example.com"), there.clone()).await?;
        expect_existing(&*storage, shop, customer_by_phone_number("555"), there).await?;
    }

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

/// Fails unless creating `new` returns `there`, with what it lacked. Returns the customer.
async fn expect_existing(
    storage: &dyn Storage,
    shop: ShopId,
    new: NewCustomer,
    mut there: Customer,
) -> anyhow::Result<Customer> {
    let what = format!("creating the customer {new:?}");
    there.fill_in(&new);
    let outcome = storage.create_customer(shop, new, None).await?;
    same(&what, &outcome, &IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(there.clone())))?;
    let found = storage.find_customer(shop, there.id).await?;
    same("the existing customer", &found.as_ref(), &Some(&there))?;
    Ok(there)
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
                prestashop_id: ids.prestashop_id,
                fb_user_id: ids.fb_user_id,
                ig_user_id: ids.ig_user_id,
                ig_pseudo: ids.ig_pseudo,
                whatsapp_id: ids.whatsapp_id,
                zendesk_id: ids.zendesk_id,
                freshdesk_id: ids.freshdesk_id,
                gmelius_id: ids.gmelius_id,
                gorgias_id: ids.gorgias_id,
            };
            let made = draft.into_new(new.stamp).unwrap();
            // A missing full name is joined from the other names.
            assert_eq!(NewCustomer { full_name: new.full_name.clone(), ..made }, new);
        }
    }
}
