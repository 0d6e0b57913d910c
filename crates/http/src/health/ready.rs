use actix_web::HttpResponse;

use super::Health;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;

/// `GET /readyz`: 200 while the database is reachable, migrated, and not known to be out of space
/// for writes.
///
/// # Errors
/// 503 otherwise. The cause is in the log.
pub(crate) async fn serve(services: Option<Started>) -> Result<HttpResponse, Problem> {
    // The log names the reason for the wait.
    let Some(services) = services else { return Err(Problem::not_ready()) };
    match services.readiness.check_ready().await {
        Ok(()) => Ok(HttpResponse::Ok().json(Health { status: "ready" })),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Err(Problem::not_ready())
        }
    }
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "isReady",
        SERVICE,
        "Check whether the server can serve",
        "200 while the database is reachable and migrated, and not known to be out of space for writes.",
    )
    .returns::<Health>(StatusCode::OK, "The server can serve.", &[], [("ready", json!({"status": "ready"}))])
    .fails_with([Problem::not_ready()])
}
