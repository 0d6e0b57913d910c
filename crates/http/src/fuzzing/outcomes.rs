//! The response to each kept body, as recorded in `outcomes.txt`. A success is one word. An error
//! is the status, the pointer and code of each member's error, and a digest of the whole response.
//!
//! The test fails if a kept body gets another response. With `HEXDESK_WRITE_OUTCOMES` set, it
//! writes the file instead.

use std::fmt::Write;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::request_body;

/// Returns the response to this input, on one line.
fn outcome(input: &[u8]) -> String {
    let Some((kind, body)) = request_body::split(input) else { return "nothing".to_owned() };
    let Err(problem) = kind.read(body) else { return "accepted".to_owned() };
    let response = serde_json::to_value(problem.body("id")).unwrap();
    let mut line = format!("{} ", problem.status().as_u16());
    let digest = Sha256::digest(response.to_string());
    digest.iter().take(8).for_each(|byte| write!(line, "{byte:02x}").unwrap());
    for error in response["errors"].as_array().unwrap() {
        let text = |member: &str| error[member].as_str().unwrap();
        write!(line, " {}={}", text("pointer"), text("code")).unwrap();
    }
    line
}

#[test]
fn kept_bodies_get_what_they_got() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let inputs = crate_root.join("../../fuzz/regressions/request_body");
    let mut outcomes: Vec<String> = inputs
        .read_dir()
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let input = std::fs::read(file.path()).unwrap();
            format!("{} {}", file.file_name().to_string_lossy(), outcome(&input))
        })
        .collect();
    outcomes.sort();

    let path = crate_root.join("src/fuzzing/outcomes.txt");
    if std::env::var_os("HEXDESK_WRITE_OUTCOMES").is_some() {
        std::fs::write(&path, outcomes.join("\n") + "\n").unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap();
    for (now, before) in outcomes.iter().zip(before.lines()) {
        assert_eq!(now, before);
    }
    assert_eq!(outcomes.len(), before.lines().count());
}
