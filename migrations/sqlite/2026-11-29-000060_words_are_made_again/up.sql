-- Words are split and folded in another way, and more texts are searched. SQL cannot compute words, so
-- the program does it after this migration, in many transactions. The next migration follows when all
-- are done. This table has a row for each kind of document that is not finished, with its last finished
-- row.
CREATE TABLE search_upgrade (
    searched TEXT PRIMARY KEY NOT NULL,
    shop_id INTEGER NOT NULL,
    row_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO search_upgrade SELECT 'customers', 0, 0 WHERE EXISTS (SELECT 1 FROM customers);
INSERT INTO search_upgrade SELECT 'tickets', 0, 0 WHERE EXISTS (SELECT 1 FROM tickets);

-- The old documents. They have the words of first messages whose text was replaced. The program
-- deletes each after it has made the new one.
DROP TABLE search_index;
ALTER TABLE search_documents RENAME TO old_search_documents;
DROP INDEX search_documents_by_ticket;
DROP INDEX search_documents_by_customer;
CREATE INDEX old_search_documents_by_ticket ON old_search_documents (shop_id, ticket_id)
    WHERE ticket_id IS NOT NULL;
CREATE INDEX old_search_documents_by_customer ON old_search_documents (shop_id, customer_id)
    WHERE customer_id IS NOT NULL;

-- The words of a ticket with its first message, of a comment, or of a customer. Each word begins with the
-- number of the shop ("7:refund"), so the index separates shops too. Words of a ticket's name have one
-- colon more ("7::refund"), words of its details two. `weight` is the largest rank of a word in this
-- document. `comment_id` is the comment of a document, so that it can be replaced. `id` is the only key that does not begin with the shop, because the index refers to
-- documents by it.
CREATE TABLE search_documents (
    id INTEGER PRIMARY KEY NOT NULL,
    shop_id INTEGER NOT NULL,
    ticket_id INTEGER,
    customer_id INTEGER,
    weight INTEGER NOT NULL,
    words TEXT NOT NULL,
    comment_id INTEGER,
    CHECK ((ticket_id IS NULL) <> (customer_id IS NULL)),
    FOREIGN KEY (shop_id, ticket_id) REFERENCES tickets (shop_id, id),
    FOREIGN KEY (shop_id, customer_id) REFERENCES customers (shop_id, id)
) STRICT;

CREATE INDEX search_documents_by_ticket ON search_documents (shop_id, ticket_id, weight)
    WHERE ticket_id IS NOT NULL;
CREATE INDEX search_documents_by_customer ON search_documents (shop_id, customer_id)
    WHERE customer_id IS NOT NULL;

-- As in the first migration.
CREATE VIRTUAL TABLE search_index USING fts5 (
    words,
    content = 'search_documents',
    content_rowid = 'id',
    tokenize = "ascii tokenchars ':'",
    detail = column,
    columnsize = 0
);
INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1);
