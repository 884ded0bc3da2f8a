ALTER TABLE departments DROP COLUMN version;
