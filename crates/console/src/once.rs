//! Secrets that a page shows once.

/// A secret that is stored nowhere. It is part of one response, which no cache keeps.
pub(crate) struct Once {
    /// What it is.
    pub(crate) name: &'static str,
    pub(crate) secret: String,
    /// What to do with it.
    pub(crate) hint: String,
}
