-- Counts changes, as in organs and users: of two changes of one version only the first is made.
ALTER TABLE departments ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- A series has 64 bits, as on SQLite.
ALTER TABLE counters ALTER COLUMN last TYPE BIGINT;
