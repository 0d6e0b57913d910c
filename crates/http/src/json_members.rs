//! Reading a JSON body member by member, so that everything that is wrong with it can
//! be said at once.

use std::borrow::Cow;

use hexdesk_domain::{Field, Rule, Scope, Timestamp, Violation};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::problem::{MemberError, Problem};
use crate::wire_id;

/// How the members of one body are spelled: the domain's fields and their names in JSON.
pub(crate) type Spelling = &'static [(Field, &'static str)];

/// The members of a body that are known, with what is wrong so far.
#[derive(Debug)]
pub(crate) struct Members {
    spelling: Spelling,
    /// In the order of `spelling`.
    values: Vec<Option<Value>>,
    errors: Vec<(Field, Option<usize>, MemberError)>,
}

impl Members {
    /// Reads a body that must be one JSON object. Members not in `spelling` are ignored.
    ///
    /// # Errors
    /// 400 with the pointer `""` for what is no JSON object.
    pub(crate) fn parse(body: &[u8], spelling: Spelling) -> Result<Self, Problem> {
        let text = std::str::from_utf8(body)
            .map_err(|_| Problem::unreadable_body("The request body is not valid UTF-8"))?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let members = ObjectSeed(spelling).deserialize(&mut deserializer).and_then(|members| {
            deserializer.end()?;
            Ok(members)
        });
        members.map_err(|error| {
            Problem::unreadable_body(&match error.classify() {
                Category::Data => "The request body must be a JSON object".to_owned(),
                _ => format!(
                    "The request body is not valid JSON (line {}, column {})",
                    error.line(),
                    error.column()
                ),
            })
        })
    }

    /// Whether a member could not be read.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What is wrong with the members, with what the domain found added: ordered by
    /// field, one error for each member or entry.
    pub(crate) fn problem(mut self, violations: &[Violation]) -> Problem {
        let has_unreadable_phone_number = self.errors.iter().any(|(field, ..)| *field == Field::PhoneNumber);
        for violation in violations {
            // It is there, and what is wrong with it is said already.
            if violation.rule == Rule::EmailOrPhoneNumber && has_unreadable_phone_number {
                continue;
            }
            let (code, requirement) = describe(violation.rule);
            self.refuse::<()>(violation.field, violation.index, code, &requirement);
        }
        // Stable: of two errors of one member the first found stays.
        self.errors.sort_by_key(|(field, index, _)| (*field, *index));
        self.errors.dedup_by_key(|(field, index, _)| (*field, *index));
        Problem::invalid_members(self.errors.into_iter().map(|(_, _, error)| error).collect())
    }

    /// A text.
    pub(crate) fn text(&mut self, field: Field) -> Option<String> {
        match self.take(field)? {
            Value::String(text) => Some(text),
            _ => self.refuse(field, None, "type", "must be a string"),
        }
    }

    /// An id: a whole number or a string of digits.
    pub(crate) fn id<T>(&mut self, field: Field, max: i64, new: impl Fn(i64) -> Option<T>) -> Option<T> {
        let number = match self.take(field)? {
            Value::Number(number) => number.as_i64(),
            Value::String(digits) => wire_id::parse(&digits),
            _ => None,
        };
        number.and_then(new).or_else(|| self.refuse(field, None, "id", &wire_id::requirement(max)))
    }

    /// What is to become of a field: `None` if the member is absent, `Some(None)` if it is
    /// `null`, else what `read` makes of it.
    pub(crate) fn change<T>(
        &mut self,
        field: Field,
        read: impl FnOnce(&mut Self, Field) -> Option<T>,
    ) -> Option<Option<T>> {
        let position = self.position(field)?;
        self.values.get(position)?.as_ref()?;
        Some(read(self, field))
    }

    /// What is to become of a field that cannot be taken away: as [`Self::change`], but
    /// `null` is refused.
    pub(crate) fn replacement<T>(
        &mut self,
        field: Field,
        read: impl FnOnce(&mut Self, Field) -> Option<T>,
    ) -> Option<T> {
        let known = self.errors.len();
        let change = self.change(field, read)?;
        if change.is_none() && self.errors.len() == known {
            self.refuse::<()>(field, None, "required", "must not be null");
        }
        change
    }

