//! The event log of a restored SQLite database: it continues after every cursor that was ever
//! handed out.

use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::api_keys::manager;
use crate::harness::events::{EVENTS, walk};
use crate::harness::{Database, Server};

fn file(database: &Database) -> PathBuf {
    database.url().strip_prefix("sqlite://").unwrap().into()
}

/// The cursor of the last event.
fn end(server: &Server) -> String {
    let log = walk(server, &format!("{EVENTS}?limit=100"));
    log.last().unwrap()["cursor"].as_str().unwrap().to_owned()
}

/// Creates tickets with these names.
fn create(server: &Server, names: &[&str]) {
    for name in names {
        let body = json!({"customerId": 123, "Channel": "Mail", "name": name}).to_string();
        assert_eq!(server.create_ticket(body).status, 201);
    }
}

/// The names of the tickets in the events after a cursor.
fn names_after(server: &Server, cursor: &str) -> Vec<String> {
    let name = |event: &Value| event["snapshot"]["name"].as_str().unwrap().to_owned();
    walk(server, &format!("{EVENTS}?limit=1&cursor={cursor}")).iter().map(name).collect()
}

fn stop(server: Server) {
    server.signal(Signal::TERM);
    assert!(server.wait().0.success());
}

/// Puts a backup where the database was.
type Way<'a> = &'a dyn Fn(&Database, &Path);

/// Restores a backup in several ways, again and again. Each time, two followers continue: one that
/// has read everything before the restore, and one that read no further than the backup.
#[test]
fn followers_miss_nothing_that_is_written_after_a_restore() {
    let database = Database::sqlite();
    let mut server = database.serve_demo();
    server.key = manager(&database, &[]);
    let key = server.key.clone();
    create(&server, &["in the backup"]);
    let before = end(&server);
    let backup = file(&database).with_file_name("backup.db");
    let backup = backup.to_str().unwrap();
    database.hexdesk(&["backup", backup]);
    create(&server, &["lost", "lost", "lost"]);
    let mut newest = end(&server);
    stop(server);

    let copy_files = |_: &Database, to: &Path| {
        std::fs::copy(backup, to).unwrap();
    };
    let restore_elsewhere = |database: &Database, to: &Path| {
        std::fs::remove_file(to).unwrap();
        database.hexdesk(&["restore", backup]);
    };
    let replace = |database: &Database, _: &Path| {
        database.hexdesk(&["restore", backup, "--replace"]);
    };
    let vacuum = |_: &Database, to: &Path| {
        std::fs::remove_file(to).unwrap();
        let mut connection = SqliteConnection::establish(backup).unwrap();
        diesel::sql_query("VACUUM INTO ?")
            .bind::<Text, _>(to.to_str().unwrap())
            .execute(&mut connection)
            .unwrap();
    };
    let ways: [(&str, Way); 5] = [
        ("restore --replace", &replace),
        ("restore --replace, again", &replace),
        ("restore", &restore_elsewhere),
        ("the file copied by hand", &copy_files),
        ("the tables copied by hand", &vacuum),
    ];
    for (way, restore) in ways {
        restore(&database, &file(&database));
        let mut server = database.serve(&[]);
        server.key.clone_from(&key);
        create(&server, &["first", "second"]);
        for (follower, cursor) in [("old", &before), ("new", &newest)] {
            assert_eq!(names_after(&server, cursor), ["first", "second"], "{follower} cursor, {way}");
        }
        newest = end(&server);
        stop(server);
    }
}

/// A shop that is created again gets its old number, so its old cursors are valid.
#[test]
fn the_log_of_a_shop_that_is_created_again_continues_after_the_lost_one() {
    let database = Database::sqlite();
    database.hexdesk(&["shop", "create", "a.example"]);
    let backup = file(&database).with_file_name("backup.db");
    database.hexdesk(&["backup", backup.to_str().unwrap()]);
    let serve = || {
        database.hexdesk(&["shop", "create", "b.example"]);
        let key =
            ["key", "create", "--shop", "b.example", "--scope", "users:write", "--scope", "events:read"];
        let key = database.hexdesk(&key).trim().to_owned();
        let mut server = database.serve(&[]);
        server.key = key;
        server
    };
    let create_user = |server: &Server, email: &str| {
        let headers = [("x-api-key", &*server.key), ("content-type", "application/json")];
        let response =
            server.send("POST", "/api/v1/users", &headers, json!({"email": email}).to_string().as_bytes());
        assert_eq!(response.status, 201, "{response:?}");
    };
    let server = serve();
    (0..3).for_each(|number| create_user(&server, &format!("lost-{number}@example.com")));
    let lost = end(&server);
    stop(server);
    database.hexdesk(&["restore", backup.to_str().unwrap(), "--replace"]);
    let server = serve();
    create_user(&server, "new@example.com");
    let events = walk(&server, &format!("{EVENTS}?cursor={lost}"));
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["api_key.created", "user.created"]);
}
