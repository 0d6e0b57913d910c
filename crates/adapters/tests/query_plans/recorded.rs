//! The statements that the storages send to their databases.

use std::collections::BTreeSet;
use std::sync::Mutex;

use diesel::connection::{Instrumentation, InstrumentationEvent};

/// The statements sent to SQLite since they were last taken.
pub(crate) static SENT_TO_SQLITE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The statements that PostgreSQL keeps prepared.
pub(crate) static KEPT_BY_POSTGRES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Records the statements of one connection.
pub(crate) fn recorder() -> Option<Box<dyn Instrumentation>> {
    // Diesel itself establishes only connections to SQLite.
    let mut is_sqlite = false;
    Some(Box::new(move |event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartEstablishConnection { .. } => is_sqlite = true,
        InstrumentationEvent::StartQuery { query, .. } if is_sqlite => {
            SENT_TO_SQLITE.lock().unwrap().push(query.to_string());
        }
        InstrumentationEvent::CacheQuery { sql, .. } if !is_sqlite => {
            KEPT_BY_POSTGRES.lock().unwrap().insert(sql.to_owned());
        }
        _ => {}
    }))
}
