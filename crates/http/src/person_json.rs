//! How the people of a ticket or comment are spelled in JSON.

use hexdesk_domain::{Customer, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::schemas::Id;

/// A customer, as tickets and comments name it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerSummary<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: i64,
    /// Its e-mail address.
    #[schema(required)]
    email: Option<&'a str>,
    /// Its first name.
    #[schema(required)]
    first_name: Option<&'a str>,
    /// Its last name.
    #[schema(required)]
    last_name: Option<&'a str>,
    /// Its full name.
    #[schema(required)]
    full_name: Option<&'a str>,
    /// Its phone number.
    #[schema(required)]
    phone_number: Option<&'a str>,
    /// Its id in Shopify.
    #[schema(required)]
    shopify_id: Option<&'a str>,
}

impl<'a> CustomerSummary<'a> {
    pub(crate) fn new(customer: &'a Customer) -> Self {
        Self {
            id: customer.id.get(),
            email: customer.email.as_deref(),
            first_name: customer.first_name.as_deref(),
            last_name: customer.last_name.as_deref(),
            full_name: customer.full_name.as_deref(),
            phone_number: customer.phone_number.as_deref(),
            shopify_id: customer.external_ids.shopify_id.as_deref(),
        }
    }
}

/// A user, as tickets and comments name it.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserSummary<'a> {
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
}

impl<'a> UserSummary<'a> {
    pub(crate) fn new(user: &'a User) -> Self {
        Self {
            id: user.id.get(),
            email: &user.email,
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            full_name: user.full_name.as_deref(),
        }
    }
}
