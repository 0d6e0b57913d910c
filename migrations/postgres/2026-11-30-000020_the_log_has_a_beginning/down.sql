DROP TABLE log_beginnings;
