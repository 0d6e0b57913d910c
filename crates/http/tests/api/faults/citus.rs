//! A database that is distributed by shop with the extension Citus: a shard moves, and a node is killed,
//! under load. `just citus` runs these tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hexdesk_test_postgres::Cluster;
use serde_json::{Value, json};

use crate::harness::events::EVENTS;
use crate::harness::faults::{durable_cluster, until};
use crate::harness::{Database, Response, Server};

const SHOPS: usize = 8;

const CLIENTS: usize = 64;

/// A shop with one customer.
struct Shop {
    /// The number, which the database is distributed by.
    id: String,
    key: String,
    customer: String,
    acknowledged: Mutex<BTreeSet<String>>,
}

struct Fixture {
    server: Server,
    shops: Vec<Shop>,
    sent: AtomicUsize,
    database: Database,
}

impl Fixture {
    fn new(cluster: &Cluster) -> Self {
        let database = Database::postgres_in(cluster);
        let server = database.serve(&[]);
        let shops = (0..SHOPS).map(|number| Shop::new(&database, &format!("shop-{number}.example.com")));
        Self { shops: shops.collect(), server, sent: AtomicUsize::new(0), database }
    }

    /// Creates a ticket, and again with the same idempotency key until it is known to be stored or
    /// refused.
    fn create(&self, shop: &Shop) -> Response {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let body =
            json!({"customerId": shop.customer.parse::<i64>().unwrap(), "Channel": "Mail"}).to_string();
        let key = format!("ticket-{number}");
        let headers = [("x-api-key", shop.key.as_str()), ("idempotency-key", key.as_str())];
        loop {
            let response = self.server.send("POST", "/api/v1/tickets", &headers, body.as_bytes());
            match response.status {
                201 => {
                    let id = response.ticket()["id"].as_str().unwrap().to_owned();
                    shop.acknowledged.lock().unwrap().insert(id);
                    return response;
                }
                503 if response.json()["code"] == "outcome_unknown" => {}
                503 => return response,
                _ => panic!("{response:?}"),
            }
        }
    }

    /// Creates tickets of all shops from many clients while `during` runs.
    fn write_during(&self, during: impl FnOnce()) {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let is_over = &is_over;
                scope.spawn(move || {
                    for shop in self.shops.iter().cycle().skip(client % SHOPS) {
                        if is_over.load(Ordering::Relaxed) {
                            break;
                        }
                        self.create(shop);
                    }
                });
            }
            during();
            is_over.store(true, Ordering::Relaxed);
        });
    }

    fn acknowledged(&self) -> usize {
        self.shops.iter().map(|shop| shop.acknowledged.lock().unwrap().len()).sum()
    }

    fn acknowledge_more(&self) {
        let enough = self.acknowledged() + 500;
        until("more tickets are acknowledged", || self.acknowledged() >= enough);
    }

    /// The events of the shop after this cursor, and the cursor after them.
    fn follow(&self, shop: &Shop, cursor: Option<String>) -> (Vec<Value>, Option<String>) {
        let query = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("{EVENTS}?limit=100{query}");
        let response = self.server.send("GET", &path, &[("x-api-key", &shop.key)], b"");
        if response.status == 503 {
            return (Vec::new(), cursor);
        }
        let events = response.json()["events"].as_array().unwrap().clone();
        let last = events.last().map(|event| event["cursor"].as_str().unwrap().to_owned());
        (events, last.or(cursor))
    }

    /// Checks that each acknowledged ticket of the shop is stored and in the log, once.
    fn check(&self, shop: &Shop, events: &[Value]) {
        let acknowledged = shop.acknowledged.lock().unwrap();
        let created = events.iter().filter(|event| event["kind"] == "ticket.created");
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for event in created {
            *counts.entry(event["subject"]["id"].as_str().unwrap()).or_default() += 1;
        }
        assert!(counts.values().all(|count| *count == 1), "an event is in the log twice");
        let logged: BTreeSet<&str> = counts.into_keys().collect();
        assert_eq!(logged, acknowledged.iter().map(String::as_str).collect::<BTreeSet<_>>());
        let stored = format!("SELECT count(*) FROM tickets WHERE shop_id = {}", shop.id);
        assert_eq!(self.database.count(&stored), i64::try_from(acknowledged.len()).unwrap());
    }

    fn whole_log(&self, shop: &Shop) -> Vec<Value> {
        let mut events = Vec::new();
        let mut cursor = None;
        loop {
            let (page, next) = self.follow(shop, cursor);
            if page.is_empty() {
                return events;
            }
            events.extend(page);
            cursor = next;
        }
    }

    /// The ports of the nodes: the one with the shop's shard, and all others with shards.
    fn nodes_of(&self, shop: &Shop) -> (i64, Vec<i64>) {
        let shard = format!("get_shard_id_for_distribution_column('tickets', {})", shop.id);
        let at = format!(
            "SELECT nodeport FROM pg_dist_node JOIN pg_dist_placement USING (groupid) WHERE shardid = {shard}"
        );
        let port = self.database.count(&at);
        let ports = [0, 1].map(|offset| {
            self.database.count(&format!(
                "SELECT nodeport FROM pg_dist_node WHERE shouldhaveshards AND groupid > 0 ORDER BY nodeport \
                 OFFSET {offset} LIMIT 1"
            ))
        });
        (port, ports.into_iter().filter(|other| *other != port).collect())
    }
}

