-- Every primary, unique and foreign key of a shop's table begins with shop_id. So the database
-- itself separates shops. Times are milliseconds since 1970 in UTC, tags are a JSON array.

CREATE TABLE shops (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    domain TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;

-- The last number assigned in a shop, for each kind of row. Numbers are never reused, so the
-- largest existing number is not enough.
CREATE TABLE shop_counters (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    counted TEXT NOT NULL,
    last_number INTEGER NOT NULL,
    PRIMARY KEY (shop_id, counted)
) STRICT, WITHOUT ROWID;

-- Not WITHOUT ROWID. In a table stored by its primary key, SQLite would prefer a scan of all
-- customers of a shop to a non-unique index.
CREATE TABLE customers (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    id INTEGER NOT NULL,
    email TEXT,
    email_folded TEXT,
    phone_number TEXT,
    first_name TEXT,
    last_name TEXT,
    full_name TEXT,
    shopify_id TEXT,
    wordpress_id TEXT,
    prestashop_id TEXT,
    fb_user_id TEXT,
    ig_user_id TEXT,
    ig_pseudo TEXT,
    whatsapp_id TEXT,
    zendesk_id TEXT,
    freshdesk_id TEXT,
    gmelius_id TEXT,
    gorgias_id TEXT,
    number_of_orders INTEGER NOT NULL,
    cms TEXT,
    cms_created_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (shop_id, id),
    UNIQUE (shop_id, email_folded),
    UNIQUE (shop_id, phone_number)
) STRICT;

-- Lookup by ids of other systems. Most customers have few of them.
CREATE INDEX customers_by_shopify_id ON customers (shop_id, shopify_id, id) WHERE shopify_id IS NOT NULL;
CREATE INDEX customers_by_wordpress_id ON customers (shop_id, wordpress_id, id) WHERE wordpress_id IS NOT NULL;
CREATE INDEX customers_by_prestashop_id ON customers (shop_id, prestashop_id, id) WHERE prestashop_id IS NOT NULL;
CREATE INDEX customers_by_fb_user_id ON customers (shop_id, fb_user_id, id) WHERE fb_user_id IS NOT NULL;
CREATE INDEX customers_by_ig_user_id ON customers (shop_id, ig_user_id, id) WHERE ig_user_id IS NOT NULL;
CREATE INDEX customers_by_ig_pseudo ON customers (shop_id, ig_pseudo, id) WHERE ig_pseudo IS NOT NULL;
CREATE INDEX customers_by_whatsapp_id ON customers (shop_id, whatsapp_id, id) WHERE whatsapp_id IS NOT NULL;
CREATE INDEX customers_by_zendesk_id ON customers (shop_id, zendesk_id, id) WHERE zendesk_id IS NOT NULL;
CREATE INDEX customers_by_freshdesk_id ON customers (shop_id, freshdesk_id, id) WHERE freshdesk_id IS NOT NULL;
CREATE INDEX customers_by_gmelius_id ON customers (shop_id, gmelius_id, id) WHERE gmelius_id IS NOT NULL;
CREATE INDEX customers_by_gorgias_id ON customers (shop_id, gorgias_id, id) WHERE gorgias_id IS NOT NULL;

CREATE TABLE users (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    id INTEGER NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    full_name TEXT,
    created_at INTEGER NOT NULL,
    deactivated_at INTEGER,
    PRIMARY KEY (shop_id, id),
    UNIQUE (shop_id, email_folded)
) STRICT, WITHOUT ROWID;

-- Not WITHOUT ROWID, like customers.
CREATE TABLE api_keys (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    number INTEGER NOT NULL,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    user_id INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (shop_id, number),
    FOREIGN KEY (shop_id, user_id) REFERENCES users (shop_id, id)
) STRICT;

-- Deactivating a user revokes its keys.
CREATE INDEX api_keys_by_user ON api_keys (shop_id, user_id) WHERE user_id IS NOT NULL;

-- The human ticket is part of the ticket's row: a ticket has at most one, opened and closed with
-- it. Its number is the shop's next and stays when it is closed.
CREATE TABLE tickets (
    shop_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    name TEXT,
    thread_id TEXT,
    email_used TEXT,
    date INTEGER NOT NULL,
    last_message TEXT,
    last_message_time INTEGER NOT NULL,
    contact_reason TEXT,
    assigned_to INTEGER,
    is_opened INTEGER NOT NULL,
    unread_count INTEGER NOT NULL,
    tags TEXT NOT NULL,
    language_code TEXT,
    via TEXT,
    version INTEGER NOT NULL,
    human_ticket_id INTEGER,
    human_ticket_opened_at INTEGER,
    human_ticket_closed_at INTEGER,
    PRIMARY KEY (shop_id, id),
    FOREIGN KEY (shop_id, customer_id) REFERENCES customers (shop_id, id),
    FOREIGN KEY (shop_id, assigned_to) REFERENCES users (shop_id, id),
    CHECK (CASE WHEN human_ticket_id IS NULL
        THEN NOT is_opened AND human_ticket_opened_at IS NULL AND human_ticket_closed_at IS NULL
        ELSE human_ticket_opened_at IS NOT NULL AND is_opened = (human_ticket_closed_at IS NULL) END)
) STRICT;

-- Lists of tickets, newest activity first: all of the shop, or those with one value.
CREATE INDEX tickets_by_activity ON tickets (shop_id, last_message_time DESC, id DESC);
CREATE INDEX tickets_by_channel ON tickets (shop_id, channel, last_message_time DESC, id DESC);
CREATE INDEX tickets_by_assignee ON tickets (shop_id, assigned_to, last_message_time DESC, id DESC);
CREATE INDEX tickets_by_state ON tickets (shop_id, is_opened, last_message_time DESC, id DESC);
CREATE INDEX tickets_by_customer ON tickets (shop_id, customer_id, last_message_time DESC, id DESC);

CREATE TABLE comments (
    shop_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    ticket_id INTEGER NOT NULL,
    text TEXT NOT NULL,
    time INTEGER NOT NULL,
    channel TEXT NOT NULL,
    is_from_shop INTEGER NOT NULL,
    author_id INTEGER,
    subject TEXT,
    from_email TEXT,
    to_emails TEXT NOT NULL,
    attachments TEXT,
    tags TEXT NOT NULL,
    PRIMARY KEY (shop_id, id),
    FOREIGN KEY (shop_id, ticket_id) REFERENCES tickets (shop_id, id),
    FOREIGN KEY (shop_id, author_id) REFERENCES users (shop_id, id)
) STRICT;

CREATE INDEX comments_by_ticket ON comments (shop_id, ticket_id, time, id);

-- customer_id is the customer with data in the receipt, if any. The transaction that writes a
-- record has found the customer. A foreign key would need an index by customer, and each record
-- would then write another page of that index.
CREATE TABLE idempotency_records (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    operation TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    receipt BLOB NOT NULL,
    customer_id INTEGER,
    created_at INTEGER NOT NULL,
    -- The key comes first, because there are few operations.
    PRIMARY KEY (shop_id, idempotency_key, operation)
) STRICT;

-- Records that are old enough to be removed. Erasing a customer scans this index, because its
-- entries are small.
CREATE INDEX idempotency_records_by_age ON idempotency_records (created_at, shop_id, customer_id);

-- The event log. `change` counts the shop's changes, `part` the events of one change. actor_key is
-- the key that made the change. actor_user is the user of that key. Both are NULL for the operator.
-- customer_id is the customer with data in the snapshot, if any, or the customer of a deleted
-- ticket or comment. Only the shop is a foreign key, because events outlive their subject.
CREATE TABLE events (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    change INTEGER NOT NULL,
    part INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject_id INTEGER NOT NULL,
    actor_key INTEGER,
    actor_user INTEGER,
    time INTEGER NOT NULL,
    customer_id INTEGER,
    snapshot TEXT,
    PRIMARY KEY (shop_id, change, part)
) STRICT;

-- Snapshots that are erased with a customer, including the snapshots of its tickets and comments.
-- For deleted tickets and comments, the log itself names the customer. New tickets and comments
-- have the largest ids, so their snapshots go to the end of this index. In an index by customer,
-- each would write another page.
CREATE INDEX events_by_subject ON events (shop_id, subject_id) WHERE snapshot IS NOT NULL;
CREATE INDEX deletions_by_customer ON events (shop_id, customer_id)
    WHERE customer_id IS NOT NULL AND snapshot IS NULL;

-- The words of a ticket's name, of one of its messages, or of a customer's details. Each word
-- begins with the number of the shop ("7:refund"), so the index separates shops too. `weight` is
-- the rank of a word in this document. `id` is the only key that does not begin with the shop,
-- because the index refers to documents by it.
CREATE TABLE search_documents (
    id INTEGER PRIMARY KEY NOT NULL,
    shop_id INTEGER NOT NULL,
    ticket_id INTEGER,
    customer_id INTEGER,
    weight INTEGER NOT NULL,
    words TEXT NOT NULL,
    CHECK ((ticket_id IS NULL) <> (customer_id IS NULL)),
    FOREIGN KEY (shop_id, ticket_id) REFERENCES tickets (shop_id, id),
    FOREIGN KEY (shop_id, customer_id) REFERENCES customers (shop_id, id)
) STRICT;

CREATE INDEX search_documents_by_ticket ON search_documents (shop_id, ticket_id, weight)
    WHERE ticket_id IS NOT NULL;
CREATE INDEX search_documents_by_customer ON search_documents (shop_id, customer_id)
    WHERE customer_id IS NOT NULL;

-- The words are already folded and separated. Within ASCII, the tokenizer takes letters, digits and
-- the colon as parts of a word and everything else as separators. It does not change other
-- characters. Positions of words are not stored. detail = none would be smaller, but with
-- secure-delete, FTS5 (SQLite 3.53.2) then loses documents that one transaction removes and adds.
CREATE VIRTUAL TABLE search_index USING fts5 (
    words,
    content = 'search_documents',
    content_rowid = 'id',
    tokenize = "ascii tokenchars ':'",
    detail = column,
    columnsize = 0
);

-- Removed words leave the file at once, not in a later merge.
INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1);

-- The end of each node's reserved range of ids.
CREATE TABLE id_ranges (
    node INTEGER PRIMARY KEY NOT NULL,
    reserved_until INTEGER NOT NULL
) STRICT;
