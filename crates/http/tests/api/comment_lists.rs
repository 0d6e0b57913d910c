//! Lists of large comments: pages that end by bytes, and the complete list.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::events::eventually;
use crate::harness::pages::next;
use crate::harness::{Database, Response, SHOP, Server, both_databases};

const MIB: usize = 1024 * 1024;

/// Comments of the large ticket, and the bytes of the attachments of each.
const COMMENTS: usize = 45;
const ATTACHMENT_BYTES: usize = 1_000_000;

/// Creates a ticket with large comments, and returns the path of their list.
fn large_list(server: &Server) -> String {
    let ticket = json!({"customerId": 123, "Channel": "Mail"});
    let id = server.create_ticket(ticket.to_string()).ticket()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/tickets/{id}/comments");
    for number in 0..COMMENTS {
        let letter = char::from(b'a' + u8::try_from(number % 26).unwrap());
        let attachments = json!([letter.to_string().repeat(ATTACHMENT_BYTES)]);
        // Some comments are small.
        let attachments = if number % 10 == 9 { Value::Null } else { attachments };
        let body = json!({"text": format!("comment {number} é"), "attachments": attachments});
        let created = server.send("POST", &path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
        assert_eq!(created.status, 201);
    }
    path
}

/// The peak memory of the server's process, in bytes.
fn peak_memory(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

/// Sends a request for this path. The connection closes after the response.
fn request(server: &Server, method: &str, path: &str, version: &str) -> TcpStream {
    let mut stream = server.connect();
    let key = &server.key;
    let head =
        format!("{method} {path} {version}\r\nhost: x\r\nx-api-key: {key}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Reads a response to its end: its head, and its body as sent.
fn read_to_end(mut stream: TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let body = bytes.split_off(end + 4);
    (String::from_utf8(bytes).unwrap().to_lowercase(), body)
}

/// The content of a chunked body.
fn without_chunks(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return content;
        }
        let (chunk, rest) = body[end + 2..].split_at(length);
        content.extend_from_slice(chunk);
        body = rest.strip_prefix(b"\r\n").unwrap();
    }
}

/// The body as JSON text in which the pages of a complete list are put together.
fn put_together(pages: &[Response]) -> String {
    let of_page = |page: &Response| {
        let body = page.body.strip_prefix(r#"{"success":true,"comments":["#).unwrap();
        body[..body.rfind(r#"],"totalCount":"#).unwrap()].to_owned()
    };
    let comments: Vec<String> = pages.iter().map(of_page).collect();
    format!(
        r#"{{"success":true,"comments":[{}],"totalCount":{COMMENTS},"next_cursor":null}}"#,
        comments.join(",")
    )
}

both_databases! {
    pages_end_by_bytes_and_the_complete_list_takes_little_memory,
    a_complete_list_that_breaks_off_has_no_end,
}

fn pages_end_by_bytes_and_the_complete_list_takes_little_memory(database: Database) {
    let mut server = database.serve_demo();
    let path = large_list(&server);
    let before = peak_memory(&server);

    // The complete list is larger than the memory that it may take.
    let (head, chunked) = read_to_end(request(&server, "GET", &path, "HTTP/1.1"));
    assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
    assert!(chunked.ends_with(b"\r\n0\r\n\r\n"));
    let several = std::thread::scope(|scope| {
        let read = || read_to_end(request(&server, "GET", &path, "HTTP/1.1")).1.len();
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(several.iter().all(|length| *length > 39 * MIB), "{several:?}");
    let taken = peak_memory(&server).saturating_sub(before);
    assert!(taken < 72 * MIB, "five complete lists of 39 MiB took {} MiB", taken / MIB);

    let complete = without_chunks(&chunked);
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    // A client without chunks reads to the end of the connection.
    let (head, body) = read_to_end(request(&server, "GET", &path, "HTTP/1.0"));
    assert!(!head.contains("transfer-encoding") && !head.contains("keep-alive"), "{head}");
    assert!(body == complete, "the list differs for HTTP/1.0");
    let (head, body) = read_to_end(request(&server, "HEAD", &path, "HTTP/1.1"));
    assert!(head.starts_with("http/1.1 200") && head.contains("transfer-encoding: chunked"), "{head}");
    assert_eq!(body, b"");

    // Every comment is on one page. A page is full with 4 MiB, or with its entries.
    let mut pages = vec![server.get(&format!("{path}?limit=100"))];
    while let Some(page) = next(&server, pages.last().unwrap()) {
        assert_eq!(page.status, 200);
        pages.push(page);
    }
    assert!(complete == put_together(&pages).as_bytes(), "the pages hold other bytes than the complete list");
    let (last, full) = pages.split_last().unwrap();
    assert_eq!((full.len(), last.json()["next_cursor"].is_null()), (8, true));
    for page in full {
        let bytes = page.body.len();
        assert!((4 * MIB..5 * MIB + 64 * 1024).contains(&bytes), "a full page has {bytes} bytes");
        let list = page.json();
        assert_eq!((&list["totalCount"], list["next_cursor"].is_string()), (&json!(COMMENTS), true));
    }

    // The event log has the same texts.
    server.key = database.hexdesk(&["key", "create", "--shop", SHOP, "--scope", "events:read"]);
    let mut events = server.get("/api/v1/events?limit=100");
    let mut count = 0;
    loop {
        assert!(events.body.len() < 5 * MIB + 256 * 1024, "a page of events has {} bytes", events.body.len());
        count += events.json()["events"].as_array().unwrap().len();
        match next(&server, &events) {
            Some(page) => events = page,
            None => break,
        }
    }
    assert!(count > 2 * COMMENTS, "{count}");
}

fn a_complete_list_that_breaks_off_has_no_end(database: Database) {
    let server = database.serve_demo();
    let path = large_list(&server);
    let mut stream = request(&server, "GET", &path, "HTTP/1.1");
    // The list has begun. The sockets hold a few megabytes of it.
    stream.read_exact(&mut [0; 1024]).unwrap();
    let deleted =
        server.send("DELETE", path.strip_suffix("/comments").unwrap(), &[("x-api-key", &server.key)], b"");
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let mut rest = Vec::new();
    // The system may report the end as a reset.
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.len() < 30 * MIB, "{} bytes", rest.len());
    assert!(!rest.ends_with(b"0\r\n\r\n"), "the list looks complete");
    // The line can come after the end.
    eventually("the line in the log", || server.log().contains("a list of comments broke off").then_some(()));
    server.get(&path).assert_problem(404, "ticket_not_found", "Ticket not found");
}
