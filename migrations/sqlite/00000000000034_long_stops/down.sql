DROP INDEX cases_open_stopped;
ALTER TABLE cases DROP COLUMN stopped_on;
