CREATE FUNCTION pg_temp.without_shop(words TSVECTOR, shop BIGINT) RETURNS TSVECTOR
    LANGUAGE sql IMMUTABLE AS $$
    SELECT concat('''#', shop, ''' ', replace(words::text, '''' || shop || ':', ''''))::tsvector
$$;
ALTER TABLE customers ALTER COLUMN words TYPE TSVECTOR USING pg_temp.without_shop(words, shop_id);
ALTER TABLE tickets ALTER COLUMN words TYPE TSVECTOR USING pg_temp.without_shop(words, shop_id);
ALTER TABLE comments ALTER COLUMN words TYPE TSVECTOR USING pg_temp.without_shop(words, shop_id);
DROP FUNCTION pg_temp.without_shop;
