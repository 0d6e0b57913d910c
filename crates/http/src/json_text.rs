//! Values that stand in JSON as strings.

use std::fmt::Display;

use serde::Serializer;

/// As its `Display`.
pub(crate) fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// As its `Display`, or null.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
pub(crate) fn as_text_or_null<T: Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
