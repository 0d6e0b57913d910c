//! Searches.

use hexdesk_domain::{PageSize, SearchPosition, SearchQuery, SearchStore, TicketId, TicketPosition};

use super::{KEPT, Recorded, shop, time};

/// Words for all rows: each word is in a few of a thousand texts. Also adds 20,000 customers.
const WORDS: &str = "
    INSERT INTO customers (shop_id, id, phone_number, number_of_orders, created_at, words)
        SELECT 1, 200 + number, 'more ' || number, 0, now(), '' FROM generate_series(1, 20000) AS number;
    UPDATE customers SET words = ('''1:w' || id % 1000 || '''')::tsvector;
    UPDATE tickets SET words = ('''1:w' || id % 1000 || '''')::tsvector;
    UPDATE comments SET words = ('''1:w' || id % 1000 || '''')::tsvector;
    VACUUM ANALYZE";

fn place() -> SearchPosition {
    let id = TicketId::new(2).unwrap();
    SearchPosition { rank: 1, ticket: TicketPosition { last_message_time: time(), id } }
}

#[tokio::test]
async fn a_search_is_one_statement_that_follows_the_indexes_of_words() {
    let recorded = Recorded::new().await;
    for statement in WORDS.split(';') {
        recorded.database.psql(statement);
    }
    let types = "(tsquery[], tsquery[], int8[], int8[], int8[], int8, int8, timestamptz, int8, int8)";
    for (text, after) in [("w7", None), ("w7 w8*", Some(place()))] {
        let query = SearchQuery::parse(text).unwrap();
        let plan = recorded
            .plan_of(types, recorded.storage.search_tickets(shop(), query, after, PageSize::of(50)))
            .await;
        for searched in ["customers", "tickets", "comments"] {
            let scan = format!("Bitmap Index Scan on {searched}_by_words");
            assert_eq!(plan.matches(&scan).count(), 1, "{plan}");
            assert!(!plan.contains(&format!("Seq Scan on {searched}")), "{plan}");
        }
        let ids = "Index Only Scan using tickets_pkey";
        assert!(plan.contains(ids) || plan.contains("Index Scan using tickets_pkey"), "{plan}");
    }
}

#[tokio::test]
async fn all_searches_are_one_statement_kept_prepared() {
    let recorded = Recorded::new().await;
    KEPT.take();
    for text in ["a", "a b c d e f g h* 12 7*", "+33 6 12 34 00 08"] {
        for after in [None, Some(place())] {
            let query = SearchQuery::parse(text).unwrap();
            recorded.storage.search_tickets(shop(), query, after, PageSize::of(50)).await.unwrap();
        }
    }
    assert_eq!(KEPT.take().len(), 1);
}
