ALTER TABLE credentials DROP COLUMN signed_in_at;
