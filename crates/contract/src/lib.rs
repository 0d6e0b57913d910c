//! The contract of Hexdesk's storage ports as tests. A storage adapter is complete when it passes.
//!
//! The ports are traits of `hexdesk-domain`. Their documentation numbers the obligations of an
//! adapter (`TICKET-3`). All of them are on one page, `docs/storage-contract.md`. This crate has
//! one case for each number, and a property test that compares the adapter with [`MemoryStorage`],
//! the reference. An adapter that passes meets its obligations as far as tests can show, except
//! durability: see below.
//!
//! # Testing an adapter
//!
//! Add `hexdesk-contract` to the adapter's `[dev-dependencies]`. Implement [`StorageFixture`] and
//! pass it to [`storage_contract!`] in a file under `tests/`:
//!
//! ```
//! use hexdesk_contract::{MemoryStorage, StorageFixture, TestStorage, anyhow, async_trait};
//!
//! struct InMemory;
//!
//! #[async_trait]
//! impl StorageFixture for InMemory {
//!     async fn open(&self) -> anyhow::Result<TestStorage> {
//!         // An adapter with files or a database adds `.with_guard(directory)`.
//!         Ok(TestStorage::new(MemoryStorage::new()))
//!     }
//! }
//!
//! hexdesk_contract::storage_contract!(InMemory);
//! # fn main() -> Result<(), hexdesk_contract::Failure> {
//! # for case in hexdesk_contract::CASES.iter().filter(|case| case.name.starts_with("tickets::")) {
//! #     case.run(&InMemory)?;
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! The macro makes a plain `#[test]` of each case, in a module for each port. So one case, one
//! port, the races or the property test can run alone:
//!
//! ```text
//! cargo test ticket_3_
//! cargo test tickets::
//! cargo test concurrency::
//! PROPTEST_CASES=1000 cargo test model::
//! ```
//!
//! The message of a failed case begins with the number of its obligation. Of two large values, it
//! shows the path of the first difference:
//!
//! ```text
//! Error: TICKET-5: a ticket with a missing customer and assignee: got AssigneeNotFound, expected CustomerNotFound
//! Error: COMMENT-1: the outcome of a new comment: comment.subject: got None, expected Some("subject")
//! ```
//!
//! A call that does not return within 30 seconds fails its case. So does a case of two minutes:
//!
//! ```text
//! Error: CANCEL-1: the call `update_customer` has not returned for 30s: is something locked?
//! ```
//!
//! # Optional capabilities
//!
//! A store may lack text search. Then it does not declare it
//! ([`StoreCapabilities`](hexdesk_domain::StoreCapabilities)), keeps the default `search_tickets` of
//! the trait, and names the capability in its tests. The tests of SEARCH are ignored:
//!
//! ```text
//! hexdesk_contract::storage_contract!(InMemory, without: [text_search]);
//! ```
//!
//! A store fails if this list and its capabilities disagree. [`Case::capability`] names the
//! capability of a case; [`storage_contract!`] lists the capabilities.
//!
//! # An adapter that is being written
//!
//! `examples/skeleton-storage` is an adapter to begin with. Its tests name the modules that are
//! `pending`. They are ignored, and one test counts how many of their cases pass: [`progress()`].
//!
//! # What is not covered
//!
//! - Durability: the kit cannot crash a machine. Fault tests of the adapter must prove that
//!   acknowledged writes are on disk.
//! - Abandoned reads: the cases drop the futures of writes only.
//! - Several processes on one store: the cases run many tasks on several threads of one process.
//!
//! # Items
//!
//! | item | purpose |
//! | --- | --- |
//! | [`StorageFixture`], [`TestStorage`] | the store to test, made by the adapter |
//! | [`storage_contract!`] | makes the tests |
//! | [`MemoryStorage`] | the reference adapter |
//! | [`CASES`], [`Case`], [`cases`] | the table of cases, one case, and their code |
//! | [`agrees_with_the_reference`] | the property test |
//! | [`progress()`], [`Progress`] | how many cases pass in each module |
//! | [`SealerFixture`], [`secret_sealer_contract!`], [`SEALER_CASES`], [`SealerCase`] | the same for a [`SecretSealer`](hexdesk_domain::SecretSealer), which is not part of a store |

pub mod cases;

mod case;
mod comparison;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod faulty;
mod fixture;
#[cfg(test)]
mod guide;
mod macros;
mod memory;
mod methods;
mod model;
#[cfg(test)]
mod page_faults;
mod pages;
mod progress;
mod samples;
#[cfg(test)]
mod several_writers;
mod watched;

// Each subject has its cases and the faulty adapters that the cases must reject.
mod api_keys {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod archive {
    mod answers;
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
    mod full_shop;
    pub(crate) mod moving;
}
mod cancellation {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod capabilities {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod comments {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod concurrency {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod customers {
    pub(crate) mod cases {
        pub mod changes;
        pub mod creation;
        pub mod erasure;
        pub mod lists;
        pub mod merges;
    }
    #[cfg(test)]
    pub(crate) mod faults;
}
mod deliveries {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod events {
    pub mod cases;
    pub(crate) mod expected;
    #[cfg(test)]
    pub(crate) mod faults;
    pub(crate) mod settled_log;
}
mod figures {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod id_ranges {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod idempotency {
    pub(crate) mod cases {
        pub mod deferred_claims;
        pub mod ticket_creation;
    }
    #[cfg(test)]
    pub(crate) mod faults;
}
mod readiness {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod retention {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod search {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod secrets;
mod shops {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod tickets {
    pub(crate) mod cases {
        pub mod changes;
        pub mod creation;
        pub mod deletion;
        pub(crate) mod first_message;
        pub mod lists;
    }
    #[cfg(test)]
    pub(crate) mod faults;
}
mod users {
    pub(crate) mod cases {
        pub mod changes;
        pub mod creation;
        pub mod lists;
    }
    #[cfg(test)]
    pub(crate) mod faults;
}
mod credentials {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod saved_replies {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod sessions {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}
mod webhooks {
    pub mod cases;
    #[cfg(test)]
    pub(crate) mod faults;
}

pub use anyhow;
pub use async_trait::async_trait;
pub use case::{CASES, Case, CheckFn, Failure};
pub use fixture::{StorageFixture, TestStorage};
pub use memory::MemoryStorage;
pub use model::agrees_with_the_reference;
pub use progress::{ModuleProgress, Progress, progress};
#[doc(hidden)]
pub use progress::{expect_missing, expect_pending};
pub use secrets::{SEALER_CASES, SealerCase, SealerFixture};
