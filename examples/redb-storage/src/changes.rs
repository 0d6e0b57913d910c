//! Changes of which each may be absent.

/// Gives the field the value, if there is one. A field that may be empty is an `Option`
/// itself: `Some(None)` empties it.
pub(crate) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
