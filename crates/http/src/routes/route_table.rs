//! The table of all routes in `docs/routes.md`. It is made from the description.

use serde_json::Value;

use super::document::{assert_kept, json};
use super::{Access, ENDPOINTS, Endpoint};
use crate::openapi::headers;

const PREFACE: &str = "\
# Routes

Every route, as the code describes it. `just openapi` writes this page from the code; a test compares the
two. [HTTP API](http-api.md) explains each route.

Required members of the body and required parameters are **bold**. In addition to its own errors, every
route with a scope may return 401 `missing_api_key` or `invalid_api_key`, 403 `missing_scope`, 404
`shop_not_found`, 405 `method_not_allowed`, 417 `expectation_failed`, 429 `rate_limited`, 500 `internal_error` and 503 `overloaded`.

| route | what it does | scope | parameters | members of the body | success | errors |
| --- | --- | --- | --- | --- | --- | --- |
";

/// The errors of every route with a scope, listed once above the table.
const EVERY_ROUTES: [&str; 9] = [
    "missing_api_key",
    "invalid_api_key",
    "missing_scope",
    "shop_not_found",
    "method_not_allowed",
    "expectation_failed",
    "rate_limited",
    "internal_error",
    "overloaded",
];

#[test]
#[cfg_attr(not(feature = "webhooks"), ignore = "the kept table has the routes of webhooks")]
fn the_kept_route_table_is_this_one() {
    let document = json();
    let rows: Vec<String> = ENDPOINTS.iter().map(|endpoint| row(&document, endpoint)).collect();
    assert_kept("routes.md", &format!("{PREFACE}{}\n", rows.join("\n")));
}

fn row(document: &Value, endpoint: &Endpoint) -> String {
    let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
    let scope = match endpoint.access {
        Access::Open => "none, no key".to_owned(),
        Access::Key(scopes) => {
            let names: Vec<String> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
            names.join(", ")
        }
    };
    let answers = operation["responses"].as_object().into_iter().flatten();
    let (successes, errors): (Vec<_>, Vec<_>) = answers.partition(|(status, _)| status.starts_with('2'));
    let successes: Vec<String> =
        successes.into_iter().map(|(status, answer)| success(status, answer)).collect();
    let errors: Vec<String> =
        errors.into_iter().filter_map(|(status, answer)| errors_of(document, status, answer)).collect();
    let cells = [
        format!("`{} {}`", endpoint.method, endpoint.path),
        operation["summary"].as_str().unwrap_or_default().to_owned(),
        scope,
        parameters(operation),
        members(document, operation),
        successes.join("; "),
        errors.join("; "),
    ];
    format!("| {} |", cells.join(" | "))
}

fn named(name: &str, is_required: bool) -> String {
    if is_required { format!("**`{name}`**") } else { format!("`{name}`") }
}

fn parameters(operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let names: Vec<String> = parameters
        .filter(|parameter| parameter["in"] != "path")
        .map(|parameter| named(parameter["name"].as_str().unwrap_or_default(), parameter["required"] == true))
        .collect();
    names.join(", ")
}

fn members(document: &Value, operation: &Value) -> String {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    let Some(schema) = schema.as_str().and_then(|place| document.pointer(&place[1..])) else {
        return String::new();
    };
    // The schema of a body with a rule on the whole body is the object and the rule.
    let object = schema.get("allOf").map_or(schema, |parts| &parts[0]);
    let required = object["required"].as_array().cloned().unwrap_or_default();
    let names: Vec<String> = object["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| named(name, required.iter().any(|required| required == name)))
        .collect();
    match schema.get("allOf") {
        None => names.join(", "),
        Some(parts) => {
            let rule = parts[1]["description"].as_str().unwrap_or_default();
            format!("{}. {rule}", names.join(", "))
        }
    }
}

fn success(status: &str, answer: &Value) -> String {
    let headers = answer["headers"].as_object().into_iter().flatten();
    let names: Vec<String> = headers
        .filter(|(name, _)| *name != headers::REQUEST_ID)
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    let schema = answer["content"]["application/json"]["schema"]["$ref"].as_str();
    let schema = schema.and_then(|place| place.rsplit('/').next()).map(|name| format!("`{name}`"));
    let parts: Vec<String> = schema.into_iter().chain(names).collect();
    if parts.is_empty() { status.to_owned() } else { format!("{status} {}", parts.join(", ")) }
}

fn errors_of(document: &Value, status: &str, answer: &Value) -> Option<String> {
    let answer = answer["$ref"].as_str().and_then(|place| document.pointer(&place[1..]))?;
    let codes = answer["content"]["application/problem+json"]["examples"].as_object()?;
    let codes: Vec<String> = codes
        .keys()
        .filter(|code| !EVERY_ROUTES.contains(&code.as_str()))
        .map(|code| format!("`{code}`"))
        .collect();
    if codes.is_empty() { None } else { Some(format!("{status} {}", codes.join(", "))) }
}
