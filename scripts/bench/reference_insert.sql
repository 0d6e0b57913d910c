\set number :number + 1
\set customer random(:first, :first + 999)
INSERT INTO tickets (shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message, last_message_time, contact_reason, assigned_to, is_opened, unread_count, tags, language_code, via, version) VALUES (1, :run * 1000000000000 + :number * 1000 + :client_id, :customer, 'Mail', 'Refund of order ' || :number, 'thread-' || :number, 'support@example.com', now(), 'Hello, I need a refund of order ' || :number || '.', now(), 'refund', 45, true, 1, '["refund", "vip"]', 'en', 'api', 1);
