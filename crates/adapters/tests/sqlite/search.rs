//! The full-text index: its words.

use std::collections::BTreeSet;

use crate::fixture::{Fixture, at, comment, customer, fixture, stamp, ticket};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome, CreateShopOutcome};
use hexdesk_domain::{
    CommentStore, CustomerId, CustomerStore, IdempotentOutcome, NewComment, NewCustomer, PageSize,
    SearchQuery, SearchStore, ShopDomain, ShopId, ShopStore, TicketId, TicketStore, search_words,
};

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
        CommentCreation { comment, stamp: stamp(0), expected_version: None, claim: None }
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
    let page = fixture.storage.search_tickets(fixture.shop, query, None, PageSize::of(100)).await.unwrap();
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
    let of = |shop: ShopId, colons: &str, texts: &[&str]| -> BTreeSet<String> {
        let words = search_words(texts.iter().copied());
        words.iter().map(|word| format!("{}{colons}{word}", shop.get())).collect()
    };
    let mut expected = of(fixture.shop, ":", TEXTS);
    expected.append(&mut of(fixture.shop, "::", TEXTS));
    // The tags of each ticket.
    expected.append(&mut of(fixture.shop, ":::", &["a", "b"]));
    expected.append(&mut of(fixture.shop, ":", &["ann@example.com"]));
    expected.append(&mut of(other.id, ":", &["zoe@example.net", "Zoé 7"]));
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
