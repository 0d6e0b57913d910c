//! How the migrations of a database compare with those of the program.

use diesel::backend::Backend;
use diesel::migration::Migration;

/// The migrations, each in one of three places.
#[derive(Debug, Default)]
pub(crate) struct MigrationState {
    /// The names of those that were applied, of those that the program knows.
    pub(crate) applied: Vec<String>,
    /// The names of those that the database lacks, oldest first.
    pub(crate) missing: Vec<String>,
    /// The versions of those that the program does not know: a newer one applied them.
    pub(crate) unknown: Vec<String>,
}

impl MigrationState {
    /// `versions` are the database's; `known` are the program's, oldest first.
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
