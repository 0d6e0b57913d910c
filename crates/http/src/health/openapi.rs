//! What the health routes say of themselves.

use actix_web::http::StatusCode;
use serde_json::json;

use super::Health;
use crate::openapi::{Description, SERVICE};
use crate::problem::Problem;

pub(crate) fn live() -> Description {
    Description::new(
        "isLive",
        SERVICE,
        "Tell whether the process lives",
        "200 while the process answers at all.",
    )
    .answers::<Health>(StatusCode::OK, "The process lives.", &[], [("live", json!({"status": "live"}))])
}

pub(crate) fn ready() -> Description {
    Description::new(
        "isReady",
        SERVICE,
        "Tell whether the server can serve",
        "200 while the database can be reached, is migrated, and is not known to lack room for writes.",
    )
    .answers::<Health>(StatusCode::OK, "The server can serve.", &[], [("ready", json!({"status": "ready"}))])
    .fails_with([Problem::not_ready()])
}
