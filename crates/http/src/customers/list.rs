use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{CustomerFilter, ExternalIds, Principal};

use super::wire::{CustomerJson, CustomersAnswer};
use crate::list_query::{self, PageRequest, QueryParameters};
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

/// The parameters that narrow the list of customers: what a customer can be looked for by.
pub(super) const FILTER_PARAMETERS: [&str; 13] = [
    "email",
    "phone_number",
    "shopify_id",
    "wordpress_id",
    "prestashop_id",
    "fb_user_id",
    "ig_user_id",
    "ig_pseudo",
    "whatsapp_id",
    "zendesk_id",
    "freshdesk_id",
    "gmelius_id",
    "gorgias_id",
];

/// `GET /api/v1/customers`: the customers of the key's shop, latest number first, a page at
/// a time.
///
/// # Errors
/// 400 for a parameter that is none.
pub(crate) async fn list(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters =
        QueryParameters::parse(&request, FILTER_PARAMETERS.into_iter().chain(list_query::PAGE_PARAMETERS))?;
    let shop = &principal.shop;
    let asked = PageRequest::read("customers", shop.id, &mut parameters)?;
    let filter = filter(&mut parameters);

    let total = asked.total(services.customers.count_customers(shop.id, filter.clone())).await?;
    let page = services.customers.list_customers(shop.id, filter, asked.after, asked.limit).await;
    let page = page.map_err(storage_problem)?;
    let next = asked.next_cursor(page.next);
    let answer = CustomersAnswer {
        success: true,
        customers: page
            .entries
            .iter()
            .map(|customer| CustomerJson::new(customer, shop.domain.as_str()))
            .collect(),
        next_cursor: next.as_deref(),
        total,
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(answer))
}

fn filter(parameters: &mut QueryParameters) -> CustomerFilter {
    CustomerFilter {
        email: parameters.take("email"),
        phone_number: parameters.take("phone_number"),
        external_ids: ExternalIds {
            shopify_id: parameters.take("shopify_id"),
            wordpress_id: parameters.take("wordpress_id"),
            prestashop_id: parameters.take("prestashop_id"),
            fb_user_id: parameters.take("fb_user_id"),
            ig_user_id: parameters.take("ig_user_id"),
            ig_pseudo: parameters.take("ig_pseudo"),
            whatsapp_id: parameters.take("whatsapp_id"),
            zendesk_id: parameters.take("zendesk_id"),
            freshdesk_id: parameters.take("freshdesk_id"),
            gmelius_id: parameters.take("gmelius_id"),
            gorgias_id: parameters.take("gorgias_id"),
        },
    }
}
