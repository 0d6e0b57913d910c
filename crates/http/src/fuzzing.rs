//! The functions that the fuzzer calls, and a test that runs every kept input. Each function
//! reads data that a client may send and panics if a property does not hold. Compiled only
//! for the fuzzer and for tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a property that does not hold is a panic"
)]

mod api_keys;
mod body_kind;
mod comments;
mod cursor;
mod customers;
#[cfg(test)]
mod outcomes;
mod request_body;
mod samples;
mod text;
mod tickets;
mod users;
#[cfg(feature = "webhooks")]
mod webhooks;

pub use cursor::cursor;
pub use request_body::request_body;
pub use text::text;

/// A text that no message of the server has. A response with it repeats the client's data.
const MARK: &str = "qX7~zV";

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::path::Path;

    /// Runs every kept input of this target.
    fn run_kept(target: &str, run: fn(&[u8])) {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions").join(target);
        let files: Vec<_> = directory.read_dir().unwrap().collect();
        assert!(files.len() > 10, "{target} has no inputs");
        for file in files {
            let path = file.unwrap().path();
            let input = std::fs::read(&path).unwrap();
            assert!(catch_unwind(|| run(&input)).is_ok(), "{}", path.display());
        }
    }

    #[test]
    fn kept_bodies_hold() {
        run_kept("request_body", super::request_body);
    }

    #[test]
    fn kept_cursors_hold() {
        run_kept("cursor", super::cursor);
    }

    #[test]
    fn kept_texts_hold() {
        run_kept("text", super::text);
    }
}
