-- Both are empty: see the migration before.
DROP TABLE old_search_documents;
DROP TABLE search_upgrade;
