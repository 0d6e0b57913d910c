-- The number of the shop begins each word of a vector ("7:refund"), as in SQLite's index. Before,
-- each vector had the word '#7'. A search for a word then also read the rows of other shops with
-- this word, and its time revealed them.

-- A vector as text is a list of words in quotes: '#7' 'buy':1 'refund':1,2A. Words are letters and
-- digits, so they contain no quotes and no spaces.
CREATE FUNCTION pg_temp.with_shop(words TSVECTOR, shop BIGINT) RETURNS TSVECTOR
    LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(' ' || replace(words::text, '''#' || shop || '''', ''), ' ''', ' ''' || shop || ':')::tsvector
$$;

-- Copies each table and builds its indexes again. Updates of all rows would take longer, and leave
-- the tables and their indexes twice as large.
ALTER TABLE customers ALTER COLUMN words TYPE TSVECTOR USING pg_temp.with_shop(words, shop_id);
ALTER TABLE tickets ALTER COLUMN words TYPE TSVECTOR USING pg_temp.with_shop(words, shop_id);
ALTER TABLE comments ALTER COLUMN words TYPE TSVECTOR USING pg_temp.with_shop(words, shop_id);
DROP FUNCTION pg_temp.with_shop;
