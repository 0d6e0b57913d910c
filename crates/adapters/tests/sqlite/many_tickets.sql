-- {tickets} tickets of the fixture's shop. Each has 50 tags, and eight words that begin with a to h.
PRAGMA synchronous = OFF;
BEGIN;
CREATE TEMPORARY TABLE numbers AS
    WITH RECURSIVE numbers (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM numbers WHERE number < {tickets})
    SELECT number FROM numbers;
INSERT INTO tickets
    (shop_id, id, customer_id, channel, date, last_message, last_message_time, is_opened, unread_count, tags, version)
    SELECT 1, number, 1, 'Mail', number, printf('%.*c', 300, 'x'), number, 0, 0,
        (SELECT json_group_array('tag' || number) FROM numbers WHERE number <= 50), 1
    FROM numbers;
INSERT INTO search_documents (shop_id, ticket_id, weight, words)
    SELECT 1, number, 1, printf('1:a%d 1:b%d 1:c%d 1:d%d 1:e%d 1:f%d 1:g%d 1:h%d', number % 1009, number % 2003,
        number % 3001, number % 401, number % 503, number % 601, number % 701, number)
    FROM numbers;
INSERT INTO search_index (search_index) VALUES ('rebuild');
COMMIT;
