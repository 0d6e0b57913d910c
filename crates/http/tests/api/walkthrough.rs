//! The commands of `docs/running-a-desk.md`, run in one shell.

use std::process::Command;

use crate::harness::{Database, both_databases};

const PAGE: &str = include_str!("../../../../docs/running-a-desk.md");

/// The shell commands of the page.
fn commands() -> String {
    let blocks = PAGE.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let commands: String = blocks.collect();
    assert!(commands.matches("curl ").count() > 5, "{commands}");
    commands
}

both_databases! {
    every_command_of_the_page_works,
}

fn every_command_of_the_page_works(database: Database) {
    let server = database.serve_demo();
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-e", "-u", "-c", &commands()])
        .current_dir(&directory)
        .env("HEXDESK", format!("http://{}", server.address))
        .env("KEY", &server.key)
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert_eq!(stderr, "");
    for expected in
        [r#""total":1"#, r#""full_name":"Mary Shelley""#, r#""totalCount":1"#, r#""isActive":false"#]
    {
        assert!(stdout.contains(expected), "{expected}: {stdout}");
    }
    assert!(!stdout.contains(r#""error""#), "{stdout}");
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 0);
    assert_eq!(database.count("SELECT count(*) FROM customers"), 1);
}
