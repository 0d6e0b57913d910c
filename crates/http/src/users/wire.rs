//! How users are spelled in JSON.

use hexdesk_domain::{Field, Timestamp, User, UserChanges, UserDraft};
use serde::Serialize;
use utoipa::ToSchema;

use crate::json_members::{Members, Spelling};
use crate::json_text::{as_text, as_text_or_null};
use crate::openapi::schemas::Id;

/// The members of the body that creates a user.
pub(super) const USER_MEMBERS: Spelling = &[
    (Field::Email, "email"),
    (Field::FirstName, "first_name"),
    (Field::LastName, "last_name"),
    (Field::FullName, "full_name"),
];

/// The members of the body that changes a user.
pub(super) const USER_CHANGE_MEMBERS: Spelling = &[
    (Field::Email, "email"),
    (Field::FirstName, "first_name"),
    (Field::LastName, "last_name"),
    (Field::FullName, "full_name"),
    (Field::IsActive, "isActive"),
];

/// The draft that the members make; what cannot be read stays absent, and is noted in them.
pub(super) fn draft(members: &mut Members) -> UserDraft {
    UserDraft {
        id: None,
        email: members.text(Field::Email),
        first_name: members.text(Field::FirstName),
        last_name: members.text(Field::LastName),
        full_name: members.text(Field::FullName),
    }
}

/// The changes that the members make; `null` clears a name. What cannot be read is noted in
/// them.
pub(super) fn changes(members: &mut Members) -> UserChanges {
    UserChanges {
        email: members.replacement(Field::Email, Members::text),
        first_name: members.change(Field::FirstName, Members::text),
        last_name: members.change(Field::LastName, Members::text),
        full_name: members.change(Field::FullName, Members::text),
        is_active: members.replacement(Field::IsActive, Members::boolean),
    }
}

/// `{"success":true,"user":{…}}`.
#[derive(Serialize, ToSchema)]
pub(super) struct UserAnswer<'a> {
    /// Always true.
    success: bool,
    /// The user.
    user: UserJson<'a>,
}

impl<'a> UserAnswer<'a> {
    pub(super) fn new(user: &'a User, shop_domain: &'a str) -> Self {
        Self { success: true, user: UserJson::new(user, shop_domain) }
    }
}

/// `{"success":true,"users":[…],"next_cursor":…}`, with `"total":n` if it was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct UsersAnswer<'a> {
    /// Always true.
    pub(super) success: bool,
    /// The users of this page.
    pub(super) users: Vec<UserJson<'a>>,
    /// The `cursor` of the next page; null on the last.
    #[schema(required)]
    pub(super) next_cursor: Option<&'a str>,
    /// How many users all pages hold; there with `include=total`.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserJson<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: i64,
    /// Its e-mail address.
    email: &'a str,
    /// Its first name.
    #[schema(required)]
    first_name: Option<&'a str>,
    /// Its last name.
    #[schema(required)]
    last_name: Option<&'a str>,
    /// Its full name.
    #[schema(required)]
    full_name: Option<&'a str>,
    /// The shop's domain.
    #[serde(rename = "shopDomain")]
    shop_domain: &'a str,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    #[serde(rename = "creationDate", serialize_with = "as_text")]
    created_at: Timestamp,
    /// Whether it works there: only then can it be assigned a ticket, and keys write in its name.
    #[serde(rename = "isActive")]
    is_active: bool,
    /// Since when it is not active; null if it is.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    #[serde(rename = "deactivatedAt", serialize_with = "as_text_or_null")]
    deactivated_at: Option<Timestamp>,
}

impl<'a> UserJson<'a> {
    pub(crate) fn new(user: &'a User, shop_domain: &'a str) -> Self {
        Self {
            id: user.id.get(),
            email: &user.email,
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            full_name: user.full_name.as_deref(),
            shop_domain,
            created_at: user.created_at,
            is_active: user.deactivated_at.is_none(),
            deactivated_at: user.deactivated_at,
        }
    }
}