impl Shop {
    fn new(database: &Database, domain: &str) -> Self {
        database.hexdesk(&["shop", "create", domain]);
        let customer =
            database.hexdesk(&["customer", "create", "--shop", domain, "--email", "a@example.com"]);
        let scopes = "tickets:read,tickets:write,events:read";
        let key = database.hexdesk(&["key", "create", "--shop", domain, "--scope", scopes]);
        let id = key.trim_start_matches("hd_").split('-').next().unwrap().to_owned();
        Self { id, key, customer, acknowledged: Mutex::default() }
    }
}

#[test]
#[ignore = "needs the extension Citus: `just citus`"]
fn a_reader_misses_nothing_while_a_shard_moves() {
    let fixture = Fixture::new(hexdesk_test_postgres::cluster());
    let is_over = AtomicBool::new(false);
    let followed: Vec<Vec<Value>> = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut logs: Vec<(Vec<Value>, Option<String>)> = vec![(Vec::new(), None); SHOPS];
            loop {
                let was_over = is_over.load(Ordering::Relaxed);
                let mut is_new = false;
                for (shop, (events, cursor)) in fixture.shops.iter().zip(&mut logs) {
                    let (page, next) = fixture.follow(shop, cursor.take());
                    is_new |= !page.is_empty();
                    events.extend(page);
                    *cursor = next;
                }
                if was_over && !is_new {
                    return logs.into_iter().map(|(events, _)| events).collect();
                }
            }
        });
        fixture.write_during(|| {
            for shop in &fixture.shops[..2] {
                for _ in 0..2 {
                    fixture.acknowledge_more();
                    let (from, others) = fixture.nodes_of(shop);
                    fixture.database.execute(&format!(
                        "SELECT citus_move_shard_placement(
                            get_shard_id_for_distribution_column('tickets', {}),
                            '127.0.0.1', {from}, '127.0.0.1', {}, 'force_logical')",
                        shop.id, others[0]
                    ));
                    assert_eq!(fixture.nodes_of(shop).0, others[0]);
                }
            }
            fixture.acknowledge_more();
        });
        is_over.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    for (shop, events) in fixture.shops.iter().zip(&followed) {
        fixture.check(shop, events);
        assert_eq!(*events, fixture.whole_log(shop), "the log reads differently again");
    }
    report("4 shards moved", &fixture, &followed);
}

#[test]
#[ignore = "needs the extension Citus: `just citus`"]
fn shops_of_other_nodes_go_on_while_a_node_is_away() {
    let cluster = durable_cluster();
    let fixture = Fixture::new(&cluster);
    fixture.write_during(|| fixture.acknowledge_more());
    let [worker, ..] = cluster.workers() else { panic!("the cluster has no workers") };
    let (away, there): (Vec<&Shop>, Vec<&Shop>) =
        fixture.shops.iter().partition(|shop| fixture.nodes_of(shop).0 == i64::from(worker.port()));
    assert!(!away.is_empty() && !there.is_empty(), "all shops are on one node");

    fixture.write_during(|| {
        fixture.acknowledge_more();
        worker.kill();
        // The others go on under the load of all.
        let before: Vec<usize> = there.iter().map(|shop| shop.acknowledged.lock().unwrap().len()).collect();
        until("tickets of the other shops are acknowledged", || {
            there
                .iter()
                .zip(&before)
                .all(|(shop, before)| shop.acknowledged.lock().unwrap().len() > before + 20)
        });
        for shop in &away {
            let response = fixture.create(shop);
            assert_eq!(response.status, 503, "{response:?}");
        }
        worker.start();
        until("all shops are back", || away.iter().all(|shop| fixture.create(shop).status == 201));
        fixture.acknowledge_more();
    });
    let logs: Vec<Vec<Value>> = fixture.shops.iter().map(|shop| fixture.whole_log(shop)).collect();
    for (shop, events) in fixture.shops.iter().zip(&logs) {
        fixture.check(shop, events);
    }
    report("a node killed", &fixture, &logs);
}

/// Prints the figures of a test in one line.
#[expect(clippy::print_stdout, reason = "figures for runs with --nocapture")]
fn report(fault: &str, fixture: &Fixture, logs: &[Vec<Value>]) {
    let events: usize = logs.iter().map(Vec::len).sum();
    println!("{fault}: acknowledged: {}, events: {events}, lost: 0, duplicates: 0", fixture.acknowledged());
}
