//! Customers, users and keys.

use hexdesk_domain::{
    ApiKeyStore, CustomerFilter, CustomerId, CustomerStore, ExternalIds, KeyNumber, UserFilter, UserId,
    UserStore,
};

use crate::{KEPT, Recorded, assert_enters, assert_follows, shop};

/// 2,000 users, some of them deactivated, and a key of each.
const STAFF: &str = "
    INSERT INTO users (shop_id, email, email_folded, created_at, deactivated_at)
        SELECT 1, number, number, now(), CASE number % 10 WHEN 0 THEN now() END
        FROM generate_series(1, 2000) AS number;
    INSERT INTO api_keys (shop_id, number, secret_hash, scopes, user_id, created_at)
        SELECT 1, id, '', '', id, now() FROM users;
    ANALYZE";

/// So many customers that a search through all of them is too long.
const CUSTOMERS: &str = "
    INSERT INTO customers (shop_id, email_folded, phone_number, shopify_id, number_of_orders, created_at, words)
        SELECT 1, 'more ' || number, 'more ' || number, 'more ' || number, 0, now(), ''
        FROM generate_series(1, 5000) AS number;
    ANALYZE";

fn by_email() -> CustomerFilter {
    CustomerFilter { email: Some("7@example.com".into()), ..CustomerFilter::default() }
}

fn by_phone_number() -> CustomerFilter {
    CustomerFilter { phone_number: Some("7".into()), ..CustomerFilter::default() }
}

fn by_shopify_id() -> CustomerFilter {
    let external_ids = ExternalIds { shopify_id: Some("7".into()), ..ExternalIds::default() };
    CustomerFilter { external_ids, ..CustomerFilter::default() }
}

#[tokio::test]
async fn a_shops_customers_are_listed_along_their_index() {
    let recorded = Recorded::new().await;
    let list = |after| recorded.storage.list_customers(shop(), CustomerFilter::default(), after, 50);
    assert_follows(&recorded.plan(list(None)).await, "customers_pkey", &["shop_id ="]);
    let next_page = recorded.plan(list(CustomerId::new(7))).await;
    assert_follows(&next_page, "customers_pkey", &["shop_id =", "id <"]);
}

#[tokio::test]
async fn customers_are_looked_for_by_index() {
    let recorded = Recorded::new().await;
    recorded.database.psql(CUSTOMERS);
    for (filter, index, condition) in [
        (by_email(), "customers_by_email", "email_folded ="),
        (by_phone_number(), "customers_by_phone_number", "phone_number ="),
        (by_shopify_id(), "customers_by_shopify_id", "shopify_id ="),
    ] {
        let list = recorded.storage.list_customers(shop(), filter.clone(), None, 50);
        assert_enters(&recorded.plan(list).await, index, &["shop_id =", condition]);
        let count = recorded.storage.count_customers(shop(), filter);
        assert_enters(&recorded.plan(count).await, index, &["shop_id =", condition]);
    }
}

#[tokio::test]
async fn only_common_lists_of_customers_are_kept_prepared() {
    let recorded = Recorded::new().await;
    for (filter, expected) in
        [(CustomerFilter::default(), 2), (by_email(), 2), (by_phone_number(), 2), (by_shopify_id(), 0)]
    {
        KEPT.take();
        recorded.storage.list_customers(shop(), filter.clone(), None, 50).await.unwrap();
        recorded.storage.count_customers(shop(), filter.clone()).await.unwrap();
        assert_eq!(KEPT.take().len(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn users_and_keys_are_listed_along_their_index() {
    let recorded = Recorded::new().await;
    recorded.database.psql(STAFF);
    for is_active in [None, Some(true), Some(false)] {
        let list = |after| recorded.storage.list_users(shop(), UserFilter { is_active }, after, 50);
        assert_follows(&recorded.plan(list(None)).await, "users_pkey", &["shop_id ="]);
        let next_page = recorded.plan(list(UserId::new(7))).await;
        assert_follows(&next_page, "users_pkey", &["shop_id =", "id >"]);
        recorded.plan(recorded.storage.count_users(shop(), UserFilter { is_active })).await;
    }
    let list = |after| recorded.storage.list_keys(shop(), after, 50);
    assert_follows(&recorded.plan(list(None)).await, "api_keys_pkey", &["shop_id ="]);
    let next_page = recorded.plan(list(KeyNumber::new(7))).await;
    assert_follows(&next_page, "api_keys_pkey", &["shop_id =", "number >"]);
    recorded.plan(recorded.storage.count_keys(shop())).await;
}
