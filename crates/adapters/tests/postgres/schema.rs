//! The migrations create the schema that the adapter expects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hexdesk_adapters::{MigrateError, PostgresStorage};
use hexdesk_domain::{Readiness, StorageErrorKind};
use hexdesk_test_postgres::{TestDatabase, cluster};

/// Tables without data of a shop. Their keys need no shop.
const OF_NO_SHOP: &str = "'shops', 'id_ranges', 'log_origin', '__diesel_schema_migrations'";

/// A table as lines: its primary key, then each column with type and nullability.
type Tables = BTreeMap<String, Vec<String>>;

/// The lines within `diesel::table!` in `src/sql`.
fn lines_of_tables() -> Vec<String> {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/sql")).unwrap();
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let sources = files.map(|path| std::fs::read_to_string(path).unwrap());
    let tables = sources.flat_map(|source| {
        let blocks = source.split("diesel::table! {\n").skip(1);
        blocks.map(|block| block.split("\n}\n").next().unwrap().to_owned()).collect::<Vec<_>>()
    });
    tables.flat_map(|table| table.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()).collect()
}

/// The tables that the adapters declare.
fn declared() -> Tables {
    let mut tables = Tables::new();
    let mut table = String::new();
    for line in lines_of_tables() {
        if let Some((column, sql_type)) = line.trim_end_matches(',').split_once(" -> ") {
            let (sql_type, null) = match sql_type.strip_prefix("Nullable<") {
                Some(inner) => (inner.trim_end_matches('>'), "null"),
                None => (sql_type, "not null"),
            };
            let sql_type = match sql_type {
                "BigInt" => "int8",
                "Integer" => "int4",
                "Text" => "text",
                "Bool" => "bool",
                "Binary" => "bytea",
                "Instant" => "timestamptz",
                "RequestUuid" => "uuid",
                "TextList" => "jsonb",
                other => panic!("no type of PostgreSQL is known for {other}"),
            };
            tables.get_mut(&table).unwrap().push(format!("{column} {sql_type} {null}"));
        } else if let Some((name, key)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            table = name.to_owned();
            tables.insert(table.clone(), vec![format!("({key})")]);
        }
    }
    // SQLite only. The last exists between two migrations only.
    for table in ["erasures", "shop_counters", "search_documents", "search_index", "search_upgrade"] {
        assert!(tables.remove(table).is_some());
    }
    // PostgreSQL only.
    for (table, counters) in
        [("shop_numbers", ["customers", "users"]), ("shop_counters", ["changes", "human_tickets"])]
    {
        let columns = ["shop_id"].into_iter().chain(counters).map(|column| format!("{column} int8 not null"));
        tables.insert(table.to_owned(), ["(shop_id)".to_owned()].into_iter().chain(columns).collect());
    }
    let origin =
        "is_only_row bool, system_identifier int8, database_oid int8, events_oid int8, timeline text";
    let columns = origin.split(", ").map(|column| format!("{column} not null"));
    tables.insert("log_origin".to_owned(), ["(is_only_row)".to_owned()].into_iter().chain(columns).collect());
    for searched in ["customers", "tickets", "comments"] {
        tables.get_mut(searched).unwrap().push("words tsvector not null".to_owned());
    }
    in_order(tables)
}

/// The key of each table, and its columns by name: a new column is the last one of a database only.
fn in_order(mut tables: Tables) -> Tables {
    for table in tables.values_mut() {
        table[1..].sort_unstable();
    }
    tables
}

