//! Filters: each condition alone and combined.

use std::collections::BTreeSet;

use hexdesk_domain::limits::{MAX_EXTERNAL_ID_CHARS, MAX_PHONE_NUMBER_CHARS};
use hexdesk_domain::{
    Customer, CustomerFilter, ExternalIds, NewCustomer, ShopId, Storage, Ticket, fold_email,
    fold_phone_number, search_words,
};

use super::{all, whole_list};
use crate::comparison::same;
use crate::samples::{
    ALIKE, ALIKE_ADDRESSES, EXTERNAL_IDS, SAME_ADDRESSES, TRICKY_TEXTS, create_customer,
    create_customer_sharing_ids, create_shop, create_ticket, creation, customer_by_email,
    customer_by_phone_number, every_external_id, every_spelling, heavy_text_of, longest_email, plain_ticket,
    text_of, ticket_id,
};

/// Creates the customers in a new shop. Creates the same in another shop, and no list may show
/// those.
async fn fill(
    storage: &dyn Storage,
    name: &str,
    customers: Vec<NewCustomer>,
) -> anyhow::Result<(ShopId, Vec<Customer>)> {
    let shop = create_shop(storage, &format!("{name}.example.com")).await?.id;
    let other = create_shop(storage, &format!("other-{name}.example.com")).await?.id;
    let mut created = Vec::new();
    for new in customers {
        create_customer_sharing_ids(storage, other, new.clone()).await?;
        created.push(create_customer_sharing_ids(storage, shop, new).await?);
    }
    created.sort_by_key(|customer| std::cmp::Reverse(customer.id));
    Ok((shop, created))
}

/// Fails unless the list holds exactly the customers for which the predicate is true.
async fn expect_those(
    storage: &dyn Storage,
    what: &str,
    shop: ShopId,
    filter: &CustomerFilter,
    customers: &[Customer],
    is_wanted: impl Fn(&Customer) -> bool,
) -> anyhow::Result<()> {
    let expected: Vec<_> = customers.iter().filter(|customer| is_wanted(customer)).cloned().collect();
    let list = whole_list(storage, shop, filter).await?;
    let ids = |list: &[Customer]| -> Vec<_> { list.iter().map(|customer| customer.id).collect() };
    same(&format!("the numbers listed by {what}"), &ids(&list), &ids(&expected))?;
    same(&format!("the list by {what}"), &list, &expected)
}

/// Email addresses are compared with `fold_email`, in any stored spelling.
pub(super) async fn on_addresses(storage: &dyn Storage) -> anyhow::Result<()> {
    let mut customers: Vec<_> =
        SAME_ADDRESSES.iter().map(|spellings| customer_by_email(&spellings[0])).collect();
    customers.extend(ALIKE_ADDRESSES.iter().map(|address| customer_by_email(address)));
    customers.push(customer_by_email(&longest_email()));
    // A missing address matches no filter.
    customers.push(customer_by_phone_number("555"));
    let (shop, customers) = fill(storage, "addresses", customers).await?;
    expect_those(storage, "nothing", shop, &all(), &customers, |_| true).await?;
    let mut addresses = every_spelling();
    addresses.extend(ALIKE_ADDRESSES);
    addresses.extend(["", "@", "%", "_", "ada", "ada@example.com*", "example.com"]);
    let longest = [longest_email(), longest_email().to_lowercase(), longest_email() + "x"];
    addresses.extend(longest.iter().map(String::as_str));
    for address in addresses {
        let filter = CustomerFilter { email: Some(address.to_owned()), ..all() };
        let is_wanted =
            |customer: &Customer| customer.email.as_deref().map(fold_email) == Some(fold_email(address));
        let what = format!("the address {address:?}");
        expect_those(storage, &what, shop, &filter, &customers, is_wanted).await?;
    }
    Ok(())
}

