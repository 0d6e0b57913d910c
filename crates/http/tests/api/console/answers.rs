//! Replies and notes.

use serde_json::json;

use crate::harness::visitor::{Visitor, field};
use crate::harness::{Database, EXAMPLE, Response, Server, both_databases};

both_databases! {
    an_answer_is_sent_once,
    a_repeated_closing_leaves_what_changed_since,
    a_stale_answer_is_not_sent_and_not_lost,
    texts_that_cannot_be_sent_are_kept,
}

/// The demo with a ticket, and its user.
fn fixture(database: &Database) -> (Server, Visitor, String) {
    let server = database.serve_demo();
    let visitor = Visitor::of_demo(&server);
    let ticket = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    (server, visitor, format!("/tickets/{ticket}"))
}

/// The fields of the form on this page, with this text.
fn form<'a>(fields: &'a [String; 3], text: &'a str, kind: &'a str) -> [(&'static str, &'a str); 5] {
    let [key, version, seen] = fields;
    [("text", text), ("kind", kind), ("key", key), ("version", version), ("seen", seen)]
}

fn fields(page: &str) -> [String; 3] {
    let (_, composer) = page.split_once("id=\"answer\"").unwrap();
    ["key", "version", "seen"].map(|name| field(composer, name))
}

fn location(response: &Response) -> &str {
    assert_eq!(response.status, 303, "{response:?}");
    response.header("location").unwrap()
}

/// The texts of the ticket's comments, with whether each is a note.
fn comments(server: &Server, ticket: &str) -> Vec<(String, bool)> {
    let list = server.get(&format!("/api/v1{ticket}/comments")).json();
    let comments = list["comments"].as_array().unwrap().iter();
    comments.map(|one| (one["text"].as_str().unwrap().to_owned(), one["isNote"] == true)).collect()
}

