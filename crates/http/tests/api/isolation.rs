//! No key can read another shop's data.

use hexdesk_domain::Scope;
use hexdesk_http::routes::{Access, ENDPOINTS, Endpoint};
use serde_json::{Value, json};

use crate::harness::events::settled_log;
use crate::harness::{Database, EXAMPLE, Response, SHOP, Server, both_databases, path_with};
use crate::webhook_routes::create_webhook;
use crate::webhooks::{free_port, key_file};

const OTHER_SHOP: &str = "other.example.com";
const MISSING: i64 = 999_999;

type Pairs = &'static [(&'static str, &'static str)];

/// For each route without ids in its path: pairs of a query or body with another shop's ids, and
/// one with missing ids. Both must get the same response.
const NAMED_ELSEWHERE: &[(&str, &str, Pairs)] = &[
    (
        "GET",
        "/api/v1/tickets",
        &[
            ("", ""),
            ("?customerId=123", "?customerId=999999"),
            ("?customerId=123&threadId=t", "?customerId=999999&threadId=t"),
            ("?assigned_to=45", "?assigned_to=999999"),
            ("?include=total", "?include=total"),
        ],
    ),
    ("GET", "/api/v1/tickets/getRecentConversations", &[("?days=365", "?days=365")]),
    ("GET", "/api/v1/tickets/search", &[("?q=ada", "?q=nobody"), ("?q=a*", "?q=zzz*")]),
    (
        "POST",
        "/api/v1/tickets",
        &[
            (r#"{"customerId": 123, "Channel": "Mail"}"#, r#"{"customerId": 999999, "Channel": "Mail"}"#),
            (
                r#"{"customerId": OWN, "Channel": "Mail", "assigned_to": 45}"#,
                r#"{"customerId": OWN, "Channel": "Mail", "assigned_to": 999999}"#,
            ),
        ],
    ),
    (
        "GET",
        "/api/v1/customers",
        &[
            ("?email=dev@example.com", "?email=nobody@example.com"),
            ("?phone_number=%2B33123456789", "?phone_number=1"),
            ("?shopify_id=987654321&include=total", "?shopify_id=1&include=total"),
            ("?q=ada", "?q=nobody"),
        ],
    ),
    ("POST", "/api/v1/customers", &[]),
    (
        "GET",
        "/api/v1/users",
        &[("?include=total", "?include=total"), ("?email=agent@example.com", "?email=nobody@example.com")],
    ),
    ("POST", "/api/v1/users", &[]),
    ("GET", "/api/v1/api-keys", &[("", "")]),
    ("GET", "/api/v1/events", &[("", "")]),
    ("GET", "/api/v1/events/stream", &[]),
    ("GET", "/api/v1/webhooks", &[("", "")]),
    (
        "POST",
        "/api/v1/webhooks",
        &[(
            r#"{"url": "https://10.0.0.1/", "ignoreKey": 2}"#,
            r#"{"url": "https://10.0.0.1/", "ignoreKey": 9}"#,
        )],
    ),
    (
        "POST",
        "/api/v1/api-keys",
        &[(
            r#"{"scopes": ["tickets:read"], "userId": 45}"#,
            r#"{"scopes": ["tickets:read"], "userId": 999999}"#,
        )],
    ),
];

/// Texts that only the first shop's data contains.
const MARKS: [&str; 5] = ["dev@example.com", "agent@example.com", "Lovelace", "Hopper", SHOP];

/// The demo shop with data of every kind, and another shop with a key.
struct Fixture {
    server: Server,
    ticket: String,
    /// A comment on the ticket.
    comment: String,
    /// A webhook with two attempts.
    webhook: String,
    /// The key of the other shop.
    other: String,
    customer_of_other: String,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new(database: &Database) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key_file = key_file(database, &directory);
        let key_file: Vec<&str> = key_file.iter().map(String::as_str).collect();
        let server = database.serve_demo_with(&[&["--webhook-allow", "127.0.0.1"][..], &key_file].concat());
        let ticket = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
        server.create_ticket(EXAMPLE);
        let comment = format!("/api/v1/tickets/{ticket}/comments");
        let mut id = String::new();
        for _ in 0..2 {
            let response =
                server.send("POST", &comment, &[("x-api-key", &server.key)], br#"{"text": "Lovelace"}"#);
            assert_eq!(response.status, 201);
            id = response.json()["comment"]["id"].as_str().unwrap().to_owned();
        }
        database.hexdesk(&["customer", "create", "--shop", SHOP, "--email", "second@example.com"]);
        database.hexdesk(&["user", "create", "--shop", SHOP, "--email", "hopper@example.com"]);
        database.hexdesk(&["shop", "create", OTHER_SHOP]);
        let customer_of_other =
            database.hexdesk(&["customer", "create", "--shop", OTHER_SHOP, "--email", "own@example.com"]);
        let every_scope: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        let key = |shop: &str| {
            database.hexdesk(&["key", "create", "--shop", shop, "--scope", &every_scope.join(",")])
        };
        // The other shop has only key 1, so key 2 of this shop is missing there.
        let (first, other) = (key(SHOP), key(OTHER_SHOP));
        let server = {
            let mut server = server;
            server.key = first;
            server
        };
        let webhook = create_webhook(&server, &format!("http://127.0.0.1:{}/", free_port()));
        for _ in 0..2 {
            let test = format!("/api/v1/webhooks/{webhook}/test");
            let tested = server.send("POST", &test, &[("x-api-key", &server.key)], b"");
            assert_eq!(tested.status, 200, "{tested:?}");
        }
        Self { server, ticket, comment: id, webhook, other, customer_of_other, _directory: directory }
    }

    fn as_other(&self, method: &str, path: &str, body: &str) -> Response {
        self.server.send(method, path, &[("x-api-key", &self.other)], body.as_bytes())
    }
}

/// Status and body without the request id.
fn comparable(response: &Response) -> (u16, Value) {
    let mut body = if response.body.is_empty() { Value::Null } else { response.json() };
    if let Some(id) = body.get_mut("request_id") {
        id.take();
    }
    (response.status, body)
}

/// The first example of a request body in the OpenAPI document.
fn example_body(server: &Server, endpoint: &Endpoint) -> String {
    let document = server.get("/openapi.json").json();
    let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
    let examples = &operation["requestBody"]["content"]["application/json"]["examples"];
    let first = examples.as_object().and_then(|examples| examples.values().next());
    first.map(|example| example["value"].to_string()).unwrap_or_default()
}

fn closed_endpoints() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().filter(|endpoint| endpoint.access != Access::Open)
}

