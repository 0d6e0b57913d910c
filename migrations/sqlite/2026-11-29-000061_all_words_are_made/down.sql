CREATE TABLE search_upgrade (
    searched TEXT PRIMARY KEY NOT NULL,
    shop_id INTEGER NOT NULL,
    row_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE old_search_documents (
    id INTEGER PRIMARY KEY NOT NULL,
    shop_id INTEGER NOT NULL,
    ticket_id INTEGER,
    customer_id INTEGER,
    weight INTEGER NOT NULL,
    words TEXT NOT NULL
) STRICT;
