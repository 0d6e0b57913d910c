//! The description of all routes, in OpenAPI. It is made from each route's own description and its
//! row in [`ENDPOINTS`], and kept in docs/openapi.json.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr};

use super::{Access, DESCRIPTIONS, ENDPOINTS, Endpoint};
use crate::openapi::{
    API_KEYS, COMMENTS, CUSTOMERS, Description, EVENTS, SERVICE, TICKETS, USERS, WEBHOOKS, headers, problems,
    webhook_messages,
};
use crate::problem::{Problem, ProblemBody};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");

const X_API_KEY: &str = "x-api-key";
const BEARER: &str = "bearer";

const ABOUT: &str = "\
The tickets of a helpdesk, their comments, their customers, and the users who handle them.

**Keys.** Send the key as `x-api-key`, or as `Authorization: Bearer` if that header is absent or empty. \
A key belongs to one shop: the ids of another shop get the same response as ids that do not exist. Each \
operation names the scope that the key must hold.

**Ids.** Tickets and comments have 64-bit ids, which responses hold as strings. The ids of customers and \
users are whole numbers up to 9007199254740991. A number is written without fraction or exponent.

**Texts.** Lengths are counted in Unicode characters. No text may hold U+0000.

**Times.** A request may hold any ISO 8601 date-time with an offset, or a date (its midnight in UTC), of the \
years 0001 to 9999. Responses hold times as `2026-04-28T00:00:00.000Z`.

**Limits.** A server with rate limits, for each key and for all keys of a shop together, sends their state \
in every response to a key: `RateLimit-Policy: \"key\";q=600;w=60, \"shop\";q=2400;w=60` (requests, seconds) \
and `RateLimit: \"key\";r=599;t=1, \"shop\";r=2399;t=1` (requests left now, seconds until there are more).

**Errors.** Every error has the one body `Problem`. If several errors apply, the first in this list is \
returned: 417 for an unknown `Expect`, unknown route (404 `route_not_found`) or method (405), 401, 404 `shop_not_found`, 429, \
403 `missing_scope`, 415, 413, 400, 403 `exceeds_own_key`, 404 for what the request refers to. (The key to \
rotate or to revoke is looked up before 403 `exceeds_own_key`.) A 4xx means that nothing was written. A request whose head \
is not valid HTTP gets 400, 408 or 431 with an empty body.

`HEAD` is served wherever `GET` is.";

/// Returns the whole document.
fn document() -> OpenApi {
    let mut components = ComponentsBuilder::new()
        .schema_from::<ProblemBody<'static>>()
        .security_scheme(X_API_KEY, SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(X_API_KEY))))
        .security_scheme(
            BEARER,
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
    let mut problem_schemas = Vec::new();
    ProblemBody::schemas(&mut problem_schemas);
    components = components.schemas_from_iter(problem_schemas);
    for (name, header) in headers::all() {
        components = components.header(name, header);
    }
    let mut paths = PathsBuilder::new();
    for (endpoint, description) in described() {
        let (item, with) = path_item(endpoint, description, components);
        components = with;
        paths = paths.path(endpoint.path, item);
    }
    let info = InfoBuilder::new()
        .title("Hexdesk")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(
            LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build(),
        ));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components.build()))
        .tags(Some(tags()))
        .build()
}

/// Returns every route with its description. A member that a resource has in requests and in
/// responses has the same description in both.
fn described() -> impl Iterator<Item = (&'static Endpoint, Description)> {
    let mut descriptions: Vec<Description> = DESCRIPTIONS.iter().map(|describe| describe()).collect();
    let wordings: Vec<_> =
        descriptions.iter_mut().filter_map(|description| description.wording.take()).collect();
    for description in &mut descriptions {
        description.complete_responses(&wordings);
    }
    ENDPOINTS.iter().zip(descriptions)
}

fn tags() -> Vec<Tag> {
    [
        (TICKETS, "Conversations with customers."),
        (COMMENTS, "The messages of a ticket."),
        (CUSTOMERS, "The people who write to the shop."),
        (USERS, "The staff of the shop, who handle tickets."),
        (
            API_KEYS,
            "The keys of the shop and their scopes. No key can make a key that may do more than itself.",
        ),
        (EVENTS, "The log of all changes: what changed, when, and who changed it."),
        (WEBHOOKS, "Endpoints of the shop that receive its events."),
        (SERVICE, "The state of the server and this description. These routes need no key."),
    ]
    .map(|(name, text)| TagBuilder::new().name(name).description(Some(text)).build())
    .to_vec()
}

