DROP TABLE merged_customers;

-- Of the customers who share a phone number, the first keeps it.
UPDATE customers AS later SET phone_number = NULL WHERE EXISTS (
    SELECT FROM customers AS first WHERE first.shop_id = later.shop_id
        AND first.phone_number = later.phone_number AND first.id < later.id
);
DROP INDEX customers_by_phone_number;
ALTER TABLE customers DROP COLUMN phone_number_folded;
CREATE UNIQUE INDEX customers_by_phone_number ON customers (shop_id, phone_number) WHERE phone_number IS NOT NULL;
