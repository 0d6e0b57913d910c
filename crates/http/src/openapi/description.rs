//! What a route says of itself. What follows from where it stands in
//! [`ENDPOINTS`](crate::routes::ENDPOINTS) (its key, its scope, the errors of every route)
//! is added to the document by [`super::document`].

use actix_web::http::StatusCode;
use hexdesk_domain::Field;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required};

use super::{parameters, problems, schemas};
use crate::json_members::Spelling;
use crate::problem::{MemberError, Problem};
use crate::request_body::MAX_BODY_BYTES;

/// What one method on one path does, for those who call it.
pub(crate) struct Description {
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) text: &'static str,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<RequestBody>,
    pub(super) answers: Vec<(StatusCode, Response)>,
    pub(super) problems: Vec<Problem>,
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

/// An example's name and JSON.
pub(crate) type NamedExample = (&'static str, Value);

impl Description {
    /// The operation with this id, of this tag.
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
            answers: Vec::new(),
            problems: Vec::new(),
            schemas: Vec::new(),
        }
    }

    /// It reads these parameters, and refuses what they must not be.
    pub(crate) fn parameters(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// It reads a JSON body, and takes effect once for each `Idempotency-Key`.
    pub(crate) fn body(
        mut self,
        name: &'static str,
        schema: Schema,
        examples: impl IntoIterator<Item = NamedExample>,
    ) -> Self {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(name)))
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
        self.schemas.push((name.to_owned(), RefOr::T(schema)));
        let required = |pointer: &str, message: &str| MemberError {
            pointer: pointer.to_owned(),
            code: "required",
            message: message.to_owned(),
        };
        self.fails_with([
            Problem::invalid_members(vec![required("/customerId", "customerId is required")]),
            Problem::body_timeout(),
            Problem::idempotency_key_in_use(),
            Problem::body_too_large(MAX_BODY_BYTES),
            Problem::unsupported_media_type("The request body must be application/json"),
            Problem::idempotency_key_reused(),
            Problem::overloaded(),
            Problem::outcome_unknown(),
        ])
        .parameters([parameters::idempotency_key()])
    }

    /// It answers `T` as JSON.
    pub(crate) fn answers<T: ToSchema>(
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
        self.answers.push((status, response.build()));
        self
    }

    /// It answers something else than JSON of a known form.
    pub(crate) fn answers_document(mut self, text: &str, content_type: &str, schema: Type) -> Self {
        let schema: Schema = ObjectBuilder::new().schema_type(schema).build().into();
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(text).content(content_type, content).build();
        self.answers.push((StatusCode::OK, response));
        self
    }

    /// It answers without a body.
    pub(crate) fn answers_nothing(mut self, text: &str) -> Self {
        self.answers.push((StatusCode::NO_CONTENT, Response::new(text)));
        self
    }

    /// A value in its answers is a parameter of another operation.
    pub(crate) fn leads_to(mut self, operation: &str, parameter: &str, value: &str) -> Self {
        for (_, response) in &mut self.answers {
            let link = LinkBuilder::new().operation_id(operation).parameter(parameter, value).build();
            response.links.insert(operation.to_owned(), link.into());
        }
        self
    }

    /// It may be refused with these problems.
    pub(crate) fn fails_with(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.problems.extend(problems);
        self
    }
}

fn example((name, value): NamedExample) -> (&'static str, RefOr<utoipa::openapi::example::Example>) {
    (name, ExampleBuilder::new().value(Some(value)).into())
}

/// The schema of a request's body whose members are spelled so. Members that are not
/// named are allowed and ignored.
pub(crate) struct BodySchema {
    spelling: Spelling,
    object: ObjectBuilder,
}

impl BodySchema {
    /// Of a body with these members.
    pub(crate) fn new(spelling: Spelling, text: &str) -> Self {
        Self { spelling, object: ObjectBuilder::new().description(Some(text)) }
    }

    /// This member must be there.
    pub(crate) fn required(mut self, field: Field, schema: Schema, text: &str) -> Self {
        let name = self.name(field);
        self.object = self.object.required(name);
        self.member(field, schema, text)
    }

    /// This member may be there, and may be `null`.
    pub(crate) fn optional(self, field: Field, schema: Schema, text: &str) -> Self {
        self.member(field, schemas::or_null(schema), text)
    }

    /// This member may be there, but not be `null`.
    pub(crate) fn not_null(self, field: Field, schema: Schema, text: &str) -> Self {
        self.member(field, schema, text)
    }

    fn member(mut self, field: Field, schema: Schema, text: &str) -> Self {
        let name = self.name(field);
        self.object = self.object.property(name, schemas::described(schema, text));
        self
    }

    fn name(&self, field: Field) -> &'static str {
        self.spelling.iter().find(|(spelled, _)| *spelled == field).map_or("", |(_, name)| name)
    }

    /// The schema.
    pub(crate) fn build(self) -> Object {
        self.object.build()
    }
}
