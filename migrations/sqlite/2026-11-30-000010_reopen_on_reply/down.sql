ALTER TABLE shops DROP COLUMN reopen_on_reply;
