//! Storage for Hexdesk on [redb](https://docs.rs/redb), an embedded key-value store in one
//! file. It is an example of a storage adapter from a team outside the project.
//! `docs/writing-a-storage-adapter.md` explains it step by step.
//!
//! | file | contents |
//! | --- | --- |
//! | `storage` | the file, and commands as transactions on threads that may block |
//! | `tables` | every table with its key and value |
//! | `format` | the version of the layout, stored in the file |
//! | `encoding` | values as JSON |
//! | `numbers` | the numbers that the store assigns, and counts |
//! | `idempotency` | operations that take effect once |
//! | `errors` | conversion of redb's errors to errors of the ports |
//! | `shops`, `customers`, `users`, `tickets`, `comments`, `search`, `api_keys`, `webhooks`, `deliveries`, `credentials`, `sessions`, `saved_replies`, `events`, `figures`, `retention`, `archive`, `id_ranges`, `readiness` | one port each |
//!
//! ```
//! use hexdesk_domain::ports::CreateShopOutcome;
//! use hexdesk_domain::{ShopDomain, ShopStore, Timestamp};
//! use hexdesk_redb_example::RedbStorage;
//!
//! # #[tokio::main]
//! # async fn main() -> anyhow::Result<()> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("hexdesk.redb");
//! let storage = RedbStorage::open(&path)?;
//! let domain = ShopDomain::parse("shop.example.com")?;
//! let created = storage.create_shop(&domain, Timestamp::parse("2026-04-28")?).await?;
//! assert!(matches!(created, CreateShopOutcome::Created(_)));
//! # Ok(())
//! # }
//! ```

mod api_keys;
mod archive;
mod comments;
mod credentials;
mod customers;
mod deliveries;
mod encoding;
mod errors;
mod events;
mod figures;
mod format;
mod id_ranges;
mod idempotency;
mod numbers;
mod readiness;
mod retention;
mod saved_replies;
mod search;
mod sessions;
mod shops;
mod storage;
mod tables;
mod tickets;
mod users;
mod webhooks;

#[cfg(test)]
mod tests;

pub use errors::OpenError;
pub use storage::RedbStorage;
