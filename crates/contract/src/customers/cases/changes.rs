//! The obligations of [`CustomerStore`](hexdesk_domain::CustomerStore) on updates.

use std::sync::Arc;

use hexdesk_domain::limits::{MAX_EXTERNAL_ID_CHARS, MAX_PERSON_NAME_CHARS, MAX_PHONE_NUMBER_CHARS};
use hexdesk_domain::ports::{CreateCustomerOutcome, UpdateCustomerOutcome};
use hexdesk_domain::{
    Customer, CustomerChanges, CustomerFilter, CustomerId, IdempotentOutcome, NewCustomer, ShopId, Storage,
};

use crate::cases::customer_lists::{all, whole_list};
use crate::comparison::same;
use crate::samples::shop_with_tickets::{ShopContents, ShopWithTickets};
use crate::samples::{
    ALIKE_ADDRESSES, Field, SAME_ADDRESSES, TRICKY_TEXTS, create_customer, create_shop, customer_by_email,
    customer_by_phone_number, customer_id, customer_update, every_external_id, every_spelling, heavy_text_of,
    longest_email, text_of,
};

/// A field that an update can change.
type ChangedField = Field<CustomerChanges, Option<Option<String>>>;

const FIELDS: [(&str, ChangedField); 16] = [
    ("an e-mail address", |changes| &mut changes.email),
    ("a phone number", |changes| &mut changes.phone_number),
    ("a first name", |changes| &mut changes.first_name),
    ("a last name", |changes| &mut changes.last_name),
    ("a full name", |changes| &mut changes.full_name),
    ("an id of shopify", |changes| &mut changes.shopify_id),
    ("an id of wordpress", |changes| &mut changes.wordpress_id),
    ("an id of fb_user", |changes| &mut changes.fb_user_id),
    ("an id of ig_user", |changes| &mut changes.ig_user_id),
    ("an id of whatsapp", |changes| &mut changes.whatsapp_id),
    ("an id of prestashop", |changes| &mut changes.prestashop_id),
    ("a name of ig", |changes| &mut changes.ig_pseudo),
    ("an id of zendesk", |changes| &mut changes.zendesk_id),
    ("an id of freshdesk", |changes| &mut changes.freshdesk_id),
    ("an id of gmelius", |changes| &mut changes.gmelius_id),
    ("an id of gorgias", |changes| &mut changes.gorgias_id),
];

fn nothing() -> CustomerChanges {
    CustomerChanges::default()
}

/// CUSTOMER-11: the named fields change, the others do not. The change shows everywhere.
pub async fn customer_11_update_changes_what_it_says(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    each_field_alone(storage).await?;
    any_text_is_kept(storage).await?;
    tickets_show_it(storage).await?;
    lists_follow(storage).await
}

/// Sets, clears and sets each field again, for customers with all fields and with few.
async fn each_field_alone(storage: &dyn Storage) -> anyhow::Result<()> {
    let shops = [
        create_shop(storage, "one.fields.example.com").await?.id,
        create_shop(storage, "two.fields.example.com").await?.id,
    ];
    let mut customers = Vec::new();
    for shop in shops {
        // Customers with the same numbers in both shops.
        let little = NewCustomer { id: Some(customer_id(2)?), ..customer_by_email("little@example.com") };
        let little = NewCustomer { phone_number: Some("556".into()), ..little };
        for new in [everything(1)?, little, everything(3)?] {
            customers.push(create_customer(storage, shop, new).await?);
        }
    }
    let mut updates_to_try: Vec<_> = vec![("nothing".to_owned(), nothing())];
    for value in [Some("new@example.com"), None, Some(""), Some("NEW@example.com")] {
        // The address and the phone number are never empty, and one of them stays.
        let left_out = match value {
            Some("") => 0..2,
            Some(_) => 0..0,
            None => 1..2,
        };
        for (index, (what, field)) in FIELDS.into_iter().enumerate() {
            if left_out.contains(&index) {
                continue;
            }
            let mut changes = nothing();
            *field(&mut changes) = Some(value.map(Into::into));
            updates_to_try.push((format!("{what}, {value:?}"), changes));
        }
        let mut together = CustomerChanges { email: Some(Some("all@example.com".into())), ..nothing() };
        for (index, (_, field)) in FIELDS.into_iter().enumerate().skip(1) {
            *field(&mut together) = Some(value.map(|_| format!("all {index}")));
        }
        updates_to_try.push((format!("all of them, {value:?}"), together));
    }
    for place in [0, 1] {
        for (what, changes) in &updates_to_try {
            let what = format!("an update with {what}");
            let expected = changed(customers[place].clone(), changes.clone());
            let updated = update_customer(storage, shops[0], expected.id, changes.clone()).await?;
            same(&what, &updated, &expected)?;
            customers[place] = expected;
            expect_customers(storage, &what, &shops, &customers).await?;
            // The same update again changes nothing.
            let updated = update_customer(storage, shops[0], updated.id, changes.clone()).await?;
            same(&format!("{what}, again"), &updated, &customers[place])?;
        }
        // Frees the address and the phone number for the next customer.
        let away = CustomerChanges {
            email: Some(Some(format!("away-{place}@example.com"))),
            phone_number: Some(Some(format!("away {place}"))),
            ..nothing()
        };
        customers[place] = update_customer(storage, shops[0], customers[place].id, away).await?;
    }
    expect_customers(storage, "the last update", &shops, &customers).await
}

