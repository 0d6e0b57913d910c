//! Reading a JSON body member by member, so that all of its errors are reported at once.
//!
//! A [`Member`] is declared once: its field, its name, its kind and its description. A body's
//! function builds a draft and names each member in the literal of that draft. If it gets the
//! members of a request, it reads them. Otherwise it declares them: the names that the body may
//! have, and in tests the body's schema.

mod half_surrogate;
pub(crate) mod kinds;

use std::borrow::Cow;
use std::sync::OnceLock;

use hexdesk_domain::{Field, Rule, Scope, TargetUrlError, Violation};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use self::kinds::Kind;
#[cfg(test)]
use crate::openapi::{BodySchema, schemas};
use crate::problem::{MemberError, Problem};
use crate::similar_names;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The members of one body: the domain's fields and their names in JSON.
pub(crate) type Spelling = &'static [(Field, &'static str)];

/// A member of a body. It has the same name, kind and description in every body that has it.
#[derive(Clone, Copy)]
pub(crate) struct Member<K> {
    field: Field,
    name: &'static str,
    kind: K,
    description: &'static str,
    remark: &'static str,
}

impl<K: Copy> Member<K> {
    /// Returns the member with this name, which sets the field of a draft. The description is one
    /// sentence. It must be true of the member in requests and in responses.
    pub(crate) const fn new(field: Field, name: &'static str, kind: K, description: &'static str) -> Self {
        Self { field, name, kind, description, remark: "" }
    }

    /// Adds a sentence about its use in one body, such as its default.
    pub(crate) const fn remark(self, remark: &'static str) -> Self {
        Self { remark, ..self }
    }

    /// Changes its kind.
    pub(crate) const fn read_as<L: Copy>(self, kind: L) -> Member<L> {
        Member {
            field: self.field,
            name: self.name,
            kind,
            description: self.description,
            remark: self.remark,
        }
    }
}

/// A kind of request body. It is read as a `T`.
#[cfg_attr(not(test), expect(dead_code, reason = "the names and description are for the schema"))]
pub(crate) struct Body<T> {
    name: &'static str,
    resource: &'static str,
    description: &'static str,
    read: fn(&mut Members) -> T,
    spelling: OnceLock<Vec<(Field, &'static str)>>,
}

impl<T> Body<T> {
    /// Returns the body that creates a resource. `name` is the name of its schema. The names of the
    /// schemas that describe the resource in responses begin with `resource`. `read` must ask for
    /// every member, regardless of the values of the others.
    pub(crate) const fn create(
        name: &'static str,
        resource: &'static str,
        read: fn(&mut Members) -> T,
    ) -> Self {
        let description = "Other members are ignored, unless the request has `Prefer: handling=strict`. An \
                           optional member that is `null` or `\"\"` counts as absent.";
        Self { name, resource, description, read, spelling: OnceLock::new() }
    }

    /// Returns the body that changes a resource. The parameters are as in [`Self::create`].
    pub(crate) const fn change(
        name: &'static str,
        resource: &'static str,
        read: fn(&mut Members) -> T,
    ) -> Self {
        let description = "Other members are ignored, unless the request has `Prefer: handling=strict`. A member \
                           that is absent leaves its field as it is.";
        Self { name, resource, description, read, spelling: OnceLock::new() }
    }

    /// Returns its members.
    pub(crate) fn spelling(&'static self) -> Spelling {
        self.spelling.get_or_init(|| self.declared().spelling)
    }

    /// Reads the members. Unreadable members count as absent, and `members` keeps their errors.
    pub(crate) fn read(&self, members: &mut Members) -> T {
        (self.read)(members)
    }

    fn declared(&self) -> Declared {
        let mut members = Members {
            spelling: &[],
            values: Vec::new(),
            errors: Vec::new(),
            unknown: Vec::new(),
            declared: Some(Declared::default()),
        };
        self.read(&mut members);
        members.declared.unwrap_or_default()
    }

