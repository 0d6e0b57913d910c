-- The table for pgbench: the columns of a ticket, its primary key, the foreign key to its customer,
-- and the index for the list of tickets.
CREATE TABLE customers (
    shop_id bigint NOT NULL,
    id bigint NOT NULL,
    email text,
    PRIMARY KEY (shop_id, id)
);
INSERT INTO customers SELECT 1, number, 'customer' || number || '@example.com' FROM generate_series(1, 1000) number;

CREATE TABLE tickets (
    shop_id bigint NOT NULL,
    id bigint NOT NULL,
    customer_id bigint NOT NULL,
    channel text NOT NULL,
    name text,
    thread_id text,
    email_used text,
    date timestamptz NOT NULL,
    last_message text,
    last_message_time timestamptz NOT NULL,
    contact_reason text,
    assigned_to bigint,
    is_opened boolean NOT NULL,
    unread_count integer NOT NULL,
    tags jsonb NOT NULL,
    language_code text,
    via text,
    version bigint NOT NULL,
    PRIMARY KEY (shop_id, id),
    FOREIGN KEY (shop_id, customer_id) REFERENCES customers (shop_id, id)
);
CREATE INDEX tickets_by_activity ON tickets (shop_id, last_message_time DESC, id DESC);
VACUUM ANALYZE;
