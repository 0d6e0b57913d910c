-- The last event that retention removed from a shop's log. A shop without a row has its whole log.
CREATE TABLE log_beginnings (
    shop_id BIGINT PRIMARY KEY REFERENCES shops (id),
    change BIGINT NOT NULL,
    part BIGINT NOT NULL
);

-- An old server may be removing events.
LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE;

-- Nothing says what was removed before. So each log begins right before its first event, and an empty
-- log after its last change. Cursors of events that are there stay valid.
INSERT INTO log_beginnings (shop_id, change, part)
    SELECT counter.shop_id, coalesce(first.change, counter.changes), coalesce(first.part - 1, 9223372036854775807)
    FROM shop_counters AS counter
    LEFT JOIN LATERAL (
        SELECT change, part FROM events WHERE events.shop_id = counter.shop_id ORDER BY change, part LIMIT 1
    ) AS first ON TRUE;
