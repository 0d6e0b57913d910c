//! What the SQLite storage promises beyond the ports.

mod sqlite_fixture;

use hexdesk_adapters::SqliteStorage;
use hexdesk_domain::ports::CreateTicketOutcome;
use hexdesk_domain::{Readiness, ShopStore, TicketStore};
use sqlite_fixture::{Fixture, at, fixture, ticket};

#[tokio::test]
async fn a_ticket_survives_a_restart() {
    let Fixture { directory, storage, shop, customer } = fixture().await;
    let creation = ticket(shop, customer, 1);
    let expected = creation.ticket.clone();
    assert_eq!(storage.create_tickets(vec![creation]).await.unwrap(), [CreateTicketOutcome::Created]);
    drop(storage);
    let storage = SqliteStorage::open(&directory.path().join("hexdesk.db")).unwrap();
    assert_eq!(storage.migrate().await.unwrap(), Vec::<String>::new());
    storage.check_ready().await.unwrap();
    let view = storage.find_ticket(shop, expected.id).await.unwrap().unwrap();
    assert_eq!(view.ticket, expected);
    assert_eq!(view.human_ticket.unwrap().opened_at, at(1));
    assert_eq!(storage.list_shops().await.unwrap().len(), 1);
}