    /// Returns its schema.
    #[cfg(test)]
    pub(crate) fn schema(&self) -> BodySchema {
        let mut schema = BodySchema::new(self.name, self.resource, self.description);
        for declare in self.declared().schemas {
            schema = declare(schema);
        }
        schema
    }
}

/// The members that a body's function asked for.
#[derive(Default)]
struct Declared {
    spelling: Vec<(Field, &'static str)>,
    #[cfg(test)]
    schemas: Vec<Box<dyn FnOnce(BodySchema) -> BodySchema>>,
}

/// The members of a request's body, with the errors found so far.
pub(crate) struct Members {
    spelling: Spelling,
    /// In the order of `spelling`.
    values: Vec<Option<Value>>,
    errors: Vec<(Field, Option<usize>, MemberError)>,
    /// The refused names of other members. Empty if other members are ignored.
    unknown: Vec<String>,
    /// Set if there is no request, only a body to declare.
    declared: Option<Declared>,
}

impl Members {
    /// Reads a body that must be one JSON object. Members not in `spelling` are ignored, or refused if
    /// the body `is_strict`.
    ///
    /// # Errors
    /// 400 with the pointer `""` for anything but a JSON object.
    pub(crate) fn parse(body: &[u8], spelling: Spelling, is_strict: bool) -> Result<Self, Problem> {
        // RFC 8259 allows a reader to skip a byte order mark.
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        let text = std::str::from_utf8(body).map_err(|error| {
            let place = error.valid_up_to() + 1;
            Problem::unreadable_body(&format!("The request body is not valid UTF-8 (byte {place})"))
        })?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let members = ObjectSeed { spelling, is_strict }.deserialize(&mut deserializer).and_then(|members| {
            deserializer.end()?;
            Ok(members)
        });
        members.map_err(|error| {
            let (line, column) = (error.line(), error.column());
            match error.classify() {
                Category::Data => Problem::unreadable_body("The request body must be a JSON object"),
                _ => half_surrogate::problem(text, line, column).unwrap_or_else(|| {
                    let place = format!("line {line}, column {column}");
                    Problem::unreadable_body(&format!("The request body is not valid JSON ({place})"))
                }),
            }
        })
    }

    /// Whether a member is unreadable.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty() || !self.unknown.is_empty()
    }

    /// Returns all errors, including `violations`: in order of field, one for each member or entry.
    pub(crate) fn problem(mut self, violations: &[Violation]) -> Problem {
        let reachable = [Field::PhoneNumber, Field::FbUserId, Field::IgUserId, Field::WhatsappId];
        let is_unreadable = self.errors.iter().any(|(field, ..)| reachable.contains(field));
        for violation in violations {
            // A member is present, and its error is already reported.
            if violation.rule == Rule::Reachable && is_unreadable {
                continue;
            }
            let (code, requirement) = describe(violation.rule);
            self.refuse(violation.field, violation.index, code, &requirement);
        }
        // A stable sort: if a member has two errors, the first one found stays.
        self.errors.sort_by_key(|(field, index, _)| (*field, *index));
        self.errors.dedup_by_key(|(field, index, _)| (*field, *index));
        let unknown = self.unknown.iter().map(|name| {
            let suggestion = similar_names::suggestion(name, self.spelling.iter().map(|(_, known)| *known));
            let message = format!("{} is unknown{suggestion}", similar_names::shown(name, "the member"));
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            MemberError { pointer, code: "unknown", message }
        });
        let unknown: Vec<MemberError> = unknown.collect();
        Problem::invalid_members(self.errors.into_iter().map(|(_, _, error)| error).chain(unknown).collect())
    }

    /// Reads a required member. The domain checks that it is present.
    pub(crate) fn required<K: Kind>(&mut self, member: Member<K>) -> Option<K::Read> {
        self.declare(member, true, false);
        self.read(member)
    }

    /// Reads an optional member. `null` and `""` count as absent.
    pub(crate) fn optional<K: Kind>(&mut self, member: Member<K>) -> Option<K::Read> {
        self.declare(member, false, true);
        self.read_unless_empty(member)
    }

    /// Reads an optional member whose `""` is a value: the domain decides whether it may be empty.
    pub(crate) fn optional_or_empty<K: Kind>(&mut self, member: Member<K>) -> Option<K::Read> {
        self.declare(member, false, true);
        self.read(member)
    }

    /// Reads a change. Returns `None` without the member, and `Some(None)` if it is `null` or `""`,
    /// which clears the field.
    pub(crate) fn change<K: Kind>(&mut self, member: Member<K>) -> Option<Option<K::Read>> {
        self.declare(member, false, true);
        let position = self.position(member.field)?;
        self.values.get(position)?.as_ref()?;
        Some(self.read_unless_empty(member))
    }

    /// Reads a change of a field that cannot be cleared: `null` is an error.
    pub(crate) fn replacement<K: Kind>(&mut self, member: Member<K>) -> Option<K::Read> {
        self.declare(member, false, false);
        let position = self.position(member.field)?;
        if self.values.get(position)? == &Some(Value::Null) {
            self.refuse(member.field, None, "required", "must not be null");
        }
        self.read(member)
    }

