//! What a check of a database found.

use std::fmt;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No problem.
    Ok,
    /// It works, but needs attention.
    Warning,
    /// It does not work, or acknowledged or confidential data is not safe.
    Problem,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its severity.
    pub severity: Severity,
    /// The name of the check.
    pub check: &'static str,
    /// The result and, unless it is ok, what to do. It has no password and no data of customers.
    pub text: String,
}

impl Finding {
    /// A finding without a problem.
    pub fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, check, text: text.into() }
    }

    /// A finding that needs attention.
    pub fn warning(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, check, text: text.into() }
    }

    /// A finding of something that does not work or is not safe.
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
