//! Values of responses without a type of their own in JSON.

use hexdesk_domain::{RequestId, Timestamp};
use serde::{Serialize, Serializer};
#[cfg(test)]
use utoipa::{PartialSchema, ToSchema};

#[cfg(test)]
use crate::openapi::schemas;

/// The id of a customer, user or human ticket: a number.
#[derive(Serialize)]
pub(crate) struct Id(pub(crate) i64);

/// An id of up to 64 bits: a string, since JavaScript's numbers are too small.
pub(crate) struct LongId(pub(crate) i64);

impl Serialize for LongId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A point in time.
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The id of a request, as in the header `x-request-id`.
pub(crate) struct RequestIdText(pub(crate) RequestId);

impl Serialize for RequestIdText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
macro_rules! schemas {
    ($($value:ident: $schema:expr;)+) => {$(
        impl PartialSchema for $value {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::RefOr::T($schema)
            }
        }

        impl ToSchema for $value {}
    )+};
}

#[cfg(test)]
schemas! {
    Id: schemas::response_id();
    LongId: schemas::response_long_id();
    Time: schemas::response_time();
    RequestIdText: schemas::response_request_id();
}
