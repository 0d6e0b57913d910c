//! Whether the process lives, and whether it can serve.

pub(crate) mod openapi;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::services::Started;

/// How the server is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `live` or `ready`.
    status: &'static str,
}

/// `GET /livez`: 200 while the process answers at all.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "live" })
}

/// `GET /readyz`: 200 while the database can be reached, is migrated, and is not known to lack room for
/// writes.
///
/// # Errors
/// 503 otherwise; the cause is in the log.
pub(crate) async fn ready(services: Option<Started>) -> Result<HttpResponse, Problem> {
    // The log tells what the server is waiting for.
    let Some(services) = services else { return Err(Problem::not_ready()) };
    match services.readiness.check_ready().await {
        Ok(()) => Ok(HttpResponse::Ok().json(Health { status: "ready" })),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Err(Problem::not_ready())
        }
    }
}
