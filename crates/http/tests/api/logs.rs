//! What the log says, and what it must not say.

use crate::create_ticket::EXAMPLE;
use crate::harness::on_both_databases;

on_both_databases! {
    fn the_log_holds_no_secret_and_nothing_that_clients_wrote(database: Database) {
        let server = database.serve_demo();
        let secret = server.key.rsplit_once('_').map(|(_, secret)| secret.to_owned()).unwrap();
        assert_eq!(server.create_ticket_once("Xyzzy-key", EXAMPLE).status, 201);
        server.create_ticket_once("Xyzzy-key", &EXAMPLE.replace("refund", "Xyzzy"));
        server.create_ticket(EXAMPLE.replace("Mail", "Xyzzy\\u0000"));
        server.create_ticket(EXAMPLE.replace("2", "Xyzzy"));
        server.create_ticket(r#"{"Xyzzy": 1, "customerId": 999, "Channel": "Xyzzy", "emailUsed": "Xyzzy@example.com"}"#);
        server.create_ticket("Xyzzy");
        server.get("/api/v1/tickets/Xyzzy?q=Xyzzy");
        server.get("/Xyzzy");
        server.send("POST", "/api/v1/tickets", &[("x-api-key", "hd_1-1_Xyzzy")], b"Xyzzy");
        server.signal("TERM");
        let (_, log) = server.wait();
        for said in ["POST", "/api/v1/tickets/{ticketId}", "status=201", "status=422", "status=401"] {
            assert!(log.contains(said), "{said}: {log}");
        }
        for unsaid in [secret.as_str(), "Xyzzy", "refund", "support@example.com", "dev@example.com"] {
            assert!(!log.contains(unsaid), "{unsaid}: {log}");
        }
    }

    fn every_answer_names_its_line_in_the_log(database: Database) {
        let server = database.serve_demo();
        let answers = [server.create_ticket(EXAMPLE), server.create_ticket("{}"), server.get("/nowhere")];
        let ids: Vec<String> = answers.iter().map(|answer| answer.header("x-request-id").unwrap().to_owned()).collect();
        server.signal("TERM");
        let (_, log) = server.wait();
        for id in ids {
            assert!(log.lines().any(|line| line.contains(&id) && line.contains("answered")), "{id}: {log}");
        }
    }
}