/// The tables of the database.
fn existing(database: &TestDatabase) -> Tables {
    let rows = database.psql(
        "SELECT relname, '(' || string_agg(attname, ', ' ORDER BY place) || ')'
         FROM pg_constraint
         JOIN pg_class ON pg_class.oid = conrelid
         CROSS JOIN unnest(conkey) WITH ORDINALITY AS key (attribute, place)
         JOIN pg_attribute ON attrelid = conrelid AND attnum = attribute
         WHERE contype = 'p' AND connamespace = 'public'::regnamespace
             AND relname <> '__diesel_schema_migrations'
         GROUP BY relname",
    );
    let mut tables: Tables = rows
        .lines()
        .map(|row| row.split_once('|').unwrap())
        .map(|(table, key)| (table.to_owned(), vec![key.to_owned()]))
        .collect();
    let rows = database.psql(
        "SELECT table_name, column_name || ' ' || udt_name ||
             CASE is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'",
    );
    for (table, column) in rows.lines().map(|row| row.split_once('|').unwrap()) {
        tables.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    in_order(tables)
}

#[test]
fn the_database_matches_the_declared_tables() {
    assert_eq!(existing(&crate::database::migrated_database()), declared());
}

/// Returns the wrong keys of shops' tables, one line each. A key must begin with the shop, and a
/// foreign key must not refer to another shop.
fn keys_without_shop(database: &TestDatabase) -> String {
    database.psql(&format!(
        "WITH shops_table AS (
             SELECT oid, relname FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                 AND relname NOT IN ({OF_NO_SHOP})
         ), column_name AS (
             SELECT attrelid AS relation, attnum AS number, attname AS name FROM pg_attribute
         )
         SELECT relname, 'has no NOT NULL shop_id' FROM shops_table WHERE NOT EXISTS (
             SELECT FROM pg_attribute WHERE attrelid = oid AND attname = 'shop_id' AND attnotnull)
         UNION ALL
         SELECT relname, indexrelid::regclass::text FROM pg_index JOIN shops_table ON oid = indrelid
         LEFT JOIN column_name ON relation = indrelid AND number = indkey[0]
         WHERE indisunique AND name IS DISTINCT FROM 'shop_id'
         UNION ALL
         SELECT relname, conname FROM pg_constraint JOIN shops_table ON shops_table.oid = conrelid
         JOIN column_name own ON own.relation = conrelid AND own.number = conkey[1]
         JOIN column_name other ON other.relation = confrelid AND other.number = confkey[1]
         WHERE contype = 'f' AND (own.name <> 'shop_id' OR other.name <>
             CASE WHEN confrelid = 'shops'::regclass THEN 'id' ELSE 'shop_id' END)
         ORDER BY 1, 2"
    ))
}

#[test]
fn every_key_of_a_shops_table_begins_with_the_shop() {
    let database = crate::database::migrated_database();
    assert_eq!(keys_without_shop(&database), "");

    database.psql(
        "CREATE TABLE astray (number bigint PRIMARY KEY);
         CREATE TABLE swapped (shop_id bigint NOT NULL, id bigint, UNIQUE (id, shop_id));
         CREATE TABLE crossing (
             shop_id bigint NOT NULL, number bigint UNIQUE, domain text,
             PRIMARY KEY (shop_id, number),
             UNIQUE (domain, shop_id),
             FOREIGN KEY (number, shop_id) REFERENCES swapped (id, shop_id),
             FOREIGN KEY (domain) REFERENCES shops (domain));
         CREATE UNIQUE INDEX folded ON crossing (lower(domain))",
    );
    let found = keys_without_shop(&database);
    assert_eq!(
        found.lines().collect::<Vec<_>>(),
        [
            "astray|astray_pkey",
            "astray|has no NOT NULL shop_id",
            "crossing|crossing_domain_fkey",
            "crossing|crossing_domain_shop_id_key",
            "crossing|crossing_number_key",
            "crossing|crossing_number_shop_id_fkey",
            "crossing|folded",
            "swapped|swapped_id_shop_id_key",
        ]
    );
}

