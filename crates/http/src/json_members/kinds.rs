//! The kinds of members. Each reads a value from JSON, and in tests describes it with a schema.
//!
//! A kind checks the type. The domain checks the limits, with all other rules.

#[cfg(feature = "webhooks")]
use hexdesk_domain::KeyNumber;
use hexdesk_domain::{CustomerId, Rule, Timestamp, UserId};
use serde_json::Value;
#[cfg(test)]
use utoipa::openapi::schema::Schema;

use super::describe;
#[cfg(test)]
use crate::openapi::schemas;
use crate::wire_id;

/// Reports an error of a member or of one entry. The arguments are the entry's index, the code, and
/// the requirement, to follow the name.
pub(crate) type Refuse<'a> = &'a mut dyn FnMut(Option<usize>, &'static str, &str);

/// A kind of members.
pub(crate) trait Kind: Copy + 'static {
    /// The type of the value read.
    type Read;

    /// Reads a value that is not `null`. Returns `None` if it is refused.
    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Self::Read>;

    /// Returns the schema of valid values except `null`, and a sentence about rules that a schema
    /// cannot express.
    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str);
}

fn refused<T>(refuse: Refuse<'_>, code: &'static str, requirement: &str) -> Option<T> {
    refuse(None, code, requirement);
    None
}

/// A text.
#[derive(Clone, Copy)]
#[cfg_attr(not(test), expect(dead_code, reason = "the limits are for the schema; the domain checks them"))]
pub(crate) enum Text {
    /// At most this many characters.
    UpTo(u64),
    /// At most this many characters, at least one of them not white space.
    NotBlank(u64),
    /// An e-mail address. Blanks around it are removed.
    Email,
    /// A BCP 47 language tag.
    LanguageTag,
    /// One of these.
    OneOf(&'static [&'static str]),
}

impl Kind for Text {
    type Read = String;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<String> {
        match (value, self) {
            (Value::String(text), Self::Email) => Some(trimmed(text)),
            (Value::String(text), _) => Some(text),
            _ => refused(refuse, "type", "must be a string"),
        }
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        match self {
            Self::UpTo(max) => (schemas::text(max), ""),
            Self::NotBlank(max) => (schemas::text_not_blank(max), "Not blank."),
            Self::Email => (schemas::email(), ""),
            Self::LanguageTag => (schemas::language_tag(), "A BCP 47 tag with `-` or `_`."),
            Self::OneOf(texts) => (schemas::one_of(texts), ""),
        }
    }
}

fn trimmed(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    text.drain(..text.len() - text.trim_start().len());
    text
}

/// A text of at most this many characters, or a whole number. A number becomes the text of its
/// digits.
#[derive(Clone, Copy)]
#[cfg_attr(not(test), expect(dead_code, reason = "the limit is for the schema; the domain checks it"))]
pub(crate) struct TextOrNumber(pub(crate) u64);

impl Kind for TextOrNumber {
    type Read = String;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => refused(refuse, "type", "must be a string or a whole number"),
        }
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::text_or_number(self.0), "")
    }
}

/// An id of at most `max`: a whole number, or a string of its digits.
#[derive(Clone, Copy)]
pub(crate) struct Id<T> {
    max: i64,
    new: fn(i64) -> Option<T>,
}

impl Id<CustomerId> {
    pub(crate) const CUSTOMER: Self = Self { max: CustomerId::MAX, new: CustomerId::new };
}

impl Id<UserId> {
    pub(crate) const USER: Self = Self { max: UserId::MAX, new: UserId::new };
}

#[cfg(feature = "webhooks")]
impl Id<KeyNumber> {
    pub(crate) const KEY: Self = Self { max: KeyNumber::MAX, new: KeyNumber::new };
}

impl<T: Copy + 'static> Kind for Id<T> {
    type Read = T;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<T> {
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(digits) => wire_id::parse(&digits),
            _ => None,
        };
        number.and_then(self.new).or_else(|| refused(refuse, "id", &wire_id::requirement(self.max)))
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::id(self.max), "")
    }
}

/// A whole number from 0 to this one.
#[derive(Clone, Copy)]
pub(crate) struct Count(pub(crate) i64);

