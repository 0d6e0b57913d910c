//! The error responses, as reusable components. They are made from the problems themselves.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref};

use super::headers;
use crate::problem::{Problem, ProblemBody};

pub(crate) const REQUEST_ID: &str = "01a202d8-e74c-76e0-aec3-1471365970c6";

/// Returns the error responses of an operation with these problems: for each status, the name of
/// the component and the component.
pub(crate) fn responses(problems: Vec<Problem>) -> BTreeMap<u16, (String, Response)> {
    let mut by_status: BTreeMap<u16, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        let same_status = by_status.entry(problem.status().as_u16()).or_default();
        if !same_status.iter().any(|other| other.code() == problem.code()) {
            same_status.push(problem);
        }
    }
    by_status
        .into_iter()
        .map(|(status, mut problems)| {
            problems.sort_by_key(Problem::code);
            (status, response(&problems))
        })
        .collect()
}

/// Returns the response for these problems, and its name. The same problems have the same
/// response.
fn response(problems: &[Problem]) -> (String, Response) {
    let names: Vec<String> = problems.iter().map(|problem| pascal_case(problem.code())).collect();
    let mut titles: Vec<&str> = problems.iter().map(Problem::title).collect();
    titles.dedup();
    let codes: Vec<String> = problems.iter().map(|problem| format!("`{}`", problem.code())).collect();
    let mut content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name())));
    let mut response = ResponseBuilder::new()
        .description(format!("{}: {}.", titles.join(" or "), codes.join(", ")))
        .header_ref(headers::REQUEST_ID, header(headers::REQUEST_ID));
    for problem in problems {
        let body = serde_json::to_value(problem.body(REQUEST_ID)).unwrap_or(Value::Null);
        let example = ExampleBuilder::new().summary(problem.to_string()).value(Some(body));
        content = content.examples_from_iter([(problem.code(), example)]);
        if let Some(name) = problem.header_name() {
            let name = canonical_name(name.as_str());
            response = response.header_ref(&name, header(&name));
        }
    }
    (names.join("Or"), response.content("application/problem+json", content.build()).build())
}

/// Returns a reference to a header of [`headers::all`].
pub(crate) fn header(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

fn pascal_case(code: &str) -> String {
    code.split('_').map(capitalized).collect()
}

/// Returns a header's name as written for people, such as `Retry-After` for `retry-after`.
fn canonical_name(name: &str) -> String {
    let known =
        headers::all().into_iter().map(|(known, _)| known).find(|known| known.eq_ignore_ascii_case(name));
    known.unwrap_or(name).to_owned()
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}
