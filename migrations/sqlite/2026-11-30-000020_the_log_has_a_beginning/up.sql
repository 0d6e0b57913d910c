-- The last event that retention removed from a shop's log. A shop without a row has its whole log.
CREATE TABLE log_beginnings (
    shop_id INTEGER NOT NULL PRIMARY KEY REFERENCES shops (id),
    change INTEGER NOT NULL,
    part INTEGER NOT NULL
) STRICT;

-- Nothing says what was removed before. So each log begins right before its first event, and an empty
-- log after its last change. Cursors of events that are there stay valid.
INSERT INTO log_beginnings (shop_id, change, part)
    SELECT shop_id, iif(first_part > 0, first_change, coalesce(first_change, last_number + 1) - 1),
        iif(first_part > 0, first_part - 1, 9223372036854775807)
    FROM (
        SELECT shop_id, last_number,
            (SELECT change FROM events WHERE events.shop_id = counter.shop_id
                ORDER BY change, part LIMIT 1) AS first_change,
            (SELECT part FROM events WHERE events.shop_id = counter.shop_id
                ORDER BY change, part LIMIT 1) AS first_part
        FROM shop_counters AS counter WHERE counted = 'changes'
    );
