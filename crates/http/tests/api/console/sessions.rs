//! Signing in and out.

use std::io::{Read, Write};

use crate::harness::visitor::{FORM, Visitor, encode};
use crate::harness::{Database, SHOP, Server, both_databases};

both_databases! {
    a_link_sets_a_password_and_signs_in,
    a_session_ends_with_its_user_its_password_and_its_sign_out,
    forms_from_other_sites_change_nothing,
    the_cookie_is_for_tls_only_behind_a_trusted_proxy,
}

const PASSWORD: &str = "correct horse battery";

/// The path of a link that the command line prints.
fn link(database: &Database, arguments: &[&str]) -> String {
    let printed = database.hexdesk(&[&["user"], arguments, &["--shop", SHOP]].concat());
    let at = printed.find("/welcome/").unwrap_or_else(|| panic!("no link: {printed}"));
    printed[at..].split_whitespace().next().unwrap().to_owned()
}

fn serve(database: &Database) -> Server {
    database.hexdesk(&["shop", "create", SHOP]);
    database.serve(&[])
}

pub(super) fn set_password(visitor: &Visitor, link: &str, password: &str) -> crate::harness::Response {
    visitor.post(link, &[("password", password), ("again", password)])
}

fn a_link_sets_a_password_and_signs_in(database: Database) {
    let server = serve(&database);
    let mut visitor = Visitor::new(&server);
    // Without a session, every page leads to the sign-in page and back.
    for (path, location) in [
        ("/", "/sign-in"),
        ("/views/mine", "/sign-in?next=%2Fviews%2Fmine"),
        ("/tickets/5?view=all", "/sign-in?next=%2Ftickets%2F5%3Fview%3Dall"),
    ] {
        let response = visitor.get(path);
        assert_eq!((response.status, response.header("location")), (303, Some(location)));
    }

    let link = link(&database, &["invite", "--email", "grace@example.com"]);
    assert!(visitor.page(&link).contains("grace@example.com"));
    let response = visitor.post(&link, &[("password", PASSWORD), ("again", "something else")]);
    assert!(response.status == 400 && response.body.contains("different"), "{response:?}");
    let response = set_password(&visitor, &link, "elevenchars");
    assert!(response.status == 400 && response.body.contains("12 to"), "{response:?}");
    let response = set_password(&visitor, &link, PASSWORD);
    assert_eq!((response.status, response.header("location")), (303, Some("/")), "{response:?}");
    visitor.keep_cookie(&response);
    assert!(visitor.page("/views/mine").contains("grace@example.com"));
    // The link works once.
    for response in [visitor.get(&link), set_password(&visitor, &link, PASSWORD)] {
        assert!(response.status == 404 && response.body.contains("does not work"), "{response:?}");
    }

    // Nobody learns which part was wrong.
    let visitor = Visitor::new(&server);
    let refused = |shop, email, password| {
        let fields = [("shop", shop), ("email", email), ("password", password)];
        let response = visitor.post("/sign-in", &fields);
        assert_eq!(response.status, 403, "{response:?}");
        response.body.replace(email, "EMAIL").replace(&format!("value=\"{shop}\""), "SHOP")
    };
    let page = refused(SHOP, "grace@example.com", "wrong password");
    assert!(page.contains("The shop, the e-mail address or the password is wrong."), "{page}");
    assert_eq!(refused(SHOP, "nobody@example.com", PASSWORD), page);
    assert_eq!(refused("other.example.com", "grace@example.com", PASSWORD), page);
    assert_eq!(refused("no domain", "no address", ""), page);

    let response = visitor.sign_in(" GRACE@example.com", PASSWORD);
    assert_eq!((response.status, response.header("location")), (303, Some("/")), "{response:?}");
    for attempt in 0..11 {
        let response = visitor.sign_in("victim@example.com", "guess");
        assert_eq!(response.status, if attempt < 10 { 403 } else { 429 }, "{response:?}");
    }
    assert!(visitor.sign_in("victim@example.com", "guess").body.contains("Try again in 15 minutes"));
    // Others are not locked out with it.
    assert_eq!(visitor.sign_in("grace@example.com", PASSWORD).status, 303);
    let log = server.log();
    assert!(!log.contains(PASSWORD) && !log.contains(&link["/welcome/".len()..]), "{log}");
}

