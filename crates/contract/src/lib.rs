//! The contract of Hexdesk's storage ports as tests: tells a storage adapter when it is
//! done.
//!
//! The ports are traits of `hexdesk-domain`; what an adapter must guarantee stands there
//! as numbered obligations (`TICKET-3`), and all of it in `docs/storage-contract.md`. This
//! crate has one case for each number and a property test that compares the adapter with
//! [`MemoryStorage`], the reference. An adapter that passes keeps its obligations as far
//! as tests can tell, with one exception: durability, see below.
//!
//! # Testing an adapter
//!
//! Add `hexdesk-contract` to the adapter's `[dev-dependencies]`, implement
//! [`StorageFixture`], and hand it to [`storage_contract!`] in a file under `tests/`:
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
//! The macro makes a plain `#[test]` of each case, in a module for each port, so that one
//! case, one port, the races or the property test run on their own:
//!
//! ```text
//! cargo test ticket_3_
//! cargo test tickets::
//! cargo test concurrency::
//! PROPTEST_CASES=1000 cargo test model::
//! ```
//!
//! The message of a case that fails begins with the number of its obligation:
//!
//! ```text
//! Error: TICKET-5: a ticket with neither: got AssigneeNotFound, expected CustomerNotFound
//! ```
//!
//! # What a store may lack
//!
//! A store may lack text search. It leaves `search_tickets` as the trait has it, and its
//! tests say so; those of SEARCH are then ignored instead of run:
//!
//! ```text
//! hexdesk_contract::storage_contract!(InMemory, without: [text_search]);
//! ```
//!
//! A store that lacks it and does not declare so fails SEARCH-1. [`Case::capability`] tells
//! the cases apart; [`storage_contract!`] lists what may be lacking.
//!
//! # What is not covered
//!
//! Durability: a kit cannot crash a machine. That what was acknowledged is on disk must be
//! proven by fault tests of the adapter's own. The same goes for cancel safety, and for
//! several processes on one store: the cases run many tasks on several threads, all in
//! one process.
//!
//! # What is in it
//!
//! | item | what it is |
//! | --- | --- |
//! | [`StorageFixture`], [`TestStorage`] | what an adapter hands to the kit |
//! | [`storage_contract!`] | makes the tests |
//! | [`MemoryStorage`] | the reference adapter |
//! | [`CASES`], [`Case`], [`cases`] | the cases as a table, one of them, and their code |
//! | [`agrees_with_the_reference`] | the property test |

pub mod cases;

mod case;
mod comparison;
#[cfg(test)]
mod faulty;
mod fixture;
mod macros;
mod memory;
mod model;
mod samples;

mod api_keys {
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
    }
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

pub use anyhow;
pub use async_trait::async_trait;
pub use case::{CASES, Case, CheckFn, Failure};
pub use fixture::{StorageFixture, TestStorage};
pub use memory::MemoryStorage;
pub use model::agrees_with_the_reference;
