//! The JSON of the people in a ticket or comment. Their members have the same descriptions as the
//! members of customers and users.

use hexdesk_domain::{Customer, User};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;

use crate::json_values::Id;

/// A customer, as tickets and comments name it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct CustomerSummary<'a> {
    /// Its id.
    id: Id,
    email: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    full_name: Option<&'a str>,
    phone_number: Option<&'a str>,
    shopify_id: Option<&'a str>,
}

impl<'a> CustomerSummary<'a> {
    pub(crate) fn new(customer: &'a Customer) -> Self {
        Self {
            id: Id(customer.id.get()),
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
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct UserSummary<'a> {
    /// Its id.
    id: Id,
    email: &'a str,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    full_name: Option<&'a str>,
}

impl<'a> UserSummary<'a> {
    pub(crate) fn new(user: &'a User) -> Self {
        Self {
            id: Id(user.id.get()),
            email: &user.email,
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            full_name: user.full_name.as_deref(),
        }
    }
}
