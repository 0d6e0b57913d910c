-- The order of a shop's log is a counter of the shop. Before, it was the number of the transaction.
-- Such numbers belong to one server: a transaction of any shop delayed the logs of all shops, and a
-- moved database had to continue above its old numbers.

-- The numbers of customers and users are taken before other locks, the counters after them. So the
-- two are rows of their own.
ALTER TABLE shop_counters RENAME TO shop_numbers;
ALTER INDEX shop_counters_pkey RENAME TO shop_numbers_pkey;
ALTER TABLE shop_numbers RENAME CONSTRAINT shop_counters_shop_id_fkey TO shop_numbers_shop_id_fkey;
ALTER TABLE shop_numbers RENAME CONSTRAINT shop_counters_customers_check TO shop_numbers_customers_check;
ALTER TABLE shop_numbers RENAME CONSTRAINT shop_counters_users_check TO shop_numbers_users_check;

-- changes is the last change in the shop's log, human_tickets the last number of a human ticket. A
-- transaction takes its change after all other locks, and keeps the row locked until it has
-- committed. An update finds room on its page, so that no index changes.
CREATE TABLE shop_counters (
    shop_id BIGINT PRIMARY KEY REFERENCES shops (id),
    changes BIGINT NOT NULL DEFAULT 0,
    human_tickets BIGINT NOT NULL DEFAULT 0 CHECK (human_tickets <= 9007199254740991)
) WITH (fillfactor = 50);

-- An old server may be writing.
LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE;

-- Cursors stay valid: they are not above the number of the next transaction.
INSERT INTO shop_counters (shop_id, changes, human_tickets)
    SELECT shops.id, greatest(event_change(pg_snapshot_xmax(pg_current_snapshot())), newest.change),
        CASE WHEN is_called THEN last_value ELSE 0 END
    FROM human_ticket_numbers, shops
    LEFT JOIN LATERAL (
        SELECT change FROM events WHERE events.shop_id = shops.id ORDER BY change DESC LIMIT 1
    ) AS newest ON TRUE;

ALTER TABLE events ALTER COLUMN change DROP DEFAULT, ALTER COLUMN part DROP IDENTITY;
DROP FUNCTION event_change;
DROP SEQUENCE human_ticket_numbers;

-- The database in which the log was written last: the installation, the database, its table of
-- events, and the timeline of the server's log. If they differ, the database is a copy, a backup or
-- a standby that was promoted. Readers may have seen later events of the original. So the counters
-- are moved ahead of those.
CREATE TABLE log_origin (
    is_only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_only_row),
    system_identifier BIGINT NOT NULL,
    database_oid BIGINT NOT NULL,
    events_oid BIGINT NOT NULL,
    timeline TEXT NOT NULL
);
