//! What erased customers, deleted tickets, and changed or deleted comments leave in the files of the
//! database.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::fixture::{Fixture, at, comment, customer, fixture, stamp, ticket};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use hexdesk_adapters::back_up;
use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, CreateCustomerOutcome, CustomerUpdate,
    DeleteCommentOutcome, TicketUpdate,
};
use hexdesk_domain::{
    CommentChanges, CommentId, CommentStore, CustomerChanges, CustomerId, CustomerStore, DeferredClaim,
    Fingerprint, IdempotencyKey, IdempotencyRequest, IdempotentOutcome, NewComment, NewCustomer, Receipt,
    RetentionStore, TicketChanges, TicketId, TicketStore, json_string,
};

const CUSTOMERS: i64 = 24;
const TICKETS_OF_EACH: i64 = 4;

/// A unique word. FTS5 leaves out the beginning that a word shares with the previous word in the
/// index, so these words differ early.
fn rare_word(number: i64) -> String {
    let mut state = u64::try_from(number).unwrap() + 1;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
    };
    (0..20).map(letter).collect()
}

/// A unique telephone number.
fn phone_number(number: i64) -> String {
    format!("+4479{:010}", number * 7_919_993 % 10_000_000_000)
}

/// A text of varying length with the rare word of a customer in capitals, unlike in the index.
fn text_with(customer: i64, seed: i64) -> String {
    let filler = |words| (0..words).map(|word| format!("filler{word} ")).collect::<String>();
    let word = rare_word(customer).to_uppercase();
    format!("{}{word} {}{word}", filler(seed * 37 % 211), filler(seed * 53 % 97))
}

/// The customer of a ticket.
fn customer_of(ticket: i64) -> i64 {
    ticket % CUSTOMERS
}

/// Creates the customers, with tickets that were changed, and comments.
async fn create_all(fixture: &Fixture) -> Vec<CustomerId> {
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        let email = format!("{}@example.com", rare_word(number));
        let new = NewCustomer {
            full_name: Some(text_with(number, 1)),
            phone_number: Some(phone_number(number)),
            ..customer(&email)
        };
        match fixture.storage.create_customer(fixture.shop, new, None).await.unwrap() {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => customers.push(customer.id),
            other => panic!("{other:?}"),
        }
    }
    let of = |id: i64| customers[usize::try_from(customer_of(id)).unwrap()];
    let all: Vec<i64> = (1..=CUSTOMERS * TICKETS_OF_EACH).collect();
    // Several transactions give the index parts to merge.
    for ids in all.chunks(8) {
        let tickets = ids.iter().map(|id| {
            let mut creation = ticket(fixture.shop, of(*id), *id);
            creation.ticket.name = Some(rare_word(customer_of(*id)));
            creation.ticket.last_message = Some(text_with(customer_of(*id), *id));
            creation
        });
        fixture.storage.create_tickets(tickets.collect()).await.unwrap();
    }
    // Changed rows move between pages.
    for round in 1..=2 {
        for ids in all.chunks(32) {
            let comments = ids.iter().map(|id| {
                let text = text_with(customer_of(*id), id * 5 + round);
                let comment = NewComment { text, ..comment(fixture.shop, *id, id * 10 + round) };
                CommentCreation { comment, stamp: stamp(0), expected_version: None, claim: None }
            });
            fixture.storage.create_comments(comments.collect()).await.unwrap();
        }
    }
    for id in all {
        let name = Some(Some(text_with(customer_of(id), 0)));
        let changes = TicketChanges { name, ..TicketChanges::default() };
        let update = TicketUpdate { changes, expected_version: None, stamp: stamp(0) };
        fixture.storage.update_ticket(fixture.shop, TicketId::new(id).unwrap(), update, None).await.unwrap();
    }
    customers
}

/// Clears the unused middle of each page of a B-tree. `secure_delete` does not clear copies of rows
/// that SQLite leaves there when it moves rows between pages. docs/security.md describes that.
fn clear_unused_space(database: &mut [u8]) {
    for (number, page) in database.chunks_mut(4_096).enumerate() {
        let header = if number == 0 { 100 } else { 0 };
        let field = |at: usize| usize::from(u16::from_be_bytes([page[header + at], page[header + at + 1]]));
        let size_of_header = match page[header] {
            2 | 5 => 12,
            10 | 13 => 8,
            _ => continue,
        };
        let (start, end) = (header + size_of_header + 2 * field(3), field(5));
        page[start..end].fill(0);
    }
}

/// The customers whose word or telephone number is in this data.
fn customers_in(data: &[u8]) -> BTreeSet<i64> {
    let text = String::from_utf8_lossy(data).to_ascii_lowercase();
    let is_in =
        |number: &i64| text.contains(&rare_word(*number)[8..]) || text.contains(&phone_number(*number)[4..]);
    (0..CUSTOMERS).filter(is_in).collect()
}

/// The files of the database, with the customers in each.
fn found(fixture: &Fixture) -> Vec<(String, BTreeSet<i64>)> {
    let entries = std::fs::read_dir(fixture.directory.path()).unwrap().map(Result::unwrap);
    let files = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        let mut data = std::fs::read(entry.path()).unwrap();
        if name == "hexdesk.db" {
            clear_unused_space(&mut data);
        }
        (name, customers_in(&data))
    });
    files.collect()
}

