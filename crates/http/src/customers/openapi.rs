//! What the customer routes say of themselves.

use actix_web::http::StatusCode;
use hexdesk_domain::limits::{MAX_EXTERNAL_ID_CHARS, MAX_PERSON_NAME_CHARS, MAX_PHONE_NUMBER_CHARS};
use hexdesk_domain::{CustomerId, Field};
use serde_json::{Value, json};
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, Object, ObjectBuilder, Schema, Type};

use super::wire::{CUSTOMER_MEMBERS, CustomerAnswer};
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
}

pub(crate) fn find() -> Description {
    Description::new("getCustomer", CUSTOMERS, "Get a customer", "A customer of the shop.")
        .parameters([parameters::in_path("customerId", "The customer's id", CustomerId::MAX, "123")])
        .answers::<CustomerAnswer<'static>>(
            StatusCode::OK,
            "The customer.",
            &[],
            [("customer", json!({"success": true, "customer": customer()}))],
        )
        .fails_with([Problem::customer_not_found()])
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
    let name = || schemas::text(MAX_PERSON_NAME_CHARS);
    let id = || schemas::text_or_number(MAX_EXTERNAL_ID_CHARS);
    BodySchema::new(CUSTOMER_MEMBERS, "A customer to create. Members that are not named here are ignored; `null` stands for a member that is not there.")
        .optional(Field::Email, schemas::email(), "Its e-mail address.")
        .optional(
            Field::PhoneNumber,
            schemas::text_not_blank(MAX_PHONE_NUMBER_CHARS),
            "Its phone number. Not blank.",
        )
        .optional(Field::FirstName, name(), "Its first name.")
        .optional(Field::LastName, name(), "Its last name.")
        .optional(Field::FullName, name(), "Its full name; first and last name joined if absent.")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_described() {
        crate::openapi::assert_describes(&body(), CUSTOMER_MEMBERS);
    }
}
