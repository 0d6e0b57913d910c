//! The migrated database matches Diesel's `schema.rs`, and every key of a shop's data begins with
//! the shop.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use hexdesk_adapters::schema;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// The only virtual table. FTS5 keeps it in tables with keys of their own. `sqlite_search.rs` tests
/// that each word in them begins with its shop.
const FULL_TEXT_INDEX: &str = "search_index";

/// Tables that do not belong to a shop: the shops, the ranges of ticket ids, SQLite's counter of
/// shop numbers, and Diesel's table of migrations.
const NOT_A_SHOPS: &[&str] = &["__diesel_schema_migrations", "id_ranges", "shops", "sqlite_sequence"];

fn migrated() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection.run_pending_migrations(MIGRATIONS).unwrap();
    connection
}

#[derive(Debug, PartialEq)]
struct Column {
    name: String,
    sql_type: &'static str,
    is_nullable: bool,
}

#[derive(Debug, PartialEq)]
struct Table {
    name: String,
    columns: Vec<Column>,
    primary_key: Vec<String>,
}

/// A column, or a tuple of columns, in Diesel.
trait Columns {
    fn described() -> Vec<Column>;
}

/// Describes a column of Diesel by its marker type.
fn described<C: diesel::Column>() -> Vec<Column>
where
    C::SqlType: 'static,
{
    let in_full = std::any::type_name::<C::SqlType>();
    let (inner, is_nullable) = match in_full.split_once("Nullable<") {
        Some((_, inner)) => (inner.trim_end_matches('>'), true),
        None => (in_full, false),
    };
    let sql_type = match inner.rsplit("::").next() {
        Some("BigInt" | "Integer" | "Bool" | "Instant") => "INTEGER",
        Some("Text" | "TextList") => "TEXT",
        Some("Binary" | "RequestUuid") => "BLOB",
        _ => panic!("{in_full} is not known here"),
    };
    vec![Column { name: C::NAME.to_owned(), sql_type, is_nullable }]
}

/// Implements [`Columns`] for a tuple of these columns, and of each shorter tail of at least two.
macro_rules! tuples_of_columns {
    ($only:ident) => {};
    ($first:ident $($column:ident)+) => {
        impl<$first: diesel::Column, $($column: diesel::Column),+> Columns for ($first, $($column,)+)
        where
            $first::SqlType: 'static,
            $($column::SqlType: 'static),+
        {
            fn described() -> Vec<Column> {
                [described::<$first>(), $(described::<$column>()),+].into_iter().flatten().collect()
            }
        }
        tuples_of_columns!($($column)+);
    };
}
tuples_of_columns!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z A1 B1 C1 D1 E1 F1);

/// The tables of `schema.rs`: first the tables with one key column, then the others.
macro_rules! diesel_tables {
    ($($single:ident)+; $($table:ident)+) => {
        vec![
            $(Table {
                name: stringify!($single).to_owned(),
                columns: <schema::$single::table as diesel::Table>::AllColumns::described(),
                primary_key: names(described::<<schema::$single::table as diesel::Table>::PrimaryKey>()),
            },)+
            $(Table {
                name: stringify!($table).to_owned(),
                columns: <schema::$table::table as diesel::Table>::AllColumns::described(),
                primary_key: names(<schema::$table::table as diesel::Table>::PrimaryKey::described()),
            },)+
        ]
    };
}

fn names(columns: Vec<Column>) -> Vec<String> {
    columns.into_iter().map(|column| column.name).collect()
}

/// The tables, except the tables of the full-text index.
fn tables(connection: &mut SqliteConnection) -> Vec<String> {
    tables_of_type(connection, "table").into_iter().filter(|name| name != "sqlite_schema").collect()
}

fn tables_of_type(connection: &mut SqliteConnection, of_type: &str) -> Vec<String> {
    let query = format!(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = '{of_type}' ORDER BY name"
    );
    sql::<Text>(&query).load(connection).unwrap()
}

fn columns(connection: &mut SqliteConnection, table: &str) -> Vec<Column> {
    let query = format!("SELECT name, type, \"notnull\" FROM pragma_table_xinfo('{table}') ORDER BY cid");
    let rows: Vec<(String, String, bool)> = sql::<(Text, Text, Bool)>(&query).load(connection).unwrap();
    rows.into_iter()
        .map(|(name, sql_type, is_not_null)| Column {
            name,
            sql_type: ["INTEGER", "TEXT", "BLOB"].into_iter().find(|known| *known == sql_type).unwrap(),
            is_nullable: !is_not_null,
        })
        .collect()
}

fn primary_key(connection: &mut SqliteConnection, table: &str) -> Vec<String> {
    let query = format!("SELECT name FROM pragma_table_xinfo('{table}') WHERE pk > 0 ORDER BY pk");
    sql::<Text>(&query).load(connection).unwrap()
}

#[test]
fn the_declared_schema_matches_the_database() {
    let mut connection = migrated();
    let mut expected = diesel_tables!(
        shops id_ranges search_documents log_beginnings shop_loads;
        shop_counters customers merged_customers users api_keys tickets comments idempotency_records events
            erasures webhooks webhook_deliveries webhook_attempts
            credentials sessions saved_replies
    );
    expected.sort_by(|left, right| left.name.cmp(&right.name));
    let mut found = Vec::new();
    for name in tables(&mut connection) {
        if ["__diesel_schema_migrations", "sqlite_sequence"].contains(&name.as_str()) {
            continue;
        }
        let columns = columns(&mut connection, &name);
        let primary_key = primary_key(&mut connection, &name);
        found.push(Table { name, columns, primary_key });
    }
    assert_eq!(found, expected);
}

