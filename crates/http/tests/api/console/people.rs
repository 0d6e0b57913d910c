//! People: who has access, and one-time links.

use hexdesk_console::{Access, PAGES};
use hexdesk_domain::Role;

use super::sessions::set_password;
use crate::harness::visitor::{Visitor, secret_once};
use crate::harness::{Database, both_databases, path_with};

both_databases! {
    admins_invite_people_and_lock_them_out,
    agents_do_not_manage_the_shop,
}

/// Signs in with a link that a page has shown.
fn signed_in(admin: &Visitor, link: &str) -> Visitor {
    let path = &link[link.find("/welcome/").unwrap()..];
    let mut visitor = admin.stranger();
    visitor.keep_cookie(&set_password(&visitor, path, "correct horse battery"));
    visitor
}

fn admins_invite_people_and_lock_them_out(database: Database) {
    let server = database.serve_demo();
    let admin = Visitor::of_demo(&server);
    let page = admin.page("/people");
    assert!(page.contains("Grace Hopper") && page.contains("(me)") && page.contains("Active"), "{page}");

    let form = [("email", "ada@example.com"), ("name", "Ada <b>"), ("role", "agent")];
    let invited = admin.post("/people", &form);
    assert_eq!((invited.status, invited.header("cache-control")), (200, Some("no-store")), "{invited:?}");
    assert!(invited.body.contains("Ada &#60;b&#62;") && invited.body.contains("Invited"), "{invited:?}");
    let link = secret_once(&invited.body);
    assert!(link.starts_with(&format!("http://{}/welcome/", server.address)), "{link}");
    let person = invited.body.split("data-path=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    // Sent again, it makes no other link. The first one works.
    let again = admin.post("/people", &form);
    assert!(again.status == 409 && again.body.contains("has access already"), "{again:?}");
    assert!(again.body.contains(&format!("href=\"{person}\"")) && !again.body.contains("/welcome/"));
    let ada = signed_in(&admin, &link);
    assert!(admin.page(&person).contains("Active"));

    // The page shows each error at its field, and keeps the values.
    let long = "x".repeat(501);
    for (fields, field, sentence) in [
        ([("email", "nobody"), ("name", "")], "email-wrong", "Enter an e-mail address"),
        ([("email", "long@example.com"), ("name", &long)], "name-wrong", "at most"),
    ] {
        let refused = admin.post("/people", &fields);
        let beside = refused.body.split(&format!("id=\"{field}\">")).nth(1).unwrap_or_default();
        assert!(refused.status == 400 && beside.split('<').next().unwrap().contains(sentence), "{refused:?}");
        assert!(refused.body.contains(fields[0].1) && !refused.body.contains("/welcome/"));
    }

    // A role counts at once, unless somebody else has changed it.
    let role = format!("{person}/role");
    assert_eq!(ada.get("/people").status, 403);
    for _ in 0..2 {
        let changed = admin.post(&role, &[("before", "agent"), ("role", "admin")]);
        assert_eq!(changed.header("location"), Some(format!("{person}?done=role").as_str()), "{changed:?}");
        assert!(ada.page("/people").contains("ada@example.com"));
    }
    let stale = admin.post(&role, &[("before", "agent"), ("role", "agent")]);
    assert!(stale.status == 412 && stale.body.contains("changed the role meanwhile"), "{stale:?}");

    // Another link, once.
    let make = format!("{person}/link");
    let reset = admin.post(&make, &[("seen", "")]);
    let second = secret_once(&reset.body);
    let again = admin.post(&make, &[("seen", "")]);
    assert!(again.status == 412 && again.body.contains("A link was made meanwhile"), "{again:?}");
    assert!(!again.body.contains("/welcome/"));
    let ada = {
        let again = signed_in(&admin, &second);
        assert_eq!(ada.get("/people").status, 303, "the session of before");
        again
    };

    // Nobody locks themselves out.
    for (path, field) in [("/people/45/role", ("role", "agent")), ("/people/45/state", ("active", "false"))] {
        let refused = admin.post(path, &[field]);
        assert!(refused.status == 409 && refused.body.contains("Ask another admin"), "{refused:?}");
    }
    let asked = admin.page(&format!("{person}/deactivate"));
    assert!(asked.contains(&format!("action=\"{person}/state\"")) && asked.contains("API key"), "{asked}");
    for _ in 0..2 {
        let done = admin.post(&format!("{person}/state"), &[("active", "false")]);
        assert_eq!(done.header("location"), Some(format!("{person}?done=deactivated").as_str()));
    }
    assert!(ada.get("/people").status == 303 && admin.page("/people").contains("Deactivated"));
    let refused = admin.post(&make, &[("seen", "")]);
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(admin.post(&format!("{person}/state"), &[("active", "true")]).status, 303);
    let page = admin.page(&format!("{person}?done=activated"));
    assert!(page.contains("Active") && page.contains("Make a link"), "{page}");
    for path in ["/people/999999", "/people/0"] {
        assert!(admin.get(path).status == 404 && admin.get(path).body.contains("Person not found"));
    }
    // A user without access gets one.
    let uninvited = crate::harness::users::create_user(&server, "alan@example.com");
    let page = admin.page(&format!("/people/{uninvited}"));
    assert!(page.contains("No access") && !page.contains("/role\""), "{page}");
    let given = admin.post(&format!("/people/{uninvited}/link"), &[("seen", ""), ("role", "admin")]);
    let alan = signed_in(&admin, &secret_once(&given.body));
    assert!(alan.page(&format!("/people/{uninvited}")).contains("Admin"));
    let log = server.log();
    for link in [link, second] {
        assert!(!log.contains(link.rsplit('/').next().unwrap()), "{log}");
    }
}

fn agents_do_not_manage_the_shop(database: Database) {
    let server = database.serve_demo();
    let admin = Visitor::of_demo(&server);
    let invited = admin.post("/people", &[("email", "ada@example.com"), ("role", "agent")]);
    let agent = signed_in(&admin, &secret_once(&invited.body));
    let page = agent.page("/views/open");
    for path in ["/people", "/keys", "/webhooks"] {
        assert!(!page.contains(&format!("href=\"{path}\"")) && admin.page("/views/open").contains(path));
    }
    let mut refused = 0;
    for page in PAGES {
        let Access::Session(scopes) = page.access else { continue };
        if scopes.iter().all(|scope| Role::Agent.scopes().contains(scope)) {
            continue;
        }
        refused += 1;
        let path = path_with(page.path, |_| "1".to_owned());
        let response = match page.method.as_str() {
            "GET" => agent.get(&path),
            _ => agent.post(&path, &[]),
        };
        assert_eq!(response.status, 403, "{path}");
        assert!(response.body.contains("Your role does not allow this"), "{path}: {response:?}");
    }
    assert!(refused > 20, "{refused}");
}