/// All lists of the shop.
fn everything(server: &Server, ticket: &str) -> Vec<Value> {
    let lists =
        ["/api/v1/tickets", "/api/v1/customers", "/api/v1/users", "/api/v1/api-keys", "/api/v1/webhooks"];
    let comments = format!("/api/v1/tickets/{ticket}/comments");
    lists.into_iter().chain([comments.as_str()]).map(|path| server.get(path).json()).collect()
}

both_databases! {
    ids_of_another_shop_in_a_path_are_like_missing_ids,
    ids_of_another_shop_in_a_query_or_body_are_like_missing_ids,
    addresses_are_unique_within_a_shop_only,
    cursors_of_another_shop_are_refused,
    idempotency_keys_are_separate_for_each_shop,
}

fn ids_of_another_shop_in_a_path_are_like_missing_ids(database: Database) {
    let fixture = Fixture::new(&database);
    let before = everything(&fixture.server, &fixture.ticket);
    for endpoint in closed_endpoints().filter(|endpoint| endpoint.path.contains('{')) {
        let theirs = path_with(endpoint.path, |name| match name {
            "ticketId" => fixture.ticket.clone(),
            "commentId" => fixture.comment.clone(),
            "customerId" => "123".to_owned(),
            "userId" => "45".to_owned(),
            "keyId" => "2".to_owned(),
            "webhookId" => fixture.webhook.clone(),
            _ => panic!("{} has a parameter that this test does not know: {name}", endpoint.path),
        });
        let missing = path_with(endpoint.path, |_| MISSING.to_string());
        let body = example_body(&fixture.server, endpoint);
        let response = |path: &str| fixture.as_other(endpoint.method.as_str(), path, &body);
        let (theirs, missing) = (response(&theirs), response(&missing));
        assert_eq!(missing.status, 404, "{} {}: {missing:?}", endpoint.method, endpoint.path);
        assert_eq!(comparable(&theirs), comparable(&missing), "{} {}", endpoint.method, endpoint.path);
        assert_eq!(theirs.header("etag"), None);
    }
    assert_eq!(everything(&fixture.server, &fixture.ticket), before);
}

