//! Tickets and comments.

use hexdesk_domain::{
    AssigneeFilter, CommentStore, CustomerId, PageSize, TicketFilter, TicketId, TicketStore,
};

use super::{KEPT, Recorded, shop, statements, time};

fn ticket(id: i64) -> TicketId {
    TicketId::new(id).unwrap()
}

#[tokio::test]
async fn only_an_empty_page_of_comments_takes_a_second_statement() {
    let recorded = Recorded::new().await;
    for (id, expected) in [(1, 1), (1_001, 2), (99_999, 2)] {
        let list = recorded.storage.list_comments(shop(), ticket(id), None, PageSize::of(50));
        assert_eq!(statements(list).await.len(), expected);
    }
}

#[tokio::test]
async fn counts_are_one_statement() {
    let recorded = Recorded::new().await;
    let tickets = recorded.storage.count_tickets(shop(), TicketFilter::default(), u64::MAX);
    assert_eq!(statements(tickets).await.len(), 1);
    let comments = recorded.storage.count_comments(shop(), ticket(1));
    assert_eq!(statements(comments).await.len(), 1);
}

#[tokio::test]
async fn only_common_lists_are_kept_prepared() {
    let recorded = Recorded::new().await;
    let filter = TicketFilter::default;
    let of_customer = TicketFilter { customer_id: CustomerId::new(7), ..filter() };
    let open_of_customer = TicketFilter { is_opened: Some(true), ..of_customer.clone() };
    let open_of_channel =
        TicketFilter { is_opened: Some(true), channels: vec!["Mail".to_owned()], ..filter() };
    let recent = TicketFilter { last_message_from: Some(time()), ..filter() };
    let unassigned = TicketFilter { assignees: vec![AssigneeFilter::Unassigned], ..filter() };
    let two_more = TicketFilter { channels: vec!["Mail".to_owned()], ..of_customer.clone() };
    let unread = TicketFilter { has_unread: Some(true), ..filter() };
    let kept = [filter(), of_customer, open_of_customer, open_of_channel, recent, unassigned];
    let lists = kept.map(|filter| (filter, 2)).into_iter().chain([(two_more, 0), (unread, 0)]);
    for (filter, expected) in lists {
        KEPT.take();
        recorded.storage.list_tickets(shop(), filter.clone(), None, PageSize::of(50)).await.unwrap();
        recorded.storage.count_tickets(shop(), filter.clone(), u64::MAX).await.unwrap();
        assert_eq!(KEPT.take().len(), expected, "{filter:?}");
    }
}
