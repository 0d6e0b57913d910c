//! Makes docs/openapi.json what the binary serves: the same without its indentation.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #![allow(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]
    println!("cargo::rerun-if-changed=../../docs/openapi.json");
    let kept = std::fs::read_to_string("../../docs/openapi.json")?;
    // A text in JSON holds no line break.
    let lines: String = kept.lines().map(str::trim_start).collect();
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("openapi.json"), lines)?;
    Ok(())
}
