use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{Principal, Receipt};
#[cfg(test)]
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};

#[cfg(test)]
use super::examples;
use super::wire::{CustomerAnswer, NEW_CUSTOMER};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;

/// `POST /api/v1/customers`: creates a customer of the key's shop. If the shop has the customer
/// already, fills in what is missing and returns it.
///
/// # Errors
/// - 400 with every invalid member
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), draft, command) = Command::read(&request, payload, Ok(()), &NEW_CUSTOMER).await?;
    let (members, idempotency) = command.accept(|| draft.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &CreateCustomerOutcome| receipt(outcome, &shop_domain));
    let outcome = services
        .create_customer
        .execute(principal.caller(), draft, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    idempotency::respond(outcome, |outcome| {
        answer(&outcome, shop.domain.as_str()).ok_or_else(|| {
            tracing::error!("the store reports a taken customer number, but the request named none");
            Problem::internal()
        })
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    let example = json!({
        "email": "grace@example.com",
        "first_name": "Grace",
        "last_name": "Murray",
        "phone_number": "+15551234567",
        "shopify_id": 123_456_789
    });
    let there = |name: &str| {
        ObjectBuilder::new().required(name).property(name, ObjectBuilder::new().schema_type(Type::String))
    };
    let one_of_them = AnyOfBuilder::new()
        .description(Some(
            "An e-mail address, a phone number, or an id on Facebook, Instagram or WhatsApp is required.",
        ))
        .item(there("email"))
        .item(there("phone_number"))
        .item(there("fb_user_id"))
        .item(there("ig_user_id"))
        .item(there("whatsapp_id"));
    Description::new(
        "createCustomer",
        CUSTOMERS,
        "Create a customer",
        "Creates a customer of the shop. If the shop has the customer already, that customer is returned, with \
         what it lacked filled in. It is found by e-mail address (case makes no difference), then by an id of \
         another system, then by phone number. By phone number only if one of the two has no e-mail address.",
    )
    .body(NEW_CUSTOMER.schema().with_rule(one_of_them), [("customer", example)])
    .returns::<CustomerAnswer<'static>>(
        StatusCode::CREATED,
        "The customer was created, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::LOCATION, headers::IDEMPOTENCY_REPLAYED],
        [("customer", json!({"success": true, "customer": examples::created_customer()}))],
    )
    .returns::<CustomerAnswer<'static>>(
        StatusCode::OK,
        "The customer existed before.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("existing", json!({"success": true, "existing": true, "customer": examples::customer()}))],
    )
    .leads_to("getCustomer", "customerId", "$response.body#/customer/id")
    .leads_to("updateCustomer", "customerId", "$response.body#/customer/id")
}

/// Returns the response to an outcome.
fn answer(outcome: &CreateCustomerOutcome, shop_domain: &str) -> Option<StoredResponse> {
    match outcome {
        CreateCustomerOutcome::Created(customer) => Some(StoredResponse::created(
            Some(format!("/api/v1/customers/{}", customer.id)),
            &CustomerAnswer::new(customer, shop_domain),
        )),
        CreateCustomerOutcome::Existing(customer) => {
            Some(StoredResponse::ok(&CustomerAnswer::existing(customer, shop_domain)))
        }
        CreateCustomerOutcome::IdTaken => None,
    }
}

fn receipt(outcome: &CreateCustomerOutcome, shop_domain: &str) -> Option<Receipt> {
    let (CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer)) = outcome
    else {
        return None;
    };
    Some(answer(outcome, shop_domain)?.into_receipt(Some(customer.id)))
}
