//! Compares the migrations of a database with the migrations of the program.

use diesel::backend::Backend;
use diesel::migration::Migration;

/// Every migration of the database or the program, in one of three lists.
#[derive(Debug, Default)]
pub(crate) struct MigrationState {
    /// The names of known migrations that were applied.
    pub(crate) applied: Vec<String>,
    /// The names of known migrations that were not applied, oldest first.
    pub(crate) missing: Vec<String>,
    /// The versions of unknown migrations, which a newer program has applied.
    pub(crate) unknown: Vec<String>,
}

impl MigrationState {
    /// Compares the database's `versions` with the program's `known` migrations, oldest first.
    pub(crate) fn compare<DB: Backend>(mut versions: Vec<String>, known: &[Box<dyn Migration<DB>>]) -> Self {
        let mut state = Self::default();
        for name in known.iter().map(|migration| migration.name()) {
            let version = name.version().to_string();
            let before = versions.len();
            versions.retain(|applied| *applied != version);
            let place = if versions.len() < before { &mut state.applied } else { &mut state.missing };
            place.push(name.to_string());
        }
        versions.sort_unstable();
        state.unknown = versions;
        state
    }
}
