-- Every table that holds a shop's data begins its primary key and its unique and foreign
-- keys with shop_id: the database itself keeps shops apart. Times are milliseconds since
-- 1970 in UTC, tags a JSON array.

CREATE TABLE shops (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    domain TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;

-- The last number handed out in a shop for each kind of thing. Numbers are never reused,
-- so the largest one present does not tell.
CREATE TABLE shop_counters (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    counted TEXT NOT NULL,
    last_number INTEGER NOT NULL,
    PRIMARY KEY (shop_id, counted)
) STRICT, WITHOUT ROWID;

-- Kept by rowid: were it kept by its primary key, SQLite would rather go through all
-- customers of a shop than follow an index that is not unique.
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

-- Customers are looked for by their ids in other systems, of which each has few.
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

-- By rowid as customers are.
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

-- A user who is deactivated loses its keys.
CREATE INDEX api_keys_by_user ON api_keys (shop_id, user_id) WHERE user_id IS NOT NULL;

-- A ticket's human ticket is part of its row: there is one at most, opened and closed with
-- the ticket. Its number is the shop's next, and stays when it is closed.
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

-- Lists of tickets, newest activity first: of the shop, or of one part of it.
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

-- customer_id is the customer whose data the receipt holds, if it holds one's. Whoever writes
-- one has found the customer in the same transaction, so no foreign key says so again: it would
-- need an index by customer, in which each record has a place of its own.
CREATE TABLE idempotency_records (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    operation TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    receipt BLOB NOT NULL,
    customer_id INTEGER,
    created_at INTEGER NOT NULL,
    -- By key first: operations are few.
    PRIMARY KEY (shop_id, idempotency_key, operation)
) STRICT;

-- The records that were kept long enough. Those that go with a customer who is erased are
-- looked for among all of them, here where they are small.
CREATE INDEX idempotency_records_by_age ON idempotency_records (created_at, shop_id, customer_id);

-- What was changed, by whom and when. change counts the shop's changes, part the events of one.
-- actor_key is the key that made the change, and actor_user the user it writes in the name of;
-- without a key it was the operator. customer_id is the customer whose data the snapshot holds,
-- if it holds one's, or whose the ticket or comment was that was deleted. But for the shop,
-- nothing here need still be there.
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

-- The snapshots that go with a customer who is erased: those of the customer's tickets and
-- comments, of which the log itself knows those that were deleted. New tickets and comments
-- have the largest numbers, so that their snapshots are added at the end: by customer, each
-- would have a place of its own, and a page to be written for it.
CREATE INDEX events_by_subject ON events (shop_id, subject_id) WHERE snapshot IS NOT NULL;
CREATE INDEX deletions_by_customer ON events (shop_id, customer_id)
    WHERE customer_id IS NOT NULL AND snapshot IS NULL;

-- What tickets are found by: the words of a ticket's name or of one of its messages, or of
-- a customer's details, each behind the number of the shop ("7:refund"), so that the index
-- keeps shops apart too. weight is what a word counts that is found there. Of all keys only
-- the number does not begin with the shop: it is what the index knows a document by.
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

-- Words come folded and apart: the tokenizer takes everything but ASCII letters, digits and
-- the colon for separators within ASCII, and changes nothing beyond it. Where in a text a
-- word stands is not kept. detail = none would be smaller still; but with it FTS5 loses
-- documents (SQLite 3.53.2) when one is removed and added within a transaction while
-- secure-delete is on.
CREATE VIRTUAL TABLE search_index USING fts5 (
    words,
    content = 'search_documents',
    content_rowid = 'id',
    tokenize = "ascii tokenchars ':'",
    detail = column,
    columnsize = 0
);

-- The words of what is removed go at once, not with some later merge.
INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1);

-- Where the ranges handed out to make ticket ids from end, for each node.
CREATE TABLE id_ranges (
    node INTEGER PRIMARY KEY NOT NULL,
    reserved_until INTEGER NOT NULL
) STRICT;
