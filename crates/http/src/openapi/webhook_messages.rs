//! The messages that webhooks send: the object `webhooks` of OpenAPI 3.1.

use std::collections::BTreeMap;

use hexdesk_domain::EventKind;
use serde_json::{Value, json};
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema};
use utoipa::openapi::{ContentBuilder, Ref, Required, ResponseBuilder};

use super::{WEBHOOKS, schemas};

/// The message of each kind of event, and of a test, by its name.
pub(crate) fn all() -> BTreeMap<&'static str, PathItem> {
    let kinds = EventKind::ALL.iter().map(|kind| kind.as_str());
    let mut messages: BTreeMap<_, _> = kinds.map(|kind| (kind, message(kind, event(kind), None))).collect();
    let example = json!({
        "kind": "webhook.test",
        "webhook": "385641613176606720",
        "time": "2026-04-28T00:00:00.000Z"
    });
    messages.insert("webhook.test", message("webhook.test", test(), Some(example)));
    messages
}

fn message(kind: &str, schema: Schema, example: Option<Value>) -> PathItem {
    let content = ContentBuilder::new().schema(Some(schema)).example(example).build();
    let body = RequestBodyBuilder::new().required(Some(Required::True)).content("application/json", content);
    let text = "A signed message, at least once for each event. An endpoint skips ids that it has seen.";
    let operation = OperationBuilder::new()
        .operation_id(Some(format!("receive_{}", kind.replace('.', "_"))))
        .tag(WEBHOOKS)
        .summary(Some(format!("`{kind}`")))
        .description(Some(text))
        .parameters(Some(headers()))
        .request_body(Some(body.build()))
        .response("2XX", ResponseBuilder::new().description("The message was received.").build())
        .response("410", ResponseBuilder::new().description("The endpoint wants no more events.").build())
        .response("default", ResponseBuilder::new().description("The message is attempted again.").build());
    PathItem::new(HttpMethod::Post, operation.build())
}

fn headers() -> [Parameter; 3] {
    [
        ("webhook-id", "The id of the message, the same in every attempt and after a replay."),
        ("webhook-timestamp", "The time of the attempt, in seconds since 1970."),
        (
            "webhook-signature",
            "`v1,` and the base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`; during a rotation one for each \
             secret, separated by blanks.",
        ),
    ]
    .map(|(name, text)| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .description(Some(text))
            .required(Required::True)
            .schema(Some(schemas::any_text()))
            .build()
    })
}

/// An event of this kind.
fn event(kind: &str) -> Schema {
    let narrowed = ObjectBuilder::new().property("kind", schemas::one_of(&[kind])).build();
    AllOfBuilder::new().item(Ref::from_schema_name("Event")).item(narrowed).into()
}

fn test() -> Schema {
    ObjectBuilder::new()
        .property("kind", schemas::one_of(&["webhook.test"]))
        .property("webhook", schemas::response_long_id())
        .property("time", schemas::response_time())
        .required("kind")
        .required("webhook")
        .required("time")
        .build()
        .into()
}