/// Waits until the files contain exactly the customers that are left.
async fn assert_are_gone(fixture: &Fixture, removed: &BTreeSet<i64>) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let kept: BTreeSet<i64> = (0..CUSTOMERS).filter(|number| !removed.contains(number)).collect();
    loop {
        let files = found(fixture);
        if files.iter().all(|(_, of)| of.is_disjoint(removed)) {
            assert!(files.iter().any(|(_, of)| *of == kept), "{files:?}");
            return;
        }
        assert!(Instant::now() < deadline, "{removed:?} are in {files:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn removed_data_leaves_every_file_soon() {
    let fixture = fixture().await;
    let customers = create_all(&fixture).await;
    let id_of = |number: i64| customers[usize::try_from(number).unwrap()];
    assert_eq!(found(&fixture).iter().map(|(_, of)| of.len()).max(), usize::try_from(CUSTOMERS).ok());

    let mut removed: BTreeSet<i64> = (0..CUSTOMERS).filter(|number| number % 3 == 0).collect();
    for number in &removed {
        fixture.storage.erase_customer(fixture.shop, id_of(*number), stamp(0)).await.unwrap().unwrap();
    }
    assert_are_gone(&fixture, &removed).await;

    // Tickets are deleted with their words. The event log keeps them until its events are removed.
    let deleted = 1;
    for ticket in (1..=CUSTOMERS * TICKETS_OF_EACH).filter(|ticket| customer_of(*ticket) == deleted) {
        let ticket = TicketId::new(ticket).unwrap();
        fixture.storage.delete_ticket(fixture.shop, ticket, None, stamp(0)).await.unwrap();
    }
    // Nor do changed details remain.
    let changes = CustomerChanges {
        email: Some(Some("new@example.com".to_owned())),
        phone_number: Some(None),
        full_name: Some(None),
        ..CustomerChanges::default()
    };
    let update = CustomerUpdate { changes, stamp: stamp(0) };
    fixture.storage.update_customer(fixture.shop, id_of(deleted), update, None).await.unwrap();
    while fixture.storage.remove_events(fixture.shop, at(1_000_000), 500).await.unwrap() > 0 {}
    removed.insert(deleted);
    assert_are_gone(&fixture, &removed).await;

    // The index still matches the documents from which it was made.
    SqliteConnection::establish(fixture.path().to_str().unwrap())
        .unwrap()
        .batch_execute("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)")
        .unwrap();
    let backup = fixture.directory.path().join("backup");
    back_up(&fixture.path(), &backup).unwrap();
    assert!(customers_in(&std::fs::read(backup).unwrap()).is_disjoint(&removed));
}

/// Creates a ticket with two comments for each number. The word of the number is in the first comment,
/// and in the response kept for it.
async fn create_comments(fixture: &Fixture) {
    let created = fixture.storage.create_customer(fixture.shop, customer("ada@example.com"), None).await;
    let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = created.unwrap() else { panic!() };
    let tickets = (1..=CUSTOMERS).map(|id| ticket(fixture.shop, customer.id, id));
    fixture.storage.create_tickets(tickets.collect()).await.unwrap();
    for numbers in (0..CUSTOMERS).collect::<Vec<_>>().chunks(5) {
        let batch = numbers.iter().flat_map(|number| {
            let text = text_with(*number, number + 1);
            let receipt =
                Receipt { response: json_string(&text).into_bytes(), customer_id: Some(customer.id) };
            let claim = DeferredClaim::<CreateCommentOutcome> {
                request: IdempotencyRequest {
                    operation: "comment".to_owned(),
                    key: IdempotencyKey::parse(&number.to_string()).unwrap(),
                    fingerprint: Fingerprint([0; 32]),
                },
                requested_at: at(0),
                receipt: std::sync::Arc::new(move |_| Some(receipt.clone())),
            };
            let first = NewComment { text, ..comment(fixture.shop, number + 1, 100 + number) };
            let second = NewComment { time: at(500), ..comment(fixture.shop, number + 1, 200 + number) };
            let creation =
                |comment, claim| CommentCreation { comment, expected_version: None, stamp: stamp(0), claim };
            [creation(first, Some(claim)), creation(second, None)]
        });
        fixture.storage.create_comments(batch.collect()).await.unwrap();
    }
}

#[tokio::test]
async fn texts_of_changed_and_deleted_comments_leave_every_file_soon() {
    let fixture = fixture().await;
    create_comments(&fixture).await;
    assert_eq!(found(&fixture).iter().map(|(_, of)| of.len()).max(), usize::try_from(CUSTOMERS).ok());
    let removed: BTreeSet<i64> = (0..CUSTOMERS).filter(|number| number % 3 < 2).collect();
    for number in &removed {
        let (ticket, id) = (TicketId::new(number + 1).unwrap(), CommentId::new(100 + number).unwrap());
        if number % 3 == 0 {
            let outcome = fixture.storage.delete_comment(fixture.shop, ticket, id, None, stamp(0)).await;
            assert_eq!(outcome.unwrap(), DeleteCommentOutcome::Deleted);
        } else {
            let changes = CommentChanges { text: Some("[removed]".to_owned()), ..CommentChanges::default() };
            let update = CommentUpdate { changes, expected_version: None, stamp: stamp(0) };
            fixture.storage.update_comment(fixture.shop, ticket, id, update, None).await.unwrap();
        }
    }
    assert_are_gone(&fixture, &removed).await;
}