/// A customer with every field.
fn everything(number: i64) -> anyhow::Result<NewCustomer> {
    Ok(NewCustomer {
        id: Some(customer_id(number)?),
        phone_number: Some(format!("555 {number}")),
        first_name: Some("first".into()),
        last_name: Some("last".into()),
        full_name: Some("full".into()),
        external_ids: every_external_id(|name| format!("{name} {number}")),
        ..customer_by_email(&format!("everything-{number}@example.com"))
    })
}

/// Fails unless the shops have exactly these customers, listed as they are found.
async fn expect_customers(
    storage: &dyn Storage,
    after: &str,
    shops: &[ShopId],
    customers: &[Customer],
) -> anyhow::Result<()> {
    for shop in shops {
        let of_shop = customers.iter().filter(|customer| customer.shop_id == *shop);
        let mut expected: Vec<_> = of_shop.cloned().collect();
        expected.sort_by_key(|customer| std::cmp::Reverse(customer.id));
        let list = whole_list(storage, *shop, &all()).await?;
        same(&format!("the shop's customers after {after}"), &list, &expected)?;
        for customer in &expected {
            let found = storage.find_customer(*shop, customer.id).await?;
            same(&format!("a customer after {after}"), &found.as_ref(), &Some(customer))?;
        }
    }
    Ok(())
}

async fn any_text_is_kept(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "texts.example.com").await?.id;
    let customer = create_customer(storage, shop, customer_by_email("texts@example.com")).await?;
    let id = |text: &str, name: &str| Some(Some(format!("{text}{name}")));
    let mut updates_to_try = Vec::new();
    for text in TRICKY_TEXTS {
        updates_to_try.push(CustomerChanges {
            email: None,
            phone_number: (!text.trim().is_empty()).then(|| Some((*text).into())),
            first_name: Some(Some((*text).into())),
            last_name: id(text, " last"),
            full_name: id(text, " full"),
            shopify_id: id(text, "shopify"),
            wordpress_id: id(text, "wordpress"),
            fb_user_id: id(text, "fb_user"),
            ig_user_id: id(text, ""),
            whatsapp_id: id("whatsapp", text),
            prestashop_id: id(text, "prestashop"),
            ig_pseudo: id(text, "pseudo"),
            zendesk_id: id(text, "zendesk"),
            freshdesk_id: id(text, "freshdesk"),
            gmelius_id: id(text, "gmelius"),
            gorgias_id: id("gorgias", text),
        });
    }
    let longest_id = || Some(Some(heavy_text_of(MAX_EXTERNAL_ID_CHARS)));
    updates_to_try.push(CustomerChanges {
        email: Some(Some(longest_email())),
        phone_number: Some(Some(text_of(MAX_PHONE_NUMBER_CHARS))),
        first_name: Some(Some(text_of(MAX_PERSON_NAME_CHARS))),
        last_name: Some(Some(heavy_text_of(MAX_PERSON_NAME_CHARS))),
        full_name: Some(Some(text_of(MAX_PERSON_NAME_CHARS - 1))),
        shopify_id: longest_id(),
        wordpress_id: longest_id(),
        fb_user_id: longest_id(),
        ig_user_id: longest_id(),
        whatsapp_id: longest_id(),
        prestashop_id: longest_id(),
        ig_pseudo: longest_id(),
        zendesk_id: longest_id(),
        freshdesk_id: longest_id(),
        gmelius_id: longest_id(),
        gorgias_id: longest_id(),
    });
    let mut expected = customer;
    for changes in updates_to_try {
        expected = changed(expected, changes.clone());
        let updated = update_customer(storage, shop, expected.id, changes).await?;
        same("an updated customer", &updated, &expected)?;
        let found = storage.find_customer(shop, expected.id).await?;
        same("the customer by its number", &found.as_ref(), &Some(&expected))?;
    }
    Ok(())
}

