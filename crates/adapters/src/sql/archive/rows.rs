//! What both databases do in the same way, each with its own kind of connection.

use hexdesk_domain::{ArchiveEntry, ArchivedEvent, Event, MergedCustomer};

use crate::sql::comments::CommentRow;
use crate::sql::events::EventRow;
use crate::sql::webhooks::{WebhookRow, stored_webhook};
use crate::sql::{CorruptRow, customer_id};

/// Makes entries of rows that hold the whole entry.
pub(crate) fn boxed<R, T>(
    variant: fn(Box<T>) -> ArchiveEntry,
) -> impl Fn(R) -> Result<ArchiveEntry, CorruptRow>
where
    T: TryFrom<R, Error = CorruptRow>,
{
    move |row| Ok(variant(Box::new(row.try_into()?)))
}

pub(crate) fn merged_customer((id, into): (i64, i64)) -> Result<ArchiveEntry, CorruptRow> {
    Ok(ArchiveEntry::MergedCustomer(MergedCustomer { id: customer_id(id)?, into: customer_id(into)? }))
}

pub(crate) fn comment((row, customer): (CommentRow, i64)) -> Result<ArchiveEntry, CorruptRow> {
    Ok(ArchiveEntry::Comment(Box::new(row.into_comment(customer_id(customer)?)?)))
}

pub(crate) fn event((row, customer): (EventRow, Option<i64>)) -> Result<ArchiveEntry, CorruptRow> {
    let event = Event::try_from(row)?;
    // SQLite keeps the customer of a deleted object, too.
    let customer_id = customer.filter(|_| event.snapshot.is_some()).map(customer_id).transpose()?;
    Ok(ArchiveEntry::Event(Box::new(ArchivedEvent { event, customer_id })))
}

pub(crate) fn webhook(row: WebhookRow) -> Result<ArchiveEntry, CorruptRow> {
    Ok(ArchiveEntry::Webhook(Box::new(stored_webhook(row)?)))
}

/// The result of `count_of`.
#[derive(diesel::QueryableByName)]
pub(crate) struct Counted {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub(crate) rows: i64,
}

/// Reads rows of a query that meet the condition, in this order, and makes entries of them.
macro_rules! read {
    (
        ($($connection:tt)+), $query:expr, if $is_next:expr, by $order:expr, $select:expr => $entry:expr
    ) => {
        read!(@load ($($connection)+)
            $query.filter($is_next).order($order).limit($crate::sql::archive::ROWS_READ).select($select)
        )
        .into_iter()
        .map($entry)
        .collect::<Result<Vec<_>, _>>()
    };
    (@load ($connection:ident $($await:tt)*) $query:expr) => { $query.load($connection)$($await)*? };
}

/// Whether these columns come after these values.
macro_rules! is_after {
    ($columns:literal, $first_type:ident $first:expr $(, $type:ident $value:expr)*) => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(concat!("(", $columns, ") > ("))
            .bind::<diesel::sql_types::$first_type, _>($first)
            $(.sql(", ").bind::<diesel::sql_types::$type, _>($value))*
            .sql(")")
    };
}

/// Inserts rows, some at a time.
macro_rules! insert_all {
    ($table:ident, $rows:expr, ($connection:ident $($await:tt)*)) => {
        let mut rows = $rows;
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min($crate::sql::archive::ROWS_INSERTED));
            diesel::insert_into($table::table).values(rows).execute($connection)$($await)*?;
            rows = rest;
        }
    };
}

