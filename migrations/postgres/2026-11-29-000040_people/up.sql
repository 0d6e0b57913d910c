-- Phone numbers may be shared, and are compared by their digits. `phone_number_folded` is what
-- `fold_phone_number` of the domain returns.

-- An old server may be writing.
LOCK TABLE customers, users IN SHARE ROW EXCLUSIVE MODE;

ALTER TABLE customers ADD COLUMN phone_number_folded TEXT;

-- Nearly all phone numbers consist of these characters. The migration then fills in the others.
UPDATE customers SET phone_number_folded = CASE
    WHEN phone_number ~ '^[^0-9]*[+]' THEN
        '+' || regexp_replace(regexp_replace(phone_number, '[(]0[)]', ''), '[^0-9]', '', 'g')
    WHEN regexp_replace(phone_number, '[^0-9]', '', 'g') ~ '^00.' THEN
        '+' || regexp_replace(
            regexp_replace(regexp_replace(phone_number, '[(]0[)]', ''), '[^0-9]', '', 'g'), '^00', '')
    ELSE regexp_replace(phone_number, '[^0-9]', '', 'g') END
    WHERE phone_number ~ '^[-+ ()./]*[0-9][-+ ()./0-9]*$';

DROP INDEX customers_by_phone_number;
CREATE INDEX customers_by_phone_number ON customers (shop_id, phone_number_folded, id)
    WHERE phone_number_folded IS NOT NULL;

-- The numbers of customers who were merged into others. A number is looked up here once no customer
-- has it. Older events and idempotency records keep the number that they had.
CREATE TABLE merged_customers (
    shop_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    into_id BIGINT NOT NULL,
    PRIMARY KEY (shop_id, id),
    FOREIGN KEY (shop_id, into_id) REFERENCES customers (shop_id, id)
);

-- Erasing a customer also erases what it had under these numbers.
CREATE INDEX merged_customers_by_remaining ON merged_customers (shop_id, into_id);
