DROP TABLE id_ranges;
DROP TABLE idempotency_records;
DROP TABLE human_tickets;
DROP TABLE tickets;
DROP TABLE api_keys;
DROP TABLE users;
DROP TABLE customers;
DROP TABLE shops;
