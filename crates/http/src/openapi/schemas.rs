//! JSON Schemas of the values in requests and responses, with the domain's limits.

use std::collections::BTreeMap;
use std::fmt::Write;

use hexdesk_domain::limits::{MAX_EMAIL_CHARS, MAX_LANGUAGE_CODE_CHARS};
use hexdesk_domain::{CustomerId, EventKind, Scope, Subject};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr, SchemaFormat};
use utoipa::{Number, PartialSchema, ToSchema};

/// No text may hold U+0000.
const NO_NUL: &str = r"^[^\u0000]*$";

/// At least one character is not U+0000 and not Unicode white space.
const NOT_BLANK: &str = concat!(
    r"^[^\u0000]*",
    r"[^\u0000\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
    r"[^\u0000]*$"
);

/// RFC 5646, with `_` allowed for `-`: a tag, a private-use tag, or a grandfathered tag.
const LANGUAGE_TAG: &str = concat!(
    "^(?:",
    "(?:[A-Za-z]{2,3}(?:[-_][A-Za-z]{3}){0,3}|[A-Za-z]{4,8})",
    "(?:[-_][A-Za-z]{4})?",
    "(?:[-_](?:[A-Za-z]{2}|[0-9]{3}))?",
    "(?:[-_](?:[A-Za-z][0-9A-Za-z]{4,7}|[0-9][0-9A-Za-z]{3,7}))*",
    "(?:[-_][0-9A-WYZa-wyz](?:[-_][0-9A-Za-z]{2,8})+)*",
    "(?:[-_][Xx](?:[-_][0-9A-Za-z]{1,8})+)?",
    "|[Xx](?:[-_][0-9A-Za-z]{1,8})+",
    "|i[-_](?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)",
    "|en[-_]GB[-_]oed|sgn[-_](?:BE[-_]FR|BE[-_]NL|CH[-_]DE)",
    ")$"
);

/// The name of a scope.
pub(crate) struct ScopeName;

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        let names: Vec<&str> = Scope::ALL.iter().copied().map(Scope::as_str).collect();
        RefOr::T(described(one_of(&names), "What a key may do."))
    }
}

impl ToSchema for ScopeName {}

/// An attachment of a comment.
pub(crate) struct Attachment;

impl PartialSchema for Attachment {
    fn schema() -> RefOr<Schema> {
        let text = |text| described(string().build().into(), text);
        let size = ObjectBuilder::new().schema_type(Type::Integer).build().into();
        let attachment = ObjectBuilder::new()
            .property("url", text("Where it can be read."))
            .property("name", text("The name of its file."))
            .property("type", text("Its media type."))
            .property("size", described(size, "Its size in bytes."))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)));
        RefOr::T(described(attachment.into(), "An attachment of a comment. It may have any other members."))
    }
}

impl ToSchema for Attachment {}

/// The id of a customer, user or human ticket in a response.
pub(crate) fn response_id() -> Schema {
    described(integer(1, CustomerId::MAX), "A whole number, small enough to be exact in JavaScript.")
}

/// The id of a ticket or comment in a response.
pub(crate) fn response_long_id() -> Schema {
    let text = "A whole number of up to 64 bits, as a string.";
    described(string().pattern(Some("^[1-9][0-9]{0,18}$")).build().into(), text)
}

/// A point in time in a response.
pub(crate) fn response_time() -> Schema {
    let text = "In UTC, to the millisecond: `2026-04-28T00:00:00.000Z`.";
    described(string().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build().into(), text)
}

