//! Shared code of the tests: a server and a database for each test, and a client.

mod database;
mod directory;
mod response;
mod server;

pub(crate) mod accessibility;
pub(crate) mod api_keys;
pub(crate) mod browser;
pub(crate) mod event_streams;
pub(crate) mod events;
pub(crate) mod faults;
pub(crate) mod pages;
pub(crate) mod users;
pub(crate) mod visitor;

use std::time::Duration;

pub(crate) use database::{Database, command};
pub(crate) use directory::Directory;
pub(crate) use response::{Response, read_response};
pub(crate) use server::{Server, send_signal};

/// The maximum time that a test waits for a server. Only a broken server takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The demo's shop.
pub(crate) const SHOP: &str = "example.myshopify.com";

/// The documented request body for a new ticket.
pub(crate) const EXAMPLE: &str = r#"{
    "customerId": 123,
    "Channel": "Mail",
    "name": "Refund request",
    "threadId": "thread-001",
    "emailUsed": "support@example.com",
    "lastMessage": "Hello, I need a refund.",
    "contact_reason": "refund",
    "assigned_to": 45,
    "isOpenedTicket": true,
    "unReadChatCount": 1,
    "tags": ["refund", "vip"],
    "language_code": "en",
    "via": "api"
}"#;

/// Runs these tests on each database. A test that takes a [`Database`] and is not listed here is
/// dead code, which the lints refuse.
macro_rules! both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name($crate::harness::Database::sqlite().migrated()) })+
        }

        mod postgres {
            $(#[test] fn $name() { super::$name($crate::harness::Database::postgres()) })+
        }
    };
}
pub(crate) use both_databases;

/// The path of a route, with a value for each of its parameters. A stream has no end, so its path asks
/// for an invalid place.
pub(crate) fn path_with(path: &str, value: impl Fn(&str) -> String) -> String {
    let parts =
        path.split('/').map(|part| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => value(name),
            None => part.to_owned(),
        });
    let query = if path.ends_with("/stream") { "?after=none" } else { "" };
    parts.collect::<Vec<_>>().join("/") + query
}
