ALTER TABLE cases DROP COLUMN latest_on;
