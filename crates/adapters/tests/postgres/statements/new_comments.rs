//! Creations of comments.

use std::sync::Arc;

use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    Actor, AuditStamp, CommentDraft, CommentId, CommentStore, DeferredClaim, Fingerprint, IdempotencyKey,
    IdempotencyRequest, IdempotentOutcome, Receipt, ShopId, TicketId, UserId,
};

use super::{KEPT, Recorded, shop, statements, time};
use crate::database;

/// A comment with this id on this ticket.
fn item(id: i64, ticket: i64, key: Option<&str>) -> CommentCreation {
    let draft = CommentDraft { text: Some("Hello".into()), ..CommentDraft::default() };
    let (id, ticket) = (CommentId::new(id).unwrap(), TicketId::new(ticket).unwrap());
    CommentCreation {
        comment: draft.into_new(id, shop(), ticket, None, time()).unwrap(),
        stamp: AuditStamp { actor: Actor::Operator, time: time(), request_id: None },
        expected_version: None,
        claim: key.map(claim),
    }
}

/// A claim that leaves a record if the comment is created.
fn claim(key: &str) -> DeferredClaim<CreateCommentOutcome> {
    let receipt = |outcome: &CreateCommentOutcome| match outcome {
        CreateCommentOutcome::Created(_) => {
            Some(Receipt { response: b"receipt".to_vec(), customer_id: None })
        }
        _ => None,
    };
    let key = IdempotencyKey::parse(key).unwrap();
    let request = IdempotencyRequest { operation: "comment".into(), key, fingerprint: Fingerprint([7; 32]) };
    DeferredClaim { request, requested_at: time(), receipt: Arc::new(receipt) }
}

/// Creates comments with these ids, each with a key of its own, three on each ticket.
async fn create(recorded: &Recorded, ids: std::ops::Range<i64>) {
    let batch: Vec<_> = ids.map(|id| item(id, id / 3, Some(&id.to_string()))).collect();
    let attempts = recorded.storage.create_comments(batch).await.unwrap();
    for attempt in attempts {
        assert!(matches!(attempt, IdempotentOutcome::Ran(CreateCommentOutcome::Created(_))), "{attempt:?}");
    }
}

#[tokio::test]
async fn a_comment_takes_six_statements() {
    let recorded = Recorded::new().await;
    let statements = statements(recorded.storage.create_comments(vec![item(99_999, 1, None)])).await;
    // The beginning and end of the transaction; lock the ticket, insert the comment, change the
    // ticket, append the events.
    assert_eq!(statements.len(), 6, "{statements:#?}");
}

#[tokio::test]
async fn many_comments_take_one_statement_for_each_ticket_and_as_many_others_as_one() {
    let recorded = Recorded::new().await;
    KEPT.take();
    let one = statements(create(&recorded, 30_000..30_001)).await;
    // Two more for the key: claim it, and record the response.
    assert_eq!(one.len(), 8, "{one:#?}");
    // All except the beginning and end of the transaction.
    let kept = KEPT.take();
    assert_eq!(kept.len(), 6, "{kept:#?}");
    let many = statements(create(&recorded, 30_001..30_021)).await;
    // Seven tickets.
    assert_eq!(many.len(), one.len() + 6, "{many:#?}");
    assert_eq!(KEPT.take(), Vec::<String>::new());
    assert_eq!(recorded.database.psql("SELECT sum(version) - count(*) FROM tickets"), "21");
    assert_eq!(recorded.database.psql("SELECT count(*) FROM idempotency_records"), "21");
}

/// Asserts that a plan looks up all rows by the whole key.
#[track_caller]
fn assert_looks_up(plan: &str, scans: usize) {
    let tables = ["tickets", "customers", "users", "idempotency_records"];
    let mut lines = plan.lines().map(str::trim).peekable();
    let mut found = 0;
    while let Some(line) = lines.next() {
        let of_table = tables.iter().any(|table| line.contains(&format!(" on {table}")));
        if !of_table || !line.contains("Scan") || line.contains("Subquery Scan") {
            continue;
        }
        found += 1;
        let condition = *lines.peek().unwrap();
        let by_shop = condition.starts_with("Index Cond: ((shop_id = ");
        let by_key = condition.contains("AND (id = ") || condition.contains("AND (operation = ");
        assert!(by_shop && by_key, "{line} {condition} of {plan}");
    }
    assert_eq!(found, scans, "{plan}");
}

