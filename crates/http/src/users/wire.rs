//! The JSON of users.

use hexdesk_domain::limits::MAX_PERSON_NAME_CHARS;
use hexdesk_domain::{Field, User, UserChanges, UserDraft};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;

use crate::json_members::kinds::{Flag, Text};
use crate::json_members::{Body, Member, Members};
use crate::json_values::{Id, Time};

const PERSON_NAME: Text = Text::UpTo(MAX_PERSON_NAME_CHARS);

const EMAIL: Member<Text> = Member::new(Field::Email, "email", Text::Email, "Its e-mail address.")
    .remark("No other user of the shop may have it; case makes no difference.");
const FIRST_NAME: Member<Text> = Member::new(Field::FirstName, "first_name", PERSON_NAME, "Its first name.");
const LAST_NAME: Member<Text> = Member::new(Field::LastName, "last_name", PERSON_NAME, "Its last name.");
const FULL_NAME: Member<Text> = Member::new(Field::FullName, "full_name", PERSON_NAME, "Its full name.");
const IS_ACTIVE: Member<Flag> = Member::new(
    Field::IsActive,
    "isActive",
    Flag,
    "Whether it is active: tickets can be assigned to it, and keys write in its name.",
);

/// The body that creates a user.
pub(crate) static NEW_USER: Body<UserDraft> = Body::create("NewUser", "User", draft);

/// Reads the draft from the members.
pub(crate) fn draft(members: &mut Members) -> UserDraft {
    UserDraft {
        id: None,
        email: members.required(EMAIL),
        first_name: members.optional(FIRST_NAME),
        last_name: members.optional(LAST_NAME),
        full_name: members.optional(FULL_NAME.remark("The default is first and last name.")),
    }
}

/// The body that changes a user.
pub(crate) static USER_CHANGES: Body<UserChanges> = Body::change("UserChanges", "User", changes);

/// Reads the changes from the members.
pub(crate) fn changes(members: &mut Members) -> UserChanges {
    UserChanges {
        email: members.replacement(EMAIL),
        first_name: members.change(FIRST_NAME),
        last_name: members.change(LAST_NAME),
        full_name: members.change(FULL_NAME.remark("It follows first and last name until it is set itself.")),
        is_active: members
            .replacement(IS_ACTIVE.remark("`false` also revokes the keys that write in its name.")),
    }
}

/// `{"success":true,"user":{…}}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct UserAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// The user.
    user: UserJson<'a>,
}

impl<'a> UserAnswer<'a> {
    pub(crate) fn new(user: &'a User, shop_domain: &'a str) -> Self {
        Self { success: true, user: UserJson::new(user, shop_domain) }
    }
}

/// `{"success":true,"users":[…],"next_cursor":…}`, with `"total":n` if the request asks for it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct UsersAnswer<'a> {
    /// Always `true`.
    pub(crate) success: bool,
    /// The users of this page.
    pub(crate) users: Vec<UserJson<'a>>,
    /// The `cursor` of the next page; `null` on the last.
    pub(crate) next_cursor: Option<&'a str>,
    /// The number of users of all pages; only with `include=total`.
    #[cfg_attr(test, schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = User))]
pub(crate) struct UserJson<'a> {
    /// Its id.
    id: Id,
    email: &'a str,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    full_name: Option<&'a str>,
    /// The shop's domain.
    #[serde(rename = "shopDomain")]
    shop_domain: &'a str,
    /// When it was created.
    #[serde(rename = "creationDate")]
    created_at: Time,
    #[serde(rename = "isActive")]
    is_active: bool,
    /// When it was deactivated; `null` while it is active.
    #[serde(rename = "deactivatedAt")]
    deactivated_at: Option<Time>,
}

impl<'a> UserJson<'a> {
    pub(crate) fn new(user: &'a User, shop_domain: &'a str) -> Self {
        let User { id, shop_id: _, email, first_name, last_name, full_name, created_at, deactivated_at } =
            user;
        Self {
            id: Id(id.get()),
            email,
            first_name: first_name.as_deref(),
            last_name: last_name.as_deref(),
            full_name: full_name.as_deref(),
            shop_domain,
            created_at: Time(*created_at),
            is_active: deactivated_at.is_none(),
            deactivated_at: deactivated_at.map(Time),
        }
    }
}
