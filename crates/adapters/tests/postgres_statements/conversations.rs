//! Tickets and comments.

use hexdesk_domain::ports::CommentCreation;
use hexdesk_domain::{
    Actor, AuditStamp, CommentDraft, CommentId, CommentPosition, CommentStore, CustomerId, ThreadFilter,
    TicketFilter, TicketId, TicketPosition, TicketStore,
};

use crate::{KEPT, Recorded, assert_follows, shop, statements, time};

fn ticket(id: i64) -> TicketId {
    TicketId::new(id).unwrap()
}

fn place() -> TicketPosition {
    TicketPosition { last_message_time: time(), id: ticket(2) }
}

#[tokio::test]
async fn a_shops_tickets_are_listed_along_their_index() {
    let recorded = Recorded::new().await;
    let list = |after| recorded.storage.list_tickets(shop(), TicketFilter::default(), after, 50);
    assert_follows(&recorded.plan(list(None)).await, "tickets_by_activity", &["shop_id ="]);
    let next_page = recorded.plan(list(Some(place()))).await;
    assert_follows(&next_page, "tickets_by_activity", &["shop_id =", "last_message_time <="]);
}

#[tokio::test]
async fn a_customers_tickets_are_listed_along_their_index() {
    let recorded = Recorded::new().await;
    let customer_id = CustomerId::new(7).unwrap();
    let of_customer = TicketFilter { customer_id: Some(customer_id), ..TicketFilter::default() };
    let thread = Some(ThreadFilter { customer_id, thread_id: "a".to_owned() });
    let of_thread = TicketFilter { thread, ..TicketFilter::default() };
    for filter in [of_customer, of_thread] {
        let list = |after| recorded.storage.list_tickets(shop(), filter.clone(), after, 50);
        let first_page = recorded.plan(list(None)).await;
        assert_follows(&first_page, "tickets_by_customer", &["shop_id =", "customer_id ="]);
        let next_page = recorded.plan(list(Some(place()))).await;
        let conditions = ["shop_id =", "customer_id =", "last_message_time <="];
        assert_follows(&next_page, "tickets_by_customer", &conditions);
    }
}

#[tokio::test]
async fn a_tickets_comments_are_listed_along_their_index() {
    let recorded = Recorded::new().await;
    let list = |after| recorded.storage.list_comments(shop(), ticket(1), after, Some(50));
    let first_page = recorded.plan(list(None)).await;
    assert_follows(&first_page, "comments_by_ticket", &["shop_id =", "ticket_id ="]);
    let after = CommentPosition { time: time(), id: CommentId::new(1).unwrap() };
    let next_page = recorded.plan(list(Some(after))).await;
    assert_follows(&next_page, "comments_by_ticket", &["shop_id =", "ticket_id =", "\"time\" >="]);
}

#[tokio::test]
async fn only_an_empty_page_of_comments_takes_a_second_look() {
    let recorded = Recorded::new().await;
    for (id, expected) in [(1, 1), (1_001, 2), (99_999, 2)] {
        let list = recorded.storage.list_comments(shop(), ticket(id), None, Some(50));
        assert_eq!(statements(list).await.len(), expected);
    }
}

#[tokio::test]
async fn counts_are_one_statement() {
    let recorded = Recorded::new().await;
    let tickets = recorded.storage.count_tickets(shop(), TicketFilter::default());
    assert_eq!(statements(tickets).await.len(), 1);
    let comments = recorded.storage.count_comments(shop(), ticket(1));
    assert_eq!(statements(comments).await.len(), 1);
}

#[tokio::test]
async fn only_common_lists_are_kept_prepared() {
    let recorded = Recorded::new().await;
    let of_customer = TicketFilter { customer_id: CustomerId::new(7), ..TicketFilter::default() };
    let opened = TicketFilter { is_opened: Some(true), ..of_customer.clone() };
    for (filter, expected) in [(TicketFilter::default(), 2), (of_customer, 2), (opened, 0)] {
        KEPT.take();
        recorded.storage.list_tickets(shop(), filter.clone(), None, 50).await.unwrap();
        recorded.storage.count_tickets(shop(), filter.clone()).await.unwrap();
        assert_eq!(KEPT.take().len(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn a_comment_takes_a_handful_of_statements() {
    let recorded = Recorded::new().await;
    let draft = CommentDraft { text: Some("Hello".into()), ..CommentDraft::default() };
    let comment = draft.into_new(CommentId::new(99_999).unwrap(), shop(), ticket(1), None, time()).unwrap();
    let stamp = AuditStamp { actor: Actor::Operator, time: time() };
    let create = recorded.storage.create_comments(vec![CommentCreation { comment, stamp, once: None }]);
    let statements = statements(create).await;
    // The transaction's beginning and end; look at the ticket, change it, add, look, tell.
    assert_eq!(statements.len(), 7, "{statements:#?}");
    let lock = recorded.explain("", &statements[1]);
    assert!(lock.contains("Index Scan on tickets_pkey") || lock.contains("using tickets_pkey"), "{lock}");
    assert!(lock.contains("Index Cond: ((shop_id = $1) AND (id = ANY ($2)))"), "{lock}");
}
