//! Bodies of requests, from their bytes to the response and back.

use serde_json::Value;

use super::body_kind::BodyKind;
#[cfg(feature = "webhooks")]
use super::webhooks;
use super::{MARK, api_keys, comments, customers, tickets, users};
use crate::json_members::Spelling;
use crate::problem::Problem;

/// The first byte of an input, from `'0'`, selects one of these.
const KINDS: &[&BodyKind] = &[
    &tickets::CREATE,
    &tickets::UPDATE,
    &comments::CREATE,
    &customers::CREATE,
    &customers::UPDATE,
    &users::CREATE,
    &users::UPDATE,
    &api_keys::CREATE,
    &api_keys::ROTATE,
    #[cfg(feature = "webhooks")]
    &webhooks::CREATE,
    #[cfg(feature = "webhooks")]
    &webhooks::UPDATE,
    #[cfg(feature = "webhooks")]
    &webhooks::ROTATE,
    #[cfg(feature = "webhooks")]
    &webhooks::REPLAY,
];

/// The same for numbers.
const MARK_NUMBER: u64 = 8_161_803_398_874_989_484;

/// Reads a body. An accepted body is JSON. Its response has the values that were sent, and
/// sending the response again gives the same response. An error points to members of the body
/// and repeats none of their values.
pub fn request_body(input: &[u8]) {
    let Some((kind, body)) = input.split_first() else { return };
    let kind = KINDS[usize::from(kind.wrapping_sub(b'0')) % KINDS.len()];
    let sent = serde_json::from_slice::<Value>(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok();
    match (kind.read(body), &sent) {
        (Ok(answer), Some(Value::Object(sent))) => {
            kind.assert_kept(sent, &answer);
            kind.assert_same_again(&answer);
        }
        (Ok(_), _) => panic!("a body was accepted that is no JSON object"),
        (Err(problem), _) => assert_refusal(&problem, (kind.spelling)(), sent.as_ref()),
    }
    let mut marked = match &sent {
        Some(sent) => serde_json::to_vec(&marked(sent, (kind.spelling)())).unwrap(),
        None => body.to_vec(),
    };
    if sent.is_none() {
        marked.extend_from_slice(MARK.as_bytes());
    }
    if let Err(problem) = kind.read(&marked) {
        let told = serde_json::to_string(&problem.body("id")).unwrap();
        assert!(!told.contains(MARK) && !told.contains(&MARK_NUMBER.to_string()), "{told}");
    }
}

/// Returns the kind of body that an input selects, and the body.
#[cfg(test)]
pub(super) fn split(input: &[u8]) -> Option<(&'static BodyKind, &[u8])> {
    let (kind, body) = input.split_first()?;
    Some((KINDS[usize::from(kind.wrapping_sub(b'0')) % KINDS.len()], body))
}

/// Checks that an error names every invalid member, each once.
fn assert_refusal(problem: &Problem, spelling: Spelling, sent: Option<&Value>) {
    assert_eq!(problem.status().as_u16(), 400);
    let told = serde_json::to_value(problem.body("id")).unwrap();
    let errors = told["errors"].as_array().unwrap();
    assert_eq!(errors.first().map(|first| &first["message"]), Some(&told["error"]));
    if sent.is_none() && errors.len() == 1 && errors[0]["code"] == "json" {
        // The pointer names the member with half of a surrogate pair.
        return;
    }
    let pointers: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    let is_object = sent.is_some_and(Value::is_object);
    assert_eq!(pointers.contains(&""), !is_object, "{told}");
    // If a member is repeated, serde_json keeps the last one.
    let has_duplicate = errors.iter().any(|error| error["code"] == "duplicate");
    for (position, (error, pointer)) in errors.iter().zip(&pointers).enumerate() {
        assert!(!pointers[..position].contains(pointer), "{pointer} is named twice");
        assert!(!error["message"].as_str().unwrap().is_empty());
        let Some(path) = pointer.strip_prefix('/') else {
            assert_eq!(pointers, [""]);
            continue;
        };
        let name = path.split('/').next().unwrap();
        assert!(spelling.iter().any(|(_, known)| *known == name), "{pointer}");
        let is_there = sent.is_some_and(|sent| sent.pointer(pointer).is_some());
        assert!(is_there || has_duplicate || error["code"] == "required", "{pointer} is not in the body");
    }
}

/// Returns the value with other texts and other numbers.
fn marked(value: &Value, spelling: Spelling) -> Value {
    match value {
        Value::String(text) => Value::String(format!("{text}{MARK}")),
        Value::Number(_) => Value::from(MARK_NUMBER),
        Value::Array(entries) => entries.iter().map(|entry| marked(entry, spelling)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let is_known = spelling.iter().any(|(_, known)| known == name);
                let name = if is_known { name.clone() } else { format!("{name}{MARK}") };
                (name, marked(value, spelling))
            })
            .collect(),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}
