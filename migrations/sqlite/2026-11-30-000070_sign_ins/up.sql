-- When the user last signed in to the console.
ALTER TABLE credentials ADD COLUMN signed_in_at INTEGER;
