DROP TABLE log_origin;

-- Continues above the counters.
DO $$
DECLARE
    ahead BIGINT := (SELECT coalesce(max(changes), 0) FROM shop_counters);
BEGIN
    EXECUTE 'CREATE FUNCTION event_change(transaction XID8) RETURNS BIGINT
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS ''SELECT transaction::text::bigint + ' || ahead || '''';
END $$;
ALTER TABLE events
    ALTER COLUMN change SET DEFAULT event_change(pg_current_xact_id()),
    ALTER COLUMN part ADD GENERATED ALWAYS AS IDENTITY;
CREATE SEQUENCE human_ticket_numbers MAXVALUE 9007199254740991;
SELECT setval('human_ticket_numbers', greatest(max(human_tickets), 1)),
    setval('events_part_seq', (SELECT coalesce(max(part), 0) + 1 FROM events))
    FROM shop_counters;

DROP TABLE shop_counters;
ALTER TABLE shop_numbers RENAME CONSTRAINT shop_numbers_users_check TO shop_counters_users_check;
ALTER TABLE shop_numbers RENAME CONSTRAINT shop_numbers_customers_check TO shop_counters_customers_check;
ALTER TABLE shop_numbers RENAME CONSTRAINT shop_numbers_shop_id_fkey TO shop_counters_shop_id_fkey;
ALTER INDEX shop_numbers_pkey RENAME TO shop_counters_pkey;
ALTER TABLE shop_numbers RENAME TO shop_counters;