/// All tickets and comments of the customer show the change, and no others. The tickets themselves
/// do not change.
async fn tickets_show_it(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixtures = ShopWithTickets::pair(storage, "tickets.example.com").await?;
    let changes = CustomerChanges {
        email: Some(None),
        phone_number: Some(Some("555".into())),
        full_name: Some(Some("new".into())),
        whatsapp_id: Some(Some("id".into())),
        ..nothing()
    };
    for fixture in &fixtures {
        let before = ShopContents::of(storage, &fixtures).await?;
        let updated =
            update_customer(storage, fixture.shop(), fixture.people.customer.id, changes.clone()).await?;
        same("the customer", &updated, &changed(fixture.people.customer.clone(), changes.clone()))?;
        before.with_customer(&updated).expect(storage, &fixtures, "the update of a customer").await?;
    }
    Ok(())
}

/// Filters match a customer's new values, not the old ones.
async fn lists_follow(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "lists.example.com").await?.id;
    let new = NewCustomer { phone_number: Some("1".into()), ..customer_by_email("1@example.com") };
    let mut customer = create_customer(storage, shop, new).await?;
    let by_email =
        |email: &Option<String>| CustomerFilter { email: email.clone(), ..CustomerFilter::default() };
    let by_phone = |phone_number: &Option<String>| CustomerFilter {
        phone_number: phone_number.clone(),
        ..CustomerFilter::default()
    };
    for round in 2..5 {
        let changes = CustomerChanges {
            email: Some(Some(format!("{round}@example.com"))),
            phone_number: Some(Some(format!("{round}"))),
            shopify_id: Some(Some(format!("{round}"))),
            ..nothing()
        };
        let before = customer;
        customer = update_customer(storage, shop, before.id, changes).await?;
        let mut by_id = CustomerFilter::default();
        by_id.external_ids.shopify_id.clone_from(&customer.external_ids.shopify_id);
        let mut by_old_id = CustomerFilter::default();
        by_old_id.external_ids.shopify_id = Some(format!("{}", round - 1));
        for (filter, is_found) in [
            (by_email(&customer.email), true),
            (by_phone(&customer.phone_number), true),
            (by_id, true),
            (by_email(&before.email), false),
            (by_phone(&before.phone_number), false),
            (by_old_id, false),
        ] {
            let expected = if is_found { vec![customer.clone()] } else { Vec::new() };
            same(
                &format!("the list with {filter:?}"),
                &whole_list(storage, shop, &filter).await?,
                &expected,
            )?;
            let count = storage.count_customers(shop, filter).await?;
            same("the count after an update", &count, &u64::from(is_found))?;
        }
    }
    Ok(())
}

/// CUSTOMER-12: updates are refused in the documented order, and a refused one changes nothing.
/// Values given up are free.
pub async fn customer_12_refused_update_changes_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let one = create_shop(storage, "one.example.com").await?.id;
    let two = create_shop(storage, "two.example.com").await?.id;
    let mut customers = Vec::new();
    let mut of_both = vec![
        NewCustomer { phone_number: Some("555".into()), ..customer_by_email("Both@example.com") },
        customer_by_email("email@example.com"),
        customer_by_phone_number("556"),
    ];
    of_both.extend(SAME_ADDRESSES.iter().map(|spellings| customer_by_email(&spellings[0])));
    for shop in [one, two] {
        for (new, number) in of_both.clone().into_iter().zip(1..) {
            let new = NewCustomer { id: Some(customer_id(number)?), ..new };
            customers.push(create_customer(storage, shop, new).await?);
        }
    }
    let of_two = NewCustomer { id: Some(customer_id(70)?), ..customer_by_email("two@example.com") };
    customers.push(create_customer(storage, two, of_two).await?);

    let customers_of_two = CustomersOfTwoShops { storage, shops: [one, two], customers };
    customers_of_two.unknown_customer().await?;
    customers_of_two.unreachable().await?;
    customers_of_two.taken().await?;
    free_values_are_accepted(storage, one, two).await?;
    values_given_up_are_free(storage).await
}

