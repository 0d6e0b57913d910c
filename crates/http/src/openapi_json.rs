//! `GET /openapi.json`: the description of this API in docs/, without indentation.

use actix_web::HttpResponse;

#[cfg(test)]
use crate::openapi::prelude::*;

/// `GET /openapi.json`: the document.
pub(crate) async fn serve() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(include_str!(concat!(env!("OUT_DIR"), "/openapi.json")))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new("getApiDescription", SERVICE, "Get this description", "This document.").returns_document(
        "The document, in OpenAPI 3.1.",
        "application/json",
        Type::Object,
    )
}
