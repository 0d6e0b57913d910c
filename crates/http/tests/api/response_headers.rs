//! The security headers of every response. Clients can put nothing into headers or pages.

use hexdesk_http::routes::{ENDPOINTS, Endpoint};

use crate::harness::{Database, EXAMPLE, Response, Server, both_databases, path_with};

/// Texts that must appear in no page and no header.
const SCRIPT: &str = "<script>alert(1)</script>";
const SCRIPT_IN_URL: &str = "%3Cscript%3Ealert(1)%3C/script%3E%0D%0Aset-cookie:%20a=b";

/// Checks the security headers. Only the documentation page may be HTML.
#[track_caller]
fn assert_protected(response: &Response, path: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name} of {path}: {response:?}");
    }
    let policy = response.header("content-security-policy").unwrap();
    let is_closed = policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'");
    assert!(is_closed && !policy.contains("unsafe"), "{path}: {policy}");
    let content_type = response.header("content-type").unwrap_or_default();
    let expected: &[&str] = match (path, response.status) {
        ("/docs", 200) => &["text/html; charset=utf-8"],
        (_, 200..400) => &["application/json"],
        _ => &["application/problem+json"],
    };
    assert!(expected.contains(&content_type), "{path}: {response:?}");
    for name in ["set-cookie", "access-control-allow-origin", "server", "x-powered-by"] {
        assert_eq!(response.header(name), None, "{path}: {response:?}");
    }
}

/// The endpoint's responses to many kinds of requests, valid and invalid.
fn responses(server: &Server, endpoint: &Endpoint) -> Vec<Response> {
    let path = path_with(endpoint.path, |_| "999999".to_owned());
    let method = endpoint.method.as_str();
    let key = ("x-api-key", server.key.as_str());
    let send = |path: &str, headers: &[(&str, &str)], body: &str| {
        server.send(method, path, headers, body.as_bytes())
    };
    vec![
        send(&path, &[key], "{}"),
        send(&path, &[key], "{"),
        send(&path, &[], "{}"),
        send(&path, &[("x-api-key", SCRIPT)], "{}"),
        send(&path, &[key, ("accept", "text/html"), ("content-type", "text/html")], SCRIPT),
        send(
            &path,
            &[key, ("origin", "https://evil.example"), ("referer", SCRIPT), ("user-agent", SCRIPT)],
            "{}",
        ),
        send(
            &format!("{path}?q={SCRIPT_IN_URL}&{SCRIPT_IN_URL}={SCRIPT_IN_URL}"),
            &[key],
            &format!("\"{SCRIPT}\""),
        ),
        send(
            &path_with(endpoint.path, |_| SCRIPT_IN_URL.to_owned()),
            &[key],
            &format!(r#"{{"{SCRIPT}": 1}}"#),
        ),
        server.send("PUT", &path, &[key], SCRIPT.as_bytes()),
    ]
}

both_databases! {
    every_response_has_security_headers_and_no_input_in_a_page,
    the_docs_page_does_not_depend_on_the_request,
    clients_cannot_inject_response_headers,
}

fn every_response_has_security_headers_and_no_input_in_a_page(database: Database) {
    let server = database.serve_demo();
    for endpoint in ENDPOINTS {
        for response in responses(&server, endpoint) {
            assert_protected(&response, endpoint.path);
            assert!(!response.body.contains("alert(1)"), "{}: {response:?}", endpoint.path);
        }
    }
    for path in ["/nowhere", "/docs/", "/docs/x", &format!("/{SCRIPT_IN_URL}")] {
        let response = server.send("GET", path, &[("accept", "text/html")], b"");
        assert_eq!(response.status, 404);
        assert_protected(&response, path);
        assert!(!response.body.contains("alert(1)"), "{path}: {response:?}");
    }
}

fn the_docs_page_does_not_depend_on_the_request(database: Database) {
    let server = database.serve_demo();
    let page = server.send("GET", "/docs", &[], b"");
    for (path, headers) in [
        ("/docs?q=%3Cscript%3E&a", vec![]),
        (
            "/docs",
            vec![
                ("host", "evil.example"),
                ("accept-language", SCRIPT),
                ("x-forwarded-host", SCRIPT),
                ("cookie", SCRIPT),
            ],
        ),
    ] {
        let again = server.send("GET", path, &headers, b"");
        assert_eq!((again.status, &again.body), (200, &page.body), "{path}");
        assert_eq!(again.header("content-security-policy"), page.header("content-security-policy"));
    }
}

fn clients_cannot_inject_response_headers(database: Database) {
    let server = database.serve_demo();
    let headers =
        [("x-api-key", server.key.as_str()), ("host", "evil.example"), ("x-forwarded-host", "evil.example")];
    for _ in 0..2 {
        let created = server.send(
            "POST",
            "/api/v1/tickets",
            &headers,
            EXAMPLE.replace("vip", "\\r\\nset-cookie: a=b").as_bytes(),
        );
        let id = created.ticket()["id"].as_str().unwrap().to_owned();
        assert_eq!(created.header("location"), Some(&*format!("/api/v1/tickets/{id}")));
    }
    for query in
        ["tag=%0d%0aset-cookie:%20a=b&limit=1", "tag=%0D%0A%0D%0A<x>&limit=1", "tag=x%22%3E&limit=1&&"]
    {
        let query = query.replace('<', "%3C").replace('>', "%3E");
        let response = server.send("GET", &format!("/api/v1/tickets?{query}"), &headers, b"");
        assert_protected(&response, "/api/v1/tickets");
        if let Some(link) = response.header("link") {
            assert_eq!(link.matches(['<', '>', '"']).count(), 4, "{link}");
            assert!(link.starts_with("</api/v1/tickets?tag=%0"), "{link}");
        }
    }
    let listed = server.send("GET", "/api/v1/tickets?tag=%0d%0aset-cookie%3a%20a%3db&limit=1", &headers, b"");
    assert!(listed.header("link").is_some(), "{listed:?}");
    assert_protected(&listed, "/api/v1/tickets");
}
