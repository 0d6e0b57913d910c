-- Does the same as fill_console_postgresql.sql.
PRAGMA synchronous = OFF;
PRAGMA cache_size = -500000;
BEGIN;
CREATE TEMP TABLE numbers (number INTEGER PRIMARY KEY, id INTEGER NOT NULL, at INTEGER NOT NULL, is_open INTEGER NOT NULL);
WITH RECURSIVE series (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM series WHERE number < :tickets)
INSERT INTO numbers
SELECT number, (at - 1704067200000) << 22 | 1, at, number % 19 = 0
FROM (SELECT number, :begin + number * :span / (:tickets + 1) AS at FROM series);
INSERT INTO tickets
    (shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message, last_message_time,
    contact_reason, assigned_to, is_opened, unread_count, tags, language_code, via, version, human_ticket_id,
    human_ticket_opened_at, human_ticket_closed_at)
SELECT 1, id, (SELECT min(id) FROM customers),
    CASE number % 4 WHEN 0 THEN 'Mail' WHEN 1 THEN 'Website' WHEN 2 THEN 'Facebook' ELSE 'Instagram' END,
    'Refund of order ' || number, 'thread-' || number, 'support@example.com', at,
    'Hello, I need a refund of order ' || number || '.', at, 'refund',
    CASE number % 3 WHEN 0 THEN NULL ELSE (SELECT min(id) FROM users) END, is_open, is_open, '["refund","vip"]',
    'en', 'api', 1, 1000000000 + number, at, CASE WHEN NOT is_open THEN at + 86400000 END
FROM numbers;
INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, is_note, to_emails, tags)
SELECT 1, (at + place * (600000 + number % 100 * 120000) - 1704067200000) << 22 | 2 + place, id,
    'Thank you for your message about order ' || number || '. We look at it, and tell you as soon as possible.',
    at + place * (600000 + number % 100 * 120000), 'Mail', place <> 2, place = 3, '[]', '[]'
FROM numbers JOIN (SELECT 1 AS place UNION ALL SELECT 2 UNION ALL SELECT 3) ON number % 4 >= place
ORDER BY number, place;
DROP TABLE numbers;
COMMIT;
