//! The parameters of requests: in the path, in the query, and `Idempotency-Key`.

use hexdesk_domain::limits::{DEFAULT_PAGE_ENTRIES, MAX_IDEMPOTENCY_KEY_CHARS, MAX_PAGE_ENTRIES};
use serde_json::Value;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::schemas;

fn parameter(place: ParameterIn, name: &str, text: &str, schema: Schema) -> ParameterBuilder {
    ParameterBuilder::new().name(name).parameter_in(place).description(Some(text)).schema(Some(schema))
}

/// A part of the path, an id up to `max`.
pub(crate) fn in_path(name: &str, text: &str, max: i64, example: &str) -> Parameter {
    let text = format!("{text}, a whole number from 1 to {max}.");
    parameter(ParameterIn::Path, name, &text, schemas::digits(max))
        .required(Required::True)
        .example(Some(Value::from(example)))
        .build()
}

/// An optional parameter of the query.
pub(crate) fn in_query(name: &str, text: &str, schema: Schema) -> Parameter {
    parameter(ParameterIn::Query, name, text, schema).required(Required::False).build()
}

/// `limit` of a list that is always paged.
pub(crate) fn limit() -> Parameter {
    let text = format!("How many entries the page may have; {DEFAULT_PAGE_ENTRIES} if absent.");
    in_query("limit", &text, schemas::integer(1, i64::from(MAX_PAGE_ENTRIES)))
}

/// `cursor`.
pub(crate) fn cursor() -> Parameter {
    let text = "Where the page begins: `next_cursor` of the page before, with the other parameters as they \
                were there. It is good for this list, this shop and these filters only.";
    in_query("cursor", text, ObjectBuilder::new().schema_type(Type::String).build().into())
}

/// `include=total`.
pub(crate) fn include() -> Parameter {
    in_query("include", "`total` adds how many entries all pages hold.", schemas::one_of(&["total"]))
}

/// `Idempotency-Key`.
pub(crate) fn idempotency_key() -> Parameter {
    let text = "A name of your own for this request, so that sending it again cannot do it twice: the same \
                key and body are answered with the first answer, byte for byte, and \
                `Idempotency-Replayed: true`. The key belongs to the shop, the method and the path; a \
                request that was refused leaves it free. Characters beyond ASCII must be UTF-8.";
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_IDEMPOTENCY_KEY_CHARS))
        // The edges are no spaces, which HTTP takes away.
        .pattern(Some("^[!-~](?:[ -~]*[!-~])?$"))
        .build();
    parameter(ParameterIn::Header, "Idempotency-Key", text, schema.into()).required(Required::False).build()
}

/// `If-Match`.
pub(crate) fn if_match() -> Parameter {
    let text = "The `ETag` of the ticket as it was read: it is left as it is if it has another version by now. \
                Any version will do if the header is absent or `*`.";
    let schema =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(r#"^(?:\*|(?:W/)?"[!#-~]*")$"#)).build();
    parameter(ParameterIn::Header, "If-Match", text, schema.into())
        .required(Required::False)
        .example(Some(Value::from("\"1\"")))
        .build()
}
