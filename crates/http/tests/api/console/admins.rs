//! People, keys and webhooks in a real browser, and what every page offers to everybody. On SQLite only:
//! the pages are the same on both databases.

use actix_web::http::Method;
use hexdesk_console::PAGES;

use super::browsers::{customer_writes, serve, sign_in};
use super::webhooks::{closed_url, create};
use crate::harness::accessibility::assert_accessible;
use crate::harness::browser::Browser;
use crate::harness::visitor::{Visitor, secret_once};
use crate::harness::{Database, SHOP, path_with};

fn secret(browser: &Browser) -> String {
    browser.wait_until("return Boolean(document.querySelector('#secret'))");
    browser.run("return document.querySelector('#secret').value").as_str().unwrap().to_owned()
}

fn assert_fits(browser: &Browser, width: u32) {
    browser.resize(width, 740);
    let [page, window] = ["scrollWidth", "clientWidth"]
        .map(|of| browser.run(&format!("return document.documentElement.{of}")).as_u64().unwrap());
    assert!(page <= window, "{} at {width}: {page} > {window}", browser.path());
}

/// A path for every page with a method of GET, except what is no page of its own.
fn every_path(server_has: impl Fn(&str) -> String) -> Vec<String> {
    let is_page = |path: &&str| {
        !["/assets/{name}", "/demo/{secret}", "/tickets/{ticket}/messages/{message}"].contains(path)
    };
    let pages = PAGES.iter().filter(|page| page.method == Method::GET).map(|page| page.path).filter(is_page);
    let mut paths: Vec<String> = pages.map(|path| path_with(path, &server_has)).collect();
    paths.extend(["/search?q=refund", "/search?q=zzz", "/views/closed", "/tickets/999"].map(str::to_owned));
    paths
}

#[test]
fn no_page_keeps_anybody_out() {
    let database = Database::sqlite();
    let (server, ticket) = serve(&database, &["--webhook-allow", "127.0.0.1"]);
    let admin = Visitor::of_demo(&server);
    let (webhook, _) = create(&admin, &closed_url());
    assert_eq!(admin.post(&format!("{webhook}/test"), &[("seen", "0")]).status, 303);
    admin.post("/keys", &[("key", "one"), ("scope", "tickets:read"), ("days", "30")]);
    let invited = admin.post("/people", &[("email", "ada@example.com"), ("role", "agent")]);
    let link = secret_once(&invited.body);
    let replies = admin.page("/saved-replies");
    let reply =
        replies.split("action=\"/saved-replies/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    admin.post(
        &format!("/saved-replies/{reply}"),
        &[("title", "Thanks"), ("text", "Thank you"), ("exists", "false")],
    );
    customer_writes(&server, &ticket, "<p>Where is it?</p>");
    let browser = sign_in(&server);
    for path in every_path(|name| match name {
        "token" => link.rsplit('/').next().unwrap().to_owned(),
        "view" => "all".to_owned(),
        "ticket" => ticket.clone(),
        "reply" => reply.clone(),
        "user" => "45".to_owned(),
        "key" => "2".to_owned(),
        "webhook" => webhook.rsplit('/').next().unwrap().to_owned(),
        other => panic!("give the page a value for {other}"),
    }) {
        browser.open(&path.replace("/replay", "/replay?event=1.0"));
        assert_accessible(&browser);
        assert_fits(&browser, 360);
        browser.resize(1440, 900);
    }
    // Refused forms, and secrets.
    browser.open("/people");
    browser.type_into("#email", "ada@example.com");
    browser.click("#invite button");
    browser.wait_for_text("This person has access already.");
    assert_eq!(browser.run("return document.activeElement.id"), "email");
    assert_accessible(&browser);
    browser.open("/keys");
    browser.click("#create button");
    browser.wait_for_text("Choose at least one right.");
    assert_accessible(&browser);
    browser.click("input[value='tickets:read']");
    browser.click("#create button");
    assert!(secret(&browser).starts_with("hd_"));
    assert_accessible(&browser);
    assert_fits(&browser, 360);
}

#[test]
fn admins_invite_somebody_who_signs_in() {
    let database = Database::sqlite();
    let (server, _) = serve(&database, &["--webhook-allow", "127.0.0.1"]);
    let browser = sign_in(&server);
    browser.click("a[href='/people']");
    browser.type_into("#email", "ada@example.com");
    browser.click("#invite button");
    let link = secret(&browser);
    assert!(browser.path().starts_with("/people/") && !browser.path().contains("done"), "{}", browser.path());
    browser.click("[data-copy]");
    browser.wait_until(
        "return ['Copied', 'Press Ctrl+C'].includes(document.querySelector('[data-copy]').innerText)",
    );
    // Read again, the page has forgotten the link.
    browser.open(&browser.path());
    assert!(!browser.text("body").contains("/welcome/"));
    let guest = Visitor::new(&server);
    let path = &link[link.find("/welcome/").unwrap()..];
    assert_eq!(super::sessions::set_password(&guest, path, "correct horse battery").status, 303);
    browser.open("/people");
    browser.click("main tbody tr:last-child a");
    browser.wait_for_text("Signed in");
    browser.click("a[href$='/deactivate']");
    browser.wait_for_text("They are signed out at once");
    browser.click("#question button");
    browser.wait_for_text("The person was deactivated and signed out.");
    assert!(!browser.path().contains("deactivate"), "{}", browser.path());
}

#[test]
fn admins_work_without_scripts() {
    let database = Database::sqlite();
    let (server, _) = serve(&database, &["--webhook-allow", "127.0.0.1"]);
    let browser = sign_in(&server);
    browser.disable_scripts();
    browser.open("/people");
    browser.type_into("#email", "ada@example.com");
    browser.click("#invite button");
    browser.wait_for_text("Send this link to ada@example.com.");
    browser.open("/keys");
    browser.click("input[value='tickets:read']");
    browser.click("#create button");
    browser.wait_for_text("it is stored nowhere and not shown again");
    browser.click("#rotate button");
    browser.wait_for_text("Programs send it in the header x-api-key.");
    browser.click("a[href$='/revoke']");
    browser.wait_for_text("Nothing makes the key work again.");
    browser.click("#question button");
    browser.wait_for_text("The key was revoked.");
    browser.open("/webhooks");
    browser.type_into("#url", &closed_url());
    browser.click("#create button");
    browser.wait_for_text("Your endpoint checks signatures with it.");
    browser.click("#test button");
    browser.wait_for_text("No connection");
    browser.click("#set-state button");
    browser.wait_for_text("Somebody disabled it");
    browser.click("a[href$='/delete']");
    browser.click("#question button");
    browser.wait_for_text("No webhook yet.");
    let users = database.hexdesk(&["key", "list", "--shop", SHOP]);
    assert!(users.contains("revoked"), "{users}");
}