/// Phone numbers are compared with `fold_phone_number`, and ids in other systems character for
/// character.
pub(super) async fn on_texts(storage: &dyn Storage) -> anyhow::Result<()> {
    let texts: BTreeSet<&str> = ALIKE.iter().chain(TRICKY_TEXTS).copied().collect();
    let mut texts: Vec<String> = texts.into_iter().map(Into::into).collect();
    texts.extend(["+33 6 12 34 00 08", "0033612340008", "33612340008"].map(Into::into));
    for chars in [MAX_PHONE_NUMBER_CHARS, MAX_EXTERNAL_ID_CHARS] {
        texts.extend([text_of(chars - 1) + "x", text_of(chars - 1) + "y", heavy_text_of(chars - 1) + "🐙"]);
    }
    let count = texts.len();
    let mut customers = vec![customer_by_email("nothing@example.com")];
    for (index, text) in texts.iter().enumerate() {
        let is_number = !text.trim().is_empty() && text.chars().count() as u64 <= MAX_PHONE_NUMBER_CHARS;
        let mut new = NewCustomer {
            phone_number: is_number.then(|| text.clone()),
            ..customer_by_email(&format!("{index}@example.com"))
        };
        // The fields have different texts, so that no field can be mistaken for another. Some
        // customers share ids.
        for (shift, (_, field)) in (1..).zip(EXTERNAL_IDS) {
            let place = if index % 7 == 0 { index + 1 } else { index };
            *field(&mut new.external_ids) = Some(texts[(place + shift) % count].clone());
        }
        customers.push(new);
    }
    let (shop, customers) = fill(storage, "texts", customers).await?;
    texts.push("no such text".into());
    for text in &texts {
        let wanted = Some(text.clone());
        let filter = CustomerFilter { phone_number: wanted.clone(), ..all() };
        let number = fold_phone_number(text);
        let is_wanted = |customer: &Customer| {
            customer.phone_number.as_deref().map(fold_phone_number) == Some(number.clone())
        };
        let what = format!("the phone number {text:?}");
        expect_those(storage, &what, shop, &filter, &customers, is_wanted).await?;
        for (name, field) in EXTERNAL_IDS {
            let mut filter = all();
            *field(&mut filter.external_ids) = wanted.clone();
            let is_wanted = |customer: &Customer| *field(&mut customer.external_ids.clone()) == wanted;
            let what = format!("the id {name} {text:?}");
            expect_those(storage, &what, shop, &filter, &customers, is_wanted).await?;
        }
    }
    Ok(())
}

/// Words are compared with `search_words`, from their beginning, in all texts of a customer.
pub(super) async fn on_words(storage: &dyn Storage) -> anyhow::Result<()> {
    let named = |email: &str, first: &str, last: &str| NewCustomer {
        first_name: Some(first.into()),
        last_name: Some(last.into()),
        ..customer_by_email(email)
    };
    let customers = vec![
        named("ada@example.com", "Ada", "Lovelace"),
        named("grace.hopper@navy.example", "Grace", "Murray"),
        named("émile@zola.example", "Émile", "Zola"),
        NewCustomer { full_name: Some("Ada from Adelaide".into()), ..customer_by_phone_number("+33 6 12") },
        named("7@example.com", "100% _any_ *", "東京太郎"),
        NewCustomer {
            external_ids: every_external_id(|_| "adaptor".into()),
            ..customer_by_phone_number("5")
        },
    ];
    let (shop, customers) = fill(storage, "words", customers).await?;
    // Tickets and messages have words of their own.
    let ticket = NewCustomer { full_name: Some("Nobody".into()), ..customer_by_email("nobody@example.org") };
    let nobody = create_customer(storage, shop, ticket).await?;
    let named = Ticket { name: Some("Ada Lovelace".into()), ..plain_ticket(ticket_id(1)?, &nobody) };
    create_ticket(storage, creation(named)).await?;
    let mut customers = customers;
    customers.insert(0, nobody);
    for query in [
        "ada",
        "ADA",
        "ad",
        "a",
        "lovelace",
        "ovelace",
        "ada lovel",
        "ada hopper",
        "ada@example.com",
        "example",
        "exam navy",
        "EMILE",
        "zol émi",
        "100",
        "any",
        "東京",
        "adelaide from",
        "nobody",
        "ada nobody",
        "lovelace lovelace",
        "x",
    ] {
        let filter = CustomerFilter { words: search_words([query]), ..all() };
        let is_wanted = |customer: &Customer| filter.matches(customer);
        expect_those(storage, &format!("the words {query:?}"), shop, &filter, &customers, is_wanted).await?;
    }
    Ok(())
}

