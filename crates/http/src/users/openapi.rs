//! What the user routes say of themselves.

use actix_web::http::StatusCode;
use hexdesk_domain::limits::MAX_PERSON_NAME_CHARS;
use hexdesk_domain::{Field, UserId};
use serde_json::{Value, json};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Object;

use super::wire::{USER_CHANGE_MEMBERS, USER_MEMBERS, UserAnswer, UsersAnswer};
use crate::openapi::{BodySchema, Description, USERS, headers, parameters, schemas};
use crate::problem::Problem;

pub(crate) fn list() -> Description {
    Description::new(
        "listUsers",
        USERS,
        "List users",
        "The users of the shop in order of their ids, a page at a time. Parameters that are not named here \
         are refused, and so is one that is there twice.",
    )
    .parameters([
        parameters::in_query("isActive", "Whether it is active; all users if absent.", schemas::boolean()),
        parameters::limit(),
        parameters::cursor(),
        parameters::include(),
    ])
    .answers::<UsersAnswer<'static>>(
        StatusCode::OK,
        "A page of users.",
        &[headers::LINK],
        [("last", json!({"success": true, "users": [user()], "next_cursor": null}))],
    )
}

pub(crate) fn create() -> Description {
    let example = json!({"email": "alan@example.com", "first_name": "Alan", "last_name": "Turing"});
    Description::new(
        "createUser",
        USERS,
        "Create a user",
        "Creates an active user of the shop. It has no password and signs in nowhere: a key made for it \
         writes in its name.",
    )
    .body("NewUser", body().into(), [("user", example)])
    .answers::<UserAnswer<'static>>(
        StatusCode::CREATED,
        "The user was created, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::LOCATION, headers::IDEMPOTENCY_REPLAYED],
        [("user", json!({"success": true, "user": created_user()}))],
    )
    .leads_to("getUser", "userId", "$response.body#/user/id")
    .leads_to("updateUser", "userId", "$response.body#/user/id")
    .fails_with([Problem::user_exists()])
}

pub(crate) fn find() -> Description {
    Description::new("getUser", USERS, "Get a user", "A user of the shop, active or not.")
        .parameters([in_path()])
        .answers::<UserAnswer<'static>>(
            StatusCode::OK,
            "The user.",
            &[],
            [("user", json!({"success": true, "user": user()}))],
        )
        .fails_with([Problem::user_not_found()])
}

pub(crate) fn update() -> Description {
    Description::new(
        "updateUser",
        USERS,
        "Change a user",
        "Changes the members that are there; `null` clears a name. Users are not deleted but deactivated: the \
         tickets and comments that name one keep it, but no ticket can be assigned to it any more. \
         Deactivating a user also revokes every key that writes in its name, for good: activating it again \
         brings none back, and a server may take 5 seconds to notice.",
    )
    .parameters([in_path()])
    .body(
        "UserChanges",
        changes().into(),
        [("deactivate", json!({"isActive": false})), ("rename", json!({"last_name": "Murray Hopper", "full_name": null}))],
    )
    .answers::<UserAnswer<'static>>(
        StatusCode::OK,
        "The user as it is now, or as an earlier request with the same `Idempotency-Key` left it.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("deactivate", json!({"success": true, "user": deactivated_user()}))],
    )
    .fails_with([Problem::user_not_found(), Problem::user_exists()])
}

/// `userId` in the path.
fn in_path() -> Parameter {
    parameters::in_path("userId", "The user's id", UserId::MAX, "45")
}

fn body() -> Object {
    let name = || schemas::text(MAX_PERSON_NAME_CHARS);
    BodySchema::new(USER_MEMBERS, "A user to create. Members that are not named here are ignored; `null` stands for a member that is not there.")
        .required(
            Field::Email,
            schemas::email(),
            "Its e-mail address, whose case does not matter; no other user of the shop may have it.",
        )
        .optional(Field::FirstName, name(), "Its first name.")
        .optional(Field::LastName, name(), "Its last name.")
        .optional(Field::FullName, name(), "Its full name; first and last name joined if absent.")
        .build()
}

fn changes() -> Object {
    let name = || schemas::text(MAX_PERSON_NAME_CHARS);
    BodySchema::new(
        USER_CHANGE_MEMBERS,
        "What is to be otherwise about a user. Members that are not there stay as they are; those that are \
         not named here are ignored.",
    )
    .not_null(Field::Email, schemas::email(), "Its e-mail address; no other user of the shop may have it.")
    .optional(Field::FirstName, name(), "Its first name.")
    .optional(Field::LastName, name(), "Its last name.")
    .optional(Field::FullName, name(), "Its full name, which does not follow the others.")
    .not_null(
        Field::IsActive,
        schemas::boolean_or_text(),
        "Whether it works there. `false` deactivates it and revokes the keys that write in its name.",
    )
    .build()
}

fn user() -> Value {
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

fn created_user() -> Value {
    let mut user = user();
    user["id"] = json!(46);
    user["email"] = json!("alan@example.com");
    user["first_name"] = json!("Alan");
    user["last_name"] = json!("Turing");
    user["full_name"] = json!("Alan Turing");
    user
}

fn deactivated_user() -> Value {
    let mut user = user();
    user["isActive"] = json!(false);
    user["deactivatedAt"] = json!("2026-05-01T09:30:00.000Z");
    user
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_described() {
        crate::openapi::assert_describes(&body(), USER_MEMBERS);
        crate::openapi::assert_describes(&changes(), USER_CHANGE_MEMBERS);
    }
}
