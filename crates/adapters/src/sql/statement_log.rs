//! The statements that are sent to the database, in the log of whoever asks for them: at
//! the level `trace` of the target `hexdesk_adapters::statements`.

use diesel::connection::{Instrumentation, InstrumentationEvent};
use tracing::Level;

const TARGET: &str = "hexdesk_adapters::statements";

/// What a new connection is to be instrumented with; nothing if nobody wants to know.
pub(crate) fn instrumentation() -> Option<impl Instrumentation> {
    tracing::enabled!(target: TARGET, Level::TRACE).then_some(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let query = query.to_string();
            // What follows are values, which are somebody's data.
            let statement =
                query.split_once(" -- binds: ").map_or(query.as_str(), |(statement, _)| statement);
            tracing::trace!(target: TARGET, statement);
        }
    })
}