    fn read_unless_empty<K: Kind>(&mut self, member: Member<K>) -> Option<K::Read> {
        let value = self.position(member.field).and_then(|position| self.values.get_mut(position))?;
        value.take_if(|value| value.as_str() == Some(""));
        self.read(member)
    }

    fn read<K: Kind>(&mut self, Member { field, kind, .. }: Member<K>) -> Option<K::Read> {
        let position = self.position(field)?;
        let value = self.values.get_mut(position)?.take().filter(|value| !value.is_null())?;
        kind.read(value, &mut |index, code, requirement| self.refuse(field, index, code, requirement))
    }

    #[cfg_attr(not(test), expect(unused_variables, reason = "the rest is for the schema"))]
    fn declare<K: Kind>(&mut self, member: Member<K>, is_required: bool, is_nullable: bool) {
        let Some(declared) = &mut self.declared else { return };
        declared.spelling.push((member.field, member.name));
        #[cfg(test)]
        declared.schemas.push(Box::new(move |schema| {
            let Member { name, kind, description, remark, .. } = member;
            let (mut kind, note) = kind.schema();
            if is_nullable {
                kind = schemas::or_null(kind);
            }
            schema.member(name, is_required, kind, description, [note, remark].join(" ").trim())
        }));
    }

    fn position(&self, field: Field) -> Option<usize> {
        self.spelling.iter().position(|(spelled, _)| *spelled == field)
    }

    fn refuse(&mut self, field: Field, index: Option<usize>, code: &'static str, requirement: &str) {
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
    }
}

/// Returns a rule's code, and its requirement, to follow a member's name.
fn describe(rule: Rule) -> (&'static str, String) {
    match rule {
        Rule::Required => ("required", "is required".to_owned()),
        Rule::NotBlank => ("blank", "must not be blank".to_owned()),
        Rule::MinLength(min) => ("too_short", format!("must not be shorter than {min}")),
        Rule::MaxLength(max) => ("too_long", format!("must not be longer than {max}")),
        Rule::NoNul => ("nul", "must not hold the character U+0000".to_owned()),
        Rule::Email => ("email", "must be an e-mail address".to_owned()),
        Rule::BareEmail => (
            "email",
            "must be the bare address, like support@example.com, without a name and angle brackets"
                .to_owned(),
        ),
        Rule::Range(min, max) => ("range", format!("must be a whole number from {min} to {max}")),
        Rule::LanguageTag => ("language_tag", "must be a BCP 47 language tag like en or pt-BR".to_owned()),
        Rule::Scope => ("scope", format!("must be one of {}", Scope::names())),
        Rule::AnotherCustomer => ("itself", "must be another customer".to_owned()),
        Rule::TargetUrl(TargetUrlError::NotAUrl) => ("url", TargetUrlError::NotAUrl.to_string()),
        Rule::TargetUrl(error) => ("target", error.to_string()),
        Rule::EventKind => {
            ("event_kind", "must be the name of an event kind, such as ticket.created".to_owned())
        }
        Rule::WebhookPayload => ("payload", "must be full or thin".to_owned()),
        Rule::InTheFuture => ("future", "must lie in the future".to_owned()),
        Rule::Reachable => (
            "required",
            "or phone_number is required, or one of fb_user_id, ig_user_id and whatsapp_id".to_owned(),
        ),
    }
}

/// The most unknown members that an error names, and the most characters of a name. A body may have a
/// hundred thousand.
const MAX_UNKNOWN: usize = 100;
const MAX_NAME_CHARS: usize = 200;

#[derive(Clone, Copy)]
struct ObjectSeed {
    spelling: Spelling,
    is_strict: bool,
}

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
        let Self { spelling, is_strict } = self;
        let values = spelling.iter().map(|_| None).collect();
        let mut members =
            Members { spelling, values, errors: Vec::new(), unknown: Vec::new(), declared: None };
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            // Unknown members are read like known ones. Invalid JSON is an error anywhere, and the
            // parser limits the nesting of values only if it builds them.
            let value: Value = map.next_value()?;
            let known = spelling.iter().zip(&mut members.values).find(|((_, known), _)| *known == name);
            match known {
                None if is_strict && members.unknown.len() < MAX_UNKNOWN => {
                    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
                    if !members.unknown.contains(&name) {
                        members.unknown.push(name);
                    }
                }
                None => {}
                Some((_, slot @ None)) => *slot = Some(value),
                // One error per member: a body may repeat a member a hundred thousand times.
                Some(((field, _), Some(_))) if members.errors.iter().all(|(other, ..)| other != field) => {
                    members.refuse(*field, None, "duplicate", "must not be there twice");
                }
                Some(_) => {}
            }
        }
        Ok(members)
    }
}
