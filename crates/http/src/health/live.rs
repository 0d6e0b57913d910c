use actix_web::HttpResponse;

use super::Health;
#[cfg(test)]
use crate::openapi::prelude::*;

/// `GET /livez`: 200 while the process responds at all.
pub(crate) async fn serve() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "live" })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new("isLive", SERVICE, "Check whether the process lives", "200 while the process responds.")
        .returns::<Health>(StatusCode::OK, "The process lives.", &[], [("live", json!({"status": "live"}))])
}
