//! Logs the statements that are sent to the database, at the level `trace` of the target
//! `hexdesk_adapters::statements`.

use diesel::connection::{Instrumentation, InstrumentationEvent};
use tracing::Level;

const TARGET: &str = "hexdesk_adapters::statements";

/// The instrumentation of a new connection; `None` if the log filter excludes it.
pub(crate) fn instrumentation() -> Option<impl Instrumentation> {
    tracing::enabled!(target: TARGET, Level::TRACE).then_some(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let query = query.to_string();
            // The values are personal data.
            let statement =
                query.split_once(" -- binds: ").map_or(query.as_str(), |(statement, _)| statement);
            tracing::trace!(target: TARGET, statement);
        }
    })
}
