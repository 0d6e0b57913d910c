//! `POST /api/v1/customers` and `GET /api/v1/customers/{customerId}`.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Database, Response, Server, both_databases};

fn create(server: &Server, body: &str) -> Response {
    server.send("POST", "/api/v1/customers", &[("x-api-key", &server.key)], body.as_bytes())
}

#[track_caller]
fn customer(response: &Response) -> Value {
    assert!(matches!(response.status, 200 | 201), "{response:?}");
    response.json()["customer"].clone()
}

fn customers(database: &Database) -> i64 {
    database.count("SELECT count(*) FROM customers")
}

both_databases! {
    a_customer_is_stored_with_all_members,
    full_name_defaults_to_the_joined_names,
    an_existing_customer_is_found_and_completed,
    one_id_of_a_channel_is_enough,
    every_id_that_lists_filter_by_can_be_written,
    addresses_are_those_of_real_mail,
    an_empty_text_counts_as_absent,
    concurrent_creations_with_one_address_create_one_customer,
    invalid_customers_are_refused_with_all_errors,
    an_idempotency_key_creates_one_customer,
    a_missing_customer_is_not_found,
}

fn a_customer_is_stored_with_all_members(database: Database) {
    let server = database.serve_demo();
    let response = create(&server, &json!({
        "email": "New@Example.com", "phone_number": "+4912345", "first_name": "Émile", "last_name": "Zola",
        "full_name": "É. Zola", "shopify_id": 12, "wordpress_id": "w-1", "fb_user_id": 9_007_199_254_740_993_i64,
        "ig_user_id": "i", "whatsapp_id": null, "unknown": []
    }).to_string());
    assert_eq!(response.status, 201);
    assert_eq!(response.json().get("existing"), None);
    let created = customer(&response);
    let id = created["id"].as_i64().unwrap();
    assert_eq!(response.header("location"), Some(&*format!("/api/v1/customers/{id}")));
    let time = created["creationDate"].as_str().unwrap();
    assert_eq!(
        created,
        json!({
            "id": id, "shopify_id": "12", "wordpress_id": "w-1", "prestashop_id": null,
            "fb_user_id": "9007199254740993", "ig_user_id": "i", "whatsapp_id": null, "email": "New@Example.com",
            "phone_number": "+4912345", "first_name": "Émile", "last_name": "Zola", "full_name": "É. Zola",
            "numberOfOrders": 0, "shopDomain": "example.myshopify.com", "creationDate": time,
            "cms_creationDate": null, "CMS": null, "zendesk_id": null, "freshdesk_id": null, "ig_pseudo": null,
            "gmelius_id": null, "gorgias_id": null
        })
    );
    assert_eq!(customer(&server.get(&format!("/api/v1/customers/{id}"))), created);
}

