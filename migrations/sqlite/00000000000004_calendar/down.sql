DROP INDEX cases_open_calendar;
DROP TABLE calendar_versions;
ALTER TABLE calendar_years DROP COLUMN source;
