//! The page of a request that failed.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use hexdesk_domain::{StorageError, StorageErrorKind};

use crate::assets::{SCRIPT, STYLE};

/// The reason why a request failed, as a page.
#[derive(Debug, Clone)]
pub struct Failure {
    status: StatusCode,
    title: &'static str,
    sentence: Cow<'static, str>,
    /// A text that the user wrote and that was not sent.
    unsent: String,
}

/// Marks a response that is already a page of a [`Failure`].
#[derive(Debug, Clone, Copy)]
pub struct FailurePage;

impl Failure {
    /// A page with this status and text.
    pub fn new(status: StatusCode, title: &'static str, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { status, title, sentence: sentence.into(), unsent: String::new() }
    }

    /// Shows a text that was not sent, so that it is not lost.
    #[must_use]
    pub(crate) fn with_unsent(mut self, text: &str) -> Self {
        text.clone_into(&mut self.unsent);
        self
    }

    /// 404: there is no such page.
    pub fn page_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Page not found", "There is no page at this address.")
    }

    /// 405: a page is requested in another way than its own.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Not possible",
            "This page cannot be requested in this way.",
        )
    }

    /// 403: the role of the user lacks a right.
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Not allowed",
            "Your role does not allow this. Ask an admin of your shop.",
        )
    }

    pub(crate) fn ticket_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Ticket not found",
            "This ticket does not exist, or was deleted meanwhile.",
        )
    }

    pub(crate) fn other_site() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Sent from another site",
            "This request did not come from a page of this server, so nothing was changed.",
        )
    }

    /// 503: the server cannot serve now. Nothing was changed.
    pub fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available",
            "The server cannot serve this page now. Nothing was changed. Try again in a moment.",
        )
    }

    /// 500: a bug.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "The server failed. Its log says why.",
        )
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error.kind {
            StorageErrorKind::Unavailable => {
                tracing::warn!(error = %error, "the store is not available");
                Self::overloaded()
            }
            StorageErrorKind::OutcomeUnknown => {
                tracing::error!(error = %error, "the outcome of a write is unknown");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Perhaps sent",
                    "The server lost its database during the write. Go back and send the form again: it takes \
                     effect once.",
                )
            }
            StorageErrorKind::Unexpected => {
                tracing::error!(error = %error, "the store failed");
                Self::internal()
            }
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.title)
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailureTemplate<'a> {
    style: &'a str,
    script: &'a str,
    title: &'a str,
    sentence: &'a str,
    unsent: &'a str,
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let page = FailureTemplate {
            style: &STYLE.path,
            script: &SCRIPT.path,
            title: self.title,
            sentence: &self.sentence,
            unsent: &self.unsent,
        };
        // Rendering into a string cannot fail.
        let page = page.render().unwrap_or_default();
        let mut response =
            HttpResponse::build(self.status).content_type("text/html; charset=utf-8").body(page);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        crate::protect(response.headers_mut());
        response.extensions_mut().insert(FailurePage);
        response
    }
}
