//! States on pages, by shape and word.

use crate::when::When;

/// A state: a shape and a word. The colour only repeats them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
}

impl Mark {
    /// A ring: it works.
    pub(crate) const fn works(word: &'static str) -> Self {
        Self { class: "mark-open", word }
    }

    /// A triangle: somebody should look at it.
    pub(crate) const fn warns(word: &'static str) -> Self {
        Self { class: "mark-warn", word }
    }

    /// A dash: it has ended.
    pub(crate) const fn ended(word: &'static str) -> Self {
        Self { class: "mark-closed", word }
    }
}

/// A fact about a thing: its name, and a text or a time.
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
}

pub(crate) enum Value {
    Text(String),
    Time(When),
}

impl Fact {
    pub(crate) fn text(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: Value::Text(value.into()) }
    }

    pub(crate) const fn time(name: &'static str, value: When) -> Self {
        Self { name, value: Value::Time(value) }
    }
}
