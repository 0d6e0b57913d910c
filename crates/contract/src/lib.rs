//! The contract of Hexdesk's storage ports as tests: tells a storage adapter when it is
//! done.

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

pub use anyhow;
pub use async_trait::async_trait;
pub use case::{CASES, Case, CheckFn, Failure};
pub use fixture::{StorageFixture, TestStorage};
pub use memory::MemoryStorage;
pub use model::agrees_with_the_reference;
