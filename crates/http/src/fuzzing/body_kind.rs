//! A kind of body that the fuzzer sends, and the properties of its responses.

use std::collections::BTreeSet;
use std::str::FromStr;

use actix_web::body::MessageBody;
use hexdesk_domain::{EventKind, Scope, Timestamp};
use serde_json::{Map, Value};

use crate::command::Command;
use crate::idempotency::StoredResponse;
use crate::json_members::{Members, Spelling};
use crate::problem::Problem;
use crate::wire_id;

/// A kind of body.
pub(super) struct BodyKind {
    /// Its members.
    pub(super) spelling: fn() -> Spelling,
    /// Whether it is a patch: a missing member keeps the value, and `null` or `""` clears it.
    pub(super) is_patch: bool,
    /// Does the same as the handler. Returns the object in the response. Its members have the names
    /// that they have in the body.
    pub(super) answer: fn(Command) -> Result<Value, Problem>,
}

impl BodyKind {
    pub(super) fn read(&self, body: &[u8]) -> Result<Value, Problem> {
        let members = Members::parse(body, (self.spelling)(), false)?;
        (self.answer)(Command { members, idempotency: None })
    }

    /// Checks that the response has the values that were sent.
    pub(super) fn assert_kept(&self, sent: &Map<String, Value>, answer: &Value) {
        let unchanged = self.is_patch.then(|| self.read(b"{}").unwrap());
        for (_, name) in (self.spelling)() {
            // The response lacks some members of the body.
            let Some(answer) = answer.get(name) else { continue };
            match (sent.get(*name), &unchanged) {
                (Some(sent), Some(_)) if is_absent(sent) => {
                    let gone = [Value::Null, Value::Bool(false), 0.into(), Value::Array(Vec::new())];
                    assert!(gone.contains(answer), "{name} is {sent} and became {answer}");
                }
                (Some(sent), _) => assert!(is_kept(sent, answer), "{name} is {sent} and became {answer}"),
                (None, Some(unchanged)) => assert_eq!(answer, &unchanged[name], "{name} was not named"),
                (None, None) => {}
            }
        }
    }

    /// Checks that the response, sent as a body, gives the same response.
    pub(super) fn assert_same_again(&self, answer: &Value) {
        let body = serde_json::to_vec(answer).unwrap();
        match self.read(&body) {
            Ok(again) => assert_eq!(&again, answer),
            Err(problem) => panic!("{answer} is refused: {problem}"),
        }
    }
}

/// Whether an optional member with this value counts as absent.
fn is_absent(value: &Value) -> bool {
    value.is_null() || value == ""
}

/// Whether the value of a member in the response equals the sent value, or means the same.
fn is_kept(sent: &Value, answer: &Value) -> bool {
    match (sent, answer) {
        _ if sent == answer => true,
        (sent, _) if is_absent(sent) => true,
        // Blanks around an e-mail address are removed.
        (Value::String(sent), Value::String(answer)) if sent.trim() == answer => true,
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
        // Duplicate scopes and kinds become one, and the response sorts them.
        (Value::Array(sent), Value::Array(answer)) => {
            is_same_set::<Scope>(sent, answer) || is_same_set::<EventKind>(sent, answer)
        }
        // A `toEmails` that is not an array becomes empty.
        (_, Value::Array(answer)) => answer.is_empty(),
        _ => false,
    }
}

fn is_same_set<T: FromStr + Ord>(sent: &[Value], answer: &[Value]) -> bool {
    let set = |entries: &[Value]| -> Option<BTreeSet<T>> {
        entries.iter().map(|entry| entry.as_str()?.parse().ok()).collect()
    };
    set(sent).is_some_and(|sent| set(answer) == Some(sent))
}

/// Returns the body of a response. Storing it and reading it again must not change it.
pub(super) fn answered(answer: StoredResponse) -> Value {
    let receipt = answer.clone().into_receipt(None);
    assert_eq!(StoredResponse::from_receipt(&receipt.response).as_ref(), Ok(&answer));
    let Ok(body) = answer.into_response(false).into_body().try_into_bytes() else {
        panic!("a body of many parts")
    };
    serde_json::from_slice(&body).unwrap()
}