struct CustomersOfTwoShops<'a> {
    storage: &'a dyn Storage,
    shops: [ShopId; 2],
    customers: Vec<Customer>,
}

impl CustomersOfTwoShops<'_> {
    /// Fails unless the update is refused with this outcome and changes nothing.
    async fn refused(
        &self,
        shop: ShopId,
        id: i64,
        changes: CustomerChanges,
        expected: UpdateCustomerOutcome,
    ) -> anyhow::Result<()> {
        // The other changes of the update must not take effect either.
        let more = CustomerChanges {
            first_name: Some(Some("refused".into())),
            shopify_id: Some(Some("refused".into())),
            ..changes.clone()
        };
        for changes in [changes, more] {
            let what = format!("an update of {id} with {changes:?}");
            let attempt =
                self.storage.update_customer(shop, customer_id(id)?, customer_update(changes), None).await?;
            same(&what, &attempt, &IdempotentOutcome::Ran(expected.clone()))?;
            expect_customers(self.storage, &what, &self.shops, &self.customers).await?;
        }
        Ok(())
    }

    async fn unknown_customer(&self) -> anyhow::Result<()> {
        let [one, two] = self.shops;
        let no_shop = ShopId::new(ShopId::MAX).map_or(one, |shop| shop);
        for (shop, id) in [(one, 70), (one, 71), (two, CustomerId::MAX), (no_shop, 1), (no_shop, 70)] {
            for changes in [
                nothing(),
                // For an existing customer, the next three would have other outcomes.
                CustomerChanges { email: Some(None), phone_number: Some(None), ..nothing() },
                CustomerChanges { email: Some(Some("both@example.com".into())), ..nothing() },
                CustomerChanges { phone_number: Some(Some("555".into())), ..nothing() },
                CustomerChanges { full_name: Some(Some("new".into())), ..nothing() },
            ] {
                self.refused(shop, id, changes, UpdateCustomerOutcome::CustomerNotFound).await?;
            }
        }
        Ok(())
    }

    async fn unreachable(&self) -> anyhow::Result<()> {
        let without_email = CustomerChanges { email: Some(None), ..nothing() };
        let without_phone = CustomerChanges { phone_number: Some(None), ..nothing() };
        let without_both = CustomerChanges { phone_number: Some(None), ..without_email.clone() };
        for (id, changes) in [
            (1, without_both.clone()),
            (2, without_both.clone()),
            (3, without_both),
            (2, without_email),
            (3, without_phone),
        ] {
            self.refused(self.shops[0], id, changes, UpdateCustomerOutcome::Unreachable).await?;
        }
        Ok(())
    }

    async fn taken(&self) -> anyhow::Result<()> {
        let [one, _] = self.shops;
        let email = |email: &str| CustomerChanges { email: Some(Some(email.into())), ..nothing() };
        for id in [2, 3] {
            let mut spellings = every_spelling();
            spellings.push("both@EXAMPLE.com");
            for spelling in spellings {
                self.refused(one, id, email(spelling), UpdateCustomerOutcome::EmailTaken).await?;
            }
        }
        // Whichever customer has the phone number.
        for number in ["555", "556"] {
            for spelling in ["both@example.com", "EMAIL@example.com"] {
                let changes = CustomerChanges { phone_number: Some(Some(number.into())), ..email(spelling) };
                self.refused(one, 4, changes, UpdateCustomerOutcome::EmailTaken).await?;
            }
        }
        // The other value is not written.
        let changes =
            CustomerChanges { phone_number: Some(Some("new".into())), ..email("email@example.com") };
        self.refused(one, 1, changes, UpdateCustomerOutcome::EmailTaken).await
    }
}

/// Takes the customer's own values, another shop's, values that only look alike, and another customer's
/// phone number.
async fn free_values_are_accepted(storage: &dyn Storage, one: ShopId, two: ShopId) -> anyhow::Result<()> {
    let customer = create_customer(storage, one, customer_by_email("Mine@example.com")).await?;
    let own = NewCustomer { phone_number: Some("777".into()), ..customer_by_email("twos@example.com") };
    create_customer(storage, two, own).await?;
    let mut addresses = vec!["mine@example.com", "MINE@EXAMPLE.COM", "TWOS@example.com"];
    addresses.extend(ALIKE_ADDRESSES);
    for address in addresses {
        for phone_number in ["777", "555", "55 5", "556", "55%"] {
            let changes = CustomerChanges {
                email: Some(Some(address.into())),
                phone_number: Some(Some(phone_number.into())),
                ..nothing()
            };
            let updated = update_customer(storage, one, customer.id, changes).await?;
            let got = (updated.email.as_deref(), updated.phone_number.as_deref());
            same("the values after an update", &got, &(Some(address), Some(phone_number)))?;
        }
    }
    Ok(())
}

