-- The request that made the change. NULL for changes without a request, and for older events.
ALTER TABLE events ADD COLUMN request_id UUID;
