//! The kinds of members: how each is read from JSON, and in tests the schema of that.
//!
//! A kind checks the type. The domain checks the rest of its limits with all other rules.

use hexdesk_domain::{CustomerId, Rule, Timestamp, UserId};
use serde_json::Value;
#[cfg(test)]
use utoipa::openapi::schema::Schema;

use super::describe;
#[cfg(test)]
use crate::openapi::schemas;
use crate::wire_id;

/// Reports an error of a member or of one entry: the entry's index, the code, and the
/// requirement, to follow the name.
pub(crate) type Refuse<'a> = &'a mut dyn FnMut(Option<usize>, &'static str, &str);

/// A kind of members.
pub(crate) trait Kind: Copy + 'static {
    /// What a member of this kind makes.
    type Read;

    /// Reads a value that is not `null`; `None` if it is refused.
    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Self::Read>;

    /// What it accepts, `null` aside.
    #[cfg(test)]
    fn schema(self) -> Schema;

    /// A sentence about what the schema cannot say; empty if there is nothing.
    #[cfg(test)]
    fn note(self) -> &'static str {
        ""
    }
}

/// A text.
#[derive(Clone, Copy)]
#[cfg_attr(not(test), expect(dead_code, reason = "the limits are for the schema; the domain checks them"))]
pub(crate) enum Text {
    /// Of at most so many characters.
    UpTo(u64),
    /// Of at most so many characters, at least one of them not white space.
    NotBlank(u64),
    /// An e-mail address.
    Email,
    /// A BCP 47 language tag.
    LanguageTag,
}

impl Kind for Text {
    type Read = String;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            _ => {
                refuse(None, "type", "must be a string");
                None
            }
        }
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        match self {
            Self::UpTo(max) => schemas::text(max),
            Self::NotBlank(max) => schemas::text_not_blank(max),
            Self::Email => schemas::email(),
            Self::LanguageTag => schemas::language_tag(),
        }
    }

    #[cfg(test)]
    fn note(self) -> &'static str {
        match self {
            Self::UpTo(_) | Self::Email => "",
            Self::NotBlank(_) => "Not blank.",
            Self::LanguageTag => "A BCP 47 tag with `-` or `_`.",
        }
    }
}

/// A text of at most `max` characters, or a whole number, which becomes the text of its digits.
#[derive(Clone, Copy)]
#[cfg_attr(not(test), expect(dead_code, reason = "the limit is for the schema; the domain checks it"))]
pub(crate) struct TextOrNumber {
    pub(crate) max: u64,
}

impl Kind for TextOrNumber {
    type Read = String;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => {
                refuse(None, "type", "must be a string or a whole number");
                None
            }
        }
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::text_or_number(self.max)
    }
}

/// An id of at most `max`: a whole number, or a string of its digits.
pub(crate) struct Id<T> {
    pub(crate) max: i64,
    pub(crate) new: fn(i64) -> Option<T>,
}

impl Id<CustomerId> {
    pub(crate) const CUSTOMER: Self = Self { max: CustomerId::MAX, new: CustomerId::new };
}

impl Id<UserId> {
    pub(crate) const USER: Self = Self { max: UserId::MAX, new: UserId::new };
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T: 'static> Kind for Id<T> {
    type Read = T;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<T> {
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(digits) => wire_id::parse(&digits),
            _ => None,
        };
        let id = number.and_then(self.new);
        if id.is_none() {
            refuse(None, "id", &wire_id::requirement(self.max));
        }
        id
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::id(self.max)
    }
}

/// A whole number from 0 to `max`.
#[derive(Clone, Copy)]
pub(crate) struct Count {
    pub(crate) max: i64,
}

impl Kind for Count {
    type Read = i64;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<i64> {
        let count = value.as_i64().filter(|count| (0..=self.max).contains(count));
        if count.is_none() {
            let (code, requirement) = describe(Rule::Range(0, self.max));
            refuse(None, code, &requirement);
        }
        count
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::integer(0, self.max)
    }
}

/// A point in time.
#[derive(Clone, Copy)]
pub(crate) struct Time;

