//! The description of one route. The document adds its key, its scope and the errors of every
//! route. These follow from the list of routes.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required};

use super::{parameters, problems, schemas};
use crate::problem::{MemberError, Problem};
use crate::request_body::MAX_BODY_BYTES;

/// The description of one method on one path.
pub(crate) struct Description {
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) text: &'static str,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<RequestBody>,
    /// The descriptions of the body's members. Responses with the same members use them, too.
    pub(crate) wording: Option<Wording>,
    pub(crate) responses: Vec<(StatusCode, Response)>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

/// An example's name and JSON.
pub(crate) type NamedExample = (&'static str, Value);

impl Description {
    /// Returns the description of the operation with this id and tag.
    pub(crate) fn new(
        id: &'static str,
        tag: &'static str,
        summary: &'static str,
        text: &'static str,
    ) -> Self {
        Self {
            id,
            tag,
            summary,
            text,
            parameters: Vec::new(),
            body: None,
            wording: None,
            responses: Vec::new(),
            problems: Vec::new(),
            schemas: Vec::new(),
        }
    }

    /// Adds these parameters.
    pub(crate) fn parameters(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Adds this JSON body, and the `Idempotency-Key` with which it takes effect once.
    pub(crate) fn body(self, schema: BodySchema, examples: impl IntoIterator<Item = NamedExample>) -> Self {
        self.body_without_key(schema, examples)
            .fails_with([
                Problem::idempotency_key_in_use(),
                Problem::response_removed(),
                Problem::idempotency_key_reused(),
            ])
            .parameters([parameters::idempotency_key()])
    }

    /// Adds this JSON body.
    pub(crate) fn body_without_key(
        mut self,
        schema: BodySchema,
        examples: impl IntoIterator<Item = NamedExample>,
    ) -> Self {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(schema.name)))
            .examples_from_iter(examples.into_iter().map(example));
        let text = format!(
            "One JSON object in UTF-8 of at most {MAX_BODY_BYTES} bytes, not compressed, that arrives within \
             30 seconds. `Content-Type` may be absent."
        );
        self.body = Some(
            RequestBodyBuilder::new()
                .description(Some(text))
                .required(Some(Required::True))
                .content("application/json", content.build())
                .build(),
        );
        self.wording = Some(Wording {
            body: schema.name,
            resource: schema.resource,
            descriptions: schema.descriptions.clone(),
        });
        self.schemas.push((schema.name.to_owned(), RefOr::T(schema.build())));
        let required = |pointer: &str, message: &str| MemberError {
            pointer: pointer.to_owned(),
            code: "required",
            message: message.to_owned(),
        };
        self.fails_with([
            Problem::invalid_members(vec![required("/customerId", "customerId is required")]),
            Problem::body_timeout(),
            Problem::body_too_large(MAX_BODY_BYTES),
            Problem::unsupported_media_type("The request body must be application/json"),
            Problem::overloaded(),
            Problem::outcome_unknown(),
        ])
    }

    /// Adds a response with `T` as JSON.
    pub(crate) fn returns<T: ToSchema>(
        mut self,
        status: StatusCode,
        text: &str,
        headers: &[&str],
        examples: impl IntoIterator<Item = NamedExample>,
    ) -> Self {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(T::name())))
            .examples_from_iter(examples.into_iter().map(example));
        let mut response =
            ResponseBuilder::new().description(text).content("application/json", content.build());
        for name in headers {
            response = response.header_ref(*name, problems::header(name));
        }
        self.responses.push((status, response.build()));
        self
    }

    /// Adds a response with a document of this type.
    pub(crate) fn returns_document(mut self, text: &str, content_type: &str, schema: Type) -> Self {
        let schema: Schema = ObjectBuilder::new().schema_type(schema).build().into();
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(text).content(content_type, content).build();
        self.responses.push((StatusCode::OK, response));
        self
    }

    /// Adds a response without a body.
    pub(crate) fn returns_nothing(mut self, text: &str) -> Self {
        self.responses.push((StatusCode::NO_CONTENT, Response::new(text)));
        self
    }

    /// Links a value in its responses to a parameter of another operation.
    pub(crate) fn leads_to(mut self, operation: &str, parameter: &str, value: &str) -> Self {
        for (_, response) in &mut self.responses {
            let link = LinkBuilder::new().operation_id(operation).parameter(parameter, value).build();
            response.links.insert(operation.to_owned(), link.into());
        }
        self
    }

    /// Completes the schemas of its responses. A member that a body of the same resource has gets
    /// the body's description. A member that may be `null` is always present.
    pub(crate) fn complete_responses(&mut self, wordings: &[Wording]) {
        for (name, schema) in &mut self.schemas {
            let RefOr::T(schema) = schema else { continue };
            if wordings.iter().any(|wording| wording.body == name) {
                continue;
            }
            let wordings = wordings.iter().filter(|wording| name.starts_with(wording.resource));
            let descriptions = wordings.flat_map(|wording| &wording.descriptions).collect();
            complete(schema, &descriptions);
        }
    }

    /// Adds the problems with which it may fail.
    pub(crate) fn fails_with(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.problems.extend(problems);
        self
    }
}

