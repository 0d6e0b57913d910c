//! The examples of the published v1 reference, sent to the demo shop in order.

use serde_json::Value;

use crate::harness::{Database, Server, both_databases};

const EXAMPLES: &str = include_str!("published_v1.json");

/// The members with values that differ in each installation.
const HANDED_OUT: [&str; 3] = ["id", "creationDate", "openedAt"];

/// Checks that the response has all members of the example. It may have more.
fn assert_shows(name: &str, response: &Value, example: &Value) {
    match (response, example) {
        (Value::Object(response), Value::Object(example)) => {
            for (member, shown) in example {
                let value = response
                    .get(member)
                    .unwrap_or_else(|| panic!("{name}: {member} is missing: {response:?}"));
                if HANDED_OUT.contains(&member.as_str()) {
                    assert_eq!(value.is_string(), shown.is_string(), "{name}: {member}");
                    assert_eq!(value.is_number(), shown.is_number(), "{name}: {member}");
                } else {
                    assert_shows(&format!("{name}/{member}"), value, shown);
                }
            }
        }
        (Value::Array(response), Value::Array(example)) if !example.is_empty() => {
            assert_eq!(response.len(), example.len(), "{name}");
            for (response, example) in response.iter().zip(example) {
                assert_shows(name, response, example);
            }
        }
        _ => assert_eq!(response, example, "{name}"),
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
        let response = server.send(example["method"].as_str().unwrap(), &path, &headers, body.as_bytes());
        let status = example.get("status").map_or(200, |status| status.as_u64().unwrap());
        assert_eq!(u64::from(response.status), status, "{name}: {response:?}");
        assert_shows(name, &response.json(), &example["answer"]);
        if name == "create a ticket" {
            ticket_id = response.ticket()["id"].as_str().unwrap().to_owned();
        }
    }
}

both_databases! {
    every_published_example_gets_its_response,
}

fn every_published_example_gets_its_response(database: Database) {
    run(&database.serve_demo());
}