/// Returns the endpoint's entry in the document. Adds the components that it refers to.
fn path_item(
    endpoint: &Endpoint,
    description: Description,
    mut components: ComponentsBuilder,
) -> (PathItem, ComponentsBuilder) {
    let Description { id, tag, summary, text, parameters, body, wording: _, responses, problems, schemas } =
        description;
    let bad_parameter = (!parameters.is_empty()).then(|| {
        Problem::invalid_parameter(if body.is_some() {
            "Idempotency-Key must be 1 to 255 characters"
        } else {
            "limit must be a whole number from 1 to 100"
        })
    });
    let mut operation =
        OperationBuilder::new().operation_id(Some(id)).tag(tag).summary(Some(summary)).request_body(body);
    if !parameters.is_empty() {
        operation = operation.parameters(Some(parameters));
    }
    operation = match endpoint.access {
        Access::Open => operation.description(Some(text)),
        Access::Key(scopes) => {
            let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            let noun = if names.len() == 1 { "scope" } else { "scopes" };
            let needed = names.join("` and `");
            operation
                .description(Some(format!("{text}\n\nThe key must hold the {noun} `{needed}`.")))
                // For schemes other than OAuth, these are the roles that the caller must have.
                .security(SecurityRequirement::new(X_API_KEY, names.clone()))
                .security(SecurityRequirement::new(BEARER, names))
        }
    };
    for (status, mut response) in responses {
        response
            .headers
            .insert(headers::REQUEST_ID.to_owned(), RefOr::Ref(problems::header(headers::REQUEST_ID)));
        operation = operation.response(status.as_str(), response);
    }
    let every = every_routes_problems(endpoint).into_iter().chain(problems).chain(bad_parameter).collect();
    for (status, (name, response)) in problems::responses(every) {
        operation = operation.response(status.to_string(), Ref::from_response_name(&name));
        components = components.response(name, response);
    }
    let method = match endpoint.method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    };
    (PathItem::new(method, operation.build()), components.schemas_from_iter(schemas))
}

/// Returns the errors of every route with this access.
fn every_routes_problems(endpoint: &Endpoint) -> Vec<Problem> {
    let allowed = actix_web::http::header::HeaderValue::from_static("GET, HEAD, PATCH, DELETE");
    let mut problems = vec![Problem::method_not_allowed(allowed), Problem::expectation_failed()];
    if let Access::Key(_) = endpoint.access {
        problems.extend([
            Problem::missing_api_key(),
            Problem::invalid_api_key(),
            Problem::missing_scope("tickets:write"),
            Problem::shop_not_found(),
            Problem::rate_limited("The API key", 1),
            Problem::internal(),
            Problem::overloaded(),
        ]);
    }
    problems
}

/// The document with the messages of webhooks, which utoipa does not know.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    document: OpenApi,
    webhooks: BTreeMap<&'static str, PathItem>,
}

fn whole() -> Whole {
    Whole { document: document(), webhooks: webhook_messages::all() }
}

pub(super) fn json() -> Value {
    serde_json::to_value(whole()).unwrap()
}

/// Visits every value of the document with its place.
fn walk<'a>(value: &'a Value, place: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(place, value);
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| walk(value, &format!("{place}/{name}"), visit));
        }
        Value::Array(entries) => {
            entries
                .iter()
                .enumerate()
                .for_each(|(index, value)| walk(value, &format!("{place}/{index}"), visit));
        }
        _ => {}
    }
}

/// Checks that the page in docs/ is this text, or writes it if `HEXDESK_WRITE_OPENAPI` is set.
pub(super) fn assert_kept(name: &str, text: &str) {
    let path = std::path::Path::new(DOCS).join(name);
    if std::env::var_os("HEXDESK_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "docs/{name} differs from the code: run `just openapi`");
}

#[test]
#[cfg_attr(not(feature = "webhooks"), ignore = "the kept document has the routes of webhooks")]
fn the_kept_document_is_this_one() {
    assert_kept("openapi.json", &(serde_json::to_string_pretty(&whole()).unwrap() + "\n"));
}

#[test]
fn every_route_is_described_with_its_scope() {
    let document = json();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation.get("security").map_or(Value::Null, |security| {
                assert_eq!(security[0]["x-api-key"], security[1]["bearer"]);
                security[0]["x-api-key"].clone()
            });
            described.insert((method.to_uppercase(), path.clone(), security.to_string()));
        }
    }
    let routes = ENDPOINTS.iter().map(|endpoint| {
        let scope = match endpoint.access {
            Access::Open => "null".to_owned(),
            Access::Key(scopes) => {
                let names: Vec<String> = scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
                format!("[{}]", names.join(","))
            }
        };
        (endpoint.method.to_string(), endpoint.path.to_owned(), scope)
    });
    assert_eq!(described, routes.collect());
}

