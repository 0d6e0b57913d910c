//! Choices of a form.

use hexdesk_domain::limits::MAX_WEBHOOK_OVERLAP_SECONDS;

/// A choice of a form.
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) text: &'static str,
    pub(crate) is_chosen: bool,
}

/// Returns these choices, with the present one chosen.
pub(crate) fn choices(of: &[(&'static str, &'static str)], present: &str) -> Vec<Choice> {
    of.iter().map(|&(value, text)| Choice { value, text, is_chosen: value == present }).collect()
}

/// How long the old key or secret works after a rotation, in seconds.
pub(crate) const OVERLAPS: &[(&str, &str)] =
    &[("86400", "For a day"), ("604800", "For a week"), ("3600", "For an hour"), ("0", "No longer")];
const _: () = assert!(MAX_WEBHOOK_OVERLAP_SECONDS >= 604_800, "a choice is too long");
