//! The obligations of [`CustomerStore`](hexdesk_domain::CustomerStore) on lists and counts.

mod conditions;

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{
    Customer, CustomerChanges, CustomerFilter, CustomerId, ExternalIds, NewCustomer, Page, PageSize, ShopId,
    Storage,
};

use crate::cases::customer_changes::update_customer;
use crate::comparison::same;
use crate::pages::{pages_of, sizes_by_bytes};
use crate::samples::{
    at, create_customer, create_customer_sharing_ids, create_shop, customer_by_email,
    customer_by_phone_number, customer_id, stamp,
};

/// CUSTOMER-9: exactly the shop's customers that meet every condition, largest number first.
pub async fn customer_9_list_meets_every_condition(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let empty = create_shop(storage, "empty.example.com").await?.id;
    same("a shop without customers", &whole_list(storage, empty, &all()).await?, &Vec::new())?;
    conditions::on_addresses(storage).await?;
    conditions::on_texts(storage).await?;
    conditions::combined(storage).await?;
    largest_number_first(storage).await
}

/// CUSTOMER-23: the words of a filter are beginnings of words in a customer's texts.
pub async fn customer_23_words_select_customers(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    conditions::on_words(&*storage).await
}

/// The order does not depend on when or with which address a customer was created.
async fn largest_number_first(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "order.example.com").await?.id;
    let mut customers = Vec::new();
    // Not sorted. Their numeric order differs from their order as texts and as doubles.
    let numbers = [9, 10, 100, 11, 1 << 40, 99, (1 << 32) + 1, 1 << 32, 2, CustomerId::MAX - 1];
    for (number, index) in numbers.into_iter().zip(0..) {
        let new = NewCustomer {
            id: Some(customer_id(number)?),
            external_ids: ExternalIds { shopify_id: Some("same".into()), ..ExternalIds::default() },
            stamp: stamp(at(-index)),
            ..customer_by_email(&format!("{index}@example.com"))
        };
        customers.push(create_customer_sharing_ids(storage, shop, new).await?);
    }
    // A change does not move a customer.
    let named = CustomerChanges { first_name: Some(Some("late".into())), ..CustomerChanges::default() };
    customers[3] = update_customer(storage, shop, customers[3].id, named).await?;
    customers.sort_by_key(|customer| std::cmp::Reverse(customer.id));
    let by_id = ExternalIds { shopify_id: Some("same".into()), ..ExternalIds::default() };
    for filter in [all(), CustomerFilter { external_ids: by_id, ..all() }] {
        same("the list in order", &whole_list(storage, shop, &filter).await?, &customers)?;
    }
    for customer in &customers {
        let found = storage.find_customer(shop, customer.id).await?;
        same("a listed customer by its number", &found.as_ref(), &Some(customer))?;
    }
    Ok(())
}

/// CUSTOMER-10: the pages hold every customer once. The count is the length of the list.
pub async fn customer_10_pages_hold_every_customer_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let empty = create_shop(storage, "empty.example.com").await?.id;
    let shop = fill(storage, "shop.example.com", 14).await?;
    // The other shop uses the same numbers and more.
    fill(storage, "other.example.com", 20).await?;
    for filter in some_filters() {
        same(
            "the count of a shop without customers",
            &storage.count_customers(empty, filter.clone()).await?,
            &0,
        )?;
        let list = whole_list(storage, shop, &filter).await?;
        let length = u32::try_from(list.len())?;
        let count = storage.count_customers(shop, filter.clone()).await?;
        same("the count of a list", &count, &u64::from(length))?;
        let by_entries = (1..=length + 2).chain([MAX_PAGE_ENTRIES]).map(PageSize::of);
        for size in by_entries.chain(sizes_by_bytes(&list)) {
            expect_pages(storage, shop, &filter, &list, size).await?;
            expect_pages(storage, empty, &filter, &[], size).await?;
        }
        // After any number, whether or not a customer has it.
        for after in (1..=40).chain([1 << 32, CustomerId::MAX]) {
            let after = customer_id(after)?;
            let entries: Vec<_> = list.iter().filter(|customer| customer.id < after).cloned().collect();
            let page = storage.list_customers(shop, filter.clone(), Some(after), PageSize::MAX).await?;
            same(&format!("the list after {after}"), &page, &Page { entries, next: None })?;
        }
    }
    more_than_a_page(storage).await?;
    counts_follow(storage, shop).await
}

