//! The console: the pages in which the agents of a shop read and answer its tickets.
//!
//! It is a driving adapter like the HTTP API, and calls the same use cases and ports. The
//! server renders every page. One style sheet and one script are compiled into the binary, and
//! nothing is fetched from elsewhere. Without the script, everything works except live updates and
//! drafts.
//!
//! The caller registers [`PAGES`], each behind its [`Access`]. It puts a [`Console`] into the
//! extensions of each request, and an [`Agent`] for pages that need a session. It reads the body of a
//! form within its own limits, and puts it into the extensions as [`FormBody`].

mod agent;
mod assets;
mod choice;
mod commands;
mod console;
mod demo;
mod failure;
mod figures;
mod form;
mod headers;
mod html_message;
mod inbox;
mod keys;
mod labels;
mod mark;
mod message;
mod once;
mod people;
mod question;
mod refusals;
mod routes;
mod same_site;
mod saved_replies;
mod session;
mod shell;
mod ticket;
mod view;
mod webhooks;
mod when;

pub use agent::Agent;
pub use console::{Console, ConsoleWebhooks, KeyTexts, NewKeySecret, NewWebhookSecret, TestWebhook};
pub use demo::DemoAccount;
pub use failure::{Failure, FailurePage};
pub use form::FormBody;
pub use headers::protect;
pub use routes::{Access, PAGES, Page};
pub use same_site::check_same_site;
pub use session::{OverTls, ask_to_sign_in, find_agent, session_token};