#[test]
fn every_key_of_a_shops_data_begins_with_the_shop() {
    let mut connection = migrated();
    let tables: BTreeSet<String> = tables(&mut connection).into_iter().collect();
    for known in NOT_A_SHOPS {
        assert!(tables.contains(*known), "{known} does not exist: remove it from the list");
    }
    for table in tables.iter().filter(|table| !NOT_A_SHOPS.contains(&table.as_str())) {
        let connection = &mut connection;
        // The full-text index identifies a document by one number across all shops.
        let expected = if table == "search_documents" { "id" } else { "shop_id" };
        assert_eq!(primary_key(connection, table)[0], expected, "primary key of {table}");

        let unique = format!(
            "SELECT indexes.name, info.name FROM pragma_index_list('{table}') AS indexes,
                    pragma_index_info(indexes.name) AS info
             WHERE indexes.\"unique\" AND info.seqno = 0"
        );
        let unique: Vec<(String, Option<String>)> =
            sql::<(Text, Nullable<Text>)>(&unique).load(connection).unwrap();
        for (index, first) in unique {
            assert_eq!(first.as_deref(), Some("shop_id"), "unique index {index} of {table}");
        }

        let foreign = format!(
            "SELECT \"table\", \"from\", \"to\" FROM pragma_foreign_key_list('{table}') WHERE seq = 0"
        );
        let foreign: Vec<(String, String, String)> =
            sql::<(Text, Text, Text)>(&foreign).load(connection).unwrap();
        assert!(!foreign.is_empty(), "{table} has no foreign key");
        for (target, from, to) in foreign {
            assert_eq!(from, "shop_id", "foreign key of {table} to {target}");
            let expected = if target == "shops" { "id" } else { "shop_id" };
            assert_eq!(to, expected, "foreign key of {table} to {target}");
        }
    }
}

#[test]
fn the_full_text_index_is_the_only_virtual_table() {
    let mut connection = migrated();
    assert_eq!(tables_of_type(&mut connection, "virtual"), [FULL_TEXT_INDEX]);
    let behind_it = tables_of_type(&mut connection, "shadow");
    assert_eq!(behind_it, ["config", "data", "idx"].map(|part| format!("{FULL_TEXT_INDEX}_{part}")));
}

#[test]
fn every_table_is_strict() {
    let loose = "SELECT name FROM pragma_table_list
                 WHERE schema = 'main' AND type = 'table' AND NOT strict ORDER BY name";
    let loose: Vec<String> = sql::<Text>(loose).load(&mut migrated()).unwrap();
    assert_eq!(loose, ["__diesel_schema_migrations", "sqlite_schema", "sqlite_sequence"]);
}

#[test]
fn a_human_ticket_is_complete_and_open_like_its_ticket() {
    let mut connection = migrated();
    // Every combination of filled and empty columns. Refused rows are skipped.
    connection
        .batch_execute(
            "INSERT INTO shops (domain, created_at) VALUES ('a.example', 0);
             INSERT INTO customers (shop_id, id, number_of_orders, created_at) VALUES (1, 1, 0, 0);
             INSERT OR IGNORE INTO tickets
                 (shop_id, id, customer_id, channel, date, last_message_time, is_opened, unread_count, tags,
                  version, human_ticket_id, human_ticket_opened_at, human_ticket_closed_at)
                 WITH filled (present, value) AS (VALUES (0, NULL), (1, 7))
                 SELECT 1, row_number() OVER (), 1, 'Mail', 0, 0, ticket.present, 0, '[]', 1,
                     number.value, opened.value, closed.value
                 FROM filled AS ticket, filled AS number, filled AS opened, filled AS closed",
        )
        .unwrap();
    let kept = "SELECT is_opened, human_ticket_id IS NOT NULL, human_ticket_opened_at IS NOT NULL,
                    human_ticket_closed_at IS NOT NULL
                FROM tickets ORDER BY 2, 1";
    let kept: Vec<(bool, bool, bool, bool)> =
        sql::<(Bool, Bool, Bool, Bool)>(kept).load(&mut connection).unwrap();
    let expected = [(false, false, false, false), (false, true, true, true), (true, true, true, false)];
    assert_eq!(kept, expected);
}

/// Every table and index with its SQL.
fn dump(connection: &mut SqliteConnection) -> Vec<(String, Option<String>)> {
    sql::<(Text, Nullable<Text>)>("SELECT name, sql FROM sqlite_schema ORDER BY name")
        .load(connection)
        .unwrap()
}

#[test]
fn migrations_can_be_reverted_and_applied_again() {
    let mut connection = migrated();
    let before = dump(&mut connection);
    connection.revert_all_migrations(MIGRATIONS).unwrap();
    assert_eq!(tables(&mut connection), ["__diesel_schema_migrations", "sqlite_sequence"]);
    assert!(tables_of_type(&mut connection, "virtual").is_empty());
    connection.run_pending_migrations(MIGRATIONS).unwrap();
    assert_eq!(dump(&mut connection), before);
}
