//! The HTTP API and the command line of Hexdesk.
//!
//! A request passes through `connections` and `request_trace` (its id and log line). Then
//! [`routes`] selects its route, which asks `authorization` (its key and scope) and `admission`
//! (its place and memory) before it calls the handler. The handler
//! reads the body (`request_body`, `json_members`), calls the domain, and returns a response or
//! a `Problem`.

mod admission;
mod api_keys;
mod authorization;
mod command;
pub mod command_line;
mod comments;
mod connections;
#[cfg(feature = "console")]
mod console;
mod cursor;
mod customers;
mod demo;
mod docs_page;
mod entity_tag;
mod events;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod health;
mod idempotency;
mod json_members;
mod json_values;
mod limits;
mod list_query;
mod logging;
#[cfg(test)]
mod openapi;
mod openapi_json;
mod person_json;
mod preferences;
mod problem;
mod rate_limits;
mod request_body;
mod request_trace;
mod response_body;
mod retention;
pub mod routes;
mod server;
mod services;
mod setting_values;
mod shop_shares;
mod similar_names;
mod ticket_ids;
mod tickets;
mod users;
mod webhooks;
mod wire_id;
