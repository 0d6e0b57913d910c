//! The full-text index: its words, and their complete removal from the file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

mod sqlite_fixture;

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use hexdesk_domain::ports::{
    CommentCreation, CreateCustomerOutcome, CreateShopOutcome, CustomerUpdate, TicketUpdate,
};
use hexdesk_domain::{
    CommentStore, CustomerChanges, CustomerId, CustomerStore, IdempotentOutcome, NewComment, NewCustomer,
    PageSize, SearchQuery, SearchStore, ShopDomain, ShopId, ShopStore, TicketChanges, TicketId, TicketStore,
    search_words,
};
use sqlite_fixture::{Fixture, at, comment, customer, fixture, stamp, ticket};

/// Texts that a tokenizer of SQLite may split into other words than the domain does.
const TEXTS: &[&str] = &[
    "Où est MON colis nº42 ?",
    "Straße ÄÖÜ ſ ﬁne Ⅻ",
    "Ὀδυσσεύς ΟΔΟΣ",
    "Йод ёлка ЁЖ",
    "返金してください 한국어 हिन्दी ภาษาไทย العربية",
    "don't e-mail: ada.lovelace@example.com +33 1-23",
    "İstanbul DŽ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ١٢٣ x² ½",
    "\"quoted\" AND (near*) {col} : ^ - 'x' %_\\",
];

async fn create_customer(fixture: &Fixture, shop: ShopId, email: &str, full_name: &str) -> CustomerId {
    let new = NewCustomer { full_name: Some(full_name.to_owned()), ..customer(email) };
    match fixture.storage.create_customer(shop, new, None).await.unwrap() {
        IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => customer.id,
        other => panic!("{other:?}"),
    }
}

/// A ticket: its id, customer, name and message. A comment repeats the message.
type Content = (i64, CustomerId, String, String);

async fn create_tickets(fixture: &Fixture, contents: &[Content]) {
    let tickets = contents.iter().map(|(id, customer, name, message)| {
        let mut creation = ticket(fixture.shop, *customer, *id);
        creation.ticket.name = Some(name.clone());
        creation.ticket.last_message = Some(message.clone());
        creation
    });
    fixture.storage.create_tickets(tickets.collect()).await.unwrap();
    let comments = contents.iter().map(|(id, _, _, message)| {
        let comment = NewComment { text: message.clone(), ..comment(fixture.shop, *id, *id) };
        CommentCreation { comment, stamp: stamp(0), claim: None }
    });
    fixture.storage.create_comments(comments.collect()).await.unwrap();
}

/// Creates a ticket for each of [`TEXTS`], with the text as its name and its message.
async fn create_tickets_of_texts(fixture: &Fixture) {
    let content = |(id, text): (i64, &&str)| (id, fixture.customer, (*text).to_owned(), (*text).to_owned());
    create_tickets(fixture, &(1..).zip(TEXTS).map(content).collect::<Vec<_>>()).await;
}

async fn found(fixture: &Fixture, query: &str) -> Vec<i64> {
    let query = SearchQuery::parse(query).unwrap();
    let page =
        fixture.storage.search_tickets(fixture.shop, query, None, PageSize::of(100)).await.unwrap().unwrap();
    page.entries.iter().map(|view| view.ticket.id.get()).collect()
}

/// Opens a connection as another program would.
fn connect(fixture: &Fixture) -> SqliteConnection {
    SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap()
}

/// Returns every word in the index.
fn indexed_words(fixture: &Fixture) -> BTreeSet<String> {
    let mut other = connect(fixture);
    other
        .batch_execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, search_index, row)")
        .unwrap();
    let words = sql::<Text>("SELECT term FROM temp.vocabulary").load(&mut other).unwrap();
    words.into_iter().collect()
}

/// Asserts that the index matches the documents from which it was made.
fn assert_is_consistent(fixture: &Fixture) {
    connect(fixture)
        .batch_execute("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)")
        .unwrap();
}

#[tokio::test]
async fn the_index_holds_the_domains_words_with_their_shop() {
    let fixture = fixture().await;
    let domain = ShopDomain::parse("b.example").unwrap();
    let CreateShopOutcome::Created(other) = fixture.storage.create_shop(&domain, at(0)).await.unwrap() else {
        panic!("the shop already exists");
    };
    create_customer(&fixture, other.id, "zoe@example.net", "Zoé 7").await;
    create_tickets_of_texts(&fixture).await;
    let of = |shop: ShopId, texts: &[&str]| -> BTreeSet<String> {
        search_words(texts.iter().copied()).iter().map(|word| format!("{}:{word}", shop.get())).collect()
    };
    let mut expected = of(fixture.shop, TEXTS);
    expected.append(&mut of(fixture.shop, &["ann@example.com"]));
    expected.append(&mut of(other.id, &["zoe@example.net", "Zoé 7"]));
    assert_eq!(indexed_words(&fixture), expected);
    assert_is_consistent(&fixture);
}

