//! Findings: the results of the checks of a database.

use std::fmt;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No problem.
    Ok,
    /// The database works, but needs attention.
    Warning,
    /// The database does not work, or acknowledged or confidential data is not safe.
    Problem,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its severity.
    pub severity: Severity,
    /// The name of the check.
    pub check: &'static str,
    /// The result and, unless it is ok, a remedy. It contains no password and no customer data.
    pub text: String,
}

impl Finding {
    /// Creates a finding without a problem.
    pub fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, check, text: text.into() }
    }

    /// Creates a finding that needs attention.
    pub fn warning(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, check, text: text.into() }
    }

    /// Creates a finding of a fault or a risk to data.
    pub fn problem(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, check, text: text.into() }
    }
}

/// One line: severity, check and text, separated by tabs.
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Ok => "ok",
            Severity::Warning => "warning",
            Severity::Problem => "problem",
        };
        let text = self.text.replace(char::is_control, " ");
        write!(formatter, "{severity}\t{}\t{text}", self.check)
    }
}
