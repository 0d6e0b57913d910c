-- No row is left: see the migration before.
DROP TABLE search_upgrade;
