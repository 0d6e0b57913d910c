-- How users sign in to the console. `password_hash` is a PHC text. `link_hash` is the SHA-256 of the token
-- of the latest link.
CREATE TABLE credentials (
    shop_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    link_hash BYTEA,
    link_ends_at TIMESTAMPTZ,
    PRIMARY KEY (shop_id, user_id),
    UNIQUE (shop_id, link_hash),
    FOREIGN KEY (shop_id, user_id) REFERENCES users (shop_id, id)
);

-- `token_hash` is the SHA-256 of the token in the cookie.
CREATE TABLE sessions (
    shop_id BIGINT NOT NULL,
    token_hash BYTEA NOT NULL,
    user_id BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (shop_id, token_hash),
    FOREIGN KEY (shop_id, user_id) REFERENCES users (shop_id, id)
);

CREATE INDEX sessions_by_user ON sessions (shop_id, user_id, created_at);

CREATE TABLE saved_replies (
    shop_id BIGINT NOT NULL REFERENCES shops (id),
    id BIGINT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (shop_id, id)
);
