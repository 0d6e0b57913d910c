-- Whether a customer's comment opens a closed ticket of the shop again.
ALTER TABLE shops ADD COLUMN reopen_on_reply BOOLEAN NOT NULL DEFAULT FALSE;
