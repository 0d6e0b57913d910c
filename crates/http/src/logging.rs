//! The log, on stderr.

use anyhow::{Context, ensure};
use clap::ValueEnum;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::command_line::Binary;
use crate::similar_names;

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Modules that log what a client sent: the framework repeats invalid headers.
const UNSAFE_TARGETS: [&str; 1] = ["actix_http::h1::decoder"];

/// The crates that log. A test compares them with Cargo.lock.
const CRATES: [&str; 9] = [
    "actix_codec",
    "actix_http",
    "actix_router",
    "actix_server",
    "actix_web",
    "hexdesk_adapters",
    "hexdesk_console",
    "hexdesk_http",
    "hexdesk_webhooks",
];

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
pub(crate) fn start(filter: &str, format: LogFormat, binary: Binary) -> anyhow::Result<()> {
    let filter = parse(filter, binary).context("--log (HEXDESK_LOG)")?;
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

/// Parses a filter. Ignores blanks and empty entries. `Targets` would read a misspelled level as the name
/// of a module, and log nothing.
fn parse(filter: &str, binary: Binary) -> anyhow::Result<Targets> {
    let mut targets = Targets::new();
    let mut is_empty = true;
    for entry in filter.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        is_empty = false;
        let (module, level) = match entry.split_once('=') {
            Some((module, level)) => (Some(module), Some(level)),
            None if level_of(entry).is_some() => (None, Some(entry)),
            None => (Some(entry), None),
        };
        let level = level.map(|level| level_of(level).with_context(|| refusal(level, "level")));
        let level = level.transpose()?.unwrap_or(LevelFilter::TRACE);
        targets = match module {
            None => targets.with_default(level),
            Some(module) => {
                let is_others = binary == Binary::Custom && entry.contains('=') && is_path(module);
                ensure!(logs(module) || is_others, refusal(module, "level or module"));
                targets.with_target(module, level)
            }
        };
    }
    ensure!(!is_empty, refusal("", "level"));
    Ok(UNSAFE_TARGETS.iter().fold(targets, |targets, target| targets.with_target(*target, LevelFilter::OFF)))
}

fn level_of(text: &str) -> Option<LevelFilter> {
    LEVELS.iter().any(|level| text.eq_ignore_ascii_case(level)).then(|| text.parse().ok())?
}

/// Whether a target begins with this text.
fn logs(module: &str) -> bool {
    is_path(module)
        && CRATES.iter().any(|name| {
            name.starts_with(module) || module.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"))
        })
}

fn is_path(module: &str) -> bool {
    !module.is_empty() && module.chars().all(|c| c.is_alphanumeric() || "_:".contains(c))
}

fn refusal(entry: &str, what: &str) -> String {
    let nearest = similar_names::suggestion(entry, LEVELS.into_iter().chain(CRATES));
    format!(
        "{entry:?} is no {what}{nearest}. Set error, warn, info, debug, trace or off, or a list like \
         info,hexdesk_http=debug. These modules log: {}",
        CRATES.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_that_logs_is_known() {
        let lock = include_str!("../../../Cargo.lock");
        let logging = lock.split("[[package]]").filter(|package| package.contains("\n \"tracing\","));
        let names: Vec<String> = logging
            .filter_map(|package| package.split("name = \"").nth(1)?.split('"').next())
            // Libraries and examples that are not in the program.
            .filter(|name| !name.starts_with("h2") && !name.ends_with("-example"))
            .map(|name| name.replace('-', "_"))
            .collect();
        assert_eq!(names, CRATES);
    }
}
