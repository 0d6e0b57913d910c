//! Variables of the environment that look like settings and are none.

use std::collections::BTreeSet;

use clap::CommandFactory;

use super::CommandLine;
use crate::similar_names;

/// How the variables of settings begin.
const PREFIX: &str = "HEXDESK_";

/// Logs a warning for every variable with the prefix of settings that is the setting of no command.
pub(super) fn warn_of_unknown() {
    let mut known = BTreeSet::new();
    collect(&CommandLine::command(), &mut known);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let Some(end) = name.strip_prefix(PREFIX).filter(|end| !known.contains(*end)) else { continue };
        match similar_names::nearest(end, known.iter().map(String::as_str)) {
            Some(nearest) => tracing::warn!("{name:?} is no setting; the nearest is {PREFIX}{nearest}"),
            None => tracing::warn!("{name:?} is no setting: `hexdesk help serve` lists them"),
        }
    }
}

/// Collects the ends of the variables of a command and its subcommands.
fn collect(command: &clap::Command, names: &mut BTreeSet<String>) {
    let variables = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    names.extend(variables.filter_map(|name| name.strip_prefix(PREFIX)).map(str::to_owned));
    command.get_subcommands().for_each(|command| collect(command, names));
}
