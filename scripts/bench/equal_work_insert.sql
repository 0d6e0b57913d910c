\set number :number + 1
\set id :run * 1000000000000 + :number * 1000 + :client_id
\set customer random(:first, :first + 999)
BEGIN;
INSERT INTO idempotency_records (shop_id, operation, idempotency_key, fingerprint, receipt, customer_id, created_at) VALUES (1, 'POST /api/v1/tickets', 'equal-' || :id, decode(repeat('00', 32), 'hex'), decode(repeat('00', 527), 'hex'), :customer, now());
INSERT INTO tickets (shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message, last_message_time, contact_reason, assigned_to, is_opened, unread_count, tags, language_code, via, version, human_ticket_id, human_ticket_opened_at, words) VALUES (1, :id, :customer, 'Mail', 'Refund of order ' || :number, 'thread-' || :number, 'support@example.com', now(), 'Hello, I need a refund of order ' || :number || '.', now(), 'refund', 45, true, 1, '["refund", "vip"]', 'en', 'api', 1, :number, now(), array_to_tsvector(ARRAY['1:' || :number, '1:a', '1:hello', '1:i', '1:need', '1:of', '1:order', '1:refund']));
INSERT INTO events (shop_id, change, part, kind, subject_id, actor_key, actor_user, time, customer_id, snapshot) VALUES (1, :id, 1, 'ticket.created', :id, 1, NULL, now(), :customer, repeat('x', 446));
COMMIT;
