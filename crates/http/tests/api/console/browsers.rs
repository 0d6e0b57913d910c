//! The console in a real browser. On SQLite only: the pages are the same on both databases.

use std::time::Duration;

use serde_json::json;

use super::messages::HOSTILE;
use crate::harness::browser::{Browser, ENTER, ESCAPE};
use crate::harness::visitor::demo_path;
use crate::harness::{Database, EXAMPLE, SHOP, Server, command};

/// How soon an open page shows what happened.
const LIVE: Duration = Duration::from_secs(2);

/// The demo with a ticket.
pub(super) fn serve(database: &Database, options: &[&str]) -> (Server, String) {
    let server = database.serve_demo_with(options);
    let ticket = create(&server, "Refund request");
    (server, ticket)
}

fn create(server: &Server, name: &str) -> String {
    let mut body: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
    body["name"] = json!(name);
    server.create_ticket(body.to_string()).ticket()["id"].as_str().unwrap().to_owned()
}

fn base(server: &Server) -> String {
    format!("http://{}", server.address)
}

pub(super) fn sign_in(server: &Server) -> Browser {
    let browser = Browser::start(&base(server));
    browser.open(demo_path(server));
    browser.wait_for_path("/views/open");
    browser
}

pub(super) fn customer_writes(server: &Server, ticket: &str, text: &str) {
    let path = format!("/api/v1/tickets/{ticket}/comments");
    let body = json!({"text": text, "isFromShop": false}).to_string();
    let created = server.send("POST", &path, &[("x-api-key", &server.key)], body.as_bytes());
    assert_eq!(created.status, 201, "{created:?}");
}

/// Waits until the page follows the log, so that the next change shows how soon it appears.
fn wait_until_live(browser: &Browser) {
    browser.wait_until("return document.body.dataset.live === 'true'");
}

#[test]
fn an_agent_works_through_a_ticket_with_the_keyboard_only() {
    let database = Database::sqlite();
    let (server, ticket) = serve(&database, &[]);
    let older = server.create_ticket(
        json!({"customerId": 123, "Channel": "Chat", "name": "Older", "isOpenedTicket": true,
            "lastMessageTime": "2026-01-01T00:00:00Z"})
        .to_string(),
    );
    assert_eq!(older.status, 201);
    let browser = sign_in(&server);
    browser.press("?");
    browser.wait_until("return document.querySelector('#help').open");
    browser.press(ESCAPE);
    browser.wait_until("return !document.querySelector('#help').open");
    browser.press("jkj");
    browser.wait_until("return document.activeElement.closest('.row')?.innerText.includes('Older')");
    browser.press("ko");
    browser.wait_for_path(&format!("/tickets/{ticket}"));
    assert!(browser.text("h1").contains("Refund request"));
    browser.press("r");
    browser.press("Of course, Ada.");
    browser.wait_until("return document.querySelector('#draft-state').textContent.includes('Draft kept')");
    // Ctrl and Enter.
    browser.press_together("\u{e009}", ENTER);
    browser.wait_until("return document.querySelectorAll('.message.from-shop').length === 1");
    browser.press("n");
    browser.press("Ask again on Friday");
    assert!(browser.text("#composer").contains("Add note"));
    browser.press_together("\u{e009}", ENTER);
    browser.wait_until("return document.querySelectorAll('.message.note').length === 1");
    assert_eq!(browser.run("return document.querySelector('#text').value"), "");
    browser.press("a");
    browser.wait_until("return document.activeElement.id === 'assignee'");
    browser.press("Un");
    browser.press(&format!("\u{e004}{ENTER}"));
    browser.wait_for_text("The assignee was changed.");
    browser.press("e");
    browser.wait_until("return document.querySelector('#head').dataset.open === 'false'");
    let stored = server.get(&format!("/api/v1/tickets/{ticket}")).ticket();
    assert_eq!(
        (&stored["isOpenedTicket"], &stored["assigned_to"], &stored["unReadChatCount"]),
        (&json!(false), &json!(null), &json!(0))
    );
    browser.press("u");
    browser.wait_for_path("/views/open");
    browser.wait_until("return document.querySelectorAll('.row').length === 1");
    browser.press("/");
    browser.press(&format!("refund req{ENTER}"));
    browser.wait_for_path("/search?q=refund");
    assert!(browser.text("#list").contains("Refund request") && browser.text("#list").contains("Closed"));
}