fn comment(server: &Server, ticket: &str, body: &serde_json::Value) {
    let path = format!("/api/v1{ticket}/comments");
    let created = server.send("POST", &path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
    assert_eq!(created.status, 201, "{created:?}");
}

fn an_answer_is_sent_once(database: Database) {
    let (server, visitor, ticket) = fixture(&database);
    let path = format!("{ticket}/answer?view=mine");
    let page = visitor.page(&ticket);
    assert!(page.contains("Hello, I need a refund.") && page.contains("Unread"), "{page}");
    let fields = fields(&page);
    let reply = form(&fields, "Of course.\r\nGrace", "reply");
    for _ in 0..2 {
        let sent = visitor.post(&path, &reply);
        let location = location(&sent);
        assert!(location.starts_with(&format!("{ticket}?view=mine&done=reply&sent=")), "{location}");
    }
    assert_eq!(comments(&server, &ticket), [("Of course.\nGrace".to_owned(), false)]);
    let answered = server.get(&format!("/api/v1{ticket}")).ticket();
    assert_eq!((&answered["unReadChatCount"], &answered["isOpenedTicket"]), (&json!(0), &json!(true)));
    let list = server.get(&format!("/api/v1{ticket}/comments")).json();
    assert_eq!(
        (&list["comments"][0]["User"]["id"], &list["comments"][0]["isFromShop"]),
        (&json!(45), &json!(true))
    );

    // The same form with another text: the user went back. The text is kept, with a form of its own.
    let reused = visitor.post(&path, &form(&fields, "Another text", "reply"));
    assert_eq!(reused.status, 412, "{reused:?}");
    assert!(reused.body.contains("already sent with another text") && reused.body.contains("Another text"));
    let again = self::fields(&reused.body);
    assert_ne!(again[0], fields[0]);
    location(&visitor.post(&path, &form(&again, "Another text", "reply")));

    let note = self::fields(&visitor.page(&ticket));
    location(&visitor.post(&path, &form(&note, "Only for us", "note")));
    let page = visitor.page(&ticket);
    assert!(page.contains("Internal note") && page.contains("Grace Hopper"), "{page}");
    let last = self::fields(&page);
    let closing = [&form(&last, "Done.", "reply")[..], &[("then", "close")]].concat();
    location(&visitor.post(&path, &closing));
    assert_eq!(server.get(&format!("/api/v1{ticket}")).ticket()["isOpenedTicket"], false);
    let texts: Vec<(String, bool)> = comments(&server, &ticket).split_off(1);
    let expected = [("Another text", false), ("Only for us", true), ("Done.", false)];
    assert_eq!(texts, expected.map(|(text, is_note)| (text.to_owned(), is_note)));
}

/// The response of *Send and close* was lost, and the form is sent again after others went on.
fn a_repeated_closing_leaves_what_changed_since(database: Database) {
    let (server, visitor, ticket) = fixture(&database);
    let answer = format!("{ticket}/answer");
    let fields = fields(&visitor.page(&ticket));
    let closing = [&form(&fields, "Done.", "reply")[..], &[("then", "close")]].concat();
    let state = || {
        let stored = server.get(&format!("/api/v1{ticket}")).ticket();
        (stored["isOpenedTicket"].clone(), stored["unReadChatCount"].clone())
    };
    location(&visitor.post(&answer, &closing));
    assert_eq!(state(), (json!(false), json!(0)));
    location(&visitor.post(&format!("{ticket}/state"), &[("state", "open")]));
    location(&visitor.post(&answer, &closing));
    assert_eq!(state(), (json!(true), json!(0)));
    comment(&server, &ticket, &json!({"text": "It is broken again!", "isFromShop": false}));
    location(&visitor.post(&answer, &closing));
    assert_eq!(state(), (json!(true), json!(1)));
    assert_eq!(comments(&server, &ticket).len(), 2);
}

fn a_stale_answer_is_not_sent_and_not_lost(database: Database) {
    let (server, visitor, ticket) = fixture(&database);
    let path = format!("{ticket}/answer");
    let stale = fields(&visitor.page(&ticket));
    comment(&server, &ticket, &json!({"text": "I have found it myself!", "isFromShop": false}));
    let refused = visitor.post(&path, &form(&stale, "We will send <another>", "reply"));
    assert_eq!(refused.status, 412, "{refused:?}");
    assert!(refused.body.contains("Not sent yet: Ada Lovelace wrote while you did."), "{refused:?}");
    assert!(refused.body.contains("We will send &#60;another&#62;"), "{refused:?}");
    assert!(refused.body.contains("I have found it myself!"), "{refused:?}");
    assert_eq!(comments(&server, &ticket).len(), 1);
    // The page that shows the new message sends the text against it.
    location(&visitor.post(&path, &form(&fields(&refused.body), "Great!", "reply")));
    assert_eq!(comments(&server, &ticket).len(), 2);

    // A note goes over nobody's answer, and changed tags are no message.
    let stale = fields(&visitor.page(&ticket));
    location(&visitor.post(&format!("{ticket}/tags"), &[("add", "new")]));
    location(&visitor.post(&path, &form(&stale, "Tags do not matter", "reply")));
    comment(&server, &ticket, &json!({"text": "One more thing", "isFromShop": false}));
    let note = [stale[0].clone() + "0", stale[1].clone(), stale[2].clone()];
    location(&visitor.post(&path, &form(&note, "A note", "note")));

    // Nobody closes a ticket over a message that they have not seen.
    let seen = fields(&visitor.page(&ticket))[2].clone();
    comment(&server, &ticket, &json!({"text": "Wait!", "isFromShop": false}));
    let state = format!("{ticket}/state");
    let refused = visitor.post(&state, &[("state", "closed"), ("seen", &seen)]);
    assert!(refused.status == 412 && refused.body.contains("Not closed: Ada Lovelace wrote"), "{refused:?}");
    let seen = fields(&refused.body)[2].clone();
    location(&visitor.post(&state, &[("state", "closed"), ("seen", &seen)]));
    assert_eq!(server.get(&format!("/api/v1{ticket}")).ticket()["isOpenedTicket"], false);
    // Sent twice, it is closed already.
    location(&visitor.post(&state, &[("state", "closed"), ("seen", "0")]));
    location(&visitor.post(&state, &[("state", "open")]));
    assert_eq!(server.get(&format!("/api/v1{ticket}")).ticket()["isOpenedTicket"], true);
}

fn texts_that_cannot_be_sent_are_kept(database: Database) {
    let (server, visitor, ticket) = fixture(&database);
    let path = format!("{ticket}/answer");
    let fields = fields(&visitor.page(&ticket));
    let refused = visitor.post(&path, &form(&fields, " \n", "reply"));
    assert!(refused.status == 400 && refused.body.contains("Write a text first."), "{refused:?}");
    let longest = "😀".repeat(262_144);
    let refused = visitor.post(&path, &form(&fields, &format!("{longest}!"), "reply"));
    assert_eq!(refused.status, 400);
    assert!(
        refused.body.contains("at most 262144 characters, and this one has 262145")
            && refused.body.contains(&longest)
    );
    location(&visitor.post(&path, &form(&fields, &longest, "reply")));
    assert_eq!(comments(&server, &ticket), [(longest, false)]);
    assert_eq!(visitor.get(&ticket).status, 200);
    // More than a form may hold.
    let response = visitor.post(&path, &form(&fields, &"😀".repeat(400_000), "reply"));
    assert!(response.status == 413 && response.body.contains("<h1>"), "{}", response.status);
}
