ALTER TABLE erasures DROP COLUMN request_id;
ALTER TABLE events DROP COLUMN request_id;