#[test]
fn two_browsers_see_each_other_and_keep_their_drafts() {
    let database = Database::sqlite();
    let (server, ticket) = serve(&database, &[]);
    let link = database.hexdesk(&["user", "invite", "--shop", SHOP, "--email", "alan@example.com"]);
    let path = link[link.find("/welcome/").unwrap()..].split_whitespace().next().unwrap().to_owned();
    let grace = sign_in(&server);
    let alan = Browser::start(&base(&server));
    alan.open(&path);
    for field in ["password", "again"] {
        alan.type_into(&format!("input[name={field}]"), "correct horse battery");
    }
    alan.click("form button");
    alan.wait_for_path("/views/open");
    wait_until_live(&alan);
    let second = create(&server, "Second ticket");
    alan.wait_at_most(LIVE, "return document.querySelector('#list').innerText.includes('Second ticket')");

    for browser in [&grace, &alan] {
        browser.open(&format!("/tickets/{ticket}?view=open"));
        wait_until_live(browser);
    }
    alan.type_into("#text", "My draft");
    grace.type_into("#text", "Grace was faster");
    grace.click(".sends .primary");
    grace.wait_until("return document.querySelectorAll('.message.from-shop').length === 1");
    alan.wait_at_most(
        LIVE,
        "return document.querySelector('#conversation').innerText.includes('Grace was faster')",
    );
    alan.wait_for_text("A new message arrived while you were writing.");
    // Sent without looking, it is not sent.
    alan.click(".sends .primary");
    alan.wait_for_text("Not sent yet: Grace Hopper wrote while you did.");
    assert_eq!(alan.run("return document.querySelector('#text').value"), "My draft");
    assert!(alan.text(".message.news").contains("Grace was faster"));
    // Drafts belong to their ticket, and survive a reload.
    alan.open(&format!("/tickets/{second}?view=open"));
    assert_eq!(alan.run("return document.querySelector('#text').value"), "");
    alan.open(&format!("/tickets/{ticket}?view=open"));
    alan.wait_until("return document.querySelector('#text').value === 'My draft'");
    alan.click(".sends .primary");
    alan.wait_until("return document.querySelectorAll('.message.from-shop').length === 2");
    assert_eq!(alan.run("return localStorage.length"), 0);
    grace.wait_at_most(LIVE, "return document.querySelector('#conversation').innerText.includes('My draft')");

    // Signing out removes drafts.
    grace.type_into("#text", "Secret draft");
    grace.wait_until("return localStorage.length === 1");
    grace.click("#sign-out button");
    grace.wait_for_path("/sign-in");
    assert_eq!(grace.run("return localStorage.length"), 0);
}

#[test]
fn pages_recover_when_the_server_is_killed_and_started_again() {
    let database = Database::sqlite();
    let (server, ticket) = serve(&database, &[]);
    let address = server.address.to_string();
    let key = server.key.clone();
    let browser = sign_in(&server);
    browser.open(&format!("/tickets/{ticket}?view=open"));
    wait_until_live(&browser);
    browser.type_into("#text", "Written while the server was away");
    drop(server);
    browser.click(".sends .primary");
    browser.wait_for_text("Not sent: the server cannot be reached. Your text is kept; send it again.");
    browser.wait_at_most(
        Duration::from_secs(20),
        "return document.querySelector('#banner').innerText.startsWith('Not connected')",
    );
    let arguments = ["serve", "--log", "debug", "--listen", &address];
    let mut server = Server::start(&mut command(&database.url(), &arguments));
    server.key = key;
    customer_writes(&server, &ticket, "Are you there?");
    browser.wait_until("return document.querySelector('#conversation').innerText.includes('Are you there?')");
    browser.wait_until("return document.querySelector('#banner').hidden");
    browser.wait_for_text("A new message arrived while you were writing.");
    browser.click("#refusal button");
    browser.click(".sends .primary");
    browser.wait_until("return document.querySelectorAll('.message.from-shop').length === 1");
    assert!(browser.text("#conversation").contains("Written while the server was away"));
}

