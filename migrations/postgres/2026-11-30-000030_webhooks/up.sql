-- Endpoints that receive a shop's events. `kinds` holds the names of event kinds, joined by spaces; NULL
-- is all. Deliveries exist for the events of the log up to (place_change, place_part).
CREATE TABLE webhooks (
    shop_id BIGINT NOT NULL REFERENCES shops (id),
    id BIGINT NOT NULL,
    url TEXT NOT NULL,
    kinds TEXT,
    payload TEXT NOT NULL,
    ignore_key BIGINT,
    disabled_reason TEXT,
    disabled_at TIMESTAMPTZ,
    former_secret_ends_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    secret BYTEA NOT NULL,
    former_secret BYTEA,
    place_change BIGINT NOT NULL,
    place_part BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    failing_since TIMESTAMPTZ,
    next_probe TIMESTAMPTZ,
    last_attempt BIGINT NOT NULL,
    last_claim BIGINT NOT NULL,
    PRIMARY KEY (shop_id, id)
);

-- The events that a webhook still has to send. Of one subject, only the first has `due_at`. A claim moves
-- it to the end of its lease, `claimed_until`.
CREATE TABLE webhook_deliveries (
    shop_id BIGINT NOT NULL,
    webhook_id BIGINT NOT NULL,
    change BIGINT NOT NULL,
    part BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    claim BIGINT NOT NULL,
    due_at TIMESTAMPTZ,
    claimed_until TIMESTAMPTZ,
    PRIMARY KEY (shop_id, webhook_id, change, part),
    FOREIGN KEY (shop_id, webhook_id) REFERENCES webhooks (shop_id, id)
);

CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (shop_id, webhook_id, due_at, change, part)
    WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_subject ON webhook_deliveries (shop_id, webhook_id, subject, change, part);
CREATE INDEX webhook_deliveries_by_lease ON webhook_deliveries (shop_id, webhook_id, claimed_until)
    WHERE claimed_until IS NOT NULL;

-- `change`, `part` and `kind` are those of the event; a test has none.
CREATE TABLE webhook_attempts (
    shop_id BIGINT NOT NULL,
    webhook_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    change BIGINT,
    part BIGINT,
    kind TEXT,
    of_delivery BIGINT NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    duration_millis BIGINT NOT NULL,
    status BIGINT,
    error TEXT,
    next_due TIMESTAMPTZ,
    PRIMARY KEY (shop_id, webhook_id, number),
    FOREIGN KEY (shop_id, webhook_id) REFERENCES webhooks (shop_id, id)
);

CREATE INDEX webhook_attempts_by_age ON webhook_attempts (shop_id, time);
