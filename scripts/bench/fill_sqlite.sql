-- Does the same as fill_postgres.sql.
PRAGMA synchronous = OFF;
PRAGMA cache_size = -500000;
BEGIN;
CREATE TEMP TABLE numbers (number INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE TEMP TABLE places (place INTEGER PRIMARY KEY, id INTEGER NOT NULL);
INSERT INTO places SELECT row_number() OVER (ORDER BY id) - 1, id FROM customers;
WITH RECURSIVE series (number) AS (SELECT :first UNION ALL SELECT number + 1 FROM series WHERE number < :last)
INSERT INTO numbers SELECT number, places.id, (unixepoch() - (20000000 - number) * 60) * 1000
FROM series JOIN places ON place = number % (SELECT count(*) FROM places);
INSERT INTO tickets
    (shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message, last_message_time,
    contact_reason, assigned_to, is_opened, unread_count, tags, language_code, via, version, human_ticket_id,
    human_ticket_opened_at, human_ticket_closed_at)
SELECT 1, number, customer_id, CASE number % 4 WHEN 0 THEN 'Mail' WHEN 1 THEN 'Website' WHEN 2 THEN 'Facebook'
        ELSE 'Instagram' END,
    'Refund of order ' || number, 'thread-' || number, 'support@example.com', at,
    'Hello, I need a refund of order ' || number || '.', at, 'refund', 45, number % 2 = 0, 1, '["refund","vip"]',
    'en', 'api', 1, 1000000000 + number, at, CASE WHEN number % 2 = 1 THEN at END
FROM numbers;
INSERT INTO events (shop_id, change, part, kind, subject_id, actor_key, time, customer_id, snapshot)
SELECT 1, 0, id, 'ticket.created', id, 1, date, customer_id, json_object(
    'shop_id', 1, 'id', id, 'customer_id', customer_id, 'channel', channel, 'name', name, 'thread_id', thread_id,
    'email_used', email_used, 'date', date, 'last_message', last_message, 'last_message_time', last_message_time,
    'contact_reason', contact_reason, 'assigned_to', assigned_to,
    'is_opened', json(CASE WHEN is_opened THEN 'true' ELSE 'false' END), 'unread_count', unread_count,
    'tags', json(tags), 'language_code', language_code, 'via', via, 'version', version,
    'human_ticket_id', human_ticket_id, 'human_ticket_opened_at', human_ticket_opened_at,
    'human_ticket_closed_at', human_ticket_closed_at)
FROM tickets WHERE shop_id = 1 AND id BETWEEN :first AND :last;
INSERT INTO search_documents (shop_id, ticket_id, weight, words)
SELECT 1, number, 4, '1::' || number || ' 1::of 1::order 1::refund 1:::' || number
    || ' 1:::com 1:::example 1:::refund 1:::support 1:::thread 1:::vip 1:' || number
    || ' 1:a 1:hello 1:i 1:need 1:of 1:order 1:refund'
FROM numbers;
INSERT INTO search_index (rowid, words)
SELECT id, words FROM search_documents WHERE ticket_id BETWEEN :first AND :last AND shop_id = 1;
-- What came in one transaction lies in many parts on the lowest levels of the index, which
-- the first tickets would have to put together: of those that came one by one most have been
-- by now. See deepen_index_of_words in __main__.py.
INSERT INTO search_index (search_index) VALUES ('optimize');
DROP TABLE numbers;
DROP TABLE places;
COMMIT;
