//! The descriptions of routes, in OpenAPI. Only tests build them. The server serves
//! docs/openapi.json, and a test compares this file with the descriptions of all routes.

mod description;
pub(crate) mod headers;
pub(crate) mod parameters;
pub(crate) mod problems;
pub(crate) mod schemas;
pub(crate) mod webhook_messages;

pub(crate) use description::{BodySchema, Description};

/// Names of the tags, in the order of the document.
pub(crate) const TICKETS: &str = "Tickets";
pub(crate) const COMMENTS: &str = "Comments";
pub(crate) const CUSTOMERS: &str = "Customers";
pub(crate) const USERS: &str = "Users";
pub(crate) const API_KEYS: &str = "API keys";
pub(crate) const EVENTS: &str = "Events";
pub(crate) const WEBHOOKS: &str = "Webhooks";
pub(crate) const SERVICE: &str = "Service";

/// The imports for describing a route.
pub(crate) mod prelude {
    pub(crate) use actix_web::http::StatusCode;
    pub(crate) use serde_json::{Value, json};
    pub(crate) use utoipa::openapi::Required;
    pub(crate) use utoipa::openapi::path::ParameterBuilder;
    pub(crate) use utoipa::openapi::schema::Type;

    pub(crate) use super::{
        API_KEYS, COMMENTS, CUSTOMERS, Description, EVENTS, SERVICE, TICKETS, USERS, WEBHOOKS, headers,
        parameters, schemas,
    };
}
