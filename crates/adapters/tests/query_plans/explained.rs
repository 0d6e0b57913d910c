//! What PostgreSQL did for a statement, as `auto_explain` tells it.

use serde_json::Value;

/// A statement that was run, and how.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    /// The statement.
    pub(crate) sql: String,
    /// The statement and its plan, for people.
    pub(crate) text: String,
    /// Rows of tables and entries of indexes that were looked at.
    pub(crate) read: u64,
    /// The most rows that one step sorted.
    pub(crate) sorted: u64,
}

/// The statements that a part of a server's log tells of.
pub(crate) fn explained(log: &str) -> Vec<Explained> {
    let entries = log.split("  plan:\n").skip(1);
    // What belongs to the entry follows a tab.
    let documents = entries.map(|entry| entry.lines().take_while(|line| line.starts_with('\t')));
    documents.map(|lines| Explained::parse(&lines.collect::<String>())).collect()
}

impl Explained {
    fn parse(json: &str) -> Self {
        let json: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
        let sql = json["Query Text"].as_str().unwrap().to_owned();
        let mut explained = Self { text: sql.clone(), sql, ..Self::default() };
        explained.add(&json["Plan"], 1);
        explained
    }

    /// Adds a step and those below it.
    fn add(&mut self, step: &Value, depth: usize) {
        let text = |member: &str| step[member].as_str().unwrap_or_default();
        let kind = text("Node Type");
        let rows = all_loops(step, &["Actual Rows"]);
        let skipped = all_loops(step, &["Rows Removed by Filter", "Rows Removed by Index Recheck"]);
        // A bitmap is read from an index that is of a table named further up.
        if !step["Relation Name"].is_null() || !step["Index Name"].is_null() {
            self.read += rows + skipped;
        }
        let below = step["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
        if kind.contains("Sort") {
            self.sorted = self.sorted.max(below.iter().map(|step| all_loops(step, &["Actual Rows"])).sum());
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

/// The sum of these numbers, which are averages over the loops that a step ran.
fn all_loops(step: &Value, members: &[&str]) -> u64 {
    let number = |member: &str| step[member].as_u64().unwrap_or_default();
    members.iter().copied().map(number).sum::<u64>() * number("Actual Loops")
}