#[tokio::test]
async fn every_word_of_a_text_is_found_by_itself() {
    let fixture = fixture().await;
    create_tickets_of_texts(&fixture).await;
    for (id, text) in (1..).zip(TEXTS) {
        for word in search_words([*text]) {
            assert!(found(&fixture, &word).await.contains(&id), "{word} of {text}");
            let beginning: String = word.chars().take(1).collect();
            assert!(found(&fixture, &format!("{beginning}*")).await.contains(&id), "{beginning}* of {text}");
        }
    }
}

#[tokio::test]
async fn search_results_survive_a_vacuum() {
    let fixture = fixture().await;
    let content = |id| (id, fixture.customer, format!("name{id}"), format!("message{id}"));
    create_tickets(&fixture, &[1, 2, 3].map(content)).await;
    fixture.storage.delete_ticket(fixture.shop, TicketId::new(1).unwrap(), None, stamp(0)).await.unwrap();
    connect(&fixture).batch_execute("VACUUM").unwrap();
    create_tickets(&fixture, &[content(4)]).await;
    for (query, expected) in
        [("name1", vec![]), ("message2", vec![2]), ("name4", vec![4]), ("ann", vec![4, 3, 2])]
    {
        assert_eq!(found(&fixture, query).await, expected, "{query}");
    }
    assert_is_consistent(&fixture);
}

/// A unique word. FTS5 leaves out the beginning that a word shares with the previous word in the
/// index, so these words differ early.
fn rare_word(number: usize) -> String {
    let mut state = u64::try_from(number).unwrap() + 1;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
    };
    (0..20).map(letter).collect()
}

/// The text of a customer's ticket. The rare word is in capitals, so that the test looks for both
/// the text and its words. The number of other words varies.
fn text_with(number: usize) -> String {
    let filler: Vec<String> = (0..number * 37 % 211).map(|word| format!("filler{word}")).collect();
    format!("{} {}", rare_word(number).to_uppercase(), filler.join(" "))
}

#[tokio::test]
async fn removed_words_are_gone_from_the_file() {
    const CUSTOMERS: usize = 24;
    let fixture = fixture().await;
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        let email = format!("{}@example.com", rare_word(number));
        customers.push(create_customer(&fixture, fixture.shop, &email, &text_with(number)).await);
    }
    let content = |id: usize| {
        let number = id % CUSTOMERS;
        (i64::try_from(id).unwrap(), customers[number], rare_word(number), text_with(number))
    };
    // Several transactions give the index parts to merge.
    for first in (1..CUSTOMERS * 4).step_by(8) {
        create_tickets(&fixture, &(first..first + 8).map(content).collect::<Vec<_>>()).await;
    }
    let is_removed = |number: usize| number.is_multiple_of(3);
    for number in (0..CUSTOMERS).filter(|number| is_removed(*number)) {
        fixture.storage.erase_customer(fixture.shop, customers[number], stamp(0)).await.unwrap().unwrap();
    }
    assert_is_consistent(&fixture);

    // A changed name, changed details and a deleted ticket leave no words either.
    let (changed, renamed, deleted) = (customers[1], TicketId::new(5).unwrap(), TicketId::new(6).unwrap());
    let changes = CustomerChanges {
        email: Some(Some("new@example.com".to_owned())),
        full_name: Some(None),
        ..CustomerChanges::default()
    };
    let update = CustomerUpdate { changes, stamp: stamp(0) };
    fixture.storage.update_customer(fixture.shop, changed, update, None).await.unwrap();
    let changes = TicketChanges { name: Some(None), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version: None, stamp: stamp(0) };
    fixture.storage.update_ticket(fixture.shop, renamed, update, None).await.unwrap();
    fixture.storage.delete_ticket(fixture.shop, deleted, None, stamp(0)).await.unwrap();
    assert_is_consistent(&fixture);

    let (path, directory) = (fixture.path(), fixture.directory);
    // The last connection moves the log into the database, and removes it.
    drop(fixture.storage);
    let file = String::from_utf8_lossy(&std::fs::read(path).unwrap()).to_ascii_lowercase();
    let is_left = |number: usize| {
        let word = rare_word(number);
        file.contains(&word[8..])
    };
    let (mut lost, mut left) = (Vec::new(), Vec::new());
    for number in 0..CUSTOMERS {
        match is_left(number) {
            true if is_removed(number) => left.push(number),
            false if !is_removed(number) => lost.push(number),
            _ => {}
        }
    }
    assert_eq!((lost, left), (vec![], vec![]));
    drop(directory);
}
