DROP INDEX tickets_by_closing;
