//! Migrations are embedded, so a new migration must cause a new build.

fn main() {
    #![allow(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]
    println!("cargo::rerun-if-changed=../../migrations");
}
