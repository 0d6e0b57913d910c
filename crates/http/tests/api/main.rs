//! Black-box tests: the binary `hexdesk`, run as its users run it, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod api_key_grants;
mod api_key_rotation;
mod api_key_secrets;
mod api_keys;
mod authentication;
mod backup;
mod change_comment;
mod change_customer;
mod change_ticket;
mod change_user;
mod command_line;
mod comment_lists;
mod comments;
mod create_ticket;
mod customer_lists;
mod customers;
mod demo;
mod doctor;
mod errors;
mod events;
mod fair_reads;
mod faults;
mod find_ticket;
mod harness;
mod idempotency;
mod idle_connections;
mod isolation;
mod logs;
mod merge_customers;
mod message_framing;
mod messages;
mod openapi;
mod overload;
mod published;
mod rate_limits;
mod response_headers;
mod restored_log;
mod search;
mod statements;
mod stopping;
mod ticket_lists;
mod unread_responses;
mod users;
mod walkthrough;