/// Defines functions for one kind of connection. The last two arguments are `async` and `.await`, or
/// nothing. The functions must run in a transaction. They need these of the calling module, which differ:
/// the constants `SIGN` of a parameter, `HEADS` and `ROWS_DELETED`; the functions
/// `counters`, `note_numbers`, `count_of`, `insert_shop`, and with words or documents `insert_customers`,
/// `insert_tickets`, `insert_comments` and `insert_events`.
macro_rules! define_archives {
    ($connection:ty, $error:ty, ($($async:tt)?), ($($await:tt)*)) => {
        /// Returns the shop as it will be when it is loaded.
        $($async)? fn archived_shop(
            connection: &mut $connection,
            id: ShopId,
        ) -> Result<Option<ArchivedShop>, $error> {
            let row: Option<ShopRow> = shops::table
                .find(id.get())
                .select(ShopRow::as_select())
                .get_result(connection)$($await)*
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            let mut shop = Shop::try_from(row)?;
            let load: Option<Option<StoredTimestamp>> = shop_loads::table
                .find(id.get())
                .select(shop_loads::closed_at)
                .get_result(connection)$($await)*
                .optional()?;
            if let Some(closed_at) = load {
                shop.closed_at = closed_at.map(|time| time.0);
            }
            let log_beginning: Option<(i64, i64)> = log_beginnings::table
                .find(id.get())
                .select((log_beginnings::change, log_beginnings::part))
                .get_result(connection)$($await)*
                .optional()?;
            let ends: Vec<(i32, StoredTimestamp)> = id_ranges::table
                .select((id_ranges::node, id_ranges::reserved_until))
                .order(id_ranges::node)
                .load(connection)$($await)*?;
            Ok(Some(ArchivedShop {
                shop,
                log_beginning: log_beginning.map(|(change, part)| EventPosition { change, part }),
                counters: counters(connection, id)$($await)*?,
                id_range_ends: ends.into_iter().filter_map(range_end).collect(),
            }))
        }

        /// Returns the number of all entries.
        $($async)? fn count_entries(connection: &mut $connection, shop: ShopId) -> QueryResult<u64> {
            let mut entries = 0;
            for (table, _) in TABLES {
                let counted: crate::sql::archive::rows::Counted = diesel::sql_query(count_of(table))
                    .bind::<BigInt, _>(shop.get())
                    .get_result(connection)$($await)*?;
                entries += counted.rows.unsigned_abs();
            }
            Ok(entries)
        }

        /// Returns the next entries after a place, and the place after them. There are none only at the end.
        $($async)? fn next_entries(
            connection: &mut $connection,
            shop: ShopId,
            mut place: Place,
        ) -> Result<(Vec<ArchiveEntry>, Place), $error> {
            loop {
                let entries = entries_after(connection, shop.get(), &place)$($await)*?;
                match entries.last() {
                    Some(last) => {
                        place = last.place().into();
                        return Ok((entries, place));
                    }
                    None if matches!(place, Place::End) => return Ok((entries, place)),
                    None => place = place.next_kind(),
                }
            }
        }

        /// Returns the next entries of one kind.
        $($async)? fn entries_after(
            connection: &mut $connection,
            shop: i64,
            place: &Place,
        ) -> Result<Vec<ArchiveEntry>, $error> {
            use crate::sql::archive::rows::{self, boxed, is_after, read};

            Ok(match place {
                Place::User(id) => read!(
                    (connection$($await)*), users::table.filter(users::shop_id.eq(shop)),
                    if users::id.gt(id), by users::id,
                    UserRow::as_select() => boxed::<UserRow, _>(ArchiveEntry::User)
                )?,
                Place::Credential(user) => read!(
                    (connection$($await)*), credentials::table.filter(credentials::shop_id.eq(shop)),
                    if credentials::user_id.gt(user), by credentials::user_id,
                    CredentialRow::as_select() => boxed::<CredentialRow, _>(ArchiveEntry::Credential)
                )?,
                Place::Session(hash) => read!(
                    (connection$($await)*), sessions::table.filter(sessions::shop_id.eq(shop)),
                    if sessions::token_hash.gt(hash), by sessions::token_hash,
                    UserSessionRow::as_select() => boxed::<UserSessionRow, _>(ArchiveEntry::Session)
                )?,
                Place::ApiKey(number) => read!(
                    (connection$($await)*), api_keys::table.filter(api_keys::shop_id.eq(shop)),
                    if api_keys::number.gt(number), by api_keys::number,
                    ApiKeyRow::as_select() => boxed::<ApiKeyRow, _>(ArchiveEntry::ApiKey)
                )?,
                Place::Customer(id) => read!(
                    (connection$($await)*), customers::table.filter(customers::shop_id.eq(shop)),
                    if customers::id.gt(id), by customers::id,
                    CustomerRow::as_select() => boxed::<CustomerRow, _>(ArchiveEntry::Customer)
                )?,
                Place::MergedCustomer(id) => read!(
                    (connection$($await)*), merged_customers::table.filter(merged_customers::shop_id.eq(shop)),
                    if merged_customers::id.gt(id), by merged_customers::id,
                    (merged_customers::id, merged_customers::into_id) => rows::merged_customer
                )?,
                Place::Ticket(id) => read!(
                    (connection$($await)*), tickets::table.filter(tickets::shop_id.eq(shop)),
                    if tickets::id.gt(id), by tickets::id,
                    TicketRow::as_select() => boxed::<TicketRow, _>(ArchiveEntry::Ticket)
                )?,
                Place::Comment(id) => read!(
                    (connection$($await)*),
                    comments::table
                        .inner_join(tickets::table.on(
                            tickets::shop_id.eq(shop).and(tickets::id.eq(comments::ticket_id)),
                        ))
                        .filter(comments::shop_id.eq(shop)),
                    if comments::id.gt(id), by comments::id,
                    (CommentRow::as_select(), tickets::customer_id) => rows::comment
                )?,
                Place::SavedReply(id) => read!(
                    (connection$($await)*), saved_replies::table.filter(saved_replies::shop_id.eq(shop)),
                    if saved_replies::id.gt(id), by saved_replies::id,
                    SavedReplyRow::as_select() => boxed::<SavedReplyRow, _>(ArchiveEntry::SavedReply)
                )?,
                Place::Event(change, part) => read!(
                    (connection$($await)*), events::table.filter(events::shop_id.eq(shop)),
                    if is_after!("change, part", BigInt change, BigInt part), by (events::change, events::part),
                    (EventRow::as_select(), events::customer_id) => rows::event
                )?,
                Place::Webhook(id) => read!(
                    (connection$($await)*), webhooks::table.filter(webhooks::shop_id.eq(shop)),
                    if webhooks::id.gt(id), by webhooks::id,
                    webhook_columns() => rows::webhook
                )?,
                Place::Delivery(webhook, change, part) => read!(
                    (connection$($await)*),
                    webhook_deliveries::table.filter(webhook_deliveries::shop_id.eq(shop)),
                    if is_after!("webhook_id, change, part", BigInt webhook, BigInt change, BigInt part),
                    by (webhook_deliveries::webhook_id, webhook_deliveries::change, webhook_deliveries::part),
                    WholeDeliveryRow::as_select() => boxed::<WholeDeliveryRow, _>(ArchiveEntry::Delivery)
                )?,
                Place::Attempt(webhook, number) => read!(
                    (connection$($await)*), webhook_attempts::table.filter(webhook_attempts::shop_id.eq(shop)),
                    if is_after!("webhook_id, number", BigInt webhook, BigInt number),
                    by (webhook_attempts::webhook_id, webhook_attempts::number),
                    AttemptRow::as_select() => boxed::<AttemptRow, _>(ArchiveEntry::Attempt)
                )?,
                Place::IdempotencyRecord(key, operation) => read!(
                    (connection$($await)*),
                    idempotency_records::table.filter(idempotency_records::shop_id.eq(shop)),
                    if is_after!("idempotency_key, operation", Text key, Text operation),
                    by (idempotency_records::idempotency_key, idempotency_records::operation),
                    IdempotencyRow::as_select() => boxed::<IdempotencyRow, _>(ArchiveEntry::IdempotencyRecord)
                )?,
                Place::End => Vec::new(),
            })
        }

        /// Begins to load a shop, or goes on. No other transaction adds a shop or a range of ids meanwhile.
        $($async)? fn begin(
            connection: &mut $connection,
            archived: ArchivedShop,
        ) -> Result<BeginLoadOutcome, $error> {
            let ArchivedShop { shop, log_beginning, counters, id_range_ends } = archived;
            let id = shop.id.get();
            let found: Vec<ShopRow> = shops::table
                .filter(shops::id.eq(id).or(shops::domain.eq(shop.domain.as_str())))
                .select(ShopRow::as_select())
                .load(connection)$($await)*?;
            if let Some(found) = found.into_iter().min_by_key(|found| found.id != id) {
                let begun = archived_shop(connection, shop.id)$($await)*?;
                let is_same =
                    begun.is_some_and(|begun| begun.shop == shop && begun.log_beginning == log_beginning);
                return Ok(match find_entries(connection, shop.id)$($await)*? {
                    Some(entries @ 0..) if is_same => BeginLoadOutcome::Loading(entries.unsigned_abs()),
                    _ => BeginLoadOutcome::Taken(found.try_into()?),
                });
            }
            let mut row = ShopRow::from(shop.clone());
            // Every other statement sees a closed shop.
            row.closed_at.get_or_insert(row.created_at);
            insert_shop(connection, row)$($await)*?;
            let closed_at = shop_loads::closed_at.eq(shop.closed_at.map(StoredTimestamp));
            diesel::insert_into(shop_loads::table)
                .values((shop_loads::shop_id.eq(id), shop_loads::entries.eq(0), closed_at))
                .execute(connection)$($await)*?;
            if let Some(EventPosition { change, part }) = log_beginning {
                let position = (log_beginnings::change.eq(change), log_beginnings::part.eq(part));
                diesel::insert_into(log_beginnings::table)
                    .values((log_beginnings::shop_id.eq(id), position))
                    .execute(connection)$($await)*?;
            }
            for (node, end) in id_range_ends {
                let node = id_ranges::node.eq(i32::from(node.get()));
                let noted = diesel::insert_into(id_ranges::table)
                    .values((node, id_ranges::reserved_until.eq(StoredTimestamp(end))))
                    .on_conflict(id_ranges::node)
                    .do_update()
                    .set(id_ranges::reserved_until.eq(excluded(id_ranges::reserved_until)));
                let is_later = id_ranges::reserved_until.lt(excluded(id_ranges::reserved_until));
                diesel::query_dsl::methods::FilterDsl::filter(noted, is_later)
                    .execute(connection)$($await)*?;
            }
            note_numbers(connection, shop.id, &counters, 0)$($await)*?;
            Ok(BeginLoadOutcome::Loading(0))
        }

        /// Returns the entries of a load: [`DISCARDED`] if it is being discarded.
        $($async)? fn find_entries(connection: &mut $connection, shop: ShopId) -> QueryResult<Option<i64>> {
            shop_loads::table
                .find(shop.get())
                .select(shop_loads::entries)
                .get_result(connection)$($await)*
                .optional()
        }

        /// Loads entries, and waits for others of the shop.
        $($async)? fn load(
            connection: &mut $connection,
            shop: ShopId,
            after: i64,
            batch: Batch,
        ) -> Result<LoadEntriesOutcome, $error> {
            use crate::sql::archive::insert_all;

            let load = shop_loads::table.find(shop.get()).filter(shop_loads::entries.eq(after));
            let counted = diesel::update(load)
                .set(shop_loads::entries.eq(after.saturating_add(batch.entries)))
                .execute(connection)$($await)*?;
            if counted == 0 {
                return Ok(LoadEntriesOutcome::Stale);
            }
            insert_all!(users, batch.users, (connection$($await)*));
            insert_all!(credentials, batch.credentials, (connection$($await)*));
            insert_all!(sessions, batch.sessions, (connection$($await)*));
            insert_all!(api_keys, batch.api_keys, (connection$($await)*));
            insert_customers(connection, batch.customers)$($await)*?;
            insert_all!(merged_customers, batch.merged_customers, (connection$($await)*));
            insert_tickets(connection, batch.tickets)$($await)*?;
            insert_comments(connection, batch.comments)$($await)*?;
            insert_all!(saved_replies, batch.saved_replies, (connection$($await)*));
            insert_events(connection, shop, batch.events)$($await)*?;
            // One by one: a shop has few, and the compiler needs long for several.
            for webhook in batch.webhooks {
                diesel::insert_into(webhooks::table).values(webhook).execute(connection)$($await)*?;
            }
            insert_all!(webhook_deliveries, batch.deliveries, (connection$($await)*));
            insert_all!(webhook_attempts, batch.attempts, (connection$($await)*));
            insert_all!(idempotency_records, batch.idempotency_records, (connection$($await)*));
            note_numbers(connection, shop, &batch.numbers, batch.last_key)$($await)*?;
            Ok(LoadEntriesOutcome::Loaded)
        }

        /// Ends a load. Returns whether there was one.
        $($async)? fn finish(connection: &mut $connection, shop: ShopId) -> QueryResult<bool> {
            let load = shop_loads::table.find(shop.get()).filter(shop_loads::entries.ge(0));
            let closed_at: Option<Option<StoredTimestamp>> = diesel::delete(load)
                .returning(shop_loads::closed_at)
                .get_result(connection)$($await)*
                .optional()?;
            let Some(closed_at) = closed_at else { return Ok(false) };
            diesel::update(shops::table.find(shop.get()))
                .set(shops::closed_at.eq(closed_at))
                .execute(connection)$($await)*?;
            Ok(true)
        }

        /// Begins to discard a load. Returns whether there is one.
        $($async)? fn begin_discard(connection: &mut $connection, shop: ShopId) -> QueryResult<bool> {
            let marked = diesel::update(shop_loads::table.find(shop.get()))
                .set(shop_loads::entries.eq(DISCARDED))
                .execute(connection)$($await)*?;
            Ok(marked > 0)
        }

        /// Whether a load is still being discarded. Makes others that discard it wait.
        $($async)? fn is_discarded(connection: &mut $connection, shop: ShopId) -> QueryResult<bool> {
            let load = shop_loads::table.find(shop.get()).filter(shop_loads::entries.eq(DISCARDED));
            let locked = diesel::update(load)
                .set(shop_loads::entries.eq(DISCARDED))
                .execute(connection)$($await)*?;
            Ok(locked > 0)
        }

        /// Deletes some rows of one of [`TABLES`]. Returns their number. `None` if another call has
        /// discarded the load: the shop may be loaded again by now.
        $($async)? fn delete_rows(
            connection: &mut $connection,
            shop: ShopId,
            table: (&str, &str),
        ) -> QueryResult<Option<usize>> {
            if !is_discarded(connection, shop)$($await)*? {
                return Ok(None);
            }
            let deleted = diesel::sql_query(delete_some(SIGN, table))
                .bind::<BigInt, _>(shop.get())
                .bind::<BigInt, _>(ROWS_DELETED)
                .execute(connection)$($await)*?;
            Ok(Some(deleted))
        }

        /// Deletes the rest of a shop. Returns whether this has discarded the load.
        $($async)? fn delete_rest(connection: &mut $connection, shop: ShopId) -> QueryResult<bool> {
            if !is_discarded(connection, shop)$($await)*? {
                return Ok(false);
            }
            for table in HEADS {
                diesel::sql_query(format!("DELETE FROM {table} WHERE shop_id = {SIGN}1"))
                    .bind::<BigInt, _>(shop.get())
                    .execute(connection)$($await)*?;
            }
            diesel::delete(shops::table.find(shop.get())).execute(connection)$($await)*?;
            Ok(true)
        }

        /// Whether a shop is being loaded.
        pub(super) $($async)? fn is_loading(connection: &mut $connection, shop: ShopId) -> QueryResult<bool> {
            Ok(find_entries(connection, shop)$($await)*?.is_some())
        }
    };
}

pub(crate) use {define_archives, insert_all, is_after, read};