impl Time {
    /// What a time must be, to follow its name.
    pub(crate) const REQUIREMENT: &str =
        "must be an ISO 8601 date-time with an offset, or a date, of the years 0001 to 9999";
}

impl Kind for Time {
    type Read = Timestamp;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Timestamp> {
        let time = value.as_str().and_then(|text| Timestamp::parse(text).ok());
        if time.is_none() {
            refuse(None, "timestamp", Self::REQUIREMENT);
        }
        time
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::timestamp()
    }
}

/// `true` or `false`, also as strings.
#[derive(Clone, Copy)]
pub(crate) struct Flag;

impl Kind for Flag {
    type Read = bool;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<bool> {
        let flag = match value {
            Value::Bool(flag) => Some(flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            refuse(None, "type", "must be true or false");
        }
        flag
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::boolean_or_text()
    }
}

/// `true` or `false`, also as strings; anything else counts as `otherwise`.
#[derive(Clone, Copy)]
pub(crate) struct LenientFlag {
    pub(crate) otherwise: bool,
}

impl Kind for LenientFlag {
    type Read = bool;

    fn read(self, value: Value, _refuse: Refuse<'_>) -> Option<bool> {
        Some(match value {
            Value::Bool(flag) => flag,
            Value::String(text) => text.parse().unwrap_or(self.otherwise),
            _ => self.otherwise,
        })
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::anything()
    }

    #[cfg(test)]
    fn note(self) -> &'static str {
        if self.otherwise {
            "Anything but `false` and `\"false\"` counts as `true`."
        } else {
            "Anything but `true` and `\"true\"` counts as `false`."
        }
    }
}

/// An array of at most `max` texts of at most `max_chars` characters each.
#[derive(Clone, Copy)]
#[cfg_attr(not(test), expect(dead_code, reason = "`max_chars` is for the schema; the domain checks it"))]
pub(crate) struct Texts {
    pub(crate) max: u64,
    pub(crate) max_chars: u64,
}

impl Kind for Texts {
    type Read = Vec<String>;

    /// An entry of another type becomes an empty text, so that the others keep their indexes.
    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Vec<String>> {
        let Value::Array(entries) = value else {
            refuse(None, "type", "must be an array of strings");
            return None;
        };
        if entries.len() as u64 > self.max {
            // The entries of an endless array are not reported as well.
            let (code, requirement) = describe(Rule::MaxLength(self.max));
            refuse(None, code, &requirement);
            return None;
        }
        let mut texts = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            texts.push(match entry {
                Value::String(text) => text,
                _ => {
                    refuse(Some(index), "type", "must be a string");
                    String::new()
                }
            });
        }
        Some(texts)
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::texts(self.max, schemas::text(self.max_chars))
    }
}

/// An array of the names of at most `max` scopes.
#[derive(Clone, Copy)]
pub(crate) struct Scopes {
    pub(crate) max: u64,
}

impl Kind for Scopes {
    type Read = Vec<String>;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Vec<String>> {
        Texts { max: self.max, max_chars: 0 }.read(value, refuse)
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::scopes(self.max)
    }

    #[cfg(test)]
    fn note(self) -> &'static str {
        "At least one scope."
    }
}

/// An array as [`Texts`]; anything but an array counts as absent.
#[derive(Clone, Copy)]
pub(crate) struct LenientTexts(pub(crate) Texts);

impl Kind for LenientTexts {
    type Read = Vec<String>;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Vec<String>> {
        if value.is_array() { self.0.read(value, refuse) } else { None }
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::texts_or_ignored(self.0.schema())
    }

    #[cfg(test)]
    fn note(self) -> &'static str {
        "Anything but an array counts as an empty one."
    }
}

/// Any JSON, kept as its text.
#[derive(Clone, Copy)]
pub(crate) struct Json;

impl Kind for Json {
    type Read = String;

    fn read(self, value: Value, _refuse: Refuse<'_>) -> Option<String> {
        Some(value.to_string())
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        schemas::anything()
    }
}
