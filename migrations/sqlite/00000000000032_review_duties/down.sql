ALTER TABLE obligations DROP COLUMN not_by_id;
