-- The same data on SQLite as postgres.sql creates on PostgreSQL.
PRAGMA foreign_keys = OFF;
PRAGMA synchronous = OFF;
BEGIN;
WITH RECURSIVE numbers (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM numbers WHERE number < 20)
    INSERT INTO shops (domain, created_at) SELECT number || '.example', 0 FROM numbers;

CREATE TEMPORARY TABLE things AS
    WITH RECURSIVE numbers (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM numbers WHERE number < {rows}),
        sizes (shop_id, size) AS (
            SELECT id, {rows} / CASE id WHEN 1 THEN 1 WHEN 2 THEN 10 ELSE 1000 END FROM shops
        )
    SELECT shop_id, number, size, number % (size / 20) = 0 AS is_rare,
        1767225600000 + number * 7919 % size * ({rows} / size) * 1000 AS time,
        format('%d:w%d', shop_id, number % 1000) AS words
    FROM sizes JOIN numbers ON number <= size;

INSERT INTO users (shop_id, id, email, email_folded, created_at, deactivated_at)
    SELECT shop_id, number, number, number, time, CASE number % 10 WHEN 0 THEN time END
    FROM things WHERE number <= size / 50;
INSERT INTO api_keys (shop_id, number, secret_hash, scopes, user_id, created_at)
    SELECT shop_id, id, zeroblob(32), 'tickets:read', id, created_at FROM users;

INSERT INTO customers
    (shop_id, id, email_folded, phone_number_folded, shopify_id, wordpress_id, prestashop_id, fb_user_id, ig_user_id,
     ig_pseudo, whatsapp_id, zendesk_id, freshdesk_id, gmelius_id, gorgias_id, number_of_orders, created_at)
    SELECT shop_id, number, number || '@example.com', number,
        CASE number % 11 WHEN 1 THEN number END, CASE number % 11 WHEN 2 THEN number END,
        CASE number % 11 WHEN 3 THEN number END, CASE number % 11 WHEN 4 THEN number END,
        CASE number % 11 WHEN 5 THEN number END, CASE number % 11 WHEN 6 THEN number END,
        CASE number % 11 WHEN 7 THEN number END, CASE number % 11 WHEN 8 THEN number END,
        CASE number % 11 WHEN 9 THEN number END, CASE number % 11 WHEN 10 THEN number END,
        CASE number % 11 WHEN 0 THEN number END, 0, time
    FROM things;

INSERT INTO tickets
    (shop_id, id, customer_id, channel, thread_id, date, last_message, last_message_time, contact_reason,
     assigned_to, is_opened, unread_count, tags, version, human_ticket_id, human_ticket_opened_at)
    SELECT shop_id, number, CASE number % 50 WHEN 1 THEN 1 ELSE number END,
        CASE WHEN is_rare THEN 'Fax' WHEN number % 10 = 1 THEN 'Chat' ELSE 'Mail' END, 'thread ' || number,
        time, printf('%.*c', 300, 'x'), time, CASE WHEN is_rare THEN 'recall' WHEN number % 10 = 2 THEN 'refund' END,
        CASE WHEN is_rare THEN 7 WHEN number % 2 = 0 THEN number % (size / 100) + 10 END,
        number % 100 = 50, is_rare, CASE WHEN is_rare THEN '["a", "recall"]' ELSE '["a"]' END, 1,
        CASE number % 100 WHEN 50 THEN number END, CASE number % 100 WHEN 50 THEN time END
    FROM things;

-- A comment an hour, by the time in its id.
INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, to_emails, tags)
    SELECT shop_id, number * 3600000 << 22, CASE number % 50 WHEN 1 THEN 1 ELSE number END, '', time, 'Mail',
        number % 2 = 0, '[]', '[]'
    FROM things;

INSERT INTO search_documents (shop_id, ticket_id, customer_id, weight, words)
    SELECT shop_id, number, NULL, 4, words FROM things
    UNION ALL SELECT shop_id, NULL, number, 2, words FROM things
    UNION ALL SELECT shop_id, number, NULL, 1, format('%d:w%d', shop_id, number % 100) FROM things;
INSERT INTO search_index (search_index) VALUES ('rebuild');

INSERT INTO events (shop_id, change, part, kind, subject_id, time)
    SELECT shop_id, number * 500 / size, number, 'ticket.deleted', number, 1767225600000 + number * 1000
    FROM things;
INSERT INTO idempotency_records (shop_id, operation, idempotency_key, fingerprint, receipt, created_at)
    SELECT shop_id, 'create', number, x'', x'', time FROM things;

-- Webhook 1 of each shop has a delivery and an attempt for each event. A hundredth is due after 1,000
-- seconds, and three are claimed. Webhook 2 has read a half of the log.
INSERT INTO webhooks
    (shop_id, id, url, payload, created_at, version, secret, place_change, place_part, failures, last_attempt, last_claim)
    SELECT shop_id, id, 'https://example.com', 'full', 0, 1, x'', CASE id WHEN 2 THEN 250 ELSE 501 END, 0, 0, 1000000, 0
    FROM (SELECT DISTINCT shop_id FROM things) AS shop, (SELECT DISTINCT number AS id FROM things WHERE number <= 20) AS webhook;
INSERT INTO webhook_deliveries
    (shop_id, webhook_id, change, part, kind, subject, attempts, claim, due_at, claimed_until)
    SELECT shop_id, 1, number * 500 / size, number, 'ticket.deleted', 'ticket:' || number, 0, 0, time,
        CASE WHEN number <= 3 THEN time END
    FROM things;
INSERT INTO webhook_attempts (shop_id, webhook_id, number, of_delivery, time, duration_millis, status)
    SELECT shop_id, 1, number, 1, 1767225600000 + number * 1000, 1, 204 FROM things;
COMMIT;
