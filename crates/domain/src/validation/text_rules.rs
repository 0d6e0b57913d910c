//! Rules of texts that several drafts share.

use std::borrow::Cow;

use validator::ValidationError;

use crate::limits::{MAX_TAG_CHARS, MAX_TAGS};

use super::violation::{ENTRIES_PARAM, code};

pub(crate) fn not_blank(text: &str) -> Result<(), ValidationError> {
    if text.trim().is_empty() { Err(ValidationError::new(code::NOT_BLANK)) } else { Ok(()) }
}

/// PostgreSQL cannot store U+0000 in a text, so stores need not support it.
pub(crate) fn no_nul(text: &str) -> Result<(), ValidationError> {
    if text.contains('\0') { Err(ValidationError::new(code::NO_NUL)) } else { Ok(()) }
}

/// Lists every entry that is too long or has U+0000, as pairs of its index and its longest
/// length (or null, for U+0000). Entries beyond `max_entries` are not checked.
pub(crate) fn every_entry_fits(
    entries: &[String],
    max_entries: u64,
    max_chars: u64,
) -> Result<(), ValidationError> {
    let misfits: Vec<(usize, Option<u64>)> = entries
        .iter()
        .take(usize::try_from(max_entries).unwrap_or(usize::MAX))
        .enumerate()
        .filter_map(|(index, entry)| {
            if no_nul(entry).is_err() {
                Some((index, None))
            } else if entry.chars().count() as u64 > max_chars {
                Some((index, Some(max_chars)))
            } else {
                None
            }
        })
        .collect();
    if misfits.is_empty() {
        return Ok(());
    }
    let mut error = ValidationError::new(code::ENTRIES);
    error.add_param(Cow::Borrowed(ENTRIES_PARAM), &misfits);
    Err(error)
}

pub(crate) fn every_tag_fits(tags: &[String]) -> Result<(), ValidationError> {
    every_entry_fits(tags, MAX_TAGS, MAX_TAG_CHARS)
}
