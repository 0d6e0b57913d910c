DROP TABLE shop_loads;
