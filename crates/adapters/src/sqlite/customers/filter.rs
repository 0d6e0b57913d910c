//! The conditions of a [`CustomerFilter`].

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use hexdesk_domain::{CustomerFilter, ExternalIds, ShopId, fold_email, fold_phone_number};

use crate::sql::schema::customers;
use crate::sqlite::connection::interruption::WANTED_DOCUMENT;
use crate::sqlite::search::index;

/// Adds every condition to a query of customers.
pub(super) fn add<ST>(
    mut query: customers::BoxedQuery<'static, Sqlite, ST>,
    shop: ShopId,
    filter: CustomerFilter,
) -> customers::BoxedQuery<'static, Sqlite, ST> {
    // Lists every field: a new condition does not compile until it is used.
    let CustomerFilter { email, phone_number, external_ids, words } = filter;
    let ExternalIds {
        shopify_id,
        wordpress_id,
        prestashop_id,
        fb_user_id,
        ig_user_id,
        ig_pseudo,
        whatsapp_id,
        zendesk_id,
        freshdesk_id,
        gmelius_id,
        gorgias_id,
    } = external_ids;
    if let Some(email) = email {
        query = query.filter(customers::email_folded.eq(fold_email(&email)));
    }
    if let Some(phone_number) = phone_number {
        query = query.filter(customers::phone_number_folded.eq(fold_phone_number(&phone_number)));
    }
    if let Some(id) = shopify_id {
        query = query.filter(customers::shopify_id.eq(id));
    }
    if let Some(id) = wordpress_id {
        query = query.filter(customers::wordpress_id.eq(id));
    }
    if let Some(id) = prestashop_id {
        query = query.filter(customers::prestashop_id.eq(id));
    }
    if let Some(id) = fb_user_id {
        query = query.filter(customers::fb_user_id.eq(id));
    }
    if let Some(id) = ig_user_id {
        query = query.filter(customers::ig_user_id.eq(id));
    }
    if let Some(id) = ig_pseudo {
        query = query.filter(customers::ig_pseudo.eq(id));
    }
    if let Some(id) = whatsapp_id {
        query = query.filter(customers::whatsapp_id.eq(id));
    }
    if let Some(id) = zendesk_id {
        query = query.filter(customers::zendesk_id.eq(id));
    }
    if let Some(id) = freshdesk_id {
        query = query.filter(customers::freshdesk_id.eq(id));
    }
    if let Some(id) = gmelius_id {
        query = query.filter(customers::gmelius_id.eq(id));
    }
    if let Some(id) = gorgias_id {
        query = query.filter(customers::gorgias_id.eq(id));
    }
    if !words.is_empty() {
        // Customers and tickets share the index. CROSS JOIN keeps the written order.
        let found = sql::<Bool>(
            "customers.id IN (
                SELECT documents.customer_id FROM search_index
                CROSS JOIN search_documents AS documents ON documents.id = search_index.rowid
                WHERE documents.customer_id IS NOT NULL AND ",
        )
        .sql(WANTED_DOCUMENT)
        .sql(" AND search_index.words MATCH ")
        .bind::<Text, _>(index::beginnings(shop, &words))
        .sql(")");
        query = query.filter(found);
    }
    query
}
