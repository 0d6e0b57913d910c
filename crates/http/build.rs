//! Makes docs/openapi.json what the binary serves: the same without its indentation. Names the commit.

use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #![allow(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]
    println!("cargo::rerun-if-changed=../../docs/openapi.json");
    let commit = commit().map(|commit| format!(" ({commit})")).unwrap_or_default();
    println!("cargo::rustc-env=HEXDESK_VERSION={}{commit}", std::env::var("CARGO_PKG_VERSION")?);
    let kept = std::fs::read_to_string("../../docs/openapi.json")?;
    // A text in JSON holds no line break.
    let lines: String = kept.lines().map(str::trim_start).collect();
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("openapi.json"), lines)?;
    Ok(())
}

/// Returns the commit of this repository that is checked out, if this is one and git is there.
fn commit() -> Option<String> {
    #![allow(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]
    // A package may lie in the repository of something else.
    if git(&["rev-parse", "--show-prefix"])? != "crates/http/" {
        return None;
    }
    let branch = git(&["rev-parse", "--symbolic-full-name", "HEAD"])?;
    // A missing file would run this script in every build. A commit changes one of the others.
    for name in ["HEAD", "logs/HEAD", "packed-refs", &branch] {
        let file = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&file).exists() {
            println!("cargo::rerun-if-changed={file}");
        }
    }
    Some(git(&["rev-parse", "HEAD"])?.get(..12)?.to_owned())
}

/// Returns what git prints, if it succeeds.
fn git(arguments: &[&str]) -> Option<String> {
    // A hook of git names its own repository.
    let output = Command::new("git")
        .args(arguments)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?.map(|text| text.trim().to_owned())
}
