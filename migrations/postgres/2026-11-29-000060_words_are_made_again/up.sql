-- Words are split and folded in another way, and more texts are searched. SQL cannot compute words, so
-- the program does it after this migration, in many transactions. The next migration follows when all
-- are done. This table has a row for each table that is not finished, with its last finished row.
CREATE TABLE search_upgrade (
    searched TEXT PRIMARY KEY,
    shop_id BIGINT NOT NULL,
    row_id BIGINT NOT NULL
);
INSERT INTO search_upgrade SELECT 'customers', 0, 0 WHERE EXISTS (SELECT 1 FROM customers);
INSERT INTO search_upgrade SELECT 'tickets', 0, 0 WHERE EXISTS (SELECT 1 FROM tickets);
INSERT INTO search_upgrade SELECT 'comments', 0, 0 WHERE EXISTS (SELECT 1 FROM comments);
