//! What the customer routes say of themselves.

use actix_web::http::StatusCode;
use hexdesk_domain::limits::{MAX_EXTERNAL_ID_CHARS, MAX_PERSON_NAME_CHARS, MAX_PHONE_NUMBER_CHARS};
use hexdesk_domain::{CustomerId, Field};
use serde_json::{Value, json};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, Object, ObjectBuilder, Schema, Type};

use super::wire::{CUSTOMER_MEMBERS, CustomerAnswer, CustomersAnswer, ErasedAnswer};
use crate::openapi::{BodySchema, CUSTOMERS, Description, headers, parameters, schemas};
use crate::problem::Problem;

pub(crate) fn create() -> Description {
    let example = json!({
        "email": "grace@example.com",
        "first_name": "Grace",
        "last_name": "Murray",
        "phone_number": "+15551234567",
        "shopify_id": 123_456_789
    });
    Description::new(
        "createCustomer",
        CUSTOMERS,
        "Create a customer",
        "Creates a customer of the shop, unless it has one with the e-mail address (whose case does not \
         matter), or else the phone number; that one is answered then, unchanged.",
    )
    .body("NewCustomer", schema(), [("customer", example)])
    .answers::<CustomerAnswer<'static>>(
        StatusCode::CREATED,
        "The customer was created, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::LOCATION, headers::IDEMPOTENCY_REPLAYED],
        [("customer", json!({"success": true, "customer": created_customer()}))],
    )
    .answers::<CustomerAnswer<'static>>(
        StatusCode::OK,
        "The customer was there before.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("existing", json!({"success": true, "existing": true, "customer": customer()}))],
    )
    .leads_to("getCustomer", "customerId", "$response.body#/customer/id")
    .leads_to("updateCustomer", "customerId", "$response.body#/customer/id")
}

pub(crate) fn list() -> Description {
    let condition = |(name, text)| parameters::in_query(name, text, schemas::any_text());
    Description::new(
        "listCustomers",
        CUSTOMERS,
        "List customers",
        "The customers that meet every given condition, latest id first, a page at a time. Parameters that are \
         not named here are refused, and so is one that is there twice.",
    )
    .parameters(
        [
            ("email", "Its e-mail address; case makes no difference."),
            ("phone_number", "Its phone number, exactly."),
            ("shopify_id", "Its id in Shopify, exactly."),
            ("wordpress_id", "Its id in WordPress, exactly."),
            ("prestashop_id", "Its id in PrestaShop, exactly."),
            ("fb_user_id", "Its id on Facebook, exactly."),
            ("ig_user_id", "Its id on Instagram, exactly."),
            ("ig_pseudo", "Its name on Instagram, exactly."),
            ("whatsapp_id", "Its id on WhatsApp, exactly."),
            ("zendesk_id", "Its id in Zendesk, exactly."),
            ("freshdesk_id", "Its id in Freshdesk, exactly."),
            ("gmelius_id", "Its id in Gmelius, exactly."),
            ("gorgias_id", "Its id in Gorgias, exactly."),
        ]
        .map(condition),
    )
    .parameters([parameters::limit(), parameters::cursor(), parameters::include()])
    .answers::<CustomersAnswer<'static>>(
        StatusCode::OK,
        "A page of the list.",
        &[headers::LINK],
        [("page", json!({"success": true, "customers": [customer()], "next_cursor": null}))],
    )
}

pub(crate) fn find() -> Description {
    Description::new("getCustomer", CUSTOMERS, "Get a customer", "A customer of the shop.")
        .parameters([in_path()])
        .answers::<CustomerAnswer<'static>>(
            StatusCode::OK,
            "The customer.",
            &[],
            [("customer", json!({"success": true, "customer": customer()}))],
        )
        .fails_with([Problem::customer_not_found()])
}

pub(crate) fn update() -> Description {
    Description::new(
        "updateCustomer",
        CUSTOMERS,
        "Change a customer",
        "Changes the members that are there; `null` clears. One of e-mail address and phone number must be \
         left, and neither may be another customer's.",
    )
    .parameters([in_path()])
    .body("CustomerChanges", changes().into(), [("phone", json!({"phone_number": "+33198765432"}))])
    .answers::<CustomerAnswer<'static>>(
        StatusCode::OK,
        "The customer as it is now, or as an earlier request with the same `Idempotency-Key` left it.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("phone", json!({"success": true, "customer": changed_customer()}))],
    )
    .fails_with([Problem::customer_not_found(), Problem::customer_exists("email")])
}

