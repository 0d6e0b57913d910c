//! The log, on stderr.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Begins to log what `filter` lets through: a level, or levels of modules
/// (`info,hexdesk_http=debug`).
///
/// # Errors
/// If the filter is none.
pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|_| {
        anyhow::anyhow!(
            "--log (HEXDESK_LOG) must be error, warn, info, debug, trace or off, or a list like \
             info,hexdesk_http=debug"
        )
    })?;
    // A line that cannot be written is lost. To say so on stderr, too, would panic.
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .with_env_filter(filter);
    match format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
