//! Readers during an erasure.

use hexdesk_adapters::SqliteStorage;
use hexdesk_domain::{
    CommentStore, CustomerFilter, CustomerId, CustomerStore, EventStore, PageSize, SearchQuery, SearchStore,
    ShopId, TicketFilter, TicketId, TicketStore,
};

use super::customer_with_tickets::{Desk, WORD, assert_nothing_is_left};
use super::half_erased::{HALF, half_erased};

/// The entries of a page. The customer has more tickets.
const PAGE: PageSize = PageSize::of(50);

/// The reads that show something of the customer.
const READS: usize = 13;

/// Does one of the reads. Returns whether everything of the customer is there. Panics if only a part
/// is.
async fn is_there(
    storage: &SqliteStorage,
    shop: ShopId,
    customer: CustomerId,
    tickets: i64,
    read: usize,
) -> bool {
    let of_customer = TicketFilter { customer_id: Some(customer), ..TicketFilter::default() };
    let of_shop = TicketFilter::default();
    let open = TicketFilter { is_opened: Some(true), ..TicketFilter::default() };
    let by_phone = CustomerFilter { phone_number: Some("555".to_owned()), ..CustomerFilter::default() };
    // The first ticket is deleted first.
    let [first, last] = [1, tickets].map(|id| TicketId::new(id).unwrap());
    let all = u64::try_from(tickets).unwrap();
    let page = u64::from(PAGE.entries);
    let length = |length: usize| u64::try_from(length).unwrap();
    let (found, whole) = match read {
        0 => (u64::from(storage.find_customer(shop, customer).await.unwrap().is_some()), 1),
        1 => (storage.count_customers(shop, by_phone).await.unwrap(), 1),
        2 => {
            let list = storage.list_customers(shop, CustomerFilter::default(), None, PAGE).await.unwrap();
            (length(list.entries.len()), 1)
        }
        3 => (storage.count_tickets(shop, of_customer, u64::MAX).await.unwrap(), all),
        4 => (storage.count_tickets(shop, of_shop, u64::MAX).await.unwrap(), all),
        5 => (storage.count_tickets(shop, open, u64::MAX).await.unwrap(), all),
        6 => (length(storage.list_tickets(shop, of_customer, None, PAGE).await.unwrap().entries.len()), page),
        7 => (length(storage.list_tickets(shop, of_shop, None, PAGE).await.unwrap().entries.len()), page),
        8 => (u64::from(storage.find_ticket(shop, first).await.unwrap().is_some()), 1),
        9 => (u64::from(storage.find_ticket(shop, last).await.unwrap().is_some()), 1),
        10 => {
            let comments = storage.list_comments(shop, first, None, PAGE).await.unwrap();
            let counted = storage.count_comments(shop, last).await.unwrap();
            assert!(counted.is_none_or(|count| count == 1));
            (length(comments.map_or(0, |page| page.entries.len())), 1)
        }
        11 => {
            let query = SearchQuery::parse(WORD).unwrap();
            let found = storage.search_tickets(shop, query, None, PAGE).await.unwrap();
            (length(found.entries.len()), page)
        }
        _ => {
            let events =
                storage.list_events(shop, Default::default(), None, PAGE).await.unwrap().unwrap().entries;
            let snapshots = events.iter().filter(|event| event.snapshot.is_some());
            (length(snapshots.count()), page)
        }
    };
    assert!(found == 0 || found == whole, "read {read} finds {found} of {whole}");
    found > 0
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_all_of_a_customer_or_nothing() {
    let desk = Desk::with_tickets(HALF).await;
    let readers = [0, 5, 9].map(|first_read| {
        let (storage, shop, customer, tickets) =
            (desk.storage.clone(), desk.shop, desk.customer, desk.tickets);
        tokio::spawn(async move {
            let (mut is_gone, mut after) = (false, 0);
            for read in first_read.. {
                let is_there = is_there(&storage, shop, customer, tickets, read % READS).await;
                assert!(!(is_gone && is_there), "read {} finds an erased customer", read % READS);
                is_gone |= !is_there;
                after += usize::from(is_gone);
                if after > 2 * READS {
                    break;
                }
            }
        })
    });
    for read in 0..READS {
        assert!(is_there(&desk.storage, desk.shop, desk.customer, desk.tickets, read).await, "read {read}");
    }
    let erasure = desk.erase();
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(erasure.await.unwrap().unwrap(), Some(desk.expected()));
    assert_nothing_is_left(&desk.path(), &desk);
}

#[tokio::test]
async fn reads_find_nothing_of_a_hidden_customer() {
    let desk = Desk::with_tickets(HALF).await;
    let storage = SqliteStorage::open(&half_erased(&desk).await).unwrap();
    for read in 0..READS {
        assert!(!is_there(&storage, desk.shop, desk.customer, desk.tickets, read).await, "read {read}");
    }
}
