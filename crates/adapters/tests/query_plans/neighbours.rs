//! What a search reads tells nothing about the words of other shops.

use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_domain::ports::{CreateCustomerOutcome, CreateShopOutcome, TicketCreation};
use hexdesk_domain::{
    Actor, AuditStamp, CustomerDraft, CustomerId, CustomerStore, IdempotentOutcome, PageSize, SearchQuery,
    SearchStore, ShopDomain, ShopId, ShopStore, TicketDraft, TicketId, TicketStore, Timestamp,
};
use hexdesk_test_postgres::cluster;

use crate::explained::explained;
use crate::postgres::tell_sessions_to_explain;
use crate::postgres_database::migrated_database;

/// The number of tickets of the neighbour. Each has one word of its own and one that all have.
const TICKETS: i64 = 5_000;

const CLEAN_UP: &str = "SELECT gin_clean_pending_list('tickets_by_words')";

fn stamp() -> AuditStamp {
    AuditStamp {
        actor: Actor::Operator,
        time: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
        request_id: None,
    }
}

/// A shop with one customer.
async fn create_shop(storage: &PostgresStorage, domain: &str) -> (ShopId, CustomerId) {
    let created = storage.create_shop(&ShopDomain::parse(domain).unwrap(), stamp().time).await.unwrap();
    let CreateShopOutcome::Created(shop) = created else { panic!("{created:?}") };
    let draft = CustomerDraft { phone_number: Some("1".to_owned()), ..CustomerDraft::default() };
    let created = storage.create_customer(shop.id, draft.into_new(stamp()).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = created else {
        panic!("{created:?}")
    };
    (shop.id, customer.id)
}

async fn create_tickets(
    storage: &PostgresStorage,
    (shop, customer): (ShopId, CustomerId),
    names: impl Iterator<Item = String>,
) {
    let items = (1..).zip(names).map(|(id, name)| {
        let draft = TicketDraft {
            customer_id: Some(customer),
            channel: Some("Mail".to_owned()),
            name: Some(name),
            ..TicketDraft::default()
        };
        let ticket = draft.into_ticket(TicketId::new(id).unwrap(), shop, stamp().time).unwrap();
        TicketCreation { ticket, stamp: stamp(), idempotency: None }
    });
    storage.create_tickets(items.collect()).await.unwrap();
}

#[tokio::test]
async fn a_search_reads_as_much_for_a_neighbours_words_as_for_unused_ones() {
    let database = migrated_database();
    let options = PostgresOptions { pending_list_cleanup: None, ..PostgresOptions::default() };
    let storage = PostgresStorage::connect_with(&database.url, &options).await.unwrap();
    let (one, two) = (create_shop(&storage, "one.example").await, create_shop(&storage, "two.example").await);
    create_tickets(&storage, one, (0..50).map(|number| format!("Own{number} everywhere"))).await;
    create_tickets(&storage, two, (0..TICKETS).map(|number| format!("Secret{number} common"))).await;
    database.psql(CLEAN_UP);
    database.psql("VACUUM ANALYZE");
    tell_sessions_to_explain(&database);

    let explaining = PostgresStorage::connect_with(&database.url, &options).await.unwrap();
    let mut read = Vec::new();
    // The first search also reads the catalogue.
    for query in ["first", "unused", "unused*", "common", "secret*", "secret1", "secret12*", "s*"] {
        let before = cluster().log().len();
        let query_of = SearchQuery::parse(query).unwrap();
        let page = explaining.search_tickets(one.0, query_of, None, PageSize::of(50)).await.unwrap();
        assert_eq!(page.entries.len(), 0, "{query}");
        let statements = explained(&cluster().log()[before..]);
        let buffers: u64 = statements.iter().map(|statement| statement.buffers).sum();
        assert!(buffers > 0, "no buffers are logged for {query}");
        read.push((query, buffers));
    }
    assert!(read[1..].iter().all(|(_, buffers)| *buffers == read[1].1), "{read:?}");
}