/// The id of a request in a response.
pub(crate) fn response_request_id() -> Schema {
    string().format(Some(SchemaFormat::Custom("uuid".to_owned()))).build().into()
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn chars(max: u64) -> Option<usize> {
    usize::try_from(max).ok()
}

fn number(number: i64) -> Option<Number> {
    isize::try_from(number).ok().map(Number::Int)
}

/// A text of at most `max` characters.
pub(crate) fn text(max: u64) -> Schema {
    string().max_length(chars(max)).pattern(Some(NO_NUL)).build().into()
}

/// A text of any length that a request can have.
pub(crate) fn any_text() -> Schema {
    string().pattern(Some(NO_NUL)).build().into()
}

/// A text of at most `max` characters that is not blank.
pub(crate) fn text_not_blank(max: u64) -> Schema {
    string().min_length(Some(1)).max_length(chars(max)).pattern(Some(NOT_BLANK)).build().into()
}

/// An e-mail address.
pub(crate) fn email() -> Schema {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
        .max_length(chars(MAX_EMAIL_CHARS))
        .build()
        .into()
}

/// A language tag.
pub(crate) fn language_tag() -> Schema {
    string().max_length(chars(MAX_LANGUAGE_CODE_CHARS)).pattern(Some(LANGUAGE_TAG)).build().into()
}

/// A point in time.
pub(crate) fn timestamp() -> Schema {
    let format = |format| string().format(Some(SchemaFormat::KnownFormat(format))).build();
    AnyOfBuilder::new().item(format(KnownFormat::DateTime)).item(format(KnownFormat::Date)).into()
}

/// A whole number between these, both included.
pub(crate) fn integer(min: i64, max: i64) -> Schema {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(number(min)).maximum(number(max)).build().into()
}

/// A whole number from 1 to `max`, written as a string of digits.
pub(crate) fn digits(max: i64) -> Schema {
    string().pattern(Some(whole(&digits_up_to(max)))).build().into()
}

/// The subject of an event: a name of its type, and its number.
pub(crate) fn event_subject() -> Schema {
    string().pattern(Some(event_subjects())).build().into()
}

/// A whole number from 1 to `max`, or a string of its digits.
pub(crate) fn id(max: i64) -> Schema {
    AnyOfBuilder::new().item(integer(1, max)).item(digits(max)).into()
}

/// A text of at most `max` characters, or a whole number, which is read as its digits.
pub(crate) fn text_or_number(max: u64) -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(number(i64::MIN))
        .maximum(usize::try_from(u64::MAX).ok().map(Number::UInt));
    AnyOfBuilder::new().item(text(max)).item(number).into()
}

/// An array of at most `max` entries.
pub(crate) fn texts(max: u64, entry: Schema) -> Schema {
    ArrayBuilder::new().items(RefOr::T(entry)).max_items(chars(max)).build().into()
}

/// An array of one to `max` names of scopes.
pub(crate) fn scopes(max: u64) -> Schema {
    let name = Ref::from_schema_name(ScopeName::name());
    ArrayBuilder::new().items(name).min_items(Some(1)).max_items(chars(max)).build().into()
}

/// An array of one to `max` names of kinds of events.
pub(crate) fn event_kinds(max: u64) -> Schema {
    let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    ArrayBuilder::new()
        .items(RefOr::T(one_of(&names)))
        .min_items(Some(1))
        .max_items(chars(max))
        .build()
        .into()
}

/// An array of attachments.
pub(crate) fn attachments() -> Schema {
    ArrayBuilder::new().items(Ref::from_schema_name(Attachment::name())).build().into()
}

/// `true` or `false`.
pub(crate) fn boolean() -> Schema {
    ObjectBuilder::new().schema_type(Type::Boolean).build().into()
}

/// `true` or `false`, also as strings.
pub(crate) fn boolean_or_text() -> Schema {
    either(boolean(), one_of(&["true", "false"]))
}

/// One of these texts.
pub(crate) fn one_of(texts: &[&str]) -> Schema {
    string().enum_values(Some(texts.iter().copied())).build().into()
}

/// A value that meets one of these schemas.
pub(crate) fn either(first: Schema, second: Schema) -> Schema {
    AnyOfBuilder::new().item(first).item(second).into()
}

