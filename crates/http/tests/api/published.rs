//! The examples of the published v1 reference, one after the other against the demo shop.

use serde_json::Value;

use crate::harness::{Server, on_both_databases};

const EXAMPLES: &str = include_str!("published_v1.json");

/// What an example shows but every installation hands out by itself.
const HANDED_OUT: [&str; 3] = ["id", "creationDate", "openedAt"];

/// Checks that the answer holds all that the example shows; it may hold more.
fn assert_shows(name: &str, answer: &Value, example: &Value) {
    match (answer, example) {
        (Value::Object(answer), Value::Object(example)) => {
            for (member, shown) in example {
                let value =
                    answer.get(member).unwrap_or_else(|| panic!("{name}: {member} is missing: {answer:?}"));
                if HANDED_OUT.contains(&member.as_str()) {
                    assert_eq!(value.is_string(), shown.is_string(), "{name}: {member}");
                    assert_eq!(value.is_number(), shown.is_number(), "{name}: {member}");
                } else {
                    assert_shows(&format!("{name}/{member}"), value, shown);
                }
            }
        }
        (Value::Array(answer), Value::Array(example)) if !example.is_empty() => {
            assert_eq!(answer.len(), example.len(), "{name}");
            for (answer, example) in answer.iter().zip(example) {
                assert_shows(name, answer, example);
            }
        }
        _ => assert_eq!(answer, example, "{name}"),
    }
}

fn run(server: &Server) {
    let examples: Vec<Value> = serde_json::from_str(EXAMPLES).unwrap();
    let mut ticket_id = String::new();
    for example in &examples {
        let name = example["name"].as_str().unwrap();
        let path = example["path"].as_str().unwrap().replace("987654321012345678", &ticket_id);
        let body = example.get("body").map(Value::to_string).unwrap_or_default();
        let key = example.get("key").map_or(Some(server.key.as_str()), Value::as_str);
        let headers: Vec<(&str, &str)> = key.map(|key| ("x-api-key", key)).into_iter().collect();
        let answer = server.send(example["method"].as_str().unwrap(), &path, &headers, body.as_bytes());
        let status = example.get("status").map_or(200, |status| status.as_u64().unwrap());
        assert_eq!(u64::from(answer.status), status, "{name}: {answer:?}");
        assert_shows(name, &answer.json(), &example["answer"]);
        if name == "create a ticket" {
            ticket_id = answer.ticket()["id"].as_str().unwrap().to_owned();
        }
    }
}

on_both_databases! {
    fn every_published_example_gives_its_answer(database: Database) {
        run(&database.serve_demo());
    }
}
