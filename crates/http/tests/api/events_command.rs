//! `hexdesk events`: the log of a shop on the command line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::events::{EVENTS, eventually, settled_log, walk};
use crate::harness::{Database, EXAMPLE, api_keys, both_databases, command, send_signal};

const SHOP: &str = "example.myshopify.com";

/// The events that the command prints.
fn printed(database: &Database, arguments: &[&str]) -> Vec<Value> {
    let output = database.run(&[&["events", "--shop", SHOP], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A command that waits for more events, and its output.
fn following(database: &Database, arguments: &[&str]) -> (Child, impl Iterator<Item = Value> + use<>) {
    let arguments = [&["events", "--shop", SHOP, "--follow"], arguments].concat();
    let mut child = command(&database.url(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()))
}

both_databases! {
    the_command_prints_what_the_api_returns,
    the_command_follows_the_log,
    the_log_of_a_closed_shop_is_printed,
    invalid_options_say_what_to_do,
}

fn the_command_prints_what_the_api_returns(database: Database) {
    let server = api_keys::serve(&database);
    let ticket = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    settled_log(&server);
    let log = walk(&server, EVENTS);
    assert_eq!(printed(&database, &[]), log);
    let (subject, from) = (format!("ticket:{ticket}"), log[3]["time"].as_str().unwrap());
    for (arguments, query) in [
        (vec!["--subject", &subject], format!("subject={subject}")),
        (vec!["--subject", "key:1"], "subject=key:1".to_owned()),
        (
            vec!["--kinds", "user.created,ticket.created", "--kinds", "customer.created"],
            "kinds=user.created,ticket.created,customer.created".to_owned(),
        ),
        (vec!["--from", from], format!("from={from}")),
        (vec!["--to", from], format!("to={from}")),
        (
            vec!["--subject", "user:45", "--kinds", "ticket.created"],
            "subject=user:45&kinds=ticket.created".to_owned(),
        ),
    ] {
        assert_eq!(printed(&database, &arguments), walk(&server, &format!("{EVENTS}?{query}")), "{query}");
    }
    let cursor = log[1]["cursor"].as_str().unwrap();
    assert_eq!(printed(&database, &["--after", cursor]), log[2..]);
}

fn the_command_follows_the_log(database: Database) {
    let server = api_keys::serve(&database);
    let log = settled_log(&server);
    let cursor = log.last().unwrap()["cursor"].as_str().unwrap();
    let (mut child, mut events) = following(&database, &["--kinds", "ticket.created", "--after", cursor]);
    for _ in 0..2 {
        let ticket = server.create_ticket(EXAMPLE).ticket()["id"].clone();
        assert_eq!(events.next().unwrap()["subject"]["id"], ticket);
    }
    // Ctrl-C ends it.
    send_signal(&child.id().to_string(), Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(events.next(), None);
    // A reader that leaves ends it, although nothing happens.
    let (mut child, mut events) = following(&database, &[]);
    assert_eq!(events.next().unwrap(), log[0]);
    drop(events);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

fn the_log_of_a_closed_shop_is_printed(database: Database) {
    let server = api_keys::serve(&database);
    let log = settled_log(&server);
    database.hexdesk(&["shop", "close", SHOP]);
    let closed = printed(&database, &[]);
    assert_eq!(closed[..log.len()], log);
    assert_eq!(closed.last().unwrap()["kind"], "shop.closed");
    eventually("the key is refused", || (server.get(EVENTS).status == 404).then_some(()));
    // Its keys read the same once it is open again.
    database.hexdesk(&["shop", "reopen", SHOP]);
    eventually("the key is admitted", || (server.get(EVENTS).status == 200).then_some(()));
    let mut log = walk(&server, EVENTS);
    let of_shop = walk(&server, &format!("{EVENTS}?subject=shop:1"));
    assert_eq!(of_shop, log[closed.len() - 1..]);
    assert_eq!(printed(&database, &["--subject", "shop:1"]), of_shop);
    assert_eq!(log.pop().unwrap()["kind"], "shop.reopened");
    assert_eq!(log, closed);
}

fn invalid_options_say_what_to_do(database: Database) {
    database.hexdesk(&["shop", "create", SHOP]);
    database.hexdesk(&["shop", "create", "other.example.com"]);
    database.hexdesk(&["user", "create", "--shop", "other.example.com", "--email", "a@example.com"]);
    let other = database.run(&["events", "--shop", "other.example.com"]);
    let other: Value = serde_json::from_slice(&other.stdout).unwrap();
    let theirs = other["cursor"].as_str().unwrap();
    for (arguments, code, sentence) in [
        (vec!["--shop", "no.example.com"], 1, "there is no shop no.example.com: create it"),
        (
            vec!["--shop", SHOP, "--after", theirs],
            1,
            "--after must be the `cursor` of an event of example.myshopify.com",
        ),
        (vec!["--shop", SHOP, "--subject", "ticket"], 2, "such as ticket:385641613176606720"),
        (vec!["--shop", SHOP, "--kinds", "ticket.exploded"], 2, "the kinds are ticket.created, "),
        (vec!["--shop", SHOP, "--from", "yesterday"], 2, "expected a date such as 2027-01-31 (its"),
        (
            vec!["--shop", SHOP, "--from", "2026-04-28T00:00:00Z", "--to", "2026-04-28T00:00:00Z"],
            1,
            "--to must be later than --from",
        ),
        (vec![], 2, "--shop <SHOP>"),
    ] {
        let output = database.run(&[vec!["events"], arguments.clone()].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(sentence) && output.stdout.is_empty(), "{arguments:?}: {stderr}");
    }
}