fn full_name_defaults_to_the_joined_names(database: Database) {
    let server = database.serve_demo();
    for (body, full_name) in [
        (json!({"email": "a@example.com", "first_name": "A", "last_name": "B"}), json!("A B")),
        (json!({"email": "b@example.com", "last_name": "B"}), json!("B")),
        (json!({"email": "c@example.com"}), Value::Null),
        (json!({"email": "d@example.com", "first_name": " ", "last_name": "B "}), json!("B")),
    ] {
        assert_eq!(customer(&create(&server, &body.to_string()))["full_name"], full_name);
    }
    // It follows them until it is set itself.
    let path =
        format!("/api/v1/customers/{}", customer(&create(&server, r#"{"email": "a@example.com"}"#))["id"]);
    for (body, full_name) in [
        (json!({"first_name": "Ada"}), json!("Ada B")),
        (json!({"last_name": null}), json!("Ada")),
        (json!({"last_name": "Lovelace", "first_name": ""}), json!("Lovelace")),
        (json!({"full_name": "A. L."}), json!("A. L.")),
        (json!({"first_name": "Ada"}), json!("A. L.")),
    ] {
        let response =
            server.send("PATCH", &path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
        assert_eq!(customer(&response)["full_name"], full_name, "{body}");
    }
}

fn an_existing_customer_is_found_and_completed(database: Database) {
    let server = database.serve_demo();
    let phone = customer(&create(&server, r#"{"phone_number": "+33 6 12 34 00 08", "first_name": "Phone"}"#));
    let by_phone = phone["id"].clone();
    let zendesk = customer(&create(&server, r#"{"email": "z@example.com", "zendesk_id": 7}"#))["id"].clone();
    let before = customers(&database);
    for (body, id) in [
        (json!({"email": "DEV@example.COM", "first_name": "Other"}), json!(123)),
        (json!({"phone_number": "0033123456789"}), json!(123)),
        (json!({"phone_number": "+33612340008"}), by_phone.clone()),
        (json!({"phone_number": "0033 (0)6-12-34-00-08"}), by_phone.clone()),
        (
            json!({"zendesk_id": "7", "email": "other@example.com", "phone_number": "+33612340008"}),
            zendesk.clone(),
        ),
        // The customer without an address gets this one.
        (
            json!({"email": "Phone@example.com", "phone_number": "+33612340008", "last_name": "Call"}),
            by_phone.clone(),
        ),
        (json!({"email": "phone@EXAMPLE.com", "ig_pseudo": "call"}), by_phone.clone()),
        // The e-mail address takes precedence.
        (json!({"email": "dev@example.com", "phone_number": "+33612340008", "zendesk_id": 7}), json!(123)),
    ] {
        let response = create(&server, &body.to_string());
        assert_eq!((response.status, &response.json()["existing"]), (200, &json!(true)), "{body}");
        assert_eq!(customer(&response)["id"], id, "{body}");
        assert_eq!(customer(&server.get(&format!("/api/v1/customers/{id}"))), customer(&response), "{body}");
    }
    assert_eq!(customers(&database), before);
    let ada = customer(&server.get("/api/v1/customers/123"));
    assert_eq!((&ada["first_name"], &ada["zendesk_id"]), (&json!("Ada"), &json!("7")));
    let completed = customer(&server.get(&format!("/api/v1/customers/{by_phone}")));
    for (name, value) in [
        ("email", "Phone@example.com"),
        ("phone_number", "+33 6 12 34 00 08"),
        ("first_name", "Phone"),
        ("full_name", "Phone Call"),
        ("ig_pseudo", "call"),
    ] {
        assert_eq!(completed[name], value);
    }
    // Somebody else with the same phone number.
    let response = create(&server, r#"{"email": "new@example.com", "phone_number": "+33612340008"}"#);
    assert_eq!((response.status, response.json().get("existing")), (201, None), "{response:?}");
    let shared = server.get("/api/v1/customers?phone_number=0033612340008").json();
    // The third is the one found by id, who had no phone number.
    assert_eq!(shared["customers"].as_array().unwrap().len(), 3);
}

fn one_id_of_a_channel_is_enough(database: Database) {
    let server = database.serve_demo();
    for name in ["ig_user_id", "fb_user_id", "whatsapp_id"] {
        let body = json!({name: "17841400000000000"}).to_string();
        let created = create(&server, &body);
        assert_eq!(created.status, 201, "{created:?}");
        let again = create(&server, &body);
        assert_eq!((again.status, customer(&again)), (200, customer(&created)));
    }
    for name in ["zendesk_id", "ig_pseudo", "shopify_id"] {
        create(&server, &json!({name: "1"}).to_string())
            .assert_member_errors(&[("/email", "required")], &json!(name));
    }
}

fn every_id_that_lists_filter_by_can_be_written(database: Database) {
    let server = database.serve_demo();
    let names = ["prestashop_id", "ig_pseudo", "zendesk_id", "freshdesk_id", "gmelius_id", "gorgias_id"];
    let mut body = json!({"email": "ids@example.com"});
    for name in names {
        body[name] = json!(format!("of {name}"));
    }
    let created = customer(&create(&server, &body.to_string()));
    for name in names {
        let found = server.get(&format!("/api/v1/customers?{name}=of%20{name}")).json();
        assert_eq!(found["customers"], json!([created]), "{name}");
    }
}

fn addresses_are_those_of_real_mail(database: Database) {
    let server = database.serve_demo();
    let long = format!("bounce+{}@lists.example.com", "0123456789abcdef-".repeat(8));
    for (sent, stored) in [
        ("josé@example.com", "josé@example.com"),
        ("\"Ada Lovelace\"@example.com", "\"Ada Lovelace\"@example.com"),
        ("\"a@b\"@example.com", "\"a@b\"@example.com"),
        ("用户@例子.广告", "用户@例子.广告"),
        (&long, &long),
        (" padded@example.com\r\n", "padded@example.com"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("info@München.example", "info@München.example"),
    ] {
        let created = create(&server, &json!({"email": sent}).to_string());
        assert_eq!((created.status, &customer(&created)["email"]), (201, &json!(stored)), "{sent}");
    }
    for (sent, stored) in [
        ("INFO@xn--mnchen-3ya.example", "info@München.example"),
        ("JOSÉ@example.com", "josé@example.com"),
        ("\tpadded@EXAMPLE.com ", "padded@example.com"),
    ] {
        let existing = create(&server, &json!({"email": sent}).to_string());
        assert_eq!((existing.status, &customer(&existing)["email"]), (200, &json!(stored)), "{sent}");
    }
    let found = server.get("/api/v1/customers?email=info@xn--mnchen-3ya.example").json();
    assert_eq!(found["customers"][0]["email"], "info@München.example");
    let bare = "email must be the bare address, like support@example.com, without a name and angle brackets";
    for named in ["Support <support@example.com>", "<support@example.com>"] {
        let body = json!({"email": named});
        let response = create(&server, &body.to_string());
        response.assert_member_errors(&[("/email", "email")], &body);
        assert_eq!(response.json()["error"], bare);
    }
    // The same rule for users, tickets and comments.
    let key = [("x-api-key", server.key.as_str())];
    let send = |path: &str, body: Value| server.send("POST", path, &key, body.to_string().as_bytes());
    let user = send("/api/v1/users", json!({"email": " josé@büro.example "}));
    assert_eq!((user.status, &user.json()["user"]["email"]), (201, &json!("josé@büro.example")));
    assert_eq!(send("/api/v1/users", json!({"email": "JOSÉ@xn--bro-hoa.example"})).status, 409);
    let ticket = json!({"customerId": 123, "Channel": "Mail", "emailUsed": " hilfe@büro.example"});
    let ticket = send("/api/v1/tickets", ticket).json()["ticket"].clone();
    assert_eq!(ticket["emailUsed"], "hilfe@büro.example");
    let comments = format!("/api/v1/tickets/{}/comments", ticket["id"].as_str().unwrap());
    let comment = send(&comments, json!({"text": "x", "fromEmail": "josé@example.com "})).json();
    assert_eq!(comment["comment"]["fromEmail"], "josé@example.com");
    let refused = send(&comments, json!({"text": "x", "fromEmail": "A <a@example.com>"}));
    assert_eq!(refused.json()["error"], bare.replace("email must", "fromEmail must"));
}

fn an_empty_text_counts_as_absent(database: Database) {
    let server = database.serve_demo();
    let key = [("x-api-key", server.key.as_str())];
    let send = |method: &str, path: &str, body: Value| {
        let response = server.send(method, path, &key, body.to_string().as_bytes());
        assert!(matches!(response.status, 200 | 201), "{method} {path} {body}: {response:?}");
        response.json()
    };
    let woo = send(
        "POST",
        "/api/v1/customers",
        json!({"email": "woo@example.com", "phone_number": "", "shopify_id": ""}),
    );
    assert_eq!(
        (&woo["customer"]["phone_number"], &woo["customer"]["shopify_id"]),
        (&Value::Null, &Value::Null)
    );
    let by_phone = send("POST", "/api/v1/customers", json!({"email": "", "phone_number": "+1 555"}));
    assert_eq!(by_phone["customer"]["email"], Value::Null);
    let path = format!("/api/v1/customers/{}", woo["customer"]["id"]);
    send("PATCH", &path, json!({"phone_number": "+1 556", "first_name": "Woo"}));
    let cleared = send("PATCH", &path, json!({"phone_number": "", "first_name": ""}));
    assert_eq!(
        (&cleared["customer"]["phone_number"], &cleared["customer"]["full_name"]),
        (&Value::Null, &Value::Null)
    );

    let ticket = send(
        "POST",
        "/api/v1/tickets",
        json!({
            "customerId": 123, "Channel": "Mail", "name": "", "threadId": "", "contact_reason": "", "via": "",
            "emailUsed": "", "date": "", "lastMessageTime": "", "lastMessage": "", "assigned_to": "",
            "isOpenedTicket": "", "unReadChatCount": "", "tags": "", "language_code": ""
        }),
    )["ticket"]
        .clone();
    assert_eq!(
        (&ticket["name"], &ticket["unReadChatCount"], &ticket["tags"]),
        (&Value::Null, &json!(0), &json!([]))
    );
    let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
    send("PATCH", &path, json!({"name": "x", "assigned_to": 45, "tags": ["x"], "unReadChatCount": 3}));
    let cleared =
        send("PATCH", &path, json!({"name": "", "assigned_to": "", "tags": "", "unReadChatCount": ""}));
    let ticket = &cleared["ticket"];
    assert_eq!(
        (&ticket["name"], &ticket["assigned_to"], &ticket["tags"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
    let comment = send(
        "POST",
        &format!("{path}/comments"),
        json!({
            "text": "x", "Channel": "", "time": "", "isFromShop": "", "subject": "", "fromEmail": "",
            "toEmails": "", "attachments": "", "tags": ""
        }),
    );
    assert_eq!(
        (&comment["comment"]["Channel"], &comment["comment"]["attachments"]),
        (&json!("Mail"), &Value::Null)
    );
    let user =
        send("POST", "/api/v1/users", json!({"email": "u@example.com", "first_name": "U", "full_name": ""}));
    assert_eq!(user["user"]["full_name"], "U");
    let managing =
        crate::harness::api_keys::key(&database, &["--scope", "api_keys:manage", "--scope", "tickets:read"]);
    let body = br#"{"scopes": ["tickets:read"], "userId": "", "expiresAt": ""}"#;
    let created = server.send("POST", "/api/v1/api-keys", &[("x-api-key", &managing)], body);
    assert_eq!(created.status, 201, "{created:?}");
    // A required member is not there.
    create(&server, r#"{"email": "", "phone_number": ""}"#)
        .assert_member_errors(&[("/email", "required")], &json!("two empty texts"));
    let response = server.send("POST", "/api/v1/users", &key, br#"{"email": ""}"#);
    assert_eq!(response.status, 400);
}

fn concurrent_creations_with_one_address_create_one_customer(database: Database) {
    const RACERS: usize = 20;
    let servers = [database.serve_demo(), database.serve_demo()];
    let before = customers(&database);
    let start = Barrier::new(RACERS);
    let responses: Vec<Response> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (server, start) = (&servers[racer % 2], &start);
                scope.spawn(move || {
                    start.wait();
                    create(server, r#"{"email": "race@example.com"}"#)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(customers(&database), before + 1);
    assert_eq!(responses.iter().filter(|response| response.status == 201).count(), 1);
    let id = customer(&responses[0])["id"].clone();
    assert!(responses.iter().all(|response| customer(response)["id"] == id));
}

fn invalid_customers_are_refused_with_all_errors(database: Database) {
    let server = database.serve_demo();
    let before = customers(&database);
    for (body, expected) in [
        (json!({}), vec![("/email", "required")]),
        (json!({"email": null, "phone_number": null, "first_name": "A"}), vec![("/email", "required")]),
        (json!({"email": "nobody"}), vec![("/email", "email")]),
        (json!({"phone_number": " "}), vec![("/phone_number", "blank")]),
        (json!({"phone_number": 49123}), vec![("/phone_number", "type")]),
        (
            json!({"email": "a@example.com", "shopify_id": 1.5, "wordpress_id": true, "first_name": "\u{0}"}),
            vec![("/first_name", "nul"), ("/shopify_id", "type"), ("/wordpress_id", "type")],
        ),
        (
            json!({"email": "a@example.com", "last_name": "x".repeat(501), "whatsapp_id": "x".repeat(201)}),
            vec![("/last_name", "too_long"), ("/whatsapp_id", "too_long")],
        ),
    ] {
        let response = create(&server, &body.to_string());
        response.assert_member_errors(&expected, &body);
    }
    let sentence = "email or phone_number is required, or one of fb_user_id, ig_user_id and whatsapp_id";
    assert_eq!(create(&server, "{}").json()["error"], sentence);
    assert_eq!(customers(&database), before);
}

fn an_idempotency_key_creates_one_customer(database: Database) {
    let server = database.serve_demo();
    let send = |body: &str| {
        let headers = [("x-api-key", server.key.as_str()), ("idempotency-key", "import-1")];
        server.send("POST", "/api/v1/customers", &headers, body.as_bytes())
    };
    assert_eq!(send("{}").status, 400);
    let first = send(r#"{"email": "once@example.com"}"#);
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
    let again = send(r#"{"email": "once@example.com"}"#);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(
        (again.header("idempotency-replayed"), again.header("location")),
        (Some("true"), first.header("location"))
    );
    assert_eq!(send(r#"{"email": "other@example.com"}"#).status, 422);
    assert_eq!(database.count("SELECT count(*) FROM customers WHERE email = 'other@example.com'"), 0);
}

fn a_missing_customer_is_not_found(database: Database) {
    let server = database.serve_demo();
    for id in ["1", "999999", "9007199254740991"] {
        server.get(&format!("/api/v1/customers/{id}")).assert_problem(
            404,
            "customer_not_found",
            "Customer not found",
        );
    }
    for id in ["0", "abc", "9007199254740992", "-1"] {
        let sentence = "customerId must be a whole number from 1 to 9007199254740991";
        server.get(&format!("/api/v1/customers/{id}")).assert_problem(400, "invalid_parameter", sentence);
    }
}
