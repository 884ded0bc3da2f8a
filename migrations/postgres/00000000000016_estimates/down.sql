ALTER TABLE obligations DROP COLUMN latest_on;
