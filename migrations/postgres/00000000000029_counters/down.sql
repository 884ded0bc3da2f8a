ALTER TABLE counters DROP COLUMN checked_to;
