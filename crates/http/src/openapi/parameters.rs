//! The parameters of requests: in the path, in the query, and `Idempotency-Key`.

use hexdesk_domain::limits::MAX_IDEMPOTENCY_KEY_CHARS;
use hexdesk_domain::{CommentId, CustomerId, KeyNumber, TicketId, UserId, WebhookId};
use serde_json::Value;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::schemas;

fn parameter(place: ParameterIn, name: &str, text: &str, schema: Schema) -> ParameterBuilder {
    ParameterBuilder::new().name(name).parameter_in(place).description(Some(text)).schema(Some(schema))
}

/// The ticket of the examples.
pub(crate) const TICKET_ID: &str = "382850268154298368";

/// `ticketId` in the path.
pub(crate) fn ticket_id() -> Parameter {
    in_path("ticketId", "The ticket's id", TicketId::MAX, TICKET_ID)
}

/// `commentId` in the path.
pub(crate) fn comment_id() -> Parameter {
    in_path("commentId", "The comment's id", CommentId::MAX, "382850268154298369")
}

/// `customerId` in the path.
pub(crate) fn customer_id() -> Parameter {
    in_path("customerId", "The customer's id", CustomerId::MAX, "123")
}

/// `userId` in the path.
pub(crate) fn user_id() -> Parameter {
    in_path("userId", "The user's id", UserId::MAX, "45")
}

/// `keyId` in the path.
pub(crate) fn key_id() -> Parameter {
    in_path("keyId", "The key's id", KeyNumber::MAX, "2")
}

/// `webhookId` in the path.
pub(crate) fn webhook_id() -> Parameter {
    in_path("webhookId", "The webhook's id", WebhookId::MAX, "385641613176606720")
}

fn in_path(name: &str, text: &str, max: i64, example: &str) -> Parameter {
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

/// An optional header.
pub(crate) fn in_header(name: &str, text: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).build().into();
    parameter(ParameterIn::Header, name, text, schema).required(Required::False).build()
}

/// `Idempotency-Key`.
pub(crate) fn idempotency_key() -> Parameter {
    let text = "A name that you give this request, so that repeating the request cannot repeat its effect. The same \
                key and body get the first response again, byte for byte, with `Idempotency-Replayed: true`. The key \
                belongs to the shop, the method and the path. A request that was refused leaves it free. Other \
                characters than visible ASCII are refused.";
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_IDEMPOTENCY_KEY_CHARS))
        // HTTP removes spaces at both ends of a header's value.
        .pattern(Some("^[!-~](?:[ -~]*[!-~])?$"))
        .build();
    parameter(ParameterIn::Header, "Idempotency-Key", text, schema.into()).required(Required::False).build()
}

/// `If-Match`.
pub(crate) fn if_match() -> Parameter {
    let text = "The `ETag` of the ticket or webhook as you read it. If it has another version now, it is not changed. \
                The header may be a list of several. Without the header, or with `*`, any version matches.";
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r#"^(?:\*|[ \t,]*(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:(?:W/)?"[!#-~]*")?)*[ \t]*)$"#))
        .build();
    parameter(ParameterIn::Header, "If-Match", text, schema.into())
        .required(Required::False)
        .example(Some(Value::from("\"1\"")))
        .build()
}
