//! Opens the storage that a database URL names.

use std::sync::Arc;

use hexdesk_domain::Storage;

use crate::database_url::{DatabaseUrl, Location};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::fair_reads::FairReads;
use crate::group_commit::Batches;
#[cfg(feature = "postgres")]
use crate::postgres::{MigrateError, PostgresOpenError, PostgresOptions, PostgresStorage};
#[cfg(feature = "sqlite")]
use crate::sqlite::{SqliteOpenError, SqliteOptions, SqliteStorage};

/// A storage cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite file cannot be opened or migrated.
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Sqlite(#[from] SqliteOpenError),
    /// The PostgreSQL database cannot be reached, or its URL is invalid.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Postgres(#[from] PostgresOpenError),
    /// The PostgreSQL database cannot be migrated.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// Only a PostgreSQL database can be distributed.
    #[error("SQLite has one file: only PostgreSQL with the extension citus can be distributed")]
    NotDistributable,
    /// The program was built without the driver of this database.
    #[error(
        "this program was built without {database}: build it with the cargo feature `{feature}`, or use \
         another database"
    )]
    NotIncluded {
        /// The name of the database.
        database: &'static str,
        /// The cargo feature that includes its driver.
        feature: &'static str,
    },
}

impl OpenError {
    #[cfg(not(feature = "sqlite"))]
    pub(crate) const NO_SQLITE: Self = Self::NotIncluded { database: "SQLite", feature: "sqlite" };

    #[cfg(not(feature = "postgres"))]
    pub(crate) const NO_POSTGRES: Self = Self::NotIncluded { database: "PostgreSQL", feature: "postgres" };

    /// Whether opening may succeed later without a change of settings: the database server is
    /// not running, is starting or stopping, cannot be reached, or has no free connection.
    pub fn is_transient(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(PostgresOpenError::Connect(error))
            | Self::Migrate(MigrateError::Connect(error)) => error.is_transient(),
            #[cfg(feature = "postgres")]
            Self::Migrate(MigrateError::ConnectionLost(_)) => true,
            #[cfg(feature = "postgres")]
            Self::Postgres(PostgresOpenError::Url(_)) | Self::Migrate(_) => false,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => false,
            Self::NotIncluded { .. } | Self::NotDistributable => false,
        }
    }
}

/// A storage that is ready for use.
pub struct OpenedStorage {
    /// The storage.
    pub storage: Arc<dyn Storage>,
    /// How a server writes concurrent creations together.
    pub batches: Batches,
    /// The names of the migrations that were applied, in order.
    pub applied_migrations: Vec<String>,
}

/// Opens the storage at `url` and brings its schema up to date.
///
/// # Errors
/// [`OpenError`]. Its message names the cause and the remedy.
pub async fn open(url: &DatabaseUrl) -> Result<OpenedStorage, OpenError> {
    match url.location() {
        #[cfg(feature = "sqlite")]
        Location::Sqlite(path) => {
            let options = SqliteOptions::default();
            let storage = SqliteStorage::open_with(path, &options)?;
            let applied_migrations = storage.migrate().await?;
            // One thread never reads lists.
            let storage = Arc::new(FairReads::new(storage, options.readers - 1));
            Ok(OpenedStorage { storage, batches: Batches::OfAllShops, applied_migrations })
        }
        #[cfg(not(feature = "sqlite"))]
        Location::Sqlite(_) => Err(OpenError::NO_SQLITE),
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => {
            let options = PostgresOptions::default();
            let storage = PostgresStorage::connect_with(url, &options).await?;
            let applied_migrations = storage.migrate().await?;
            // The other connections serve everything else, above all writes.
            let turns = (options.max_connections / 2).max(2) as usize;
            let batches = storage.batches();
            let storage = Arc::new(FairReads::new(storage, turns));
            Ok(OpenedStorage { storage, batches, applied_migrations })
        }
        #[cfg(not(feature = "postgres"))]
        Location::Postgres(_) => Err(OpenError::NO_POSTGRES),
    }
}

/// Migrates the PostgreSQL database at `url`, and distributes its tables by shop with the extension
/// Citus. Does nothing that was done before. Returns the names of the migrations and tables.
///
/// # Errors
/// [`OpenError`]. Its message names the cause and the remedy.
pub async fn distribute(url: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    match url.location() {
        Location::Sqlite(_) => Err(OpenError::NotDistributable),
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => Ok(PostgresStorage::connect(url).await?.distribute().await?),
        #[cfg(not(feature = "postgres"))]
        Location::Postgres(_) => Err(OpenError::NO_POSTGRES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn opening_brings_the_schema_up_to_date() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hexdesk.db");
        let url = DatabaseUrl::parse(&format!("sqlite://{}", path.display())).unwrap();
        for is_new in [true, false] {
            let opened = open(&url).await.unwrap();
            assert_eq!(!opened.applied_migrations.is_empty(), is_new);
            opened.storage.check_ready().await.unwrap();
        }
    }

    #[cfg(any(not(feature = "sqlite"), not(feature = "postgres")))]
    #[tokio::test]
    async fn a_database_without_a_built_in_driver_is_refused() {
        for (url, feature, is_included) in [
            ("sqlite://hexdesk.db", "sqlite", cfg!(feature = "sqlite")),
            ("postgres://localhost/hexdesk", "postgres", cfg!(feature = "postgres")),
        ] {
            if !is_included {
                let Err(error) = open(&DatabaseUrl::parse(url).unwrap()).await else {
                    panic!("{url} was opened")
                };
                assert!(!error.is_transient());
                assert!(error.to_string().contains(&format!("the cargo feature `{feature}`")), "{error}");
            }
        }
    }
}