/// A customer must meet every condition, not one of them.
pub(super) async fn combined(storage: &dyn Storage) -> anyhow::Result<()> {
    let ids = |text: &str| every_external_id(|name| format!("{text} {name}"));
    let full = NewCustomer {
        phone_number: Some("555".into()),
        external_ids: ids("id"),
        ..customer_by_email("Full@example.com")
    };
    let mut customers = vec![
        full.clone(),
        NewCustomer { external_ids: ids("id"), ..customer_by_email("ids@example.com") },
        NewCustomer { external_ids: ids("other"), ..customer_by_email("other-ids@example.com") },
        customer_by_phone_number("556"),
    ];
    for (name, field) in EXTERNAL_IDS {
        // Every id except one, and that one alone.
        let (mut without, mut alone) = (ids("id"), ExternalIds::default());
        *field(&mut alone) = field(&mut without).take();
        for (what, external_ids) in [("without", without), ("alone", alone)] {
            let email = format!("{what}-{name}@example.com");
            customers.push(NewCustomer { external_ids, ..customer_by_email(&email) });
        }
    }
    let (shop, customers) = fill(storage, "combined", customers).await?;

    let mut single = vec![
        CustomerFilter { email: Some("fULL@example.com".into()), ..all() },
        CustomerFilter { email: Some("ids@example.com".into()), ..all() },
        CustomerFilter { phone_number: Some("555".into()), ..all() },
        CustomerFilter { phone_number: Some("556".into()), ..all() },
        CustomerFilter { words: search_words(["ids exam"]), ..all() },
    ];
    for text in ["id", "other"] {
        for (_, field) in EXTERNAL_IDS {
            let mut filter = all();
            *field(&mut filter.external_ids) = field(&mut ids(text)).take();
            single.push(filter);
        }
    }
    let mut filters = vec![
        CustomerFilter { external_ids: ids("id"), ..all() },
        CustomerFilter {
            email: full.email.clone(),
            phone_number: full.phone_number.clone(),
            external_ids: ids("id"),
            words: search_words(["full"]),
        },
    ];
    for (place, one) in single.iter().enumerate() {
        filters.extend(single.iter().skip(place).map(|two| both(one, two)));
    }
    for (_, field) in EXTERNAL_IDS {
        let mut but_one = filters[1].clone();
        *field(&mut but_one.external_ids) = Some("other".into());
        filters.push(but_one);
    }
    for filter in filters {
        let is_wanted = |customer: &Customer| filter.matches(customer);
        expect_those(storage, &format!("{filter:?}"), shop, &filter, &customers, is_wanted).await?;
    }
    Ok(())
}

/// Combines two filters. If both have the same condition, the second wins.
fn both(one: &CustomerFilter, two: &CustomerFilter) -> CustomerFilter {
    let CustomerFilter { email, phone_number, external_ids, words } = two.clone();
    let mut both = one.clone();
    both.email = email.or(both.email);
    both.phone_number = phone_number.or(both.phone_number);
    both.words.extend(words);
    let mut of_two = external_ids;
    for (_, field) in EXTERNAL_IDS {
        if let Some(id) = field(&mut of_two).take() {
            *field(&mut both.external_ids) = Some(id);
        }
    }
    both
}
