-- Shop 1 has {rows} customers, tickets, comments, events and idempotency records, and a fiftieth as
-- many users and keys. Shop 2 has a tenth of that. The other shops are very small, as most shops
-- are. 20 tickets of each shop are rare. Neighbours in a list are not neighbours on disk.

-- All references are valid and need no check.
SET session_replication_role = replica;

CREATE TEMPORARY TABLE sizes AS
    SELECT shop_id, {rows} / CASE shop_id WHEN 1 THEN 1 WHEN 2 THEN 10 ELSE 1000 END AS size
    FROM generate_series(1, 20) AS shop_id;

INSERT INTO shops (domain, created_at) SELECT shop_id || '.example', now() FROM sizes ORDER BY shop_id;

CREATE TEMPORARY TABLE things AS
    SELECT shop_id, number, number % (size / 20) = 0 AS is_rare, size,
        timestamptz '2026-01-01Z' + number * 7919::bigint % size * ({rows} / size) * interval '1 s' AS time,
        format('''%s:w%s''', shop_id, number % 1000)::tsvector AS words
    FROM sizes, generate_series(1, size) AS number;

INSERT INTO users (shop_id, id, email, email_folded, created_at, deactivated_at)
    SELECT shop_id, number, number, number, time, CASE number % 10 WHEN 0 THEN time END
    FROM things WHERE number <= size / 50;
INSERT INTO api_keys (shop_id, number, secret_hash, scopes, user_id, created_at)
    SELECT shop_id, id, decode(repeat('00', 32), 'hex'), 'tickets:read', id, created_at FROM users;

INSERT INTO customers
    (shop_id, id, email_folded, phone_number_folded, shopify_id, wordpress_id, prestashop_id, fb_user_id, ig_user_id,
     ig_pseudo, whatsapp_id, zendesk_id, freshdesk_id, gmelius_id, gorgias_id, number_of_orders, created_at, words)
    SELECT shop_id, number, number || '@example.com', number,
        CASE number % 11 WHEN 1 THEN number END, CASE number % 11 WHEN 2 THEN number END,
        CASE number % 11 WHEN 3 THEN number END, CASE number % 11 WHEN 4 THEN number END,
        CASE number % 11 WHEN 5 THEN number END, CASE number % 11 WHEN 6 THEN number END,
        CASE number % 11 WHEN 7 THEN number END, CASE number % 11 WHEN 8 THEN number END,
        CASE number % 11 WHEN 9 THEN number END, CASE number % 11 WHEN 10 THEN number END,
        CASE number % 11 WHEN 0 THEN number END, 0, time, words
    FROM things;

-- Every fiftieth ticket belongs to customer 1, and every hundredth is open.
INSERT INTO tickets
    (shop_id, id, customer_id, channel, thread_id, date, last_message, last_message_time, contact_reason, assigned_to,
     is_opened, unread_count, tags, version, human_ticket_id, human_ticket_opened_at, words)
    SELECT shop_id, number, CASE number % 50 WHEN 1 THEN 1 ELSE number END,
        CASE WHEN is_rare THEN 'Fax' WHEN number % 10 = 1 THEN 'Chat' ELSE 'Mail' END, 'thread ' || number,
        time, repeat('x', 300), time, CASE WHEN is_rare THEN 'recall' WHEN number % 10 = 2 THEN 'refund' END,
        CASE WHEN is_rare THEN 7 WHEN number % 2 = 0 THEN number % (size / 100) + 10 END,
        number % 100 = 50, is_rare::integer,
        CASE WHEN is_rare THEN '["a", "recall"]' ELSE '["a"]' END::jsonb, 1,
        CASE number % 100 WHEN 50 THEN number END, CASE number % 100 WHEN 50 THEN time END, words
    FROM things;

-- Every fiftieth comment is on ticket 1.
-- A comment an hour, by the time in its id.
INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, to_emails, tags, words)
    SELECT shop_id, number::bigint * 3600000 << 22, CASE number % 50 WHEN 1 THEN 1 ELSE number END, '', time, 'Mail',
        number % 2 = 0, '[]', '[]',
        format('''%s:w%s''', shop_id, number % 100)::tsvector
    FROM things;

INSERT INTO events (shop_id, change, part, kind, subject_id, time)
    SELECT shop_id, number * 500 / size, number, 'ticket.deleted', number,
        timestamptz '2026-01-01Z' + number * interval '1 s'
    FROM things ORDER BY shop_id, number;
INSERT INTO idempotency_records (shop_id, operation, idempotency_key, fingerprint, receipt, created_at)
    SELECT shop_id, 'create', number, '', '', time FROM things;

-- Webhook 1 of each shop has a delivery and an attempt for each event. A hundredth is due after 1,000
-- seconds, and three are claimed. Webhook 2 has read a half of the log.
INSERT INTO webhooks
    (shop_id, id, url, payload, created_at, version, secret, place_change, place_part, failures, last_attempt, last_claim)
    SELECT shop_id, id, 'https://example.com', 'full', now(), 1, '', CASE id WHEN 2 THEN 250 ELSE 501 END, 0, 0, 1000000, 0
    FROM (SELECT DISTINCT shop_id FROM things) AS shop, (SELECT DISTINCT number AS id FROM things WHERE number <= 20) AS webhook;
INSERT INTO webhook_deliveries
    (shop_id, webhook_id, change, part, kind, subject, attempts, claim, due_at, claimed_until)
    SELECT shop_id, 1, number * 500 / size, number, 'ticket.deleted', 'ticket:' || number, 0, 0, time,
        CASE WHEN number <= 3 THEN time END
    FROM things;
INSERT INTO webhook_attempts (shop_id, webhook_id, number, of_delivery, time, duration_millis, status)
    SELECT shop_id, 1, number, 1, timestamptz '2026-01-01Z' + number * interval '1 s', 1, 204 FROM things;
