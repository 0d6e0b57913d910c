/// Sets the field if a new value is given. An optional field is an `Option` itself:
/// `Some(None)` clears it.
pub(crate) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
