//! The examples of the customer routes.

use hexdesk_domain::CustomerId;
use serde_json::{Value, json};

use crate::problem::Problem;

pub(super) fn customer() -> Value {
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

/// The problem of a customer who was merged into the example.
pub(super) fn merged() -> Problem {
    Problem::customer_merged(CustomerId::new(124).unwrap())
}

pub(super) fn created_customer() -> Value {
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

pub(super) fn changed_customer() -> Value {
    let mut customer = customer();
    customer["phone_number"] = json!("+33198765432");
    customer
}
