-- Tickets with three comments each, and an event for each of both. Snapshots are missing, as after an erasure.
PRAGMA synchronous = OFF;
PRAGMA cache_size = -500000;
BEGIN;
CREATE TEMP TABLE numbers (number INTEGER PRIMARY KEY, id INTEGER NOT NULL, at INTEGER NOT NULL);
WITH RECURSIVE series (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM series WHERE number < :tickets)
INSERT INTO numbers
SELECT number, (at - 1704067200000) << 22 | 1, at FROM (SELECT number, 1764547200000 + number * 1000 AS at FROM series);
INSERT INTO tickets
    (shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message, last_message_time,
    contact_reason, assigned_to, is_opened, unread_count, tags, language_code, via, version, human_ticket_id,
    human_ticket_opened_at, human_ticket_closed_at)
SELECT 1, id, (SELECT min(id) FROM customers), 'Mail', 'Refund of order ' || number, 'thread-' || number,
    'support@example.com', at, 'Hello, I need a refund of order ' || number || '.', at, 'refund',
    (SELECT min(id) FROM users), number % 9 = 0, 0, '["refund","vip"]', 'en', 'api', 4, 1000000000 + number, at,
    CASE WHEN number % 9 <> 0 THEN at + 86400000 END
FROM numbers;
INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, is_note, to_emails, tags)
SELECT 1, (at + place - 1704067200000) << 22 | 1 + place, id,
    'Thank you for your message about order ' || number || '. We look at it, and tell you as soon as possible.',
    at + place, 'Mail', place <> 2, place = 3, '[]', '[]'
FROM numbers JOIN (SELECT 1 AS place UNION ALL SELECT 2 UNION ALL SELECT 3)
ORDER BY number, place;
INSERT INTO events (shop_id, change, part, kind, subject_id, time)
SELECT 1, 1000000 + row_number() OVER (ORDER BY id), 0, kind, id, at
FROM (SELECT 'ticket.created' AS kind, id, date AS at FROM tickets WHERE shop_id = 1 AND id IN (SELECT id FROM numbers)
    UNION ALL SELECT 'comment.created', id, time FROM comments);
DROP TABLE numbers;
COMMIT;
