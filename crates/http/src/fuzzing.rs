//! What the fuzzer calls, and a test with every input that is kept: each function reads
//! what a client may send, and panics if something about it does not hold. There for the
//! fuzzer and for tests only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what does not hold is told by panicking"
)]

mod cursor;
mod request_body;
pub(crate) mod scene;
mod text;

pub use cursor::cursor;
pub use request_body::request_body;
pub(crate) use request_body::{BodyKind, answered};
pub use text::text;

/// What no sentence of ours holds: if it is told, what a client sent is told.
const MARK: &str = "qX7~zV";

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::path::Path;

    type Target = (&'static str, fn(&[u8]));

    const TARGETS: [Target; 3] =
        [("request_body", super::request_body), ("cursor", super::cursor), ("text", super::text)];

    #[test]
    fn what_was_kept_of_fuzzing_holds() {
        let regressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
        for (target, run) in TARGETS {
            let files: Vec<_> = regressions.join(target).read_dir().unwrap().collect();
            assert!(files.len() > 10, "{target} has no inputs");
            for file in files {
                let path = file.unwrap().path();
                let input = std::fs::read(&path).unwrap();
                assert!(catch_unwind(|| run(&input)).is_ok(), "{}", path.display());
            }
        }
    }
}
