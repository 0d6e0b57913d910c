ALTER TABLE tickets DROP COLUMN initial_message_time;
ALTER TABLE tickets DROP COLUMN initial_message;
ALTER TABLE comments DROP COLUMN is_note;
