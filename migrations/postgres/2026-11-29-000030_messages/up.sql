ALTER TABLE comments ADD COLUMN is_note BOOLEAN NOT NULL DEFAULT FALSE;

-- The message that a ticket was created with, once another has replaced it as the last one. Until
-- then both columns are NULL: no text is written twice.
ALTER TABLE tickets ADD COLUMN initial_message TEXT;
ALTER TABLE tickets ADD COLUMN initial_message_time TIMESTAMPTZ;

-- Older versions did not keep the first message after a comment had replaced it. The event of the
-- creation still has it, unless it was removed by age. Then the first message is unknown: it has a
-- time and no text.
UPDATE tickets SET initial_message = created.snapshot::json ->> 'last_message',
    initial_message_time = timestamptz 'epoch'
        + (created.snapshot::json ->> 'last_message_time')::bigint / 1000 * interval '1 second'
        + (created.snapshot::json ->> 'last_message_time')::bigint % 1000 * interval '1 millisecond'
FROM events AS created
WHERE created.shop_id = tickets.shop_id AND created.subject_id = tickets.id
    AND created.kind = 'ticket.created' AND created.snapshot IS NOT NULL
    AND EXISTS (
        SELECT 1 FROM comments
        WHERE comments.shop_id = tickets.shop_id AND comments.ticket_id = tickets.id
            AND comments.time = tickets.last_message_time AND comments.text = tickets.last_message
    );
UPDATE tickets SET initial_message_time = date
WHERE initial_message_time IS NULL
    AND EXISTS (
        SELECT 1 FROM comments
        WHERE comments.shop_id = tickets.shop_id AND comments.ticket_id = tickets.id
            AND comments.time = tickets.last_message_time AND comments.text = tickets.last_message
    );