    /// `true` or `false`, also as strings.
    pub(crate) fn boolean(&mut self, field: Field) -> Option<bool> {
        let flag = match self.take(field)? {
            Value::Bool(flag) => Some(flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        flag.or_else(|| self.refuse(field, None, "type", "must be true or false"))
    }

    /// A whole number from 0 to `max`.
    pub(crate) fn count(&mut self, field: Field, max: i64) -> Option<i64> {
        let count = match self.take(field)? {
            Value::Number(number) => number.as_i64().filter(|number| (0..=max).contains(number)),
            _ => None,
        };
        count.or_else(|| {
            let (code, requirement) = describe(Rule::Range(0, max));
            self.refuse(field, None, code, &requirement)
        })
    }

    /// A point in time.
    pub(crate) fn timestamp(&mut self, field: Field) -> Option<Timestamp> {
        let timestamp = match self.take(field)? {
            Value::String(text) => Timestamp::parse(&text).ok(),
            _ => None,
        };
        timestamp.or_else(|| {
            self.refuse(
                field,
                None,
                "timestamp",
                "must be an ISO 8601 date-time with an offset, or a date, of the years 0001 to 9999",
            )
        })
    }

    /// A list of texts, at most `max`. An entry that is none is replaced by an empty
    /// text, so that the others keep their indexes.
    pub(crate) fn texts(&mut self, field: Field, max: u64) -> Option<Vec<String>> {
        let Value::Array(entries) = self.take(field)? else {
            return self.refuse(field, None, "type", "must be an array of strings");
        };
        if entries.len() as u64 > max {
            // Each entry of an endless list need not be reported beside it.
            let (code, requirement) = describe(Rule::MaxLength(max));
            return self.refuse(field, None, code, &requirement);
        }
        let mut texts = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            texts.push(match entry {
                Value::String(text) => text,
                _ => self.refuse(field, Some(index), "type", "must be a string").unwrap_or_default(),
            });
        }
        Some(texts)
    }

    /// `true` for the boolean and for the string `"true"`, `false` for anything else.
    pub(crate) fn flag(&mut self, field: Field) -> bool {
        match self.take(field) {
            Some(Value::Bool(flag)) => flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// `false` for the boolean and for the string `"false"`, `true` for anything else;
    /// nothing if it is absent.
    pub(crate) fn flag_unless_false(&mut self, field: Field) -> Option<bool> {
        Some(match self.take(field)? {
            Value::Bool(flag) => flag,
            Value::String(text) => text != "false",
            _ => true,
        })
    }

    /// A list of texts as [`Self::texts`]; empty for anything that is no array.
    pub(crate) fn texts_or_none(&mut self, field: Field, max: u64) -> Option<Vec<String>> {
        let position = self.position(field)?;
        match self.values.get(position) {
            Some(Some(Value::Array(_))) => self.texts(field, max),
            _ => None,
        }
    }

    /// A text, or a whole number as the text of it.
    pub(crate) fn text_or_number(&mut self, field: Field) -> Option<String> {
        match self.take(field)? {
            Value::String(text) => Some(text),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => self.refuse(field, None, "type", "must be a string or a whole number"),
        }
    }

    /// Any JSON, as its text.
    pub(crate) fn json(&mut self, field: Field) -> Option<String> {
        self.take(field).map(|value| value.to_string())
    }

    /// The member's value; `null` is absent.
    fn take(&mut self, field: Field) -> Option<Value> {
        let position = self.position(field)?;
        self.values.get_mut(position)?.take().filter(|value| !value.is_null())
    }

    fn position(&self, field: Field) -> Option<usize> {
        self.spelling.iter().position(|(spelled, _)| *spelled == field)
    }

    fn refuse<T>(
        &mut self,
        field: Field,
        index: Option<usize>,
        code: &'static str,
        requirement: &str,
    ) -> Option<T> {
        let name = self.spelling.iter().find(|(spelled, _)| *spelled == field).map_or("", |(_, name)| name);
        let (pointer, subject) = match index {
            Some(index) => (format!("/{name}/{index}"), format!("{name}[{index}]")),
            None => (format!("/{name}"), name.to_owned()),
        };
        self.errors.push((
            field,
            index,
            MemberError { pointer, code, message: format!("{subject} {requirement}") },
        ));
        None
    }
}

/// A rule's code, and what it requires, to follow a member's name.
fn describe(rule: Rule) -> (&'static str, String) {
    match rule {
        Rule::Required => ("required", "is required".to_owned()),
        Rule::NotBlank => ("blank", "must not be blank".to_owned()),
        Rule::MaxLength(max) => ("too_long", format!("must not be longer than {max}")),
        Rule::NoNul => ("nul", "must not hold the character U+0000".to_owned()),
        Rule::Email => ("email", "must be an e-mail address".to_owned()),
        Rule::Range(min, max) => ("range", format!("must be a whole number from {min} to {max}")),
        Rule::LanguageTag => ("language_tag", "must be a BCP 47 language tag like en or pt-BR".to_owned()),
        Rule::Scope => ("scope", format!("must be one of {}", Scope::names())),
        Rule::InTheFuture => ("future", "must lie in the future".to_owned()),
        Rule::EmailOrPhoneNumber => ("required", "or phone_number is required".to_owned()),
    }
}

struct ObjectSeed(Spelling);

impl<'de> DeserializeSeed<'de> for ObjectSeed {
    type Value = Members;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed {
    type Value = Members;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members =
            Members { spelling: self.0, values: self.0.iter().map(|_| None).collect(), errors: Vec::new() };
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            // Unknown members are read like known ones: what is no JSON is no JSON anywhere,
            // and the parser's limit on nesting holds only for what it builds.
            let value: Value = map.next_value()?;
            let known = self.0.iter().zip(&mut members.values).find(|((_, known), _)| *known == name);
            match known {
                None => {}
                Some((_, slot @ None)) => *slot = Some(value),
                Some(((field, _), Some(_))) => {
                    members.refuse::<()>(*field, None, "duplicate", "must not be there twice");
                }
            }
        }
        Ok(members)
    }
}