pub(crate) fn erase() -> Description {
    Description::new(
        "deleteCustomer",
        CUSTOMERS,
        "Erase a customer",
        "Erases a customer with everything of theirs: tickets, human tickets, comments, what is found by \
         searching, and the answers that were kept for requests with an `Idempotency-Key`.",
    )
    .parameters([in_path()])
    .answers::<ErasedAnswer>(
        StatusCode::OK,
        "The customer is gone. Says how much went.",
        &[],
        [("erased", erased())],
    )
    .fails_with([Problem::customer_not_found(), Problem::outcome_unknown()])
}

fn in_path() -> Parameter {
    parameters::in_path("customerId", "The customer's id", CustomerId::MAX, "123")
}

fn schema() -> Schema {
    let there = |name: &str| {
        ObjectBuilder::new().required(name).property(name, ObjectBuilder::new().schema_type(Type::String))
    };
    AllOfBuilder::new()
        .item(Schema::from(body()))
        .item(
            AnyOfBuilder::new()
                .description(Some("An e-mail address or a phone number is needed."))
                .item(there("email"))
                .item(there("phone_number")),
        )
        .into()
}

fn body() -> Object {
    members(
        "A customer to create. Members that are not named here are ignored; `null` stands for a member that is \
         not there.",
        "Its full name; first and last name joined if absent.",
    )
}

fn changes() -> Object {
    members(
        "What is to be otherwise about a customer. Members that are not named here are ignored; `null` clears.",
        "Its full name.",
    )
}

fn members(text: &str, full_name: &str) -> Object {
    let name = || schemas::text(MAX_PERSON_NAME_CHARS);
    let id = || schemas::text_or_number(MAX_EXTERNAL_ID_CHARS);
    BodySchema::new(CUSTOMER_MEMBERS, text)
        .optional(Field::Email, schemas::email(), "Its e-mail address.")
        .optional(
            Field::PhoneNumber,
            schemas::text_not_blank(MAX_PHONE_NUMBER_CHARS),
            "Its phone number. Not blank.",
        )
        .optional(Field::FirstName, name(), "Its first name.")
        .optional(Field::LastName, name(), "Its last name.")
        .optional(Field::FullName, name(), full_name)
        .optional(Field::ShopifyId, id(), "Its id in Shopify.")
        .optional(Field::WordpressId, id(), "Its id in WordPress.")
        .optional(Field::FbUserId, id(), "Its id on Facebook.")
        .optional(Field::IgUserId, id(), "Its id on Instagram.")
        .optional(Field::WhatsappId, id(), "Its id on WhatsApp.")
        .build()
}

fn customer() -> Value {
    json!({
        "id": 123,
        "shopify_id": "987654321",
        "wordpress_id": null,
        "prestashop_id": null,
        "fb_user_id": null,
        "ig_user_id": null,
        "whatsapp_id": null,
        "email": "dev@example.com",
        "phone_number": "+33123456789",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "full_name": "Ada Lovelace",
        "numberOfOrders": 0,
        "shopDomain": "example.myshopify.com",
        "creationDate": "2026-04-28T00:00:00.000Z",
        "cms_creationDate": null,
        "CMS": null,
        "zendesk_id": null,
        "freshdesk_id": null,
        "ig_pseudo": null,
        "gmelius_id": null,
        "gorgias_id": null
    })
}

fn created_customer() -> Value {
    let mut customer = customer();
    customer["id"] = json!(124);
    customer["email"] = json!("grace@example.com");
    customer["phone_number"] = json!("+15551234567");
    customer["first_name"] = json!("Grace");
    customer["last_name"] = json!("Murray");
    customer["full_name"] = json!("Grace Murray");
    customer["shopify_id"] = json!("123456789");
    customer
}

fn changed_customer() -> Value {
    let mut customer = customer();
    customer["phone_number"] = json!("+33198765432");
    customer
}

fn erased() -> Value {
    json!({
        "success": true,
        "erased": {"customers": 1, "tickets": 2, "humanTickets": 1, "comments": 5, "idempotencyRecords": 3}
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_described() {
        crate::openapi::assert_describes(&body(), CUSTOMER_MEMBERS);
        crate::openapi::assert_describes(&changes(), CUSTOMER_MEMBERS);
    }
}