impl Kind for Count {
    type Read = i64;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<i64> {
        value.as_i64().filter(|count| (0..=self.0).contains(count)).or_else(|| {
            let (code, requirement) = describe(Rule::Range(0, self.0));
            refused(refuse, code, &requirement)
        })
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::integer(0, self.0), "")
    }
}

/// A point in time.
#[derive(Clone, Copy)]
pub(crate) struct Time;

impl Time {
    /// The requirement on a time, to follow its name.
    pub(crate) const REQUIREMENT: &str =
        "must be an ISO 8601 date-time with an offset, or a date, of the years 0001 to 9999";
}

impl Kind for Time {
    type Read = Timestamp;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Timestamp> {
        let time = value.as_str().and_then(|text| Timestamp::parse(text).ok());
        time.or_else(|| refused(refuse, "timestamp", Self::REQUIREMENT))
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::timestamp(), "")
    }
}

/// `true` or `false`, also as strings.
#[derive(Clone, Copy)]
pub(crate) struct Flag;

fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

impl Kind for Flag {
    type Read = bool;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<bool> {
        flag(&value).or_else(|| refused(refuse, "type", "must be true or false"))
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::boolean_or_text(), "")
    }
}

/// `true` or `false`, also as strings. Any other value counts as `otherwise`.
#[derive(Clone, Copy)]
pub(crate) struct LenientFlag {
    pub(crate) otherwise: bool,
}

impl Kind for LenientFlag {
    type Read = bool;

    fn read(self, value: Value, _refuse: Refuse<'_>) -> Option<bool> {
        Some(flag(&value).unwrap_or(self.otherwise))
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        let note = match self.otherwise {
            true => "Anything but `false` and `\"false\"` counts as `true`.",
            false => "Anything but `true` and `\"true\"` counts as `false`.",
        };
        (schemas::boolean_or_text(), note)
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

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Vec<String>> {
        texts(self.max, value, refuse)
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::texts(self.max, schemas::text(self.max_chars)), "")
    }
}

/// Reads an array of texts. An entry of another type becomes an empty text, so that the
/// others keep their indexes.
fn texts(max: u64, value: Value, refuse: Refuse<'_>) -> Option<Vec<String>> {
    let Value::Array(entries) = value else { return refused(refuse, "type", "must be an array of strings") };
    if entries.len() as u64 > max {
        // The entries of an array that is too long are not checked.
        let (code, requirement) = describe(Rule::MaxLength(max));
        return refused(refuse, code, &requirement);
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

/// An array of the names of at most this many scopes.
#[derive(Clone, Copy)]
pub(crate) struct Scopes(pub(crate) u64);

impl Kind for Scopes {
    type Read = Vec<String>;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Vec<String>> {
        texts(self.0, value, refuse)
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::scopes(self.0), "At least one scope.")
    }
}

/// An array of the names of at most this many kinds of events.
#[derive(Clone, Copy)]
pub(crate) struct EventKinds(pub(crate) u64);

impl Kind for EventKinds {
    type Read = Vec<String>;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Vec<String>> {
        texts(self.0, value, refuse)
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::event_kinds(self.0), "At least one kind.")
    }
}

/// An array as [`Texts`]. Any other value counts as absent.
#[derive(Clone, Copy)]
pub(crate) struct LenientTexts(pub(crate) Texts);

impl Kind for LenientTexts {
    type Read = Vec<String>;

    fn read(self, value: Value, refuse: Refuse<'_>) -> Option<Vec<String>> {
        if value.is_array() { self.0.read(value, refuse) } else { None }
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (self.0.schema().0, "Anything but an array counts as an empty one.")
    }
}

/// Attachments: any JSON, kept as its text. The schema describes the usual form.
#[derive(Clone, Copy)]
pub(crate) struct Attachments;

impl Kind for Attachments {
    type Read = String;

    fn read(self, value: Value, _refuse: Refuse<'_>) -> Option<String> {
        Some(value.to_string())
    }

    #[cfg(test)]
    fn schema(self) -> (Schema, &'static str) {
        (schemas::attachments(), "Any other JSON is kept, too.")
    }
}
