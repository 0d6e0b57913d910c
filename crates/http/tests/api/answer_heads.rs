//! What stands in the head of every answer, and that clients put nothing into it, nor
//! anything into a page.

use hexdesk_http::routes::{ENDPOINTS, Endpoint};

use crate::authentication::with_ids;
use crate::create_ticket::EXAMPLE;
use crate::harness::{Answer, Server, on_both_databases};

/// What would be seen if it were put into a page or a head.
const SCRIPT: &str = "<script>alert(1)</script>";
const SCRIPT_IN_URL: &str = "%3Cscript%3Ealert(1)%3C/script%3E%0D%0Aset-cookie:%20a=b";

/// Checks that browsers and caches are told to leave the answer alone, and that it is HTML
/// only if it is the one page there is.
#[track_caller]
fn assert_protected(answer: &Answer, path: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {path}: {answer:?}");
    }
    let policy = answer.header("content-security-policy").unwrap();
    let is_closed = policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'");
    assert!(is_closed && !policy.contains("unsafe"), "{path}: {policy}");
    let content_type = answer.header("content-type").unwrap_or_default();
    let expected: &[&str] = match (path, answer.status) {
        ("/docs", 200) => &["text/html; charset=utf-8"],
        (_, 200..400) => &["application/json"],
        _ => &["application/problem+json"],
    };
    assert!(expected.contains(&content_type), "{path}: {answer:?}");
    for name in ["set-cookie", "access-control-allow-origin", "server", "x-powered-by"] {
        assert_eq!(answer.header(name), None, "{path}: {answer:?}");
    }
}

/// The endpoint's answers to many kinds of requests, the ones that it refuses included.
fn answers(server: &Server, endpoint: &Endpoint) -> Vec<Answer> {
    let path = with_ids(endpoint.path, |_| "999999".to_owned());
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
            &with_ids(endpoint.path, |_| SCRIPT_IN_URL.to_owned()),
            &[key],
            &format!(r#"{{"{SCRIPT}": 1}}"#),
        ),
        server.send("PUT", &path, &[key], SCRIPT.as_bytes()),
    ]
}

on_both_databases! {
    fn every_answer_is_protected_and_repeats_nothing_in_a_page(database: Database) {
        let server = database.serve_demo();
        for endpoint in ENDPOINTS {
            for answer in answers(&server, endpoint) {
                assert_protected(&answer, endpoint.path);
                assert!(!answer.body.contains("alert(1)"), "{}: {answer:?}", endpoint.path);
            }
        }
        for path in ["/", "/nowhere", "/docs/", "/docs/x", &format!("/{SCRIPT_IN_URL}")] {
            let answer = server.send("GET", path, &[("accept", "text/html")], b"");
            assert_eq!(answer.status, 404);
            assert_protected(&answer, path);
            assert!(!answer.body.contains("alert(1)"), "{path}: {answer:?}");
        }
    }

    fn the_page_is_the_same_for_everybody(database: Database) {
        let server = database.serve_demo();
        let page = server.send("GET", "/docs", &[], b"");
        for (path, headers) in [
            ("/docs?q=%3Cscript%3E&a", vec![]),
            ("/docs", vec![("host", "evil.example"), ("accept-language", SCRIPT), ("x-forwarded-host", SCRIPT), ("cookie", SCRIPT)]),
        ] {
            let again = server.send("GET", path, &headers, b"");
            assert_eq!((again.status, &again.body), (200, &page.body), "{path}");
            assert_eq!(again.header("content-security-policy"), page.header("content-security-policy"));
        }
    }

    fn what_clients_send_ends_no_line_of_a_head(database: Database) {
        let server = database.serve_demo();
        let headers = [("x-api-key", server.key.as_str()), ("host", "evil.example"), ("x-forwarded-host", "evil.example")];
        for _ in 0..2 {
            let created = server.send("POST", "/api/v1/tickets", &headers, EXAMPLE.replace("vip", "\\r\\nset-cookie: a=b").as_bytes());
            let id = created.ticket()["id"].as_str().unwrap().to_owned();
            assert_eq!(created.header("location"), Some(&*format!("/api/v1/tickets/{id}")));
        }
        for query in ["tag=%0d%0aset-cookie:%20a=b&limit=1", "tag=%0D%0A%0D%0A<x>&limit=1", "tag=x%22%3E&limit=1&&"] {
            let query = query.replace('<', "%3C").replace('>', "%3E");
            let answer = server.send("GET", &format!("/api/v1/tickets?{query}"), &headers, b"");
            assert_protected(&answer, "/api/v1/tickets");
            if let Some(link) = answer.header("link") {
                assert_eq!(link.matches(['<', '>', '"']).count(), 4, "{link}");
                assert!(link.starts_with("</api/v1/tickets?tag=%0"), "{link}");
            }
        }
        let listed = server.send("GET", "/api/v1/tickets?tag=%0d%0aset-cookie%3a%20a%3db&limit=1", &headers, b"");
        assert!(listed.header("link").is_some(), "{listed:?}");
        assert_protected(&listed, "/api/v1/tickets");
    }
}
