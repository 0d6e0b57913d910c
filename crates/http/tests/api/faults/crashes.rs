//! SIGKILL of the server under load.

use rustix::process::Signal;

use crate::harness::faults::{Load, rounds};
use crate::harness::{Database, both_databases};

/// The number of acknowledged tickets before each kill.
const ACKNOWLEDGED_PER_CRASH: usize = 200;

both_databases! {
    acknowledged_tickets_survive_a_kill_of_the_server,
}

fn acknowledged_tickets_survive_a_kill_of_the_server(database: Database) {
    let mut server = database.serve_demo();
    let key = server.key.clone();
    let load = Load::default();
    let faults = rounds(3);
    for _ in 0..faults {
        let enough = load.acknowledged() + ACKNOWLEDGED_PER_CRASH;
        load.run(&server, &key, |ledger| {
            let is_over = ledger.acknowledged.len() >= enough;
            if is_over {
                server.signal(Signal::KILL);
            }
            is_over
        });
        server = database.serve(&[]);
        load.settle_and_check(&database, &server, &key);
    }
    load.report("SIGKILL of the server", faults);
}
