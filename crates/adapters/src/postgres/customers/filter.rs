//! The conditions of a [`CustomerFilter`].

use diesel::expression::ValidGrouping;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool};
use diesel::{AppearsOnTable, Expression};
use hexdesk_domain::{CustomerFilter, ExternalIds, SearchTerm, ShopId, fold_email, fold_phone_number};

use crate::postgres::layout::Layout;
use crate::postgres::search::vectors::{TermQuery, TsQuery};
use crate::sql::schema::customers;

/// Whether the words of a customer have all these beginnings. The number of the shop begins each word,
/// so the index finds the customers of the shop. Only a distributed database needs the shop itself.
/// `OFFSET 0` makes the server use that index: it would otherwise read the customers in order.
#[derive(Debug, ValidGrouping)]
struct WordsBegin {
    layout: Layout,
    shop: i64,
    terms: Vec<TermQuery>,
}

impl Expression for WordsBegin {
    type SqlType = Bool;
}

impl<T> AppearsOnTable<T> for WordsBegin {}

/// Identified by its text.
impl QueryId for WordsBegin {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for WordsBegin {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("customers.id IN (SELECT found.id FROM customers AS found WHERE ");
        if self.layout == Layout::ByShop {
            out.push_sql("found.shop_id = ");
            out.push_bind_param::<BigInt, _>(&self.shop)?;
            out.push_sql(" AND ");
        }
        for (place, term) in self.terms.iter().enumerate() {
            out.push_sql(if place == 0 { "found.words @@ " } else { " AND found.words @@ " });
            out.push_bind_param::<TsQuery, _>(term)?;
        }
        out.push_sql(" OFFSET 0)");
        Ok(())
    }
}

/// Adds every condition to a query of customers.
pub(super) fn add<ST>(
    mut query: customers::BoxedQuery<'static, Pg, ST>,
    layout: Layout,
    shop: ShopId,
    filter: CustomerFilter,
) -> customers::BoxedQuery<'static, Pg, ST> {
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
        let terms = words.into_iter().map(|word| TermQuery {
            shop,
            term: SearchTerm { word, is_prefix: true, alternative: None },
            in_name: false,
        });
        query = query.filter(WordsBegin { layout, shop: shop.get(), terms: terms.collect() });
    }
    query
}
