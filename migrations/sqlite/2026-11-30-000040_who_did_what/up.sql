-- The request that made the change, as 16 bytes. NULL for changes without a request, and for older
-- events.
ALTER TABLE events ADD COLUMN request_id BLOB;
ALTER TABLE erasures ADD COLUMN request_id BLOB;
