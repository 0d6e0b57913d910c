-- Past tickets with the ids :first to :last, one per minute, each with its event. Half of them
-- are closed.
SET session_replication_role = replica;
INSERT INTO tickets
    (shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message, last_message_time,
    contact_reason, assigned_to, is_opened, unread_count, tags, language_code, via, version, human_ticket_id,
    human_ticket_opened_at, human_ticket_closed_at, words)
SELECT 1, number, customer.id, (ARRAY['Mail', 'Website', 'Facebook', 'Instagram'])[1 + number % 4],
    'Refund of order ' || number, 'thread-' || number, 'support@example.com', time.at,
    'Hello, I need a refund of order ' || number || '.', time.at, 'refund', 45, number % 2 = 0, 1,
    '["refund", "vip"]', 'en', 'api', 1, number, time.at,
    CASE WHEN number % 2 = 1 THEN time.at END,
    ('''1:' || number || ''':1,2A,3C ''1:a'':1 ''1:com'':3C ''1:example'':3C ''1:hello'':1 ''1:i'':1 ''1:need'':1 '
        || '''1:of'':1,2A ''1:order'':1,2A ''1:refund'':1,2A,3C ''1:support'':3C ''1:thread'':3C ''1:vip'':3C')::tsvector
FROM generate_series(:first, :last) number
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS of FROM customers) customer
        ON customer.place = number % customer.of
    CROSS JOIN LATERAL (SELECT now() - (20000000 - number) * interval '1 minute' AS at) time;
INSERT INTO events (shop_id, change, part, kind, subject_id, actor_key, time, customer_id, snapshot)
SELECT 1, 1, id, 'ticket.created', id, 1, date, customer_id, json_build_object(
    'shop_id', 1, 'id', id, 'customer_id', customer_id, 'channel', channel, 'name', name, 'thread_id', thread_id,
    'email_used', email_used, 'date', trunc(extract(epoch FROM date) * 1000), 'last_message', last_message,
    'last_message_time', trunc(extract(epoch FROM date) * 1000), 'contact_reason', contact_reason,
    'assigned_to', assigned_to, 'is_opened', is_opened, 'unread_count', unread_count, 'tags', tags,
    'language_code', language_code, 'via', via, 'version', version, 'human_ticket_id', human_ticket_id,
    'human_ticket_opened_at', trunc(extract(epoch FROM human_ticket_opened_at) * 1000),
    'human_ticket_closed_at', trunc(extract(epoch FROM human_ticket_closed_at) * 1000))
FROM tickets WHERE shop_id = 1 AND id BETWEEN :first AND :last;
RESET session_replication_role;
INSERT INTO shop_counters (shop_id, changes, human_tickets) VALUES (1, 1, :last)
    ON CONFLICT (shop_id) DO UPDATE SET human_tickets = greatest(shop_counters.human_tickets, :last);
VACUUM ANALYZE;
CHECKPOINT;
