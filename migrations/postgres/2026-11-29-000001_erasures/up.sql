-- Nothing: PostgreSQL erases a customer in one transaction, and other writes do not wait for it.
SELECT 1;
