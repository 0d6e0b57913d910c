//! `GET /docs`: `/openapi.json` as a page to read. The page contains its script and its style. Its
//! content security policy allows no other script or style.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

#[cfg(test)]
use crate::openapi::prelude::*;

const STYLE: &str = include_str!("docs_page/page.css");
const SCRIPT: &str = include_str!("docs_page/page.js");

static PAGE: LazyLock<String> = LazyLock::new(|| {
    include_str!("docs_page/page.html").replace("/*style*/", STYLE).replace("/*script*/", SCRIPT)
});

/// Allows only the page's own script and style, and only connections to this server.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        source(SCRIPT),
        source(STYLE)
    )
});

/// Returns the name of an inline script or style in a policy.
fn source(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// `GET /docs`: the page.
pub(crate) async fn serve() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(PAGE.as_str())
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new("getDocumentation", SERVICE, "Read this description", "This document as a page to read.")
        .returns_document("The page.", "text/html", Type::String)
}
