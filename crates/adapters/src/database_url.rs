//! The URL of a database, as operators write it.

use std::path::{Path, PathBuf};

/// The URL of a SQLite file or a PostgreSQL database. `Display` and `Debug` hide a PostgreSQL URL,
/// because it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Location);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Location {
    Sqlite(PathBuf),
    /// The whole URL. It may hold a password.
    Postgres(String),
}

/// The text is not a database URL. The message does not repeat the text, because it may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a database URL; use sqlite://hexdesk.db (a path relative to the working directory), \
     sqlite:///var/lib/hexdesk/hexdesk.db (an absolute path), or \
     postgres://user:password@host:5432/database (also postgresql://); a sqlite:// URL has no \
     parameters and no percent-encoding"
)]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// Parses a URL. A SQLite URL is `sqlite://` and the path of a file, without escapes. A
    /// PostgreSQL URL begins with `postgres://` or `postgresql://`.
    ///
    /// # Errors
    /// [`DatabaseUrlError`] for any other text, including `sqlite::memory:`.
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

    pub(crate) fn location(&self) -> &Location {
        &self.0
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
    fn other_texts_are_refused_without_repeating_them() {
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
}
