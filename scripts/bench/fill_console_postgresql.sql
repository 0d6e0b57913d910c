-- Tickets of a year, evenly spread, with ids of their times. One of 19 is open, three of four have an
-- answer from the shop, and there are 1.5 comments for each.
SET session_replication_role = replica;
CREATE TEMPORARY TABLE numbers AS
SELECT number, (at - 1704067200000) << 22 | 1 AS id, at, number % 19 = 0 AS is_open
FROM (SELECT number, :begin + number * :span / (:tickets + 1) AS at FROM generate_series(1::bigint, :tickets) number) AS timed;
INSERT INTO tickets
    (shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message, last_message_time,
    contact_reason, assigned_to, is_opened, unread_count, tags, language_code, via, version, human_ticket_id,
    human_ticket_opened_at, human_ticket_closed_at, words)
SELECT 1, id, (SELECT min(id) FROM customers), (ARRAY['Mail', 'Website', 'Facebook', 'Instagram'])[1 + number % 4],
    'Refund of order ' || number, 'thread-' || number, 'support@example.com', to_timestamp(at / 1000.0),
    'Hello, I need a refund of order ' || number || '.', to_timestamp(at / 1000.0), 'refund',
    CASE number % 3 WHEN 0 THEN NULL ELSE (SELECT min(id) FROM users) END, is_open, is_open::integer,
    '["refund", "vip"]', 'en', 'api', 1, 1000000000 + number, to_timestamp(at / 1000.0),
    CASE WHEN NOT is_open THEN to_timestamp(at / 1000.0) + interval '1 day' END,
    ('''1:' || number || ''':1,2A,3C ''1:hello'':1 ''1:need'':1 ''1:order'':1,2A ''1:refund'':1,2A,3C')::tsvector
FROM numbers ORDER BY number;
INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, is_note, to_emails, tags, words)
SELECT 1, (written - 1704067200000) << 22 | 2 + place, id,
    'Thank you for your message about order ' || number || '. We look at it, and tell you as soon as possible.',
    to_timestamp(written / 1000.0), 'Mail', place <> 2, place = 3, '[]', '[]',
    ('''1:' || number || ''':1 ''1:message'':1 ''1:order'':1 ''1:thank'':1')::tsvector
FROM numbers JOIN generate_series(1, 3) place ON number % 4 >= place
    CROSS JOIN LATERAL (SELECT at + place * (600000 + number % 100 * 120000) AS written) AS timed
ORDER BY number, place;
RESET session_replication_role;
VACUUM ANALYZE;
CHECKPOINT;
