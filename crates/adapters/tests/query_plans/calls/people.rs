//! Lists of customers, users and keys.

use hexdesk_domain::{CustomerFilter, CustomerId, ExternalIds, KeyNumber, UserFilter, UserId};

use super::{Call, Listed, Reads};

pub(super) fn calls() -> Vec<Listed> {
    let mut calls = customers();
    calls.extend(users());
    calls.push(Listed::new("keys", Call::ListKeys(None), Reads::Page, "shop_id=?"));
    let next = Call::ListKeys(KeyNumber::new(100));
    calls.push(Listed::new("keys after a place", next, Reads::Page, "shop_id=? AND number>?"));
    calls.push(Listed::new("how many keys", Call::CountKeys, Reads::All, "shop_id=?"));
    calls
}

fn customers() -> Vec<Listed> {
    let all = CustomerFilter::default();
    let place = CustomerId::new(900);
    let mut calls = vec![
        Listed::new("customers", Call::ListCustomers(all.clone(), None), Reads::Page, "shop_id=?"),
        Listed::new(
            "customers after a place",
            Call::ListCustomers(all.clone(), place),
            Reads::Page,
            "shop_id=? AND id<?",
        ),
        Listed::new("how many customers", Call::CountCustomers(all), Reads::All, "shop_id=?"),
    ];
    // The words lead to documents, and these to customers.
    let by_found_id = "shop_id=? AND id=?";
    for (name, words, reads) in
        [("a word", &["w10"][..], Reads::Part(50)), ("two words", &["w1", "w10"], Reads::Part(5))]
    {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let filter = CustomerFilter { words, ..CustomerFilter::default() };
        let first = Call::ListCustomers(filter.clone(), None);
        calls.push(Listed::new(format!("customers by {name}"), first, reads, by_found_id));
        let next = Call::ListCustomers(filter.clone(), place);
        calls.push(Listed::new(format!("customers by {name}, after a place"), next, reads, by_found_id));
        let count = Call::CountCustomers(filter);
        calls.push(Listed::new(format!("how many customers by {name}"), count, reads, by_found_id));
    }
    let nobody = CustomerFilter { words: ["nothing".to_owned()].into(), ..CustomerFilter::default() };
    let none = Call::ListCustomers(nobody, None);
    calls.push(Listed::new("customers by what no text holds", none, Reads::Page, "rowid=?").nothing());
    for (column, filter) in one_condition_each() {
        let enters = format!("shop_id=? AND {column}=?");
        // An e-mail address has only one customer, so it needs no position.
        let enters_place = match column {
            "email_folded" => enters.clone(),
            _ => format!("{enters} AND id<?"),
        };
        let first = Call::ListCustomers(filter.clone(), None);
        calls.push(Listed::new(format!("customers by {column}"), first, Reads::Page, &*enters));
        let next = Call::ListCustomers(filter.clone(), place);
        let name = format!("customers by {column}, after a place");
        calls.push(Listed::new(name, next, Reads::Page, enters_place));
        let count = Call::CountCustomers(filter);
        calls.push(Listed::new(format!("how many customers by {column}"), count, Reads::Page, enters));
    }
    calls
}

/// A filter for each condition, with its column.
fn one_condition_each() -> Vec<(&'static str, CustomerFilter)> {
    let value = |value: &str| Some(value.to_owned());
    let by = |external_ids| CustomerFilter { external_ids, ..CustomerFilter::default() };
    let no_ids = ExternalIds::default;
    vec![
        ("email_folded", CustomerFilter { email: value("5@example.com"), ..CustomerFilter::default() }),
        ("phone_number_folded", CustomerFilter { phone_number: value("5"), ..CustomerFilter::default() }),
        ("shopify_id", by(ExternalIds { shopify_id: value("1"), ..no_ids() })),
        ("wordpress_id", by(ExternalIds { wordpress_id: value("2"), ..no_ids() })),
        ("prestashop_id", by(ExternalIds { prestashop_id: value("3"), ..no_ids() })),
        ("fb_user_id", by(ExternalIds { fb_user_id: value("4"), ..no_ids() })),
        ("ig_user_id", by(ExternalIds { ig_user_id: value("5"), ..no_ids() })),
        ("ig_pseudo", by(ExternalIds { ig_pseudo: value("6"), ..no_ids() })),
        ("whatsapp_id", by(ExternalIds { whatsapp_id: value("7"), ..no_ids() })),
        ("zendesk_id", by(ExternalIds { zendesk_id: value("8"), ..no_ids() })),
        ("freshdesk_id", by(ExternalIds { freshdesk_id: value("9"), ..no_ids() })),
        ("gmelius_id", by(ExternalIds { gmelius_id: value("10"), ..no_ids() })),
        ("gorgias_id", by(ExternalIds { gorgias_id: value("11"), ..no_ids() })),
    ]
}

fn users() -> Vec<Listed> {
    let mut calls = Vec::new();
    for (name, is_active, page) in [
        ("users", None, Reads::Page),
        ("active users", Some(true), Reads::OneOf(2)),
        ("inactive users", Some(false), Reads::OneOf(10)),
    ] {
        let filter = UserFilter { email: None, is_active };
        calls.push(Listed::new(name, Call::ListUsers(filter.clone(), None), page, "shop_id=?"));
        let next = Call::ListUsers(filter.clone(), UserId::new(100));
        calls.push(Listed::new(format!("{name} after a place"), next, page, "shop_id=? AND id>?"));
        let count = Call::CountUsers(filter);
        calls.push(Listed::new(format!("how many {name}"), count, Reads::All, "shop_id=?"));
    }
    calls
}
