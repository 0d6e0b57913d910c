//! The rules of drafts, and the violations they report.

pub(crate) mod email;
pub(crate) mod text_rules;
pub(crate) mod violation;

pub use email::fold_email;
pub use violation::{Rule, Violation, Violations};
