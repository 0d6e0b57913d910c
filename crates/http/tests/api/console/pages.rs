//! Lists, searches, and who sees them.

use hexdesk_console::{Access, PAGES};
use hexdesk_http::routes::ENDPOINTS;
use serde_json::json;

use crate::harness::visitor::{Visitor, field};
use crate::harness::{Database, EXAMPLE, SHOP, Server, both_databases, path_with};

both_databases! {
    views_and_searches_list_tickets,
    figures_count_tickets_and_answers,
    no_session_reads_another_shop,
}

/// The ids of the tickets that this page lists, in order.
fn listed(page: &str) -> Vec<String> {
    let rows = page.split("data-ticket=\"").skip(1);
    rows.map(|row| row.split('"').next().unwrap().to_owned()).collect()
}

fn create(server: &Server, member: &serde_json::Value) -> String {
    let mut body: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
    body.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
    server.create_ticket(body.to_string()).ticket()["id"].as_str().unwrap().to_owned()
}

fn views_and_searches_list_tickets(database: Database) {
    let server = database.serve_demo();
    // With a ticket, the demo creates no examples.
    let mine = create(&server, &json!({"lastMessageTime": "2026-01-01T00:00:00Z", "name": "<i>Mine</i>"}));
    let visitor = Visitor::of_demo(&server);
    let nobodys = create(&server, &json!({"assigned_to": null, "lastMessageTime": "2026-01-02T00:00:00Z"}));
    let closed =
        create(&server, &json!({"isOpenedTicket": false, "lastMessageTime": "2026-01-03T00:00:00Z"}));
    let [home, first] = ["/", "/views/open"].map(|path| visitor.get(path));
    assert_eq!((home.status, home.header("location")), (303, Some("/views/open")));
    assert!(
        first.header("set-cookie").is_none()
            && first.header("content-type").unwrap().starts_with("text/html")
    );
    let named = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<Vec<_>>();
    for (view, tickets) in [
        ("mine", named(&[&mine])),
        ("unassigned", named(&[&nobodys])),
        ("open", named(&[&nobodys, &mine])),
        ("closed", named(&[&closed])),
        ("all", named(&[&closed, &nobodys, &mine])),
    ] {
        let page = visitor.page(&format!("/views/{view}"));
        assert_eq!(listed(&page), tickets, "{view}");
        assert!(page.contains(&format!("<span class=\"count\">{}<", tickets.len())), "{view} {page}");
    }
    let page = visitor.page("/views/mine");
    for text in [
        "Ada Lovelace",
        "&#60;i&#62;Mine",
        "Hello, I need a refund.",
        "Grace Hopper",
        "vip",
        "Unread",
        "title=\"1 Jan 2026, 00:00 UTC\"",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(listed(&visitor.page("/search?q=lovelace+min")), [mine.as_str()]);
    assert_eq!(listed(&visitor.page("/search?q=refund")).len(), 3);
    assert!(visitor.page("/search?q=zzz").contains("No ticket holds all these words"));
    assert!(visitor.page("/search?q=%3Cscript%3E").contains("value=\"&#60;script&#62;\""));
    assert_eq!(listed(&visitor.page("/search?q=%20")), Vec::<String>::new());
    assert_eq!(visitor.get("/views/other").status, 404);
    assert_eq!(visitor.get("/views/all?after=nonsense").status, 200);

    // Pages of 50.
    for _ in 0..49 {
        create(&server, &json!({"lastMessageTime": "2025-01-01T00:00:00Z", "lastMessage": "old"}));
    }
    for (path, first_of_next) in [("/views/all", 2), ("/search?q=lovelace", 2)] {
        let page = visitor.page(path);
        let (_, next) = page.split_once("rel=\"next\" href=\"").unwrap();
        let next = next.split('"').next().unwrap().replace("&#38;", "&");
        let later = visitor.page(&next);
        assert_eq!((listed(&page).len(), listed(&later).len()), (50, first_of_next), "{next}");
        assert!(listed(&later).iter().all(|id| !listed(&page).contains(id)));
        assert!(!later.contains("rel=\"next\""));
    }
    // The page of a ticket lists the customer's other tickets.
    let page = visitor.page(&format!("/tickets/{mine}?view=mine"));
    let (_, others) = page.split_once("id=\"others\"").unwrap();
    assert!(others.contains(&closed) && !others.contains(&mine), "{others}");
    assert!(page.contains("dev@example.com") && page.contains("+33123456789"));
    // The caches of browsers keep the style and the script, and nothing else.
    let style = page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let style = Visitor::new(&server).get(style);
    assert_eq!(style.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(visitor.get("/assets/console-0000000000000000.css").status, 404);
    assert_eq!(visitor.send("DELETE", "/views/all", &[], "").status, 405);
}

fn figures_count_tickets_and_answers(database: Database) {
    let server = database.serve_demo();
    let [answered, closed, _] =
        ["Mail", "Chat<br>", "Mail"].map(|channel| create(&server, &json!({"Channel": channel})));
    create(&server, &json!({"isOpenedTicket": false, "assigned_to": null}));
    let visitor = Visitor::of_demo(&server);
    let key = [("x-api-key", &*server.key)];
    for body in
        [r#"{"text": "A note", "isNote": true}"#, r#"{"text": "Hello"}"#, r#"{"text": "Hello again"}"#]
    {
        let path = format!("/api/v1/tickets/{answered}/comments");
        assert_eq!(server.send("POST", &path, &key, body.as_bytes()).status, 201);
    }
    let page = visitor.page("/figures");
    let texts = |page: &str| {
        let (_, main) = page.split_once("<main").unwrap();
        let words: Vec<String> =
            main.split('<').map(|tag| tag.split_once('>').unwrap().1.trim().to_owned()).collect();
        words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for text in [
        "Opened 3 · up to 3 a day",
        "First answered 1 · up to 1 a day",
        "Closed 0 · up to 0 a day",
        "Answered 1 Without an answer 2",
        "Open now: 3",
        "Channel Tickets Mail 2 Chat&#60;br&#62; 1",
        "Assignee Tickets Grace Hopper 3",
    ] {
        assert!(texts(&page).contains(text), "{text}: {}", texts(&page));
    }
    let path = format!("/api/v1/tickets/{closed}");
    let change = server.send("PATCH", &path, &key, br#"{"isOpenedTicket": false, "assigned_to": null}"#);
    assert_eq!(change.status, 200, "{change:?}");
    for (path, days) in
        [("/figures", 7), ("/figures?days=30", 30), ("/figures?days=90", 90), ("/figures?days=91", 7)]
    {
        let page = visitor.page(path);
        let days_of = page.matches("<tr><th scope=\"row\">").count()
            - page.matches("<tr><th scope=\"row\"><bdi>").count();
        assert_eq!(days_of, days, "{path}");
        assert!(page.contains(&format!("value=\"{days}\" selected")), "{path}");
        assert!(texts(&page).contains("Closed 1 · up to 1 a day"), "{path}: {}", texts(&page));
        assert!(texts(&page).contains("Open now: 2"), "{path}");
    }
}

/// The admin of another shop requests every page of this one's things, and gets what a missing thing
/// gets.
fn no_session_reads_another_shop(database: Database) {
    const MARKS: [&str; 5] = ["dev@example.com", "agent@example.com", "Lovelace", "Hopper", SHOP];
    let (server, own, _directory) = super::webhooks::serve(&database);
    let (webhook, _) = super::webhooks::create(&own, &super::webhooks::closed_url());
    let made = own.post("/keys", &[("key", "one"), ("scope", "tickets:read")]);
    assert!(made.status == 200 && own.page("/keys/2").contains("Works"), "{made:?}");
    let ticket = create(&server, &json!({"lastMessage": "<p>Lovelace</p>"}));
    let comment = format!("/api/v1/tickets/{ticket}/comments");
    let created =
        server.send("POST", &comment, &[("x-api-key", &server.key)], br#"{"text": "<b>Hopper</b>"}"#);
    let position = created.json();
    let position = position["comment"]["id"].as_str().unwrap().to_owned();
    let page = own.page("/saved-replies");
    let reply = page.split("action=\"/saved-replies/").last().unwrap().split('"').next().unwrap().to_owned();
    own.post(&format!("/saved-replies/{reply}"), &[("title", "Lovelace"), ("text", "Lovelace")]);

    database.hexdesk(&["shop", "create", "other.example.com"]);
    let arguments =
        ["user", "invite", "--shop", "other.example.com", "--email", "b@example.com", "--role", "admin"];
    let link = database.hexdesk(&arguments);
    let link = link[link.find("/welcome/").unwrap()..].split_whitespace().next().unwrap().to_owned();
    let mut other = Visitor::new(&server);
    let password = "correct horse battery";
    other.keep_cookie(&other.post(&link, &[("password", password), ("again", password)]));

    // It sends nothing, so its state stays as it is.
    own.post(&format!("{webhook}/state"), &[("enabled", "false")]);
    let shown = || {
        let ticket = server.get(&format!("/api/v1/tickets/{ticket}")).ticket().to_string();
        let state =
            |page: &str| page.split("class=\"mark ").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let states = ["/people/45", "/keys/2", &webhook].map(|path| state(&own.page(path)));
        (ticket, states, field(&own.page(&webhook), "version"))
    };
    let before = shown();
    let nobody = Visitor::new(&server);
    for page in PAGES.iter().filter(|page| matches!(page.access, Access::Session(_))) {
        let value = |name: &str, missing: bool| match name {
            "view" => "all".to_owned(),
            "ticket" if !missing => ticket.clone(),
            "reply" if !missing => reply.clone(),
            "message" => format!("{}.{position}", 0),
            "user" if !missing => "45".to_owned(),
            "key" if !missing => "2".to_owned(),
            "webhook" if !missing => webhook.rsplit('/').next().unwrap().to_owned(),
            "ticket" | "reply" | "user" | "key" | "webhook" => "999999".to_owned(),
            other => panic!("{} needs a value for {other}", page.path),
        };
        let fields = [
            ("text", "x"),
            ("title", "x"),
            ("add", "x"),
            ("exists", "true"),
            ("state", "closed"),
            ("active", "false"),
            ("role", "agent"),
            ("before", "admin"),
            ("enabled", "true"),
            ("version", "1"),
            ("url", "http://127.0.0.1:1/"),
            ("event", "1.0"),
        ];
        let get = |visitor: &Visitor, missing| {
            let path = path_with(page.path, |name| value(name, missing));
            let response = match page.method.as_str() {
                "GET" => visitor.get(&path),
                _ => visitor.post(&path, &fields),
            };
            let location = response.header("location").unwrap_or_default().to_owned();
            (response.status, location, response.body)
        };
        let (status, _, body) = get(&other, false);
        for mark in MARKS {
            assert!(!body.contains(mark), "{} {}: {body}", page.method, page.path);
        }
        // The views are everybody's. Everything else with a parameter is a thing of a shop.
        if page.path.contains('{') && !page.path.contains("{view}") {
            let (missing, _, missing_body) = get(&other, true);
            assert_eq!((status, body), (missing, missing_body), "{} {}", page.method, page.path);
        }
        // Without a session there is nothing at all.
        let (status, location, body) = get(&nobody, false);
        match page.method.as_str() {
            "GET" => assert!(status == 303 && location.starts_with("/sign-in"), "{}", page.path),
            _ => assert!(status == 401 && body.contains("You are signed out"), "{} {body}", page.path),
        }
    }
    assert_eq!(shown(), before);
    assert!(own.page("/saved-replies").contains("Lovelace"));
    assert!(own.page("/figures").contains("Hopper"));
    // The API takes no session, and the pages take no key.
    let cookie = own.cookie.clone();
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.path.starts_with("/api/")) {
        let path = path_with(endpoint.path, |_| "1".to_owned());
        let response = server.send(endpoint.method.as_str(), &path, &[("cookie", &cookie)], b"");
        assert_eq!(response.status, 401, "{path}");
    }
    let response = nobody.send("GET", "/views/all", &[("x-api-key", &server.key)], "");
    assert_eq!(response.status, 303);
}
