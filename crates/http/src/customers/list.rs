use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::limits::{MAX_SEARCH_PREFIXES, MAX_SEARCH_QUERY_CHARS};
use hexdesk_domain::{CustomerFilter, ExternalIds, Principal, search_words};

#[cfg(test)]
use super::examples;
use super::wire::{CustomerJson, CustomersAnswer};
use crate::list_query::{self, ListQuery, Pages, QueryParameters};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

static QUERY: ListQuery<CustomerFilter> = ListQuery::new("customers", Pages::WithTotal, filter);

/// `GET /api/v1/customers`: the customers of the key's shop, latest id first, a page at a
/// time.
///
/// # Errors
/// 400 for an invalid parameter.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let shop = &principal.shop;
    let (asked, filter) = QUERY.read(&request, shop.id)?;

    let total = asked.total(services.customers.count_customers(shop.id, filter.clone())).await?;
    let page = services.customers.list_customers(shop.id, filter, asked.after, asked.size).await;
    let page = page.map_err(storage_problem)?;
    let next = asked.next_cursor(page.next);
    let body = CustomersAnswer {
        success: true,
        customers: page
            .entries
            .iter()
            .map(|customer| CustomerJson::new(customer, shop.domain.as_str()))
            .collect(),
        next_cursor: next.as_deref(),
        total,
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(body))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "listCustomers",
        CUSTOMERS,
        "List customers",
        "The customers that meet all given conditions, latest id first, a page at a time. `q` finds customers by \
         words. Unknown and repeated parameters are errors.",
    )
    .parameters(QUERY.parameters())
    .returns::<CustomersAnswer<'static>>(
        StatusCode::OK,
        "A page of customers.",
        &[headers::LINK],
        [("page", json!({"success": true, "customers": [examples::customer()], "next_cursor": null}))],
    )
}

fn filter(query: &mut QueryParameters) -> Result<CustomerFilter, Problem> {
    Ok(CustomerFilter {
        words: words(query)?,
        email: query.address("email", "Its e-mail address; case makes no difference."),
        phone_number: query.address("phone_number", "Its phone number; only the digits are compared."),
        external_ids: ExternalIds {
            shopify_id: query.text("shopify_id", "Its id in Shopify, exactly."),
            wordpress_id: query.text("wordpress_id", "Its id in WordPress, exactly."),
            prestashop_id: query.text("prestashop_id", "Its id in PrestaShop, exactly."),
            fb_user_id: query.text("fb_user_id", "Its id on Facebook, exactly."),
            ig_user_id: query.text("ig_user_id", "Its id on Instagram, exactly."),
            ig_pseudo: query.text("ig_pseudo", "Its name on Instagram, exactly."),
            whatsapp_id: query.text("whatsapp_id", "Its id on WhatsApp, exactly."),
            zendesk_id: query.text("zendesk_id", "Its id in Zendesk, exactly."),
            freshdesk_id: query.text("freshdesk_id", "Its id in Freshdesk, exactly."),
            gmelius_id: query.text("gmelius_id", "Its id in Gmelius, exactly."),
            gorgias_id: query.text("gorgias_id", "Its id in Gorgias, exactly."),
        },
    })
}

/// Reads the words of `q`. Words beyond the first [`MAX_SEARCH_PREFIXES`] are left out.
fn words(query: &mut QueryParameters) -> Result<BTreeSet<String>, Problem> {
    let description = "Words of its names, e-mail address or phone number, or their beginnings. Case and accents make \
                       no difference. At most 1,000 characters; only the first 8 words count.";
    let Some(text) = query.text("q", description) else { return Ok(BTreeSet::new()) };
    if text.chars().count() > MAX_SEARCH_QUERY_CHARS {
        return Err(Problem::invalid_parameter(format!(
            "q must not be longer than {MAX_SEARCH_QUERY_CHARS}"
        )));
    }
    let words: BTreeSet<String> =
        search_words([text.as_str()]).into_iter().take(MAX_SEARCH_PREFIXES).collect();
    if words.is_empty() { Err(Problem::invalid_parameter("q must hold a word")) } else { Ok(words) }
}