#[test]
fn every_operation_is_complete() {
    let document = json();
    let mut ids = BTreeSet::new();
    for endpoint in ENDPOINTS {
        let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is there twice");
        for member in ["summary", "description"] {
            assert!(operation[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {id}");
        }
        let tags: Vec<&str> =
            document["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
        assert!(tags.contains(&operation["tags"][0].as_str().unwrap()), "{id}");

        let no_parameters = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&no_parameters);
        let named = |place: &str| -> Vec<&str> {
            let there = parameters.iter().filter(|parameter| parameter["in"] == place);
            there.map(|parameter| parameter["name"].as_str().unwrap()).collect()
        };
        let in_path: Vec<&str> =
            endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(named("path"), in_path, "{id}");
        let has_body = [Method::POST, Method::PATCH, Method::PUT].contains(&endpoint.method);
        let has_versions = operation["responses"].get("412").is_some();
        // Their effect is a message that names itself, so receivers skip repetitions.
        let sends_only = ["testWebhook", "replayWebhook"].contains(&id);
        let has_body = has_body && id != "testWebhook";
        assert_eq!(named("header").contains(&"Idempotency-Key"), has_body && !sends_only, "{id}");
        assert_eq!(named("header").contains(&"If-Match"), has_versions, "{id}");
        assert_eq!(operation["requestBody"].is_object(), has_body, "{id}");

        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{id}");
        assert!(answers.contains_key("405"), "{id}");
        if endpoint.access != Access::Open {
            for status in ["401", "403", "404", "500", "503"] {
                assert!(answers.contains_key(status), "{id} {status}");
            }
        }
    }
}

#[test]
fn every_reference_has_a_component_and_every_component_a_reference() {
    let document = json();
    let mut referred = BTreeSet::new();
    walk(&document, "#", &mut |_, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
            referred.insert(reference.to_owned());
        }
    });
    for kind in ["schemas", "responses", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(referred.contains(&format!("#/components/{kind}/{name}")), "{kind} {name}");
        }
    }
}

#[test]
fn every_member_is_described() {
    let document = json();
    walk(&document["components"]["schemas"], "", &mut |place, value| {
        for (name, member) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // If a member may be null, its description is in one of its alternatives.
            let alternatives = member["oneOf"].as_array().into_iter().flatten().chain([member]);
            let is_rule = place.contains("/anyOf/");
            let mut described = alternatives.filter_map(|schema| schema["description"].as_str());
            assert!(is_rule || described.any(|text| text.ends_with('.')), "{name} of {place}");
        }
    });
}

#[test]
fn two_components_of_one_name_are_the_same() {
    let document = json();
    for ((endpoint, Description { id, schemas, .. }), (_, again)) in described().zip(described()) {
        for (name, schema) in schemas {
            let schema = serde_json::to_value(schema).unwrap();
            assert_eq!(document["components"]["schemas"][&name], schema, "{name} of {id}");
        }
        let (item, components) = path_item(endpoint, again, ComponentsBuilder::new());
        drop(item);
        for (name, response) in components.build().responses {
            let response = serde_json::to_value(response).unwrap();
            assert_eq!(document["components"]["responses"][&name], response, "{name} of {id}");
        }
    }
}

#[test]
fn responses_hold_every_member_except_the_optional_ones() {
    let document = json();
    let mut bodies = BTreeSet::new();
    walk(&document["paths"], "", &mut |_, value| {
        let schema = &value["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        bodies.extend(schema.as_str().map(str::to_owned));
    });
    assert!(bodies.contains("#/components/schemas/NewTicket"), "{bodies:?}");
    let mut left_out = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if bodies.contains(&format!("#/components/schemas/{name}")) {
            continue;
        }
        walk(schema, name, &mut |place, value| {
            let Some(properties) = value.get("properties").and_then(Value::as_object) else { return };
            for property in properties.keys() {
                if !value["required"].as_array().is_some_and(|all| all.iter().any(|name| name == property)) {
                    left_out.push(format!("{place}/{property}"));
                }
            }
        });
    }
    assert_eq!(
        left_out,
        [
            "ApiKeysAnswer/total",
            "Attachment/name",
            "Attachment/size",
            "Attachment/type",
            "Attachment/url",
            "CustomerAnswer/existing",
            "CustomersAnswer/total",
            "Problem/cursor",
            "Problem/customerId",
            "TicketsAnswer/total",
            "UsersAnswer/total"
        ]
    );
}