#[test]
fn hostile_messages_stay_inert() {
    let database = Database::sqlite();
    let (server, ticket) = serve(&database, &[]);
    for text in HOSTILE {
        customer_writes(&server, &ticket, text);
    }
    let mut body: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
    let hostile = "<script>document.title='pwned'</script>\"><img src=http://evil.example/>";
    for member in ["name", "Channel", "contact_reason", "threadId", "lastMessage"] {
        body[member] = json!(hostile);
    }
    body["tags"] = json!([hostile]);
    assert_eq!(server.create_ticket(body.to_string()).status, 201);
    let browser = sign_in(&server);
    browser.requested_urls();
    for path in ["/views/all".to_owned(), format!("/tickets/{ticket}?view=all"), "/search?q=evil".to_owned()]
    {
        browser.open(&path);
        // Frames are loaded when they come into view.
        browser.run("for (const frame of document.querySelectorAll('iframe')) frame.loading = 'eager'");
        browser.wait_until("return document.readyState === 'complete'");
        if path.starts_with("/tickets/") {
            let frames = browser.run("return document.querySelectorAll('iframe').length");
            assert!(frames.as_u64().is_some_and(|frames| frames as usize >= HOSTILE.len() - 1), "{frames}");
            wait_until_live(&browser);
            // What a frame would do, it has done before the next message is shown.
            customer_writes(&server, &ticket, "The end");
            browser.wait_for_text("The end");
        }
        let title = browser.run("return document.title");
        assert!(
            title.as_str().is_some_and(|title| title.ends_with(" – Hexdesk") && title != "pwned"),
            "{title}"
        );
        assert_eq!(browser.path(), path);
    }
    let base = base(&server);
    let urls = browser.requested_urls();
    assert!(urls.iter().any(|url| url.contains("/messages/")), "{urls:?}");
    for url in urls {
        let own = url.starts_with(&base) || url.starts_with("data:") || url.starts_with("about:");
        assert!(own, "{url}");
    }
}

#[test]
fn small_screens_need_no_horizontal_scrolling() {
    let database = Database::sqlite();
    let (server, _) = serve(&database, &[]);
    let long = "Maximiliana-Alexandra-von-Hohenlohe-Waldenburg-Schillingsfürst".repeat(4);
    let ticket = create(&server, &long);
    customer_writes(&server, &ticket, &format!("{long} https://example.com/{long}"));
    customer_writes(&server, &ticket, "<table width=2000><tr><td>wide</td></tr></table>");
    let browser = sign_in(&server);
    for width in [360, 768, 1024, 1440] {
        browser.resize(width, 740);
        for path in
            ["/views/open", "/search?q=maxi", "/saved-replies", "/figures", &format!("/tickets/{ticket}")]
        {
            browser.open(path);
            let [page, window] = ["scrollWidth", "clientWidth"]
                .map(|of| browser.run(&format!("return document.documentElement.{of}")).as_u64().unwrap());
            assert!(page <= window, "{path} at {width}: {page} > {window}");
        }
    }
}

#[test]
fn agents_work_without_scripts() {
    let database = Database::sqlite();
    let (server, ticket) = serve(&database, &[]);
    let browser = sign_in(&server);
    browser.disable_scripts();
    browser.open("/views/open");
    browser.click(".row a");
    browser.wait_for_path(&format!("/tickets/{ticket}"));
    browser.type_into("#text", "Sent without a script");
    browser.click(".sends .primary");
    browser.wait_for_text("The reply was sent.");
    browser.type_into("#assignee", "Unassigned");
    browser.click("#assign button");
    browser.wait_for_text("The assignee was changed.");
    browser.click("#kind-note");
    browser.type_into("#text", "A note");
    browser.click(".sends .only-note");
    browser.wait_for_text("The note was added.");
    browser.type_into("#add", "urgent");
    browser.click(".add-tag button");
    browser.wait_for_text("The tags were changed.");
    browser.click("#state button");
    browser.wait_for_text("The ticket was closed.");
    let stored = server.get(&format!("/api/v1/tickets/{ticket}")).ticket();
    assert_eq!((&stored["isOpenedTicket"], &stored["assigned_to"]), (&json!(false), &json!(null)));
    assert_eq!(stored["tags"], json!(["refund", "vip", "urgent"]));
    assert_eq!(stored["lastMessage"], "Sent without a script");
}
