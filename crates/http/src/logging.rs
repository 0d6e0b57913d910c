//! The log, on stderr.

use clap::ValueEnum;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Modules that log what a client sent: the framework repeats invalid headers.
const UNSAFE_TARGETS: [&str; 1] = ["actix_http::h1::decoder"];

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Starts the log. `filter` is a level, or levels of modules (`info,hexdesk_http=debug`).
///
/// # Errors
/// If the filter is invalid.
pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let Some(filter) = parse(filter) else {
        anyhow::bail!(
            "--log (HEXDESK_LOG) must be error, warn, info, debug, trace or off, or a list like \
             info,hexdesk_http=debug"
        );
    };
    // A line that cannot be written is lost. Reporting the loss on stderr would panic.
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .with_max_level(LevelFilter::TRACE);
    match format {
        LogFormat::Text => {
            log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).finish().with(filter).init()
        }
        LogFormat::Json => log.json().finish().with(filter).init(),
    }
    Ok(())
}

/// Parses a filter. Ignores blanks and empty entries. Refuses entries that `Targets` would read as
/// the name of a module although they cannot be one.
fn parse(filter: &str) -> Option<Targets> {
    let entries: Vec<&str> = filter.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    let is_of_words = |entry: &&str| {
        entry.chars().all(|c| c.is_alphanumeric() || "_-:=".contains(c)) && !entry.ends_with('=')
    };
    if !entries.iter().all(is_of_words) {
        return None;
    }
    let filter: Targets = entries.join(",").parse().ok()?;
    Some(UNSAFE_TARGETS.iter().fold(filter, |filter, target| filter.with_target(*target, LevelFilter::OFF)))
}
