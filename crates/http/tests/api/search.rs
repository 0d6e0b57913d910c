//! `GET /api/v1/tickets/search`.

use serde_json::{Value, json};

use crate::harness::{Database, Response, Server, both_databases, pages};

fn post(server: &Server, path: &str, body: &Value) -> Response {
    let response = server.send("POST", path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
    assert_eq!(response.status, 201, "{response:?}");
    response
}

fn create(server: &Server, name: &str, last_message: &str, time: &str) -> String {
    let body = json!({
        "customerId": 123, "Channel": "Mail", "name": name, "lastMessage": last_message, "lastMessageTime": time
    });
    post(server, "/api/v1/tickets", &body).header("location").unwrap().to_owned()
}

#[track_caller]
fn found(server: &Server, query: &str) -> Vec<String> {
    let response = server.get(&format!("/api/v1/tickets/search?q={query}"));
    assert_eq!(response.status, 200, "{query}: {response:?}");
    names(&response)
}

fn names(response: &Response) -> Vec<String> {
    let response = response.json();
    let tickets = response["tickets"].as_array().unwrap();
    tickets.iter().map(|ticket| ticket["name"].as_str().unwrap().to_owned()).collect()
}

both_databases! {
    tickets_are_found_by_name_messages_and_customer,
    a_search_follows_changes,
    matches_are_ranked_by_place_and_pages_hold_every_ticket_once,
    text_is_found_as_people_type_it,
    long_queries_find_their_ticket,
    short_texts_and_ids_are_searched,
    invalid_searches_are_refused,
}

fn tickets_are_found_by_name_messages_and_customer(database: Database) {
    let server = database.serve_demo();
    let lost = create(&server, "Lost parcel", "Où est mon colis ?", "2026-01-01");
    create(&server, "Refund", "money back", "2026-01-02");
    post(
        &server,
        &format!("{lost}/comments"),
        &json!({"text": "It was a Théière-bleue", "time": "2026-01-03"}),
    );
    for (query, expected) in [
        ("parcel", vec!["Lost parcel"]),
        ("PARCEL", vec!["Lost parcel"]),
        ("parc", vec![]),
        ("parc*", vec!["Lost parcel"]),
        ("colis%20ou", vec!["Lost parcel"]),
        ("theiere", vec!["Lost parcel"]),
        ("bleue%20parcel%20lovelace", vec!["Lost parcel"]),
        ("bleue%20money", vec![]),
        ("money", vec!["Refund"]),
        ("dev@example.com", vec!["Lost parcel", "Refund"]),
        ("%2B33123456789%20refund", vec!["Refund"]),
        ("nobody", vec![]),
    ] {
        assert_eq!(found(&server, query), expected, "{query}");
    }
    let response = server.get("/api/v1/tickets/search?q=parcel").json();
    assert_eq!(response["tickets"][0], server.get(&lost).ticket());
    assert_eq!(
        (&response["success"], &response["next_cursor"], response.get("total")),
        (&json!(true), &Value::Null, None)
    );
}

fn a_search_follows_changes(database: Database) {
    let server = database.serve_demo();
    let path = create(&server, "Alpha", "beta", "2026-01-01");
    let send = |method: &str, path: &str, body: Value| {
        let response = server.send(method, path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
        assert!(response.status < 300, "{response:?}");
    };
    send("PATCH", &path, json!({"name": "Gamma"}));
    assert_eq!((found(&server, "alpha"), found(&server, "gamma+beta")), (vec![], vec!["Gamma".to_owned()]));
    send("PATCH", &path, json!({"unReadChatCount": 3}));
    assert_eq!(found(&server, "gamma+beta+ada"), ["Gamma"]);
    send("PATCH", "/api/v1/customers/123", json!({"first_name": "Augusta", "full_name": null}));
    assert_eq!((found(&server, "ada"), found(&server, "augusta")), (vec![], vec!["Gamma".to_owned()]));
    send("DELETE", &path, json!({}));
    assert_eq!(found(&server, "gamma"), [""; 0]);
}

fn matches_are_ranked_by_place_and_pages_hold_every_ticket_once(database: Database) {
    let server = database.serve_demo();
    create(&server, "message, old", "lovelace", "2026-01-01");
    create(&server, "customer, newest", "", "2026-01-09");
    create(&server, "name: Lovelace", "", "2026-01-02");
    create(&server, "name: lovelace, newer", "", "2026-01-03");
    let expected = ["name: lovelace, newer", "name: Lovelace", "customer, newest", "message, old"];
    assert_eq!(found(&server, "lovelace"), expected);
    for limit in 1..=4 {
        let pages =
            pages::walk(&server, &format!("/api/v1/tickets/search?q=lovelace&limit={limit}"), "tickets");
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        let names: Vec<Value> = pages.concat().into_iter().map(|ticket| ticket["name"].clone()).collect();
        assert_eq!(names, expected, "{limit}");
    }
}

/// Encodes a query for a URL.
fn encoded(query: &str) -> String {
    query.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn text_is_found_as_people_type_it(database: Database) {
    let server = database.serve_demo();
    for (name, message) in [
        ("Łódź", "Die Straße nach Ærø, Đorđević"),
        ("№12390", "Samsung™ für 5½ €, nº5501"),
        ("Arabic", "اِسْتِرْدَاد المـــال إلى ٤٢"),
        ("Hebrew", "הֶחְזֵר כספי"),
        ("東京", "返金してください ｶﾒﾗ iPhone手机第5502号"),
        ("京東", "한국어 부탁드립니다 ขอเงินคืน"),
        (
            "HTML",
            "<style>p{font-family:Arial}</style><p>caf&eacute; re<b>turn</b></p><p>next<!-- hidden --></p>",
        ),
        ("Never ends", "<div>one <b>two <script>three"),
        ("Plain", "Ada <ada@example.net> x<y AT&amp;T"),
    ] {
        create(&server, name, message, "2026-01-01");
    }
    for (query, expected) in [
        ("lodz", "Łódź"),
        ("ŁÓDŹ", "Łódź"),
        ("strasse", "Łódź"),
        ("STRASSE", "Łódź"),
        ("aero dordevic", "Łódź"),
        ("12390", "№12390"),
        ("samsung", "№12390"),
        ("5501", "№12390"),
        ("استرداد", "Arabic"),
        ("المال الى", "Arabic"),
        ("42", "Arabic"),
        ("החזר", "Hebrew"),
        ("東京", "東京"),
        ("返", "東京"),
        ("カメラ", "東京"),
        ("5502", "東京"),
        ("手机", "東京"),
        ("京東", "京東"),
        ("한국", "京東"),
        ("เงิน", "京東"),
        ("café return", "HTML"),
        ("cafe next", "HTML"),
        ("three", "Never ends"),
        ("ada@example.net y amp", "Plain"),
    ] {
        assert_eq!(found(&server, &encoded(query)), [expected], "{query}");
    }
    for query in ["arial", "hidden", "turn", "div", "no", "returnnext", "金返", "都"] {
        assert_eq!(found(&server, &encoded(query)), [""; 0], "{query}");
    }
    // The text is kept as sent.
    let response = server.get("/api/v1/tickets/search?q=caf%C3%A9").json();
    let message = response["tickets"][0]["lastMessage"].as_str().unwrap();
    assert!(message.starts_with("<style>p{font-family:Arial}</style><p>caf&eacute;"), "{message}");
}

fn long_queries_find_their_ticket(database: Database) {
    let server = database.serve_demo();
    let subject = "Re: Fwd: Your order of two blue cups has not arrived yet, please help";
    create(&server, subject, "我的订单什么时候发货", "2026-01-01");
    let many: Vec<String> = (0..60).map(|number| format!("word{number}")).collect();
    create(&server, &many.join(" "), "", "2026-01-02");
    assert_eq!(found(&server, &encoded(subject)), [subject]);
    assert_eq!(found(&server, &encoded(&format!("{subject} wrong"))), [""; 0]);
    assert_eq!(found(&server, &encoded("我的订单什么时候发货")), [subject]);
    assert_eq!(found(&server, &encoded("我的订单什么时候退款")), [""; 0]);
    assert_eq!(found(&server, &encoded(&many.join(" "))).len(), 1);
    // Words after the 32nd and prefixes after the eighth are left out.
    assert_eq!(found(&server, &encoded(&format!("{} beyond", many[..32].join(" ")))).len(), 1);
    assert_eq!(found(&server, &encoded(&format!("{} beyond", many[..31].join(" ")))).len(), 0);
    assert_eq!(found(&server, &format!("{}*+beyond*", many[..8].join("*+"))).len(), 1);
}

fn short_texts_and_ids_are_searched(database: Database) {
    let server = database.serve_demo();
    let send = |method: &str, path: &str, body: Value| {
        let response = server.send(method, path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
        assert!(response.status < 300, "{response:?}");
        response
    };
    let body = json!({
        "customerId": 123, "Channel": "Mail", "name": "Details", "tags": ["Größe L", "vip"],
        "contact_reason": "Damaged item", "threadId": "<abc.77@mail.example.org>",
        "emailUsed": "returns@shop.example.org",
    });
    let path = post(&server, "/api/v1/tickets", &body).header("location").unwrap().to_owned();
    create(&server, "Other", "", "2026-01-01");
    let id = path.rsplit('/').next().unwrap().to_owned();
    let comment = json!({
        "text": "See attachment", "subject": "Facture", "fromEmail": "ada@work.example.org",
        "attachments": [{"url": "https://cdn.example/1", "name": "invoice-2026.pdf"}],
    });
    post(&server, &format!("{path}/comments"), &comment);
    for query in [
        "grosse",
        "vip",
        "damaged item",
        "<abc.77@mail.example.org>",
        "returns@shop.example.org",
        "facture",
        "ada@work.example.org",
        "invoice-2026.pdf",
        &id,
        &format!("{}*", &id[..id.len() - 1]),
        "details vip facture",
    ] {
        assert_eq!(found(&server, &encoded(query)), ["Details"], "{query}");
    }
    assert_eq!(found(&server, "cdn"), [""; 0]);
    // Changes follow.
    send("PATCH", &path, json!({"tags": ["calm"], "contact_reason": null}));
    assert_eq!((found(&server, "vip"), found(&server, "damaged")), (vec![], vec![]));
    assert_eq!(found(&server, "calm+abc+facture"), ["Details"]);
    // Every spelling of a phone number.
    send("PATCH", "/api/v1/customers/123", json!({"phone_number": "+33 6 12 34 00 08"}));
    for spelling in ["+33 6 12 34 00 08", "+33612340008", "0033612340008", "0033 6-12-34-00-08"] {
        assert_eq!(found(&server, &encoded(spelling)), ["Details", "Other"], "{spelling}");
    }
    assert_eq!(found(&server, &encoded("+33 6 12 34 00 09")), [""; 0]);
    // Ids in other systems.
    let customer = json!({"email": "bob@example.org", "shopify_id": "gid-4711"});
    let bob = post(&server, "/api/v1/customers", &customer).json();
    let bob = bob["customer"]["id"].as_i64().unwrap();
    post(&server, "/api/v1/tickets", &json!({"customerId": bob, "Channel": "Mail", "name": "Of Bob"}));
    assert_eq!(found(&server, "gid-4711"), ["Of Bob"]);
}

fn invalid_searches_are_refused(database: Database) {
    let server = database.serve_demo();
    let refused = |query: &str, sentence: &str| {
        let response = server.get(&format!("/api/v1/tickets/search{query}"));
        response.assert_problem(400, "invalid_parameter", sentence);
    };
    refused("", "q is required");
    for none in ["", "%20", "*", "%F0%9F%A6%80", "%22%27%3A"] {
        refused(&format!("?q={none}"), "q must hold a word");
    }
    refused(&format!("?q={}", "a".repeat(1_001)), "q must not be longer than 1000");
    refused("?q=a%00", "Query parameters must not hold the character U+0000");
    refused("?q=a&limit=0", "limit must be a whole number from 1 to 100");
    refused(
        "?q=a&include=total",
        "The query parameter \"include\" is unknown. The query parameters here are q, limit, cursor",
    );
    create(&server, "a b", "", "2026-01-01");
    create(&server, "a b", "", "2026-01-01");
    let page = server.get("/api/v1/tickets/search?q=a&limit=1").json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let bad = "cursor must be the next_cursor of a page of this same list";
    refused(&format!("?q=b&cursor={cursor}"), bad);
    server.get(&format!("/api/v1/tickets?cursor={cursor}")).assert_problem(400, "invalid_parameter", bad);
    // The syntax of a search engine has no meaning in a query.
    for syntax in [
        "a+AND+b",
        "a+OR+b",
        "%22a+b",
        "NEAR(a+b)",
        "a:b",
        "-a",
        "a%7Cb",
        "!a",
        "a'b",
        "a%5C",
        "a*b*",
        "a%26%26b",
    ] {
        assert_eq!(server.get(&format!("/api/v1/tickets/search?q={syntax}")).status, 200, "{syntax}");
    }
}