fn example((name, value): NamedExample) -> (&'static str, RefOr<utoipa::openapi::example::Example>) {
    (name, ExampleBuilder::new().value(Some(value)).into())
}

/// The schema of a request's body. Unknown members are allowed and ignored.
pub(crate) struct BodySchema {
    name: &'static str,
    /// The prefix of the names of the schemas that describe the same resource in responses.
    resource: &'static str,
    object: ObjectBuilder,
    /// By the members' names in lower case.
    descriptions: BTreeMap<String, &'static str>,
    rule: Option<Schema>,
}

impl BodySchema {
    /// Returns a body without members.
    pub(crate) fn new(name: &'static str, resource: &'static str, text: &str) -> Self {
        let object = ObjectBuilder::new().description(Some(text));
        Self { name, resource, object, descriptions: BTreeMap::new(), rule: None }
    }

    /// Adds this member: its description, and a note about this body.
    pub(crate) fn member(
        mut self,
        name: &'static str,
        is_required: bool,
        schema: Schema,
        text: &'static str,
        note: &str,
    ) -> Self {
        let whole = format!("{text} {note}");
        self.object = self.object.property(name, schemas::described(schema, whole.trim_end()));
        if is_required {
            self.object = self.object.required(name);
        }
        self.descriptions.insert(name.to_lowercase(), text);
        self
    }

    /// Adds a rule on the body as a whole.
    pub(crate) fn with_rule(mut self, rule: impl Into<Schema>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    fn build(self) -> Schema {
        let object = self.object.build().into();
        match self.rule {
            None => object,
            Some(rule) => AllOfBuilder::new().item(object).item(rule).into(),
        }
    }
}

/// The descriptions of a body's members.
pub(crate) struct Wording {
    body: &'static str,
    resource: &'static str,
    /// By the members' names in lower case.
    descriptions: BTreeMap<String, &'static str>,
}

fn complete(schema: &mut Schema, descriptions: &BTreeMap<&String, &&'static str>) {
    if let Schema::AllOf(all_of) = schema {
        for part in &mut all_of.items {
            if let RefOr::T(part) = part {
                complete(part, descriptions);
            }
        }
    }
    let Schema::Object(object) = schema else { return };
    let mut required = Vec::new();
    for (name, member) in &mut object.properties {
        if let Some(description) = descriptions.get(&name.to_lowercase()) {
            describe(member, description);
        }
        let is_nullable = matches!(member, RefOr::T(member) if schemas::is_nullable(member));
        if is_nullable || object.required.contains(name) {
            required.push(name.clone());
        }
    }
    object.required = required;
}

/// Sets the description of a member, unless it has one.
fn describe(member: &mut RefOr<Schema>, description: &str) {
    match member {
        RefOr::Ref(reference) if reference.description.is_empty() => {
            reference.description = description.to_owned();
        }
        RefOr::T(schema) if !schemas::is_described(schema) => {
            *schema = schemas::described(schema.clone(), description);
        }
        _ => {}
    }
}
