//! Databases of older versions, with rows.

#[path = "../upgrades/console.rs"]
mod console;
#[path = "../upgrades/webhooks.rs"]
mod webhooks;

use std::path::Path;

use hexdesk_adapters::PostgresStorage;
use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome, CreateUserOutcome, TicketCreation};
use hexdesk_domain::{
    Actor, AuditStamp, CommentDraft, CommentId, CommentStore, Customer, CustomerDraft, CustomerId,
    CustomerStore, EventPosition, EventStore, EventsRemoved, IdempotentOutcome, PageSize, Readiness,
    SearchQuery, SearchStore, ShopId, TicketDraft, TicketId, TicketStore, Timestamp, User, UserDraft,
    UserStore,
};
use hexdesk_test_postgres::{TestDatabase, cluster};

/// The first schema. `{up}` is its migration.
const FIRST: &str = "{up};
    CREATE TABLE __diesel_schema_migrations
        (version VARCHAR(50) PRIMARY KEY, run_on TIMESTAMP NOT NULL DEFAULT now());
    INSERT INTO __diesel_schema_migrations (version) VALUES ('20261122000001')";

/// Rows as the first version wrote them. Ticket 3 was renamed twice. The customers 950 of shop 1 and
/// 7 of shop 2 were erased.
const ROWS: &str = "
    INSERT INTO shops (id, domain, created_at) OVERRIDING SYSTEM VALUE
        VALUES (1, 'one.example', now()), (2, 'two.example', now()), (9007199254740991, 'last.example', now());
    INSERT INTO customers (shop_id, id, email, email_folded, number_of_orders, created_at, words) VALUES
        (1, 123, 'Ada@example.com', 'ada@example.com', 0, now(), '''#1'' ''ada'':1 ''com'':1 ''example'':1'),
        (1, 900, 'bob@example.com', 'bob@example.com', 0, now(), '''#1'' ''bob'':1 ''com'':1 ''example'':1'),
        (2, 3, 'ada@example.com', 'ada@example.com', 0, now(), '''#2'' ''ada'':1 ''com'':1 ''example'':1');
    INSERT INTO users (shop_id, id, email, email_folded, created_at) VALUES (1, 45, 'a@b.c', 'a@b.c', now());
    INSERT INTO tickets
        (shop_id, id, customer_id, channel, name, date, last_message, last_message_time, is_opened, unread_count,
         tags, version, words)
        VALUES
        (1, 1, 123, 'Mail', 'Refund both', now(), 'Parcel both', now(), false, 0, '[]', 1,
            '''#1'' ''both'':1,2A ''parcel'':1 ''refund'':2A'),
        (1, 2, 900, 'Mail', NULL, now(), '𐐨x 返金 refund', now(), false, 0, '[]', 1,
            '''#1'' ''refund'':1 ''返'':1 ''金'':1 ''𐐨x'':1'),
        (1, 3, 900, 'Mail', 'Again', now(), 'parcel', now(), false, 0, '[]', 3,
            '''#1'' ''again'':5A ''parcel'':1'),
        (1, 4, 900, 'Mail', NULL, now(), NULL, now(), false, 0, '[]', 1, '''#1'''),
        (1, 5, 900, 'Mail', 'Großes № 12', now(), '<p>Zuletzt</p>', '2026-01-01', false, 0, '[\"Łódź\"]', 2,
            '''#1'' ''12'':2A ''großes'':2A ''no'':2A ''straße'':1 ''返'':1'),
        (2, 1, 3, 'Mail', 'Refund', now(), NULL, now(), false, 0, '[]', 1, '''#2'' ''refund'':2A');
    INSERT INTO comments
        (shop_id, id, ticket_id, text, time, channel, is_from_shop, to_emails, tags, words)
        VALUES (1, 1, 4, 'A refund', now(), 'Mail', true, '[]', '[]', '''#1'' ''a'':1 ''refund'':1'),
        (1, 2, 5, '<p>Zuletzt</p>', '2026-01-01', 'Mail', true, '[]', '[]', '''#1'' ''p'':1 ''zuletzt'':1');
    INSERT INTO events (shop_id, kind, subject_id, time) VALUES
        (1, 'customer.created', 950, now()), (1, 'customer.erased', 950, now()),
        (2, 'customer.erased', 7, now()), (2, 'ticket.deleted', 99999, now())";

const ALL_WORDS: &str = "
    SELECT 'customer', shop_id, id, words FROM customers
    UNION ALL SELECT 'ticket', shop_id, id, words FROM tickets
    UNION ALL SELECT 'comment', shop_id, id, words FROM comments ORDER BY 1, 2, 3";

fn migration(name: &str, file: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    std::fs::read_to_string(directory.join(name).join(file)).unwrap()
}

/// A database with the rows of the first version.
fn first_database() -> TestDatabase {
    let database = cluster().empty_database();
    database.psql(&FIRST.replace("{up}", &migration("2026-11-22-000001_helpdesk", "up.sql")));
    database.psql(ROWS);
    database
}

async fn upgraded(database: &TestDatabase) -> PostgresStorage {
    let storage = PostgresStorage::connect(&database.url).await.unwrap();
    assert!(!storage.migrate().await.unwrap().is_empty());
    storage
}

fn shop(id: i64) -> ShopId {
    ShopId::new(id).unwrap()
}

fn stamp() -> AuditStamp {
    AuditStamp {
        actor: Actor::Operator,
        time: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
        request_id: None,
    }
}

async fn create_customer(storage: &PostgresStorage, shop: ShopId, email: &str) -> Customer {
    let draft = CustomerDraft { email: Some(email.to_owned()), ..CustomerDraft::default() };
    let created = storage.create_customer(shop, draft.into_new(stamp()).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = created else {
        panic!("{created:?}")
    };
    customer
}

async fn create_user(storage: &PostgresStorage, shop: ShopId, email: &str) -> User {
    let draft = UserDraft { email: Some(email.to_owned()), ..UserDraft::default() };
    let created = storage.create_user(shop, draft.into_new(stamp()).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) = created else { panic!("{created:?}") };
    user
}

/// The numbers of the found tickets, best first.
async fn found(storage: &PostgresStorage, shop: ShopId, query: &str) -> Vec<i64> {
    let query = SearchQuery::parse(query).unwrap();
    let page = storage.search_tickets(shop, query, None, PageSize::of(50)).await.unwrap();
    page.entries.iter().map(|view| view.ticket.id.get()).collect()
}

#[tokio::test]
async fn texts_of_the_first_version_are_found_with_their_ranks() {
    let database = first_database();
    let storage = upgraded(&database).await;
    for (query, expected) in [
        // The name counts most, then the newest activity. All tickets have the same time.
        ("refund", &[1, 4, 2][..]),
        ("ref*", &[1, 4, 2]),
        ("both", &[1]),
        ("parcel", &[3, 1]),
        ("again parcel", &[3]),
        ("ada refund", &[1]),
        ("bob", &[4, 3, 2, 5]),
        ("𐐨x 返金", &[2]),
        ("a", &[4]),
        // In the way of this version.
        ("grosses №12 lodz", &[5]),
        ("zuletzt", &[5]),
        ("p", &[]),
        // The text of the first message is lost, its words are not.
        ("strasse 返", &[5]),
    ] {
        assert_eq!(found(&storage, shop(1), query).await, expected, "{query}");
    }
    assert_eq!(found(&storage, shop(2), "refund").await, [1]);
    assert_eq!(found(&storage, shop(2), "ada both").await, [0; 0]);

    // The words are those that this version writes.
    let words = |table: &str, id: i64| {
        database.psql(&format!("SELECT words FROM {table} WHERE shop_id = 1 AND id = {id}"))
    };
    let ada = words("customers", 123);
    database.psql("UPDATE customers SET email = 'x', email_folded = 'x' WHERE shop_id = 1 AND id = 123");
    let customer = create_customer(&storage, shop(1), "Ada@example.com").await;
    assert_eq!(words("customers", customer.id.get()), ada);
    create_ticket(&storage, customer.id, 11, Some("Refund both"), Some("Parcel both")).await;
    create_ticket(&storage, customer.id, 12, None, Some("𐐨x 返金 refund")).await;
    create_ticket(&storage, customer.id, 14, None, None).await;
    for id in [1, 2, 4] {
        assert_eq!(words("tickets", id + 10), words("tickets", id), "{id}");
    }
    let draft = CommentDraft { text: Some("A refund".to_owned()), ..CommentDraft::default() };
    let (id, ticket) = (CommentId::new(11).unwrap(), TicketId::new(4).unwrap());
    let comment = draft.into_new(id, shop(1), ticket, None, stamp().time).unwrap();
    storage
        .create_comments(vec![CommentCreation {
            comment,
            stamp: stamp(),
            expected_version: None,
            claim: None,
        }])
        .await
        .unwrap();
    assert_eq!(words("comments", 11), words("comments", 1));
}

#[tokio::test]
async fn first_messages_of_the_first_version_are_kept() {
    let database = first_database();
    // Comments have replaced the first messages of tickets 10, 12 and 13. Ticket 12 had none, and the
    // snapshot of ticket 13 was removed.
    database.psql(
        "CREATE FUNCTION at(millis integer) RETURNS timestamptz LANGUAGE SQL IMMUTABLE
            AS 'SELECT timestamptz ''epoch'' + millis * interval ''1 millisecond''';
        INSERT INTO tickets
            (shop_id, id, customer_id, channel, date, last_message, last_message_time, is_opened, unread_count,
            tags, version, words)
            VALUES (1, 10, 900, 'Mail', at(0), 'Second', at(20), false, 0, '[]', 2, ''),
            (1, 11, 900, 'Mail', at(0), 'Alone', at(10), false, 0, '[]', 1, ''),
            (1, 12, 900, 'Mail', at(0), 'Second', at(20), false, 0, '[]', 2, ''),
            (1, 13, 900, 'Mail', at(0), 'Second', at(20), false, 0, '[]', 2, ''),
            (1, 14, 900, 'Mail', at(0), 'First', at(10), false, 0, '[]', 2, '');
        INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, to_emails, tags, words)
            VALUES (1, 10, 10, 'Second', at(20), 'Mail', true, '[]', '[]', ''),
            (1, 12, 12, 'Second', at(20), 'Mail', true, '[]', '[]', ''),
            (1, 13, 13, 'Second', at(20), 'Mail', true, '[]', '[]', ''),
            (1, 14, 14, 'Older', at(5), 'Mail', true, '[]', '[]', '');
        INSERT INTO events (shop_id, kind, subject_id, time, customer_id, snapshot) VALUES
            (1, 'ticket.created', 10, at(0), 900, '{\"last_message\":\"Bonjour\",\"last_message_time\":10}'),
            (1, 'ticket.created', 12, at(0), 900, '{\"last_message\":null,\"last_message_time\":10}'),
            (1, 'ticket.created', 13, at(0), NULL, NULL);
        DROP FUNCTION at",
    );
    let storage = upgraded(&database).await;
    for (id, first) in [
        (10, Some(("Bonjour", 10))),
        (11, Some(("Alone", 10))),
        (12, None),
        (13, None),
        (14, Some(("First", 10))),
        // The log does not have its creation.
        (5, None),
    ] {
        let id = TicketId::new(id).unwrap();
        let ticket = storage.find_ticket(shop(1), id).await.unwrap().unwrap().ticket;
        let found = ticket.first_message().map(|(text, time)| (text, time.unix_millis()));
        assert_eq!(found, first, "{id}");
    }
    for (query, expected) in [("bonjour", &[10][..]), ("alone", &[11]), ("second", &[13, 12, 10])] {
        assert_eq!(found(&storage, shop(1), query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn an_interrupted_upgrade_of_words_goes_on_where_it_stopped() {
    let database = first_database();
    upgraded(&database).await;
    // As after an interruption: the words of ticket 2 and later rows are not made.
    database.psql(&migration("2026-11-29-000061_all_words_are_made", "down.sql"));
    database.psql(
        "DELETE FROM __diesel_schema_migrations WHERE version = '20261129000061';
         INSERT INTO search_upgrade VALUES ('tickets', 1, 2), ('comments', 0, 0);
         UPDATE tickets SET words = ''; UPDATE comments SET words = ''",
    );
    let storage = PostgresStorage::connect(&database.url).await.unwrap();
    assert!(storage.check_ready().await.is_err());
    assert_eq!(storage.migrate().await.unwrap(), ["2026-11-29-000061_all_words_are_made"]);
    storage.check_ready().await.unwrap();
    for (query, expected) in [("again", &[3][..]), ("both", &[]), ("zuletzt lodz", &[5]), ("a refund", &[4])]
    {
        assert_eq!(found(&storage, shop(1), query).await, expected, "{query}");
    }
    assert_eq!(storage.migrate().await.unwrap(), [""; 0]);
}

#[test]
fn words_can_lose_their_shops_again() {
    let database = first_database();
    let before = database.psql(ALL_WORDS);
    let name = "2026-11-29-000010_words_begin_with_the_shop";
    database.psql(&format!("BEGIN; {} COMMIT", migration(name, "up.sql")));
    assert_ne!(database.psql(ALL_WORDS), before);
    database.psql(&format!("BEGIN; {} COMMIT", migration(name, "down.sql")));
    assert_eq!(database.psql(ALL_WORDS), before);
}

async fn create_ticket(
    storage: &PostgresStorage,
    customer: CustomerId,
    id: i64,
    name: Option<&str>,
    message: Option<&str>,
) {
    let draft = TicketDraft {
        customer_id: Some(customer),
        channel: Some("Mail".to_owned()),
        name: name.map(str::to_owned),
        last_message: message.map(str::to_owned),
        ..TicketDraft::default()
    };
    let ticket = draft.into_ticket(TicketId::new(id).unwrap(), shop(1), stamp().time).unwrap();
    let creation = TicketCreation { ticket, stamp: stamp(), idempotency: None };
    storage.create_tickets(vec![creation]).await.unwrap();
}

#[tokio::test]
async fn every_shop_continues_after_its_own_largest_number() {
    let database = first_database();
    let storage = upgraded(&database).await;
    for (of, customer, user) in [(1, 951, 46), (2, 8, 1), (ShopId::MAX, 1, 1)] {
        assert_eq!(create_customer(&storage, shop(of), "new@example.com").await.id.get(), customer);
        assert_eq!(create_user(&storage, shop(of), "new@example.com").await.id.get(), user);
    }
    assert_eq!(create_customer(&storage, shop(1), "next@example.com").await.id.get(), 952);
}

#[tokio::test]
async fn people_of_the_first_version_are_found_by_what_this_one_compares() {
    let database = first_database();
    database.psql(
        "INSERT INTO customers
            (shop_id, id, email, email_folded, phone_number, number_of_orders, created_at, words) VALUES
        (2, 20, 'A@München.example', 'a@münchen.example', '+33 6 12 34 00 08', 0, now(), '''#2'''),
        (2, 21, 'a@xn--mnchen-3ya.example', 'a@xn--mnchen-3ya.example', '0033 (0)6-12.34/00 08', 0, now(), '''#2'''),
        (2, 22, 'B@xn--bro-hoa.example', 'b@xn--bro-hoa.example', '06 12 34 00 08', 0, now(), '''#2'''),
        (2, 23, NULL, NULL, '＋٣٣ 6 12 34 00 08', 0, now(), '''#2'''), (2, 24, NULL, NULL, 'ask Ada', 0, now(), '''#2'''),
        (2, 25, NULL, NULL, '1-800-FLOWERS', 0, now(), '''#2'''), (2, 26, NULL, NULL, '00', 0, now(), '''#2''')",
    );
    upgraded(&database).await;
    let folded = database.psql(
        "SELECT id, email_folded, phone_number_folded FROM customers WHERE shop_id = 2 AND id >= 20 ORDER BY id",
    );
    let expected = [
        "20|a@xn--mnchen-3ya.example|+33612340008",
        "21|a@xn--mnchen-3ya.example|+33612340008",
        "22|b@xn--bro-hoa.example|0612340008",
        "23||+33612340008",
        "24||ask Ada",
        "25||1800flowers",
        "26||00",
    ];
    // Of two customers with one address, the second had it in the form of this version.
    let expected = expected.join("\n").replace("20|a@xn--mnchen-3ya", "20|a@münchen");
    assert_eq!(folded.trim(), expected);
}

#[tokio::test]
async fn the_log_of_the_first_version_begins_with_its_first_event() {
    let database = first_database();
    // Nothing is left of the log of shop 2. The beginning of that of shop 1 was removed.
    database.psql("DELETE FROM events WHERE shop_id = 2 OR part = 1");
    let storage = upgraded(&database).await;
    let rows = "SELECT change, part FROM events ORDER BY change, part LIMIT 1";
    let (change, part) = database
        .psql(rows)
        .split_once('|')
        .map(|(change, part)| (change.parse::<i64>().unwrap(), part.trim().parse::<i64>().unwrap()))
        .unwrap();
    let at = |change, part| EventPosition { change, part };
    let end = storage.find_log_end(shop(2)).await.unwrap();
    for (of, after, expected) in [
        (1, None, Ok(1)),
        (1, Some(at(change, part)), Ok(0)),
        (1, Some(at(change, part - 1)), Ok(1)),
        (1, Some(at(change - 1, part)), Err(at(change, part - 1))),
        (2, None, Ok(0)),
        (2, Some(at(change, part)), Err(end)),
        (2, Some(end), Ok(0)),
    ] {
        let listed = storage.list_events(shop(of), Default::default(), after, PageSize::MAX).await.unwrap();
        let mut stamps = listed.iter().flat_map(|page| &page.entries).map(|event| event.stamp);
        assert!(stamps.all(|stamp| stamp.request_id.is_none()));
        let listed = listed.map(|page| page.entries.len()).map_err(|EventsRemoved { oldest }| oldest);
        assert_eq!(listed, expected, "{of}, {after:?}");
    }
}

#[tokio::test]
async fn webhooks_and_the_console_work_in_an_older_shop() {
    let database = first_database();
    let storage = upgraded(&database).await;
    webhooks::check(&storage, shop(1), 2).await;
    console::check(&storage, shop(1)).await;
}