async fn more_than_a_page(storage: &dyn Storage) -> anyhow::Result<()> {
    let many = fill(storage, "many.example.com", 205).await?;
    let list = whole_list(storage, many, &all()).await?;
    same("the length of the list", &list.len(), &205)?;
    same("the count of customers", &storage.count_customers(many, all()).await?, &205)?;
    for size in [MAX_PAGE_ENTRIES, MAX_PAGE_ENTRIES - 1, 41].map(PageSize::of) {
        expect_pages(storage, many, &all(), &list, size).await?;
    }
    Ok(())
}

/// A customer counts from creation to erasure. A refused one never counts.
async fn counts_follow(storage: &dyn Storage, shop: ShopId) -> anyhow::Result<()> {
    let there = whole_list(storage, shop, &all()).await?;
    let before = u64::try_from(there.len())?;
    let existing = there.first().context("a customer")?;
    let again = NewCustomer { email: existing.email.clone(), ..customer_by_phone_number("new") };
    storage.create_customer(shop, NewCustomer { phone_number: None, ..again }, None).await?;
    same("the count after a refusal", &storage.count_customers(shop, all()).await?, &before)?;
    let new = create_customer(storage, shop, customer_by_email("new@example.com")).await?;
    same("the count after a creation", &storage.count_customers(shop, all()).await?, &(before + 1))?;
    storage.erase_customer(shop, new.id, stamp(at(14))).await?;
    same("the count after its erasure", &storage.count_customers(shop, all()).await?, &before)?;
    same("the list after its erasure", &whole_list(storage, shop, &all()).await?, &there)
}

/// Creates a shop with this many customers, with the numbers 2, 4, 6 and so on. Some share external
/// ids.
async fn fill(storage: &dyn Storage, name: &str, count: i64) -> anyhow::Result<ShopId> {
    let shop = create_shop(storage, name).await?.id;
    for index in 0..count {
        // Not in order of number.
        let number = 2 * (1 + index * 9 % count);
        let id = |text: &str, is_there: bool| is_there.then(|| text.to_owned());
        let new = NewCustomer {
            id: Some(customer_id(number)?),
            phone_number: (number == 4).then(|| "555".into()),
            // Some have more bytes than characters, or more than several others.
            full_name: (index % 4 == 0).then(|| "日本".repeat(usize::from(index == 4) * 124 + 1)),
            external_ids: ExternalIds {
                zendesk_id: id("third", number % 3 == 0),
                gorgias_id: id("fifth", number % 5 == 0),
                ..ExternalIds::default()
            },
            ..customer_by_email(&format!("{number}@example.com"))
        };
        create_customer_sharing_ids(storage, shop, new).await?;
    }
    Ok(shop)
}

/// Filters that match several, one and no customers.
fn some_filters() -> Vec<CustomerFilter> {
    let by_ids = |zendesk: Option<&str>, gorgias: Option<&str>| CustomerFilter {
        external_ids: ExternalIds {
            zendesk_id: zendesk.map(Into::into),
            gorgias_id: gorgias.map(Into::into),
            ..ExternalIds::default()
        },
        ..all()
    };
    vec![
        by_ids(Some("third"), None),
        by_ids(None, Some("fifth")),
        by_ids(Some("third"), Some("fifth")),
        by_ids(Some("fifth"), None),
        CustomerFilter { email: Some("6@EXAMPLE.com".into()), ..all() },
        CustomerFilter { phone_number: Some("555".into()), ..all() },
        all(),
    ]
}

/// Fails unless pages of this size together are the list.
async fn expect_pages(
    storage: &dyn Storage,
    shop: ShopId,
    filter: &CustomerFilter,
    list: &[Customer],
    size: PageSize,
) -> anyhow::Result<()> {
    for (after, expected) in pages_of(list, size, |customer| customer.id) {
        let page = storage.list_customers(shop, filter.clone(), after, size).await?;
        same(&format!("a page of {size:?} after {after:?}"), &page, &expected)?;
    }
    Ok(())
}

/// The filter without conditions.
pub(crate) fn all() -> CustomerFilter {
    CustomerFilter::default()
}

/// Returns the whole list, read in pages of the largest size.
pub(crate) async fn whole_list(
    storage: &dyn Storage,
    shop: ShopId,
    filter: &CustomerFilter,
) -> anyhow::Result<Vec<Customer>> {
    let mut list = Vec::new();
    let mut after = None;
    // Far more pages than any case fills. A list that never ends is a failure.
    for _ in 0..100 {
        let page = storage.list_customers(shop, filter.clone(), after, PageSize::MAX).await?;
        list.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(list);
        }
    }
    anyhow::bail!("the list with {filter:?} does not end")
}
