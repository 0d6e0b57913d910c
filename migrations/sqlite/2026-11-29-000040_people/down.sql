DROP TABLE merged_customers;

-- Of the customers who share a phone number, the first keeps it.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE customers_before AS SELECT * FROM customers;
UPDATE customers_before AS later SET phone_number = NULL WHERE EXISTS (
    SELECT 1 FROM customers_before AS first WHERE first.shop_id = later.shop_id
        AND first.phone_number = later.phone_number AND first.id < later.id
);
DROP TABLE customers;
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
