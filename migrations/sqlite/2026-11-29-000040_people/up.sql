-- Phone numbers may be shared, and are compared by their digits. `phone_number_folded` is what
-- `fold_phone_number` of the domain returns. The migration then fills it in, for all rows.

-- SQLite cannot remove the unique key of a column, so the table is written again. Rows of other tables
-- refer to it by name. The end of the transaction checks them.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE customers_before AS SELECT * FROM customers;
DROP TABLE customers;

-- Not WITHOUT ROWID: see the first migration.
CREATE TABLE customers (
    shop_id INTEGER NOT NULL REFERENCES shops (id),
    id INTEGER NOT NULL,
    email TEXT,
    email_folded TEXT,
    phone_number TEXT,
    phone_number_folded TEXT,
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
    UNIQUE (shop_id, email_folded)
) STRICT;

INSERT INTO customers (
    shop_id, id, email, email_folded, phone_number, first_name, last_name, full_name, shopify_id,
    wordpress_id, prestashop_id, fb_user_id, ig_user_id, ig_pseudo, whatsapp_id, zendesk_id,
    freshdesk_id, gmelius_id, gorgias_id, number_of_orders, cms, cms_created_at, created_at
) SELECT
    shop_id, id, email, email_folded, phone_number, first_name, last_name, full_name, shopify_id,
    wordpress_id, prestashop_id, fb_user_id, ig_user_id, ig_pseudo, whatsapp_id, zendesk_id,
    freshdesk_id, gmelius_id, gorgias_id, number_of_orders, cms, cms_created_at, created_at
FROM customers_before;
DROP TABLE customers_before;

CREATE INDEX customers_by_phone_number ON customers (shop_id, phone_number_folded, id)
    WHERE phone_number_folded IS NOT NULL;
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

-- The numbers of customers who were merged into others. A number is looked up here once no customer
-- has it. Older events and idempotency records keep the number that they had.
CREATE TABLE merged_customers (
    shop_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    into_id INTEGER NOT NULL,
    PRIMARY KEY (shop_id, id),
    FOREIGN KEY (shop_id, into_id) REFERENCES customers (shop_id, id)
) STRICT, WITHOUT ROWID;

-- Erasing a customer also erases what it had under these numbers.
CREATE INDEX merged_customers_by_remaining ON merged_customers (shop_id, into_id);
