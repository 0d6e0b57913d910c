//! The plans that PostgreSQL ran, as `auto_explain` logs them.

use serde_json::Value;

/// A statement that was run, and its plan.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    /// The statement.
    pub(crate) sql: String,
    /// The statement and its plan, for people.
    pub(crate) text: String,
    /// The number of table rows and index entries that were read.
    pub(crate) read: u64,
    /// The maximum number of rows that one step sorted.
    pub(crate) sorted: u64,
    /// The number of pages that were read, from memory or disk.
    pub(crate) buffers: u64,
    /// Each read of a table: the table, and the conditions on its rows.
    pub(crate) scans: Vec<(String, String)>,
}

/// Returns the statements in a part of a server's log.
pub(crate) fn explained(log: &str) -> Vec<Explained> {
    let entries = log.split("  plan:\n").skip(1);
    // The lines of an entry begin with a tab.
    let documents = entries.map(|entry| entry.lines().take_while(|line| line.starts_with('\t')));
    documents.map(|lines| Explained::parse(&lines.collect::<String>())).collect()
}

impl Explained {
    fn parse(json: &str) -> Self {
        let json: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
        let sql = json["Query Text"].as_str().unwrap().to_owned();
        let mut explained = Self { text: sql.clone(), sql, ..Self::default() };
        explained.add(&json["Plan"], 1);
        let pages = |member: &str| json["Plan"][member].as_u64().unwrap_or_default();
        explained.buffers = pages("Shared Hit Blocks") + pages("Shared Read Blocks");
        explained
    }

    /// Adds a step and the steps below it.
    fn add(&mut self, step: &Value, depth: usize) {
        let text = |member: &str| step[member].as_str().unwrap_or_default();
        let kind = text("Node Type");
        let rows = all_loops(step, &["Actual Rows"]);
        let skipped = all_loops(step, &["Rows Removed by Filter", "Rows Removed by Index Recheck"]);
        // A bitmap scan reads an index. A step further up names the table.
        if !step["Relation Name"].is_null() || !step["Index Name"].is_null() {
            self.read += rows + skipped;
        }
        let below = step["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
        if kind.contains("Sort") {
            self.sorted = self.sorted.max(below.iter().map(|step| all_loops(step, &["Actual Rows"])).sum());
        }
        if let Some(table) = step["Relation Name"].as_str().filter(|_| kind != "ModifyTable") {
            let conditions = ["Index Cond", "Recheck Cond", "Filter"].map(text).join(" ");
            self.scans.push((table.to_owned(), conditions));
        }
        let mut line = format!("\n{:depth$}{kind}", "", depth = depth * 2);
        for member in ["Relation Name", "Index Name", "Index Cond", "Filter", "Sort Key"] {
            if !step[member].is_null() {
                line += &format!(", {member}: {}", step[member]);
            }
        }
        self.text += &format!("{line}: {rows} rows, {skipped} skipped");
        for step in below {
            self.add(step, depth + 1);
        }
    }
}

/// The sum of these numbers, which are averages over the loops of a step.
fn all_loops(step: &Value, members: &[&str]) -> u64 {
    let number = |member: &str| step[member].as_u64().unwrap_or_default();
    members.iter().copied().map(number).sum::<u64>() * number("Actual Loops")
}
