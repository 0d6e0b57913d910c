-- How users sign in to the console. `password_hash` is a PHC text. `link_hash` is the SHA-256 of the token
-- of the latest link.
CREATE TABLE credentials (
    shop_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    link_hash BLOB,
    link_ends_at INTEGER,
    PRIMARY KEY (shop_id, user_id),
    UNIQUE (shop_id, link_hash),
    FOREIGN KEY (shop_id, user_id) REFERENCES users (shop_id, id)
) STRICT;

-- `token_hash` is the SHA-256 of the token in the cookie.
CREATE TABLE sessions (
    shop_id INTEGER NOT NULL,
    token_hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (shop_id, token_hash),
    FOREIGN KEY (shop_id, user_id) REFERENCES users (shop_id, id)
) STRICT;

CREATE INDEX sessions_by_user ON sessions (shop_id, user_id, created_at);

CREATE TABLE saved_replies (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (shop_id, id)
) STRICT;
