//! Which database to use, as operators write it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hexdesk_domain::Storage;

use crate::postgres::{MigrateError, PostgresOpenError, PostgresStorage};
use crate::sqlite::{SqliteOpenError, SqliteStorage};

/// Where the data is kept: a SQLite file or a PostgreSQL database. Neither `Display` nor
/// `Debug` shows anything of a PostgreSQL URL, which may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Location);

#[derive(Clone, PartialEq, Eq)]
enum Location {
    Sqlite(PathBuf),
    Postgres(String),
}

/// The text names no database. It is not repeated, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a database URL; accepted are sqlite://hexdesk.db (a path relative to the working directory), \
     sqlite:///var/lib/hexdesk/hexdesk.db (an absolute path), each without parameters or \
     percent-encoding, and postgres://user:password@host:5432/database (also postgresql://)"
)]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// Reads a URL: `sqlite://` and the path of a file, as it is; or `postgres://` or
    /// `postgresql://` and whatever PostgreSQL accepts.
    ///
    /// # Errors
    /// [`DatabaseUrlError`] for anything else, `sqlite::memory:` included.
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            let is_path = !path.is_empty()
                && !path.ends_with('/')
                && !path.starts_with(':')
                && !path.contains(['?', '#', '%', '\0']);
            return is_path.then(|| Self(Location::Sqlite(path.into()))).ok_or(DatabaseUrlError);
        }
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        match rest {
            Some(rest) if !rest.is_empty() => Ok(Self(Location::Postgres(text.to_owned()))),
            _ => Err(DatabaseUrlError),
        }
    }

    /// A PostgreSQL database's URL, which may hold a password.
    pub(crate) fn postgres(&self) -> Option<&str> {
        match &self.0 {
            Location::Sqlite(_) => None,
            Location::Postgres(url) => Some(url),
        }
    }

    /// The path of a SQLite database's file.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.0 {
            Location::Sqlite(path) => Some(path),
            Location::Postgres(_) => None,
        }
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Location::Sqlite(path) => write!(formatter, "sqlite://{}", path.display()),
            Location::Postgres(_) => formatter.write_str("postgres://…"),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DatabaseUrl({self})")
    }
}

/// Why a storage was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite file.
    #[error(transparent)]
    Sqlite(#[from] SqliteOpenError),
    /// The PostgreSQL database cannot be reached.
    #[error(transparent)]
    Postgres(#[from] PostgresOpenError),
    /// The PostgreSQL database cannot be migrated.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

impl OpenError {
    /// Whether opening may succeed later, although nobody changes a setting: the database
    /// server does not run, is being started or stopped, cannot be reached, or has no room
    /// for another connection.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Postgres(PostgresOpenError::Connect(error))
            | Self::Migrate(MigrateError::Connect(error)) => error.is_transient(),
            Self::Migrate(MigrateError::ConnectionLost(_)) => true,
            Self::Sqlite(_) | Self::Postgres(PostgresOpenError::Url(_)) | Self::Migrate(_) => false,
        }
    }
}

/// A storage that is ready for use.
pub struct OpenedStorage {
    /// The storage.
    pub storage: Arc<dyn Storage>,
    /// The names of the migrations that opening it applied, in order.
    pub applied_migrations: Vec<String>,
}

/// Opens the storage at `url` and brings its schema up to date.
///
/// # Errors
/// [`OpenError`] that says what is wrong and what to do.
pub async fn open(url: &DatabaseUrl) -> Result<OpenedStorage, OpenError> {
    match &url.0 {
        Location::Sqlite(path) => {
            let storage = SqliteStorage::open(path)?;
            let applied_migrations = storage.migrate().await?;
            Ok(OpenedStorage { storage: Arc::new(storage), applied_migrations })
        }
        Location::Postgres(url) => {
            let storage = PostgresStorage::connect(url).await?;
            let applied_migrations = storage.migrate().await?;
            Ok(OpenedStorage { storage: Arc::new(storage), applied_migrations })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_or_absolute() {
        for (text, path) in [
            ("sqlite://hexdesk.db", "hexdesk.db"),
            ("sqlite://data/hexdesk.db", "data/hexdesk.db"),
            ("sqlite:///var/lib/hexdesk.db", "/var/lib/hexdesk.db"),
            ("sqlite:///srv/my data/é.db", "/srv/my data/é.db"),
        ] {
            let url = DatabaseUrl::parse(text).unwrap();
            assert_eq!(url.sqlite_path(), Some(Path::new(path)));
            assert_eq!(url.to_string(), text);
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for text in ["postgres://u:pa/ss@w@host/db?password=secret", "postgresql://host/db?password=secret"] {
            let url = DatabaseUrl::parse(text).unwrap();
            assert_eq!(url.sqlite_path(), None);
            assert_eq!(format!("{url} {url:?}"), "postgres://… DatabaseUrl(postgres://…)");
        }
    }

    #[test]
    fn other_texts_are_refused_and_not_repeated() {
        for text in [
            "",
            "hexdesk.db",
            "sqlite:",
            "sqlite:hexdesk.db",
            "sqlite://",
            "sqlite:///",
            "sqlite://:memory:",
            "sqlite::memory:",
            "sqlite://a.db?mode=ro",
            "sqlite://my%20data.db",
            "sqlite://a\0b",
            "postgres://",
            "postgresql:",
            "mysql://u:secret@h/db",
            "postgre://u:secret@h/db",
        ] {
            let error = DatabaseUrl::parse(text).unwrap_err().to_string();
            for expected in ["sqlite://hexdesk.db", "sqlite:///", "postgres://", "postgresql://"] {
                assert!(error.contains(expected), "{error}");
            }
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn opening_brings_the_schema_up_to_date() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hexdesk.db");
        let url = DatabaseUrl::parse(&format!("sqlite://{}", path.display())).unwrap();
        for expected in [1, 0] {
            let opened = open(&url).await.unwrap();
            assert_eq!(opened.applied_migrations.len(), expected);
            opened.storage.check_ready().await.unwrap();
        }
    }
}
