-- Words keep their form. The version before finds most of them.
DROP TABLE old_search_documents;
DROP TABLE search_upgrade;