fn a_session_ends_with_its_user_its_password_and_its_sign_out(database: Database) {
    let server = database.serve_demo();
    let signed_in = |link: &str| {
        let mut visitor = Visitor::new(&server);
        visitor.keep_cookie(&set_password(&visitor, link, PASSWORD));
        assert_eq!(visitor.get("/views/open").status, 200);
        visitor
    };
    let is_signed_out = |visitor: &Visitor| {
        let response = visitor.get("/views/open");
        assert_eq!(
            (response.status, response.header("location")),
            (303, Some("/sign-in?next=%2Fviews%2Fopen"))
        );
        // What the user wrote is not lost.
        let response = visitor.post("/tickets/1/answer", &[("text", "my long <answer>"), ("key", "k")]);
        assert_eq!(response.status, 401, "{response:?}");
        assert!(response.body.contains("my long &#60;answer&#62;"), "{response:?}");
    };
    let visitor = signed_in(&link(&database, &["invite", "--email", "a@example.com"]));
    let mut live = server.connect();
    let request =
        format!("GET /live HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: {}\r\n\r\n", visitor.cookie);
    live.write_all(request.as_bytes()).unwrap();
    let mut begun = Vec::new();
    let mut read_until = |text: &str| loop {
        let read = String::from_utf8_lossy(&begun);
        if let Some((before, _)) = read.split_once(text) {
            break before.to_owned();
        }
        let mut byte = [0];
        live.read_exact(&mut byte).unwrap();
        begun.extend(byte);
    };
    read_until("event: ready");
    // A page learns what changed, and no more.
    let ticket = server.create_ticket(crate::harness::EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    let read = read_until(&format!("event: changed\ndata: ticket.created ticket:{ticket}\n"));
    assert!(!read.contains("refund"), "{read}");
    let other = Visitor::with_cookie(&server, &visitor.cookie);
    let response = visitor.post("/sign-out", &[]);
    assert_eq!((response.status, response.header("location")), (303, Some("/sign-in")), "{response:?}");
    is_signed_out(&other);
    // The event stream ends, too.
    live.read_to_end(&mut begun).unwrap();

    let visitor = signed_in(&link(&database, &["invite", "--email", "b@example.com"]));
    let again = signed_in(&link(&database, &["password-reset", "--email", "b@example.com"]));
    is_signed_out(&visitor);
    assert_eq!(again.get("/views/open").status, 200);

    let visitor = signed_in(&link(&database, &["invite", "--email", "c@example.com"]));
    let page = visitor.page("/views/open");
    let users = server.get("/api/v1/users?email=c@example.com").json();
    let user = users["users"][0]["id"].as_i64().unwrap_or_else(|| panic!("{users} {page}"));
    let path = format!("/api/v1/users/{user}");
    let key = [("x-api-key", server.key.as_str())];
    assert_eq!(server.send("PATCH", &path, &key, br#"{"isActive": false}"#).status, 200);
    is_signed_out(&visitor);
    assert_eq!(server.send("PATCH", &path, &key, br#"{"isActive": true}"#).status, 200);
    is_signed_out(&visitor);
}

fn forms_from_other_sites_change_nothing(database: Database) {
    let server = database.serve_demo();
    let visitor = Visitor::of_demo(&server);
    let ticket = server.create_ticket(crate::harness::EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    let path = format!("/tickets/{ticket}/answer");
    let body = encode(&[("text", "forged"), ("key", "k"), ("version", "1")]);
    for headers in [
        &[FORM, ("sec-fetch-site", "cross-site")][..],
        &[FORM, ("sec-fetch-site", "same-site"), ("origin", "http://evil.example")],
        &[FORM, ("origin", "http://evil.example")],
        &[FORM],
    ] {
        let response = visitor.send("POST", &path, headers, &body);
        assert_eq!(response.status, 403, "{headers:?} {response:?}");
        assert!(response.body.contains("Sent from another site"), "{response:?}");
    }
    assert!(!visitor.page(&format!("/tickets/{ticket}")).contains("forged"));
    let origin = format!("http://{}", server.address);
    let response = visitor.send("POST", &path, &[FORM, ("origin", &origin)], &body);
    assert_eq!(response.status, 303, "{response:?}");
    // Another type of body is no form.
    let headers = [("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
    assert_eq!(visitor.send("POST", &path, &headers, "{}").status, 415);
}

fn the_cookie_is_for_tls_only_behind_a_trusted_proxy(database: Database) {
    let cookies = |server: &Server, headers: &[(&str, &str)]| -> Vec<String> {
        let visitor = Visitor::new(server);
        let response = visitor.send("GET", crate::harness::visitor::demo_path(server), headers, "");
        response.all_headers("set-cookie").map(str::to_owned).collect()
    };
    let tls = [("x-forwarded-proto", "https")];
    {
        let server = database.serve_demo();
        let plain = cookies(&server, &tls);
        assert!(plain.iter().any(|cookie| cookie.starts_with("hexdesk=")), "{plain:?}");
        for cookie in plain {
            assert!(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
        }
    }
    let server = database.serve_demo_with(&["--trusted-proxy", "10.0.0.0/8,127.0.0.1"]);
    let secure = cookies(&server, &tls);
    let session = secure.iter().find(|cookie| cookie.starts_with("__Host-hexdesk=")).unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(session.contains(part), "{session}");
    }
    let cookie = session.split(';').next().unwrap().to_owned();
    let visitor = Visitor::with_cookie(&server, &cookie);
    assert_eq!(visitor.send("GET", "/views/open", &tls, "").status, 200);
    // The plain cookie of the same value is not taken over TLS.
    let cookie = visitor.cookie.replace("__Host-hexdesk", "hexdesk");
    let plain = Visitor::with_cookie(&server, &cookie);
    assert_eq!(plain.send("GET", "/views/open", &tls, "").status, 303);
    assert_eq!(cookies(&server, &[]).iter().filter(|cookie| cookie.starts_with("hexdesk=")).count(), 1);
}
