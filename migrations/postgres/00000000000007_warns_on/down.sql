DROP INDEX cases_open_warns;
ALTER TABLE cases DROP COLUMN warns_on;
