//! What a check of a database found.

use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Ok,
    /// It works; somebody should look.
    Warning,
    /// It does not work, or what is acknowledged or confidential is not safe.
    Problem,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was checked.
    pub check: &'static str,
    /// What was found and, unless it is as it should be, what to do. Holds no password and
    /// nothing of customers.
    pub text: String,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, check, text: text.into() }
    }

    /// It works; somebody should look.
    pub fn warning(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, check, text: text.into() }
    }

    /// It does not work, or is not safe.
    pub fn problem(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, check, text: text.into() }
    }
}

/// One line: severity, check and text, tabs in between.
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
