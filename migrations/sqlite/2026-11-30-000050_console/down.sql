DROP TABLE saved_replies;
DROP TABLE sessions;
DROP TABLE credentials;
