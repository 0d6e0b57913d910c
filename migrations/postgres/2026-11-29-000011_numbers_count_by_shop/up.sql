-- The last number assigned in a shop, for each kind of row, as in SQLite's shop_counters. Before,
-- one sequence numbered the customers of all shops, so a number showed how many customers other
-- shops had. Numbers are never reused, so the largest existing number is not enough. An update
-- finds room on its page, so that no index changes.
CREATE TABLE shop_counters (
    shop_id BIGINT PRIMARY KEY REFERENCES shops (id),
    customers BIGINT NOT NULL DEFAULT 0 CHECK (customers <= 9007199254740991),
    users BIGINT NOT NULL DEFAULT 0 CHECK (users <= 9007199254740991)
) WITH (fillfactor = 50);

-- An old server may be creating a customer.
LOCK TABLE customers, users IN SHARE ROW EXCLUSIVE MODE;

-- The event log also has the numbers of erased customers.
INSERT INTO shop_counters (shop_id, customers, users)
    SELECT shops.id, greatest(customers.last, logged.last, 0), coalesce(users.last, 0)
    FROM shops
    LEFT JOIN (SELECT shop_id, max(id) AS last FROM customers GROUP BY shop_id) AS customers
        ON customers.shop_id = shops.id
    LEFT JOIN (
        SELECT shop_id, max(subject_id) AS last FROM events
        WHERE kind IN ('customer.created', 'customer.erased') GROUP BY shop_id
    ) AS logged ON logged.shop_id = shops.id
    LEFT JOIN (SELECT shop_id, max(id) AS last FROM users GROUP BY shop_id) AS users
        ON users.shop_id = shops.id;

ALTER TABLE customers ALTER COLUMN id DROP IDENTITY;
ALTER TABLE users ALTER COLUMN id DROP IDENTITY;
