-- The erasures that have begun and not ended. Usually empty. From the commit of its row on, a
-- customer counts as gone, with everything that belongs to it: see the views of
-- crates/adapters/src/sqlite/presence.rs. Small transactions then delete the rows. `steps` counts
-- them. The other counts are for the response. `records_read_until` is the creation time of the
-- last idempotency record that was looked at.
CREATE TABLE erasures (
    shop_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    actor_key INTEGER,
    actor_user INTEGER,
    time INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    tickets INTEGER NOT NULL,
    human_tickets INTEGER NOT NULL,
    comments INTEGER NOT NULL,
    idempotency_records INTEGER NOT NULL,
    records_read_until INTEGER NOT NULL,
    PRIMARY KEY (shop_id, customer_id),
    FOREIGN KEY (shop_id, customer_id) REFERENCES customers (shop_id, id)
) STRICT, WITHOUT ROWID;
