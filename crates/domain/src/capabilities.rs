/// The optional capabilities of a store. A store begins with [`Capabilities::NONE`] and adds what it
/// has, so it lacks every capability that a later version of this crate adds:
///
/// ```
/// use hexdesk_domain::Capabilities;
///
/// let capabilities = Capabilities::NONE.with_text_search();
/// assert!(capabilities.text_search);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Capabilities {
    /// Searches tickets by their words: [`SearchStore`](crate::SearchStore).
    pub text_search: bool,
}

impl Capabilities {
    /// No optional capability.
    pub const NONE: Self = Self { text_search: false };

    /// Adds the search for words.
    #[must_use]
    pub const fn with_text_search(self) -> Self {
        Self { text_search: true, ..self }
    }
}
