//! The pairs of the store's and the reference's numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use anyhow::{Context, ensure};

/// Pairs of numbers. Each number is in one pair only.
#[derive(Debug)]
pub(super) struct Pairing<T> {
    references: BTreeMap<T, T>,
    paired_references: BTreeSet<T>,
}

impl<T: Ord + Copy + Debug> Pairing<T> {
    pub(super) fn new() -> Self {
        Self { references: BTreeMap::new(), paired_references: BTreeSet::new() }
    }

    /// Adds the numbers that both stores assigned to one new thing.
    pub(super) fn add(&mut self, tested: T, reference: T) -> anyhow::Result<()> {
        ensure!(self.references.insert(tested, reference).is_none(), "{tested:?} was assigned twice");
        self.paired_references.insert(reference);
        Ok(())
    }

    /// Checks the numbers that both stores returned for one thing. Adds them if they are new.
    pub(super) fn meet(&mut self, tested: T, reference: T) -> anyhow::Result<()> {
        if self.references.get(&tested) == Some(&reference) {
            return Ok(());
        }
        ensure!(
            !self.paired_references.contains(&reference),
            "{tested:?} is returned for a thing that had another number before"
        );
        self.add(tested, reference)
    }

    /// Forgets the number of a deleted thing. Both stores may assign their number again.
    pub(super) fn forget(&mut self, tested: T) {
        if let Some(reference) = self.references.remove(&tested) {
            self.paired_references.remove(&reference);
        }
    }

    /// Returns the reference's number for the store's.
    pub(super) fn reference(&self, tested: T) -> anyhow::Result<T> {
        self.references.get(&tested).copied().with_context(|| format!("{tested:?} was never assigned"))
    }
}