fn ids_of_another_shop_in_a_query_or_body_are_like_missing_ids(database: Database) {
    let fixture = Fixture::new(&database);
    let before = everything(&fixture.server, &fixture.ticket);
    for endpoint in closed_endpoints().filter(|endpoint| !endpoint.path.contains('{')) {
        let (method, path) = (endpoint.method.as_str(), endpoint.path);
        let Some((.., pairs)) = NAMED_ELSEWHERE.iter().find(|(known, at, _)| (*known, *at) == (method, path))
        else {
            panic!("add the ids in the query or body of {method} {path} to NAMED_ELSEWHERE");
        };
        for (theirs, missing) in *pairs {
            let send = |text: &str| match method {
                "GET" => fixture.as_other(method, &format!("{path}{text}"), ""),
                _ => fixture.as_other(method, path, &text.replace("OWN", &fixture.customer_of_other)),
            };
            let response = send(theirs);
            assert_eq!(comparable(&response), comparable(&send(missing)), "{method} {path} {theirs}");
            for mark in MARKS {
                assert!(!response.body.contains(mark), "{method} {path} {theirs}: {response:?}");
            }
        }
    }
    assert_eq!(everything(&fixture.server, &fixture.ticket), before);
}

fn addresses_are_unique_within_a_shop_only(database: Database) {
    let fixture = Fixture::new(&database);
    let customer = json!({"email": "dev@example.com", "phone_number": "+33123456789"}).to_string();
    let response = fixture.as_other("POST", "/api/v1/customers", &customer);
    assert_eq!((response.status, response.json().get("existing")), (201, None));
    let user = json!({"email": "agent@example.com"}).to_string();
    assert_eq!(fixture.as_other("POST", "/api/v1/users", &user).status, 201);
    let own = format!("/api/v1/customers/{}", fixture.customer_of_other);
    let response = fixture.as_other("PATCH", &own, r#"{"email": "second@example.com"}"#);
    assert_eq!(response.status, 200, "{response:?}");
}

fn cursors_of_another_shop_are_refused(database: Database) {
    let fixture = Fixture::new(&database);
    settled_log(&fixture.server);
    let document = fixture.server.get("/openapi.json").json();
    let mut paged = 0;
    for endpoint in closed_endpoints() {
        let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
        let is_paged = operation["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "cursor"));
        if !is_paged {
            continue;
        }
        paged += 1;
        let path = path_with(endpoint.path, |name| match name {
            "webhookId" => fixture.webhook.clone(),
            _ => fixture.ticket.clone(),
        });
        let query = if path.ends_with("/search") { "?q=lovelace&limit=1" } else { "?limit=1" };
        let page = fixture.server.get(&format!("{path}{query}"));
        let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else {
            panic!("{path} has one page: {page:?}");
        };
        let theirs = format!("{path}{query}&cursor={cursor}");
        assert_eq!(fixture.server.get(&theirs).status, 200);
        let expected = if endpoint.path.contains('{') { 404 } else { 400 };
        let response = fixture.as_other("GET", &theirs, "");
        assert!([400, expected].contains(&response.status), "{path}: {response:?}");
    }
    assert_eq!(paged, 9);
}

fn idempotency_keys_are_separate_for_each_shop(database: Database) {
    let server = database.serve_demo();
    assert_eq!(server.create_ticket_idempotent("order-1", EXAMPLE).status, 201);
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let customer =
        database.hexdesk(&["customer", "create", "--shop", "other.example.com", "--email", "a@example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
    let body = format!(r#"{{"customerId": {customer}, "Channel": "Mail"}}"#);
    let headers = [("x-api-key", other.as_str()), ("idempotency-key", "order-1")];
    let response = server.send("POST", "/api/v1/tickets", &headers, body.as_bytes());
    assert_eq!(response.ticket()["shopDomain"], "other.example.com");
    assert_eq!(response.header("idempotency-replayed"), None);
}
