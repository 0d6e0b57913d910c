//! Which number of the store stands for which of the reference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use anyhow::{Context, ensure};

/// Pairs of numbers, each of which is in one pair only.
#[derive(Debug)]
pub(super) struct Pairing<T> {
    references: BTreeMap<T, T>,
    paired_references: BTreeSet<T>,
}

impl<T: Ord + Copy + Debug> Pairing<T> {
    pub(super) fn new() -> Self {
        Self { references: BTreeMap::new(), paired_references: BTreeSet::new() }
    }

    /// Both handed these out for the same thing, which is new.
    pub(super) fn add(&mut self, tested: T, reference: T) -> anyhow::Result<()> {
        ensure!(self.references.insert(tested, reference).is_none(), "{tested:?} was handed out twice");
        self.paired_references.insert(reference);
        Ok(())
    }

    /// Both answer these for the same thing, which may be new.
    pub(super) fn meet(&mut self, tested: T, reference: T) -> anyhow::Result<()> {
        if self.references.get(&tested) == Some(&reference) {
            return Ok(());
        }
        ensure!(
            !self.paired_references.contains(&reference),
            "{tested:?} is answered where another number was answered before"
        );
        self.add(tested, reference)
    }

    /// What had this number of the store's is gone: either may hand its number out anew.
    pub(super) fn forget(&mut self, tested: T) {
        if let Some(reference) = self.references.remove(&tested) {
            self.paired_references.remove(&reference);
        }
    }

    /// The reference's number for the store's.
    pub(super) fn reference(&self, tested: T) -> anyhow::Result<T> {
        self.references.get(&tested).copied().with_context(|| format!("{tested:?} was never handed out"))
    }
}