/// An address given up is free for new customers and for updates. The address taken instead is taken
/// for both.
async fn values_given_up_are_free(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "free.example.com").await?.id;
    let new = NewCustomer { phone_number: Some("1".into()), ..customer_by_email("One@example.com") };
    let first = create_customer(storage, shop, new).await?;
    let second = create_customer(storage, shop, customer_by_email("second@example.com")).await?;
    let to = |email: Option<&str>, phone_number: Option<&str>| CustomerChanges {
        email: Some(email.map(Into::into)),
        phone_number: Some(phone_number.map(Into::into)),
        ..nothing()
    };
    let first = update_customer(storage, shop, first.id, to(Some("Two@example.com"), Some("2"))).await?;
    for taken in [customer_by_email("tWO@example.com"), customer_by_phone_number("2")] {
        let attempt = storage.create_customer(shop, taken, None).await?;
        let existing = IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(first.clone()));
        same("creating a customer with the new values", &attempt, &existing)?;
    }
    update_customer(storage, shop, second.id, to(Some("oNE@example.com"), Some("2"))).await?;
    // Either value can be removed while the other stays, or one id that reaches the customer.
    update_customer(storage, shop, second.id, to(None, Some("3"))).await?;
    create_customer(storage, shop, customer_by_email("ONE@example.com")).await?;
    update_customer(storage, shop, first.id, to(Some("Two@example.com"), None)).await?;
    create_customer(storage, shop, customer_by_phone_number("2")).await?;
    for field in [FIELDS[7].1, FIELDS[8].1, FIELDS[9].1] {
        let mut without = to(None, None);
        *field(&mut without) = Some(Some("id".into()));
        update_customer(storage, shop, second.id, without).await?;
        let mut back = to(None, Some("3"));
        *field(&mut back) = Some(None);
        update_customer(storage, shop, second.id, back).await?;
    }
    // One value can replace the other.
    update_customer(storage, shop, second.id, to(Some("second@example.com"), None)).await?;
    update_customer(storage, shop, first.id, to(None, Some("1"))).await?;
    update_customer(storage, shop, second.id, to(Some("TWO@example.com"), None)).await?;
    Ok(())
}

/// CUSTOMER-18: an empty update returns the customer, with or without an address or a phone number.
pub async fn customer_18_empty_update_changes_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shop = create_shop(storage, "example.com").await?.id;
    let by_email = customer_by_email("one@example.com");
    // Only a direct call of the port can leave both out.
    let unreachable = NewCustomer { email: None, first_name: Some("Ada".into()), ..by_email.clone() };
    let mut customers = Vec::new();
    for new in [by_email, customer_by_phone_number("555"), unreachable] {
        customers.push(create_customer(storage, shop, new).await?);
    }
    for customer in &customers {
        let current = CustomerChanges {
            email: Some(customer.email.clone()),
            phone_number: Some(customer.phone_number.clone()),
            first_name: Some(customer.first_name.clone()),
            full_name: Some(customer.full_name.clone()),
            ..nothing()
        };
        for changes in [nothing(), current] {
            let updated = update_customer(storage, shop, customer.id, changes).await?;
            same("the customer after an empty update", &updated, customer)?;
            expect_customers(storage, "an empty update", &[shop], &customers).await?;
        }
    }
    Ok(())
}

/// Updates a customer. The customer must exist and the update must be accepted.
pub(crate) async fn update_customer(
    storage: &dyn Storage,
    shop: ShopId,
    id: CustomerId,
    changes: CustomerChanges,
) -> anyhow::Result<Customer> {
    match storage.update_customer(shop, id, customer_update(changes), None).await? {
        IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(customer)) => Ok(*customer),
        other => anyhow::bail!("an update of a customer returned {other:?}"),
    }
}

/// The customer after an accepted update.
fn changed(mut customer: Customer, changes: CustomerChanges) -> Customer {
    changes.apply(&mut customer);
    customer
}