#[test]
fn a_human_ticket_is_complete_and_open_like_its_ticket() {
    let database = crate::database::migrated_database();
    // Every combination of filled and empty columns. Refused rows are skipped.
    database.psql(
        "INSERT INTO shops (domain, created_at) VALUES ('a.example', now());
         INSERT INTO customers (shop_id, id, number_of_orders, created_at, words) VALUES (1, 1, 0, now(), '');
         DO $$
         DECLARE present boolean[];
         BEGIN
             FOR present IN
                 SELECT ARRAY[ticket, number, opened, closed]
                 FROM unnest('{f,t}'::boolean[]) ticket, unnest('{f,t}'::boolean[]) number,
                     unnest('{f,t}'::boolean[]) opened, unnest('{f,t}'::boolean[]) closed
             LOOP
                 BEGIN
                     INSERT INTO tickets
                         (shop_id, id, customer_id, channel, date, last_message_time, is_opened,
                          unread_count, tags, version, human_ticket_id, human_ticket_opened_at,
                          human_ticket_closed_at, words)
                     SELECT 1, count(*) + 1, 1, 'Mail', now(), now(), present[1], 0, '[]', 1,
                         CASE WHEN present[2] THEN 7 END, CASE WHEN present[3] THEN now() END,
                         CASE WHEN present[4] THEN now() END, ''
                     FROM tickets;
                 EXCEPTION WHEN check_violation THEN
                 END;
             END LOOP;
         END $$",
    );
    let kept = database.psql(
        "SELECT is_opened, human_ticket_id IS NOT NULL, human_ticket_opened_at IS NOT NULL,
             human_ticket_closed_at IS NOT NULL
         FROM tickets ORDER BY 2, 1",
    );
    assert_eq!(kept.lines().collect::<Vec<_>>(), ["f|f|f|f", "f|t|t|t", "t|t|t|f"]);
}

/// The migrations of one database, by name and in order.
fn migrations(database: &str) -> Vec<(String, PathBuf)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
    let mut migrations: Vec<(String, PathBuf)> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    migrations.sort();
    migrations
}

fn names(database: &str) -> Vec<String> {
    migrations(database).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(names("postgres"), names("sqlite"));
}

#[test]
fn migrations_can_be_reverted() {
    let database = crate::database::migrated_database();
    let before = existing(&database);
    for (_, path) in migrations("postgres").iter().rev() {
        database.psql(&std::fs::read_to_string(path.join("down.sql")).unwrap());
    }
    assert_eq!(existing(&database), Tables::new());
    assert_eq!(database.psql("SELECT count(*) FROM pg_class WHERE relkind = 'S'"), "0");
    for (_, path) in migrations("postgres") {
        database.psql(&std::fs::read_to_string(path.join("up.sql")).unwrap());
    }
    assert_eq!(existing(&database), before);
}

#[tokio::test]
async fn one_of_several_starting_servers_migrates() {
    let database = cluster().empty_database();
    let connect = || PostgresStorage::connect(&database.url);
    let (one, two, three) = (connect().await.unwrap(), connect().await.unwrap(), connect().await.unwrap());
    let error = one.check_ready().await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unexpected);
    assert!(error.to_string().contains("not migrated"), "{error}");

    let (first, second, third) = tokio::join!(one.migrate(), two.migrate(), three.migrate());
    let applied = [first, second, third].map(Result::unwrap);
    assert_eq!(applied.iter().flatten().collect::<Vec<_>>(), names("postgres").iter().collect::<Vec<_>>());
    one.check_ready().await.unwrap();
    assert_eq!(two.migrate().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_unchanged() {
    let database = crate::database::migrated_database();
    database.psql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')");
    let storage = PostgresStorage::connect(&database.url).await.unwrap();
    let error = storage.migrate().await.unwrap_err();
    assert!(matches!(&error, MigrateError::NewerDatabase(versions) if versions == &["20991231000001"]));
    assert!(error.to_string().contains("newer version of Hexdesk (20991231000001)"), "{error}");
    // A server of this version keeps running while the newer one is rolled out.
    storage.check_ready().await.unwrap();
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing() {
    let database = cluster().empty_database();
    database.psql("CREATE TABLE tickets (of_someone_else int)");
    let storage = PostgresStorage::connect(&database.url).await.unwrap();
    let error = storage.migrate().await.unwrap_err();
    assert!(error.to_string().contains("\"tickets\" already exists"), "{error}");
    assert_eq!(database.psql("SELECT count(*) FROM __diesel_schema_migrations"), "0");
    assert_eq!(database.psql("SELECT count(*) FROM pg_tables WHERE tablename = 'shops'"), "0");

    database.psql("DROP TABLE tickets");
    assert_eq!(storage.migrate().await.unwrap(), names("postgres"));
}
