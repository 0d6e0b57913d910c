//! The contract of Hexdesk's storage ports as tests: tells a storage adapter when it is
//! done.

pub mod cases;

mod case;
mod comparison;
mod fixture;
mod macros;
mod memory;
mod samples;

pub use anyhow;
pub use async_trait::async_trait;
pub use case::{CASES, Case, CheckFn, Failure};
pub use fixture::{StorageFixture, TestStorage};
pub use memory::MemoryStorage;
