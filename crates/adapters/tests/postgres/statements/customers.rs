//! Customers.

use hexdesk_domain::{CustomerFilter, CustomerStore, ExternalIds, PageSize};

use super::{KEPT, Recorded, shop};

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
async fn only_common_lists_of_customers_are_kept_prepared() {
    let recorded = Recorded::new().await;
    for (filter, expected) in
        [(CustomerFilter::default(), 2), (by_email(), 2), (by_phone_number(), 2), (by_shopify_id(), 0)]
    {
        KEPT.take();
        recorded.storage.list_customers(shop(), filter.clone(), None, PageSize::of(50)).await.unwrap();
        recorded.storage.count_customers(shop(), filter.clone()).await.unwrap();
        assert_eq!(KEPT.take().len(), expected, "{filter:?}");
    }
}