/// The same, or `null`.
pub(crate) fn or_null(schema: Schema) -> Schema {
    match schema {
        Schema::Object(mut object) => {
            object.schema_type = type_or_null(object.schema_type);
            if let Some(values) = &mut object.enum_values {
                values.push(serde_json::Value::Null);
            }
            object.into()
        }
        Schema::Array(mut array) => {
            array.schema_type = type_or_null(array.schema_type);
            array.into()
        }
        Schema::AnyOf(mut any_of) => {
            any_of.items.push(RefOr::T(ObjectBuilder::new().schema_type(Type::Null).build().into()));
            any_of.into()
        }
        other => other,
    }
}

fn type_or_null(schema_type: SchemaType) -> SchemaType {
    match schema_type {
        SchemaType::Type(one) => SchemaType::Array(vec![one, Type::Null]),
        other => other,
    }
}

/// The same with a description.
pub(crate) fn described(schema: Schema, text: &str) -> Schema {
    let description = Some(text.to_owned());
    match schema {
        Schema::Object(mut object) => {
            object.description = description;
            object.into()
        }
        Schema::Array(mut array) => {
            array.description = description;
            array.into()
        }
        Schema::AnyOf(mut any_of) => {
            any_of.description = description;
            any_of.into()
        }
        Schema::OneOf(mut one_of) => {
            one_of.description = description;
            one_of.into()
        }
        other => other,
    }
}

/// Whether the schema has a description.
pub(super) fn is_described(schema: &Schema) -> bool {
    match schema {
        Schema::Object(object) => object.description.is_some(),
        Schema::Array(array) => array.description.is_some(),
        Schema::AnyOf(any_of) => any_of.description.is_some(),
        Schema::OneOf(one_of) => one_of.description.is_some(),
        _ => true,
    }
}

/// Whether the schema allows `null`.
pub(super) fn is_nullable(schema: &Schema) -> bool {
    let allows = |schema_type: &SchemaType| match schema_type {
        SchemaType::Type(one) => *one == Type::Null,
        SchemaType::Array(several) => several.contains(&Type::Null),
        SchemaType::AnyValue => true,
    };
    match schema {
        Schema::Object(object) => allows(&object.schema_type),
        Schema::Array(array) => allows(&array.schema_type),
        Schema::OneOf(one_of) => one_of.items.iter().any(|item| match item {
            RefOr::T(schema) => is_nullable(schema),
            RefOr::Ref(_) => false,
        }),
        _ => false,
    }
}

/// Returns the regular expression of the texts that this one matches as a whole.
fn whole(pattern: &str) -> String {
    format!("^{pattern}$")
}

/// Returns the regular expression of the subjects of events.
fn event_subjects() -> String {
    let mut names: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for subject in Subject::TYPES {
        names.entry(subject.max).or_default().extend(subject.names);
    }
    let alternatives =
        names.iter().map(|(max, names)| format!("(?:{}):{}", names.join("|"), digits_up_to(*max)));
    whole(&format!("(?:{})", alternatives.collect::<Vec<_>>().join("|")))
}

