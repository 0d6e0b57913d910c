CREATE TABLE search_upgrade (
    searched TEXT PRIMARY KEY,
    shop_id BIGINT NOT NULL,
    row_id BIGINT NOT NULL
);