/// A shop that is new, according to the server's statistics.
const LITTLE: &str = "
    INSERT INTO shops (domain, created_at) VALUES ('a.example', now());
    INSERT INTO customers (shop_id, id, email_folded, number_of_orders, created_at, words)
        SELECT 1, number, number || '@example.com', 0, now(), '' FROM generate_series(1, 20) AS number;
    INSERT INTO users (shop_id, id, email, email_folded, created_at)
        SELECT 1, number, number, number, now() FROM generate_series(1, 20) AS number;
    INSERT INTO tickets
        (shop_id, id, customer_id, channel, date, last_message_time, is_opened, unread_count, tags, version, words)
        SELECT 1, number, number, 'Mail', now(), now(), false, 0, '[]', 1, ''
        FROM generate_series(1, 20) AS number;
    INSERT INTO idempotency_records (shop_id, operation, idempotency_key, fingerprint, receipt, created_at)
        SELECT 1, 'create', number, '', '', now() FROM generate_series(1, 20) AS number;
    ANALYZE";

#[tokio::test]
async fn a_plan_for_small_tables_looks_rows_up() {
    let recorded = Recorded::new().await;
    recorded.database.psql(
        "INSERT INTO users (shop_id, id, email, email_folded, created_at) VALUES (1, 5, 'a@b', 'a@b', now())",
    );
    recorded.storage.create_comments(vec![item(30_000, 1, Some("used"))]).await.unwrap();
    let mut by_user = item(30_001, 1, None);
    by_user.comment.author_id = UserId::new(5);
    let of_one = vec![by_user, item(30_002, 1, Some("used")), item(30_003, 99_999, Some("unused"))];
    let mut of_two = of_one.clone();
    of_two.push(item(30_004, 2, Some("used")));
    of_two[3].comment.author_id = UserId::new(5);
    for comment in &mut of_two[2..] {
        comment.comment.shop_id = ShopId::new(2).unwrap();
    }
    of_two.iter_mut().for_each(|item| item.comment.id = CommentId::new(item.comment.id.get() + 10).unwrap());
    let (empty, little) = (database::migrated_database(), database::migrated_database());
    little.psql(LITTLE);
    for (batch, shop, locks) in [(of_one, "int8", "int8, int8[], int8"), (of_two, "int8[]", "int8[], int8[]")]
    {
        let statements = statements(recorded.storage.create_comments(batch)).await;
        let mut explained = 0;
        for (begins, holds, types, scans) in [
            ("SELECT", "FROM idempotency_records", format!("{shop}, text[], text[]"), 1),
            ("SELECT", "FOR NO KEY UPDATE", locks.to_owned(), 3),
            ("SELECT", "FROM users", format!("{shop}, int8[]"), 1),
            ("DELETE", "\"idempotency_records\"", "int8, text, text".to_owned(), 1),
            ("UPDATE tickets", "", "bool, bool, text, timestamptz, int4, int8, int8, int8".to_owned(), 1),
        ] {
            let of_this = |statement: &&String| statement.starts_with(begins) && statement.contains(holds);
            let found: Vec<_> = statements.iter().filter(of_this).collect();
            let (sql, _) = found[0].split_once(" -- binds: ").unwrap();
            let nulls = (1..).take_while(|place| sql.contains(&format!("${place}"))).map(|_| "NULL");
            let nulls = nulls.collect::<Vec<_>>().join(", ");
            for database in [&empty, &little] {
                let plan = database.psql(&format!(
                    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
                     PREPARE one ({types}) AS {sql}; EXPLAIN (COSTS OFF) EXECUTE one ({nulls})"
                ));
                assert_looks_up(&plan, scans);
            }
            explained += found.len();
        }
        // The others are the beginning and end of the transaction, the claim, and the inserts of
        // comments and events.
        assert_eq!(explained + 5, statements.len(), "{statements:#?}");
    }
}
