//! Bodies of requests, from their bytes to the response and back.

use std::collections::BTreeSet;

use actix_web::body::MessageBody;
use hexdesk_domain::{Scope, Timestamp};
use serde_json::{Map, Value};

use super::MARK;
use crate::command::Command;
use crate::idempotency::StoredAnswer;
use crate::json_members::{Members, Spelling};
use crate::problem::Problem;
use crate::{api_keys, comments, customers, tickets, users, wire_id};

/// A kind of body.
pub(crate) struct BodyKind {
    /// Its members.
    pub(crate) spelling: fn() -> Spelling,
    /// Whether it is a patch: a missing member keeps the value, and `null` clears it.
    pub(crate) is_patch: bool,
    /// Does the same as the handler. Returns the object in the response. Its members have the names
    /// that they have in the body.
    pub(crate) answer: fn(Command) -> Result<Value, Problem>,
}

/// The first byte of an input, from `'0'`, selects one of these.
const KINDS: [&BodyKind; 9] = [
    &tickets::fuzzing::CREATE,
    &tickets::fuzzing::UPDATE,
    &comments::fuzzing::CREATE,
    &customers::fuzzing::CREATE,
    &customers::fuzzing::UPDATE,
    &users::fuzzing::CREATE,
    &users::fuzzing::UPDATE,
    &api_keys::fuzzing::CREATE,
    &api_keys::fuzzing::ROTATE,
];

/// The same for numbers.
const MARK_NUMBER: u64 = 8_161_803_398_874_989_484;

/// Reads a body. An accepted body is JSON. Its response has the values that were sent, and
/// sending the response again gives the same response. An error points to members of the body
/// and repeats none of their values.
pub fn request_body(input: &[u8]) {
    let Some((kind, body)) = input.split_first() else { return };
    let kind = KINDS[usize::from(kind.wrapping_sub(b'0')) % KINDS.len()];
    let sent = serde_json::from_slice::<Value>(body).ok();
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

impl BodyKind {
    pub(super) fn read(&self, body: &[u8]) -> Result<Value, Problem> {
        let members = Members::parse(body, (self.spelling)())?;
        (self.answer)(Command { members, idempotency: None })
    }

    /// Checks that the response has the values that were sent.
    fn assert_kept(&self, sent: &Map<String, Value>, answer: &Value) {
        let unchanged = self.is_patch.then(|| self.read(b"{}").unwrap());
        for (_, name) in (self.spelling)() {
            // The response lacks some members of the body.
            let Some(answer) = answer.get(name) else { continue };
            match (sent.get(*name), &unchanged) {
                (Some(Value::Null), Some(_)) => {
                    let gone = [Value::Null, Value::Bool(false), 0.into(), Value::Array(Vec::new())];
                    assert!(gone.contains(answer), "{name} is null and became {answer}");
                }
                (Some(sent), _) => assert!(is_kept(sent, answer), "{name} is {sent} and became {answer}"),
                (None, Some(unchanged)) => assert_eq!(answer, &unchanged[name], "{name} was not named"),
                (None, None) => {}
            }
        }
    }

    /// Checks that the response, sent as a body, gives the same response.
    fn assert_same_again(&self, answer: &Value) {
        let body = serde_json::to_vec(answer).unwrap();
        match self.read(&body) {
            Ok(again) => assert_eq!(&again, answer),
            Err(problem) => panic!("{answer} is refused: {problem}"),
        }
    }
}

/// Whether the value of a member in the response equals the sent value, or means the same.
fn is_kept(sent: &Value, answer: &Value) -> bool {
    match (sent, answer) {
        _ if sent == answer => true,
        (Value::Null, _) => true,
        (Value::String(sent), Value::String(answer)) => {
            let time = |text: &str| Timestamp::parse(text).ok();
            time(sent).is_some() && time(sent) == time(answer)
        }
        // A customer's ids in other systems.
        (Value::Number(sent), Value::String(answer)) => !sent.is_f64() && sent.to_string() == *answer,
        (Value::String(sent), Value::Number(answer)) => wire_id::parse(sent) == answer.as_i64(),
        (Value::String(sent), Value::Bool(answer)) if ["true", "false"].contains(&sent.as_str()) => {
            sent.parse() == Ok(*answer)
        }
        // Flags accept any value as true or false.
        (sent, Value::Bool(_)) => !sent.is_boolean(),
        // Duplicate scopes become one, and the response sorts them.
        (Value::Array(sent), Value::Array(answer)) => {
            scopes(sent).is_some_and(|sent| scopes(answer) == Some(sent))
        }
        // A `toEmails` that is not an array becomes empty.
        (_, Value::Array(answer)) => answer.is_empty(),
        _ => false,
    }
}

fn scopes(entries: &[Value]) -> Option<BTreeSet<Scope>> {
    entries.iter().map(|entry| entry.as_str()?.parse().ok()).collect()
}

/// Checks that an error names every invalid member, each once.
fn assert_refusal(problem: &Problem, spelling: Spelling, sent: Option<&Value>) {
    assert_eq!(problem.status().as_u16(), 400);
    let told = serde_json::to_value(problem.body("id")).unwrap();
    let errors = told["errors"].as_array().unwrap();
    assert_eq!(errors.first().map(|first| &first["message"]), Some(&told["error"]));
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

/// Returns the body of a response. Storing it and reading it again must not change it.
pub(crate) fn answered(answer: StoredAnswer) -> Value {
    let receipt = answer.clone().into_receipt(None);
    assert_eq!(StoredAnswer::from_receipt(&receipt.answer).as_ref(), Ok(&answer));
    let Ok(body) = answer.into_response(false).into_body().try_into_bytes() else {
        panic!("a body of many parts")
    };
    serde_json::from_slice(&body).unwrap()
}
