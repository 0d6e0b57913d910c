-- The words of this database begin with the shop from the start.
SELECT 1;
