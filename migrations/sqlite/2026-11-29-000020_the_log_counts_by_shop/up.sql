-- Numbers count by shop from the start in this database.
SELECT 1;
