//! The examples of the user routes.

use serde_json::{Value, json};

pub(super) fn user() -> Value {
    json!({
        "id": 45,
        "email": "agent@example.com",
        "first_name": "Grace",
        "last_name": "Hopper",
        "full_name": "Grace Hopper",
        "shopDomain": "example.myshopify.com",
        "creationDate": "2026-04-28T00:00:00.000Z",
        "isActive": true,
        "deactivatedAt": null
    })
}

pub(super) fn created_user() -> Value {
    let mut user = user();
    user["id"] = json!(46);
    user["email"] = json!("alan@example.com");
    user["first_name"] = json!("Alan");
    user["last_name"] = json!("Turing");
    user["full_name"] = json!("Alan Turing");
    user
}

pub(super) fn deactivated_user() -> Value {
    let mut user = user();
    user["isActive"] = json!(false);
    user["deactivatedAt"] = json!("2026-05-01T09:30:00.000Z");
    user
}
