-- Endpoints that receive a shop's events. `kinds` holds the names of event kinds, joined by spaces; NULL
-- is all. Deliveries exist for the events of the log up to (place_change, place_part).
CREATE TABLE webhooks (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    id INTEGER NOT NULL,
    url TEXT NOT NULL,
    kinds TEXT,
    payload TEXT NOT NULL,
    ignore_key INTEGER,
    disabled_reason TEXT,
    disabled_at INTEGER,
    former_secret_ends_at INTEGER,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    secret BLOB NOT NULL,
    former_secret BLOB,
    place_change INTEGER NOT NULL,
    place_part INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    failing_since INTEGER,
    next_probe INTEGER,
    last_attempt INTEGER NOT NULL,
    last_claim INTEGER NOT NULL,
    PRIMARY KEY (shop_id, id)
) STRICT;

-- The events that a webhook still has to send. Of one subject, only the first has `due_at`. A claim moves
-- it to the end of its lease, `claimed_until`.
CREATE TABLE webhook_deliveries (
    shop_id INTEGER NOT NULL,
    webhook_id INTEGER NOT NULL,
    change INTEGER NOT NULL,
    part INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    claim INTEGER NOT NULL,
    due_at INTEGER,
    claimed_until INTEGER,
    PRIMARY KEY (shop_id, webhook_id, change, part),
    FOREIGN KEY (shop_id, webhook_id) REFERENCES webhooks (shop_id, id)
) STRICT;

CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (shop_id, webhook_id, due_at, change, part)
    WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_subject ON webhook_deliveries (shop_id, webhook_id, subject, change, part);
CREATE INDEX webhook_deliveries_by_lease ON webhook_deliveries (shop_id, webhook_id, claimed_until)
    WHERE claimed_until IS NOT NULL;

-- `change`, `part` and `kind` are those of the event; a test has none.
CREATE TABLE webhook_attempts (
    shop_id INTEGER NOT NULL,
    webhook_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    change INTEGER,
    part INTEGER,
    kind TEXT,
    of_delivery INTEGER NOT NULL,
    time INTEGER NOT NULL,
    duration_millis INTEGER NOT NULL,
    status INTEGER,
    error TEXT,
    next_due INTEGER,
    PRIMARY KEY (shop_id, webhook_id, number),
    FOREIGN KEY (shop_id, webhook_id) REFERENCES webhooks (shop_id, id)
) STRICT;

CREATE INDEX webhook_attempts_by_age ON webhook_attempts (shop_id, time);
