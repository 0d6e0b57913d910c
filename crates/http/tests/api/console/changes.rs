//! Assigning, tagging and saved replies.

use serde_json::json;

use crate::harness::events::settled_log;
use crate::harness::users::create_user;
use crate::harness::visitor::{Visitor, field};
use crate::harness::{Database, EXAMPLE, SHOP, both_databases};

both_databases! {
    agents_assign_and_tag_tickets,
    agents_share_saved_replies,
}

fn agents_assign_and_tag_tickets(database: Database) {
    let mut server = database.serve_demo();
    let other = create_user(&server, "other@example.com").to_string();
    let id = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    let visitor = Visitor::of_demo(&server);
    let ticket = format!("/tickets/{id}");
    let stored = || server.get(&format!("/api/v1{ticket}")).ticket();

    let assign = format!("{ticket}/assign");
    let to =
        |before: &str, assignee: &str| visitor.post(&assign, &[("before", before), ("assignee", assignee)]);
    for _ in 0..2 {
        assert_eq!(to("45", &other).status, 303);
        assert_eq!(stored()["assigned_to"].to_string(), other);
    }
    // Somebody else was faster.
    let refused = to("45", "");
    assert!(
        refused.status == 409 && refused.body.contains("assigned to other@example.com meanwhile"),
        "{refused:?}"
    );
    assert_eq!(to(&other, "").status, 303);
    assert_eq!(stored()["assigned_to"], json!(null));
    assert_eq!(to("", "999").status, 409);

    let tags = format!("{ticket}/tags");
    for _ in 0..2 {
        assert_eq!(visitor.post(&tags, &[("add", " 日本 <b> ")]).status, 303);
    }
    assert_eq!(visitor.post(&tags, &[("remove", "vip")]).status, 303);
    assert_eq!(stored()["tags"], json!(["refund", "日本 <b>"]));
    assert!(visitor.page(&ticket).contains("日本 &#60;b&#62;"));
    assert_eq!(visitor.post(&tags, &[("add", &"x".repeat(201))]).status, 400);

    assert_eq!(visitor.post(&format!("{ticket}/read"), &[]).status, 303);
    assert_eq!(stored()["unReadChatCount"], 0);
    for action in ["assign", "tags", "read", "state", "answer"] {
        let response = visitor.post(&format!("/tickets/1/{action}"), &[("text", "a"), ("add", "a")]);
        assert!(response.status == 404 && response.body.contains("Ticket not found"), "{response:?}");
    }
    // Every change is the user's.
    server.key = database.hexdesk(&[
        "key",
        "create",
        "--shop",
        SHOP,
        "--scope",
        "events:read,users:write,tickets:write,customers:write,tickets:read",
    ]);
    let events = settled_log(&server);
    let updates = events.iter().filter(|event| event["kind"] == "ticket.updated");
    for event in updates {
        assert_eq!(
            (&event["actor"]["type"], &event["actor"]["userId"]),
            (&json!("user"), &json!(45)),
            "{event}"
        );
    }
}

fn agents_share_saved_replies(database: Database) {
    let server = database.serve_demo();
    let visitor = Visitor::of_demo(&server);
    let page = visitor.page("/saved-replies");
    let path = {
        let (_, after) = page.split_once("<form method=\"post\" action=\"/saved-replies/").unwrap();
        format!("/saved-replies/{}", after.split('"').next().unwrap())
    };
    let reply = [("title", "Thanks <you>"), ("text", "Thank you!\r\nBye"), ("exists", "false")];
    for _ in 0..2 {
        assert_eq!(visitor.post(&path, &reply).header("location"), Some("/saved-replies"));
    }
    assert_eq!(visitor.page("/saved-replies").matches("Thanks &#60;you&#62;</bdi>").count(), 1);
    let refused = visitor.post(&path, &[("title", ""), ("text", "kept text"), ("exists", "true")]);
    assert!(refused.status == 400 && refused.body.contains("kept text"), "{refused:?}");
    let changed = [("title", "Thanks"), ("text", "Many thanks!"), ("exists", "true")];
    assert_eq!(visitor.post(&path, &changed).status, 303);

    let id = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    let saved = path.rsplit('/').next().unwrap();
    let page = visitor.page(&format!("/tickets/{id}?view=all&saved={saved}"));
    assert!(page.contains("Many thanks!</textarea>") && field(&page, "view") == "all", "{page}");
    for _ in 0..2 {
        assert_eq!(visitor.post(&format!("{path}/delete"), &[]).status, 303);
    }
    assert_eq!(visitor.get(&path).status, 404);
    let gone = visitor.post(&path, &changed);
    assert!(gone.status == 404 && gone.body.contains("Many thanks!"), "{gone:?}");
}