/// Returns the regular expression of the numbers from 1 to `max`, with leading zeros allowed.
fn digits_up_to(max: i64) -> String {
    let largest = max.to_string();
    let mut pattern = "0*(?:".to_owned();
    if largest.len() > 1 {
        // Writing to a string cannot fail.
        let _ = write!(pattern, "[1-9][0-9]{{0,{}}}|", largest.len() - 2);
    }
    // Numbers with as many digits as `max` that have a smaller digit at some position.
    for (position, digit) in largest.char_indices() {
        let lowest = if position == 0 { '1' } else { '0' };
        if digit > lowest {
            let (before, rest) = (&largest[..position], largest.len() - position - 1);
            let below = char::from_u32(u32::from(digit) - 1).unwrap_or(lowest);
            let _ = write!(pattern, "{before}[{lowest}-{below}]");
            if rest > 0 {
                let _ = write!(pattern, "[0-9]{{{rest}}}");
            }
            pattern.push('|');
        }
    }
    pattern + &largest + ")"
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::{TicketDraft, TicketId};
    use regex::Regex;

    use super::*;
    use crate::wire_id;

    #[test]
    fn the_pattern_of_digits_holds_the_numbers_that_are_read() {
        for max in [1, 9, 10, 45, 100, 12_345] {
            let pattern = Regex::new(&whole(&digits_up_to(max))).unwrap();
            for number in 0..=20_000 {
                assert_eq!(
                    pattern.is_match(&number.to_string()),
                    (1..=max).contains(&number),
                    "{number} {max}"
                );
            }
        }
        for max in [CustomerId::MAX, TicketId::MAX] {
            let pattern = Regex::new(&whole(&digits_up_to(max))).unwrap();
            let mut texts = vec![
                String::new(),
                "0".into(),
                "-1".into(),
                "+1".into(),
                "007".into(),
                " 1".into(),
                "1.0".into(),
            ];
            for power in 0..22 {
                for number in [
                    10_i128.pow(power) - 1,
                    10_i128.pow(power),
                    i128::from(max) - 10_i128.pow(power),
                    i128::from(max) + 10_i128.pow(power),
                ] {
                    texts.push(number.to_string());
                }
            }
            texts.extend([max.to_string(), (i128::from(max) + 1).to_string()]);
            for text in texts {
                let read = wire_id::parse(&text).is_some_and(|number| (1..=max).contains(&number));
                assert_eq!(pattern.is_match(&text), read, "{text} {max}");
            }
        }
    }

    #[test]
    fn the_pattern_of_subjects_holds_those_that_are_read() {
        let pattern = Regex::new(&event_subjects()).unwrap();
        let mut numbers = ["", "0", "1", "007", "-1", "+1", " 1", "1 ", "1.0", "1:2", "1,2", "١", "1\n"]
            .map(str::to_owned)
            .to_vec();
        for max in [CustomerId::MAX, TicketId::MAX] {
            numbers.extend([max.to_string(), (i128::from(max) + 1).to_string()]);
        }
        let names = Subject::TYPES.iter().flat_map(|subject| subject.names).copied();
        for name in names.chain(["", "planet", "Ticket", "tickets", "a:ticket", "\n"]) {
            assert!(!pattern.is_match(name), "{name}");
            for number in &numbers {
                let text = format!("{name}:{number}");
                assert_eq!(pattern.is_match(&text), text.parse::<Subject>().is_ok(), "{text:?}");
            }
        }
    }

    #[test]
    fn the_pattern_of_language_tags_holds_those_that_are_read() {
        let pattern = Regex::new(LANGUAGE_TAG).unwrap();
        let subtags = [
            "",
            "a",
            "en",
            "eng",
            "Hant",
            "posix",
            "1994",
            "abcdefgh",
            "abcdefghi",
            "x",
            "u",
            "419",
            "GB",
            "é",
        ];
        let mut tags: Vec<String> = subtags.map(str::to_owned).to_vec();
        for _ in 0..3 {
            let longer: Vec<String> = tags
                .iter()
                .flat_map(|tag| subtags.iter().map(move |subtag| format!("{tag}-{subtag}")))
                .collect();
            tags.extend(longer);
            tags.sort();
            tags.dedup();
        }
        tags.extend(
            ["i-klingon", "en-GB-oed", "sgn_CH_DE", "zh-min-nan", "no-bok", "art-lojban"].map(str::to_owned),
        );
        for tag in tags.into_iter().filter(|tag| tag.chars().count() <= 35) {
            let draft = TicketDraft {
                customer_id: CustomerId::new(1),
                channel: Some("Mail".into()),
                language_code: Some(tag.clone()),
                ..TicketDraft::default()
            };
            assert_eq!(pattern.is_match(&tag), draft.violations().is_empty(), "{tag}");
        }
    }

    #[test]
    fn the_pattern_of_blank_texts_is_the_domains() {
        let pattern = Regex::new(NOT_BLANK).unwrap();
        for character in '\u{1}'..='\u{ffff}' {
            let text = format!(" {character}\n");
            assert_eq!(pattern.is_match(&text), !text.trim().is_empty(), "{character:?}");
        }
        assert!(!pattern.is_match("a\0"));
    }
}
